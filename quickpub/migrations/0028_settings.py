"""What owners set in the browser: one row for each setting that they have changed."""

NEW_VERSION = "UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER))"

STATEMENTS = [
    '''CREATE TABLE site_setting (
        name TEXT NOT NULL PRIMARY KEY,
        value TEXT NOT NULL
    ) WITHOUT ROWID''',
    # Public pages show whether sign-up is open, and days in the site's time zone.
    *(f'CREATE TRIGGER content_site_setting_{change.lower()} AFTER {change} ON site_setting BEGIN {NEW_VERSION}; END'
      for change in ('INSERT', 'UPDATE', 'DELETE')),
]


def up(migrator, db):
    for statement in STATEMENTS:
        db.execute_sql(statement)
