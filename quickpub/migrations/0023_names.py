"""Tables with plain names. SQLite renames them in triggers and indexes, too."""

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


def up(migrator, db):
    for old, new in NAMES.items():
        db.execute_sql(f'ALTER TABLE {old} RENAME TO {new}')
    for old, new in INDEXES.items():
        db.execute_sql(f'DROP INDEX {old}')
        db.execute_sql(f'CREATE INDEX {new}')
    trigger = db.execute_sql("SELECT sql FROM sqlite_master WHERE name = 'erasure_unsaved'").fetchone()[0]
    db.execute_sql('DROP TRIGGER erasure_unsaved')
    db.execute_sql(trigger.replace('erasure_unsaved', 'erasure_autosave'))
