"""The look of the site: its fonts and layout, and the images that belong to the site, to members and to posts."""

NEW_VERSION = "UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER))"

STATEMENTS = [
    "ALTER TABLE site ADD COLUMN fonts TEXT NOT NULL DEFAULT 'book'",
    "ALTER TABLE site ADD COLUMN layout TEXT NOT NULL DEFAULT 'magazine'",
    "ALTER TABLE site ADD COLUMN footer TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE site ADD COLUMN css TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE user ADD COLUMN links TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE user ADD COLUMN fediverse TEXT NOT NULL DEFAULT ''",
    # A site that is there keeps the front page that its readers know.
    "UPDATE site SET layout = 'list'",
    # One row for each place: ('logo', 1) is the site's, ('avatar', 5) a member's, ('cover', 9) a post's.
    '''CREATE TABLE placed_image (
        place TEXT NOT NULL,
        owner_id INTEGER NOT NULL,
        digest TEXT NOT NULL,
        alt TEXT NOT NULL DEFAULT '',
        x INTEGER NOT NULL DEFAULT 50,
        y INTEGER NOT NULL DEFAULT 50,
        PRIMARY KEY (place, owner_id)
    ) WITHOUT ROWID''',
    'CREATE INDEX placed_image_digest ON placed_image (digest)',
    '''CREATE TABLE featured_post (
        post_id INTEGER PRIMARY KEY REFERENCES post (id) ON DELETE CASCADE,
        featured_at TEXT NOT NULL
    )''',
    'CREATE INDEX featured_post_newest ON featured_post (featured_at)',
]
TRIGGERS = [
    f'''CREATE TRIGGER content_site_look AFTER UPDATE OF fonts, layout, footer, css ON site
    WHEN OLD.fonts IS NOT NEW.fonts OR OLD.layout IS NOT NEW.layout OR OLD.footer IS NOT NEW.footer
        OR OLD.css IS NOT NEW.css
    BEGIN {NEW_VERSION}; END''',
    f'''CREATE TRIGGER content_user_links AFTER UPDATE OF links, fediverse ON user
    WHEN OLD.links IS NOT NEW.links OR OLD.fediverse IS NOT NEW.fediverse BEGIN {NEW_VERSION}; END''',
    *(f'''CREATE TRIGGER content_{table}_{change.lower()} AFTER {change} ON {table} BEGIN {NEW_VERSION}; END'''
      for table in ('placed_image', 'featured_post') for change in ('INSERT', 'UPDATE', 'DELETE')),
    # Pages show an image once its variants are ready.
    f'''CREATE TRIGGER content_placed_image_ready AFTER UPDATE OF state, made ON media_file
    WHEN EXISTS (SELECT 1 FROM placed_image WHERE digest = NEW.digest) BEGIN {NEW_VERSION}; END''',
    # Images go with what they belong to.
    '''CREATE TRIGGER placed_image_of_post AFTER DELETE ON post
    BEGIN DELETE FROM placed_image WHERE place = 'cover' AND owner_id = OLD.id; END''',
    '''CREATE TRIGGER placed_image_of_user AFTER DELETE ON user
    BEGIN DELETE FROM placed_image WHERE place IN ('avatar', 'banner') AND owner_id = OLD.id; END''',
    '''CREATE TRIGGER placed_image_of_former_user AFTER UPDATE OF deleted_at ON user WHEN NEW.deleted_at IS NOT NULL
    BEGIN DELETE FROM placed_image WHERE place IN ('avatar', 'banner') AND owner_id = OLD.id; END''',
    '''CREATE TRIGGER links_of_former_user AFTER UPDATE OF deleted_at ON user WHEN NEW.deleted_at IS NOT NULL
    BEGIN UPDATE user SET links = '', fediverse = '' WHERE id = NEW.id; END''',
]


def up(migrator, db):
    for statement in [*STATEMENTS, *TRIGGERS]:
        db.execute_sql(statement)
