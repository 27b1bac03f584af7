"""Languages: of the site, of a member, of a post, and of an email as it was written. NULL: the site's."""

COLUMNS = [
    "ALTER TABLE site ADD COLUMN language TEXT NOT NULL DEFAULT 'en'",
    'ALTER TABLE user ADD COLUMN language TEXT',
    'ALTER TABLE post ADD COLUMN language TEXT',
    'ALTER TABLE message ADD COLUMN language TEXT',
    # The texts stay last, so that no list reads past them.
    "ALTER TABLE post ADD COLUMN body_ TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE post ADD COLUMN html_ TEXT NOT NULL DEFAULT ''",
    'UPDATE post SET body_ = body, html_ = html',
    'ALTER TABLE post DROP COLUMN body',
    'ALTER TABLE post DROP COLUMN html',
    'ALTER TABLE post RENAME COLUMN body_ TO body',
    'ALTER TABLE post RENAME COLUMN html_ TO html',
]

NEW_VERSION = "UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER))"
TRIGGERS = [
    f'''CREATE TRIGGER content_post_language AFTER UPDATE OF language ON post
    WHEN OLD.language IS NOT NEW.language AND (OLD.published_at IS NOT NULL OR OLD.place IS NOT NULL)
    BEGIN {NEW_VERSION}; END''',
    # Posts without a language of their own have the quotation marks of the site's: they are rendered again.
    f'''CREATE TRIGGER content_site_language AFTER UPDATE OF language ON site WHEN OLD.language IS NOT NEW.language
    BEGIN
        UPDATE post SET rendered_by = -1 WHERE language IS NULL;
        {NEW_VERSION};
    END''',
]


def up(migrator, db):
    # A trigger that names one of the texts would be in the way: all are made again afterwards.
    triggers = db.execute_sql("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    dropped, kept = [f'DROP TRIGGER "{name}"' for name, _ in triggers], [sql for _, sql in triggers]
    for statement in [*dropped, *COLUMNS, *kept, *TRIGGERS]:
        db.execute_sql(statement)
