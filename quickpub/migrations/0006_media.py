"""Pictures and files: what is kept once however often it was uploaded, whose it is, and which posts use it."""

TABLES = '''
-- One row for the same bytes. The folder media/<digest> has what was sent, and in shown/ what readers get of it.
CREATE TABLE media_file (
    digest TEXT PRIMARY KEY CHECK (length(digest) = 32), -- the first half of their SHA-256
    kind TEXT NOT NULL CHECK (kind IN ('image', 'audio', 'video', 'document')),
    ending TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'working', 'ready', 'failed')),
    progress INTEGER NOT NULL CHECK (progress BETWEEN 0 AND 100),
    attempts INTEGER NOT NULL,
    error TEXT NOT NULL,
    made TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX media_file_unready ON media_file (created_at) WHERE state IN ('waiting', 'working');

CREATE TABLE upload (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    file_id TEXT NOT NULL REFERENCES media_file (digest),
    name TEXT NOT NULL,
    bytes INTEGER NOT NULL CHECK (bytes > 0),
    alt TEXT NOT NULL,
    created_at TEXT NOT NULL,
    touched_at TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX upload_once ON upload (user_id, file_id);
CREATE INDEX upload_user ON upload (user_id, id, bytes);
CREATE INDEX upload_file ON upload (file_id);
CREATE INDEX upload_touched ON upload (touched_at);

-- What a post's text mentions, whether or not it is there.
CREATE TABLE post_file (
    post_id INTEGER NOT NULL REFERENCES post (id) ON DELETE CASCADE,
    digest TEXT NOT NULL,
    PRIMARY KEY (post_id, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX post_file_digest ON post_file (digest, post_id);
'''


def up(migrator, db):
    for statement in TABLES.split(';\n'):
        if statement.strip():
            db.execute_sql(statement)
