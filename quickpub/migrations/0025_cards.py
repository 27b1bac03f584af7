"""Cards: the images that other sites show beside links to pages which have no picture of their own."""

NEW_VERSION = "UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER))"

STATEMENTS = [
    # The card of a post, an author or a tag, or that of the site (1).
    '''CREATE TABLE card (
        kind TEXT NOT NULL,
        owner_id INTEGER NOT NULL,
        digest TEXT NOT NULL,
        PRIMARY KEY (kind, owner_id)
    ) WITHOUT ROWID''',
    'CREATE INDEX card_digest ON card (digest)',
]
# A card goes with what it belongs to, and when it would look different: another one is drawn then.
OUTDATED = {
    'post_changed': ("UPDATE OF title, author_id, published_at, deleted_at, place ON post "
                     "WHEN OLD.title IS NOT NEW.title OR OLD.author_id IS NOT NEW.author_id "
                     "OR OLD.published_at IS NOT NEW.published_at OR NEW.deleted_at IS NOT NULL "
                     "OR (NEW.published_at IS NULL AND NEW.place IS NULL)", "kind = 'post' AND owner_id = OLD.id"),
    'post_deleted': ("DELETE ON post", "kind = 'post' AND owner_id = OLD.id"),
    'posts_of_user': ("UPDATE OF name ON user WHEN OLD.name IS NOT NEW.name",
                      "kind = 'post' AND owner_id IN (SELECT id FROM post WHERE author_id = OLD.id)"),
    'user_changed': ("UPDATE OF name, deleted_at ON user WHEN OLD.name IS NOT NEW.name OR NEW.deleted_at IS NOT NULL",
                     "kind = 'author' AND owner_id = OLD.id"),
    'user_deleted': ("DELETE ON user", "kind = 'author' AND owner_id = OLD.id"),
    'tag_changed': ("UPDATE OF name ON tag WHEN OLD.name IS NOT NEW.name", "kind = 'tag' AND owner_id = OLD.id"),
    'tag_deleted': ("DELETE ON tag", "kind = 'tag' AND owner_id = OLD.id"),
    'site_changed': ("UPDATE OF title, hue ON site WHEN OLD.title IS NOT NEW.title OR OLD.hue IS NOT NEW.hue", "TRUE"),
    'tagline_changed': ("UPDATE OF tagline ON site WHEN OLD.tagline IS NOT NEW.tagline", "kind = 'site'"),
    'site_added': ("INSERT ON site", "TRUE"),
}
TRIGGERS = [
    *(f'CREATE TRIGGER card_{name} AFTER {change} BEGIN DELETE FROM card WHERE {which}; END'
      for name, (change, which) in OUTDATED.items()),
    *(f'CREATE TRIGGER content_card_{change.lower()} AFTER {change} ON card BEGIN {NEW_VERSION}; END'
      for change in ('INSERT', 'UPDATE', 'DELETE')),
    '''CREATE TRIGGER erasure_card AFTER DELETE ON card
    BEGIN UPDATE erasure SET wanted = wanted + 1 WHERE kind = 'rows'; END''',
]


def up(migrator, db):
    for statement in [*STATEMENTS, *TRIGGERS]:
        db.execute_sql(statement)
