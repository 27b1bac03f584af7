"""Posts know which version of the program has rendered them, and whether their title was typed.

Every post of an older site counts as rendered by version 0, so the first start renders all of them in the background.
"""

# A trigger that names one of these columns would be in the way: all are made again afterwards.
POST = [
    'ALTER TABLE post ADD COLUMN is_titled INTEGER NOT NULL DEFAULT 1',
    'ALTER TABLE post ADD COLUMN rendered_by INTEGER NOT NULL DEFAULT 0',
    # The texts stay last, so that no list reads past them.
    "ALTER TABLE post ADD COLUMN body_ TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE post ADD COLUMN html_ TEXT NOT NULL DEFAULT ''",
    'UPDATE post SET body_ = body, html_ = html',
    'ALTER TABLE post DROP COLUMN body',
    'ALTER TABLE post DROP COLUMN html',
    'ALTER TABLE post RENAME COLUMN body_ TO body',
    'ALTER TABLE post RENAME COLUMN html_ TO html',
    'CREATE INDEX post_rendered ON post (rendered_by)',
]


def up(migrator, db):
    triggers = db.execute_sql("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    kept = [sql for _, sql in triggers]
    for statement in [*(f'DROP TRIGGER "{name}"' for name, _ in triggers), *POST, *kept]:
        db.execute_sql(statement)
    # What readers see of a post has one more column.
    db.execute_sql('CREATE TRIGGER content_titled AFTER UPDATE OF is_titled ON post '
                   'WHEN OLD.is_titled IS NOT NEW.is_titled BEGIN '
                   "UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END")
