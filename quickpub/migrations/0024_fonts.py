"""The pair of fonts that the owner has chosen."""


def up(migrator, db):
    db.execute_sql("ALTER TABLE site ADD COLUMN fonts TEXT NOT NULL DEFAULT 'book'")
    db.execute_sql('''CREATE TRIGGER content_site_fonts AFTER UPDATE OF fonts ON site WHEN OLD.fonts IS NOT NEW.fonts
    BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END''')
