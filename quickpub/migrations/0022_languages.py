"""Languages: of the site, of a member, of a post, and of an email as it was written. NULL: the site's."""

COLUMNS = [
    "ALTER TABLE site ADD COLUMN language TEXT NOT NULL DEFAULT 'en'",
    'ALTER TABLE user ADD COLUMN language TEXT',
    'ALTER TABLE post ADD COLUMN language TEXT',
    'ALTER TABLE message ADD COLUMN language TEXT',
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
    for statement in [*COLUMNS, *TRIGGERS]:
        db.execute_sql(statement)
