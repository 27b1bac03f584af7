"""Tables with plain names. SQLite renames them in triggers and indexes, too."""

import re

NAMES = {
    'shelf': 'author_totals',
    'told': 'reported_views',
    'daily_visitors': 'daily_visitor_count',
    'seen': 'daily_visitor',
    'day_key': 'daily_salt',
    'unsaved': 'autosave',
    'job_note': 'job_key_value',
}
INDEXES = {'unsaved_age': 'autosave_age ON autosave (typed_at)', 'unsaved_post': 'autosave_post ON autosave (post_id)'}

# Renaming a table makes `excluded.posts` in the triggers' upserts `author_totals.posts`: these are created anew.
UPSERTS = ['post_changes', 'post_comes']


def up(migrator, db):
    upserts = []
    for trigger in UPSERTS:
        [sql] = db.execute_sql('SELECT sql FROM sqlite_master WHERE name = ?', (trigger,)).fetchone()
        upserts.append(re.sub(r'\bshelf\b', NAMES['shelf'], sql))
        db.execute_sql(f'DROP TRIGGER {trigger}')
    for old, new in NAMES.items():
        db.execute_sql(f'ALTER TABLE {old} RENAME TO {new}')
    for sql in upserts:
        db.execute_sql(sql)
    for old, new in INDEXES.items():
        db.execute_sql(f'DROP INDEX {old}')
        db.execute_sql(f'CREATE INDEX {new}')
    trigger = db.execute_sql("SELECT sql FROM sqlite_master WHERE name = 'erasure_unsaved'").fetchone()[0]
    db.execute_sql('DROP TRIGGER erasure_unsaved')
    db.execute_sql(trigger.replace('erasure_unsaved', 'erasure_autosave'))
