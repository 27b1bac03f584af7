"""Moderation: email domains that cannot sign up, and posts that are hidden while their author is suspended."""

STATEMENTS = [
    '''CREATE TABLE blocked_domain (
    domain TEXT PRIMARY KEY, -- in ASCII, as in stored email addresses; its subdomains are blocked too
    blocked_at TEXT NOT NULL
) STRICT, WITHOUT ROWID''',

    # A hidden post is a draft that gets its date back. So nothing that shows readers a post has to know of hidden ones.
    '''CREATE TABLE hidden_post (
    post_id INTEGER PRIMARY KEY REFERENCES post (id) ON DELETE CASCADE,
    published_at TEXT NOT NULL
) STRICT''',
    "ALTER TABLE user ADD COLUMN hides_posts INTEGER NOT NULL DEFAULT 0",
    '''CREATE TRIGGER hidden_post_published AFTER UPDATE OF published_at ON post WHEN NEW.published_at IS NOT NULL
    BEGIN DELETE FROM hidden_post WHERE post_id = NEW.id; END''',

    # Of another author, or of a name that nobody can restore any more, it is a draft like others.
    '''CREATE TRIGGER hidden_post_given AFTER UPDATE OF author_id ON post WHEN OLD.author_id IS NOT NEW.author_id
    BEGIN DELETE FROM hidden_post WHERE post_id = NEW.id; END''',
    '''CREATE TRIGGER hidden_post_of_former_user AFTER UPDATE OF deleted_at ON user
WHEN NEW.deleted_at IS NOT NULL BEGIN
    DELETE FROM hidden_post WHERE post_id IN (SELECT id FROM post WHERE author_id = NEW.id);
    UPDATE user SET hides_posts = 0 WHERE id = NEW.id AND hides_posts;
END''',
]


def up(migrator, db):
    for statement in STATEMENTS:
        db.execute_sql(statement)
