"""What readers see has a version; visitors and referrers are counted by day."""

# One integer that grows with every change of what a public page may show, whoever makes it: the time of the change in
# seconds, or one more than before. Views, sessions, mails and drafts leave it alone.
CHANGED = "UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER))"

TABLES = '''
CREATE TABLE content (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL
) STRICT;
INSERT INTO content VALUES (1, CAST(strftime('%s', 'now') AS INTEGER));

-- The random key of a day, by which its visitors are told apart; deleted after two days.
CREATE TABLE day_key (
    day TEXT PRIMARY KEY,
    key BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- Who was there on a day, under a name that the key makes. scope: a post's id, an author's id times -1, 0 for the site.
CREATE TABLE seen (
    day TEXT NOT NULL,
    scope INTEGER NOT NULL,
    visitor TEXT NOT NULL,
    PRIMARY KEY (day, scope, visitor)
) STRICT, WITHOUT ROWID;

CREATE TABLE daily_visitors (
    scope INTEGER NOT NULL,
    day TEXT NOT NULL,
    visitors INTEGER NOT NULL,
    PRIMARY KEY (scope, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE daily_referrers (
    post_id INTEGER NOT NULL REFERENCES post (id) ON DELETE CASCADE,
    day TEXT NOT NULL,
    host TEXT NOT NULL,
    views INTEGER NOT NULL,
    PRIMARY KEY (post_id, day, host)
) STRICT, WITHOUT ROWID;
'''

# A draft that stays one is nobody's business; a post that is or was public, or will be, is.
PUBLIC_POST = 'EXISTS (SELECT 1 FROM post WHERE id = {row}.post_id AND published_at IS NOT NULL)'
TRIGGERS = [
    ('post', 'INSERT', 'NEW.published_at IS NOT NULL'),
    ('post', 'DELETE', 'OLD.published_at IS NOT NULL'),
    ('post', 'UPDATE OF author_id, title, slug, html, summary, excerpt, words, published_at, updated_at, deleted_at',
     'OLD.published_at IS NOT NULL OR NEW.published_at IS NOT NULL'),
    ('post_tag', 'INSERT', PUBLIC_POST.format(row='NEW')),
    ('post_tag', 'DELETE', PUBLIC_POST.format(row='OLD')),
    ('tag', 'UPDATE OF name, slug', 'TRUE'),
    ('old_slug', 'INSERT', 'TRUE'),
    ('old_slug', 'DELETE', 'TRUE'),
    ('user', 'UPDATE OF name, handle, bio, verified_at, deleted_at',
     'OLD.name IS NOT NEW.name OR OLD.handle IS NOT NEW.handle OR OLD.bio IS NOT NEW.bio '
     'OR OLD.verified_at IS NOT NEW.verified_at OR OLD.deleted_at IS NOT NEW.deleted_at'),
    ('user', 'DELETE', 'TRUE'),
    ('site', 'INSERT', 'TRUE'),
    ('site', 'UPDATE OF title, tagline, hue', 'TRUE'),
]


def up(migrator, db):
    for statement in TABLES.split(';\n'):
        if statement.strip():
            db.execute_sql(statement)
    for table, event, condition in TRIGGERS:
        verb = event.partition(' ')[0].lower()
        db.execute_sql(f'CREATE TRIGGER content_{table}_{verb} AFTER {event} ON {table} WHEN {condition} '
                       f'BEGIN {CHANGED}; END')
