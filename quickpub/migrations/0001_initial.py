"""The first tables. STRICT: SQLite itself refuses a value of the wrong kind. Times are text in UTC."""

TABLES = '''
CREATE TABLE site (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    title TEXT NOT NULL,
    tagline TEXT NOT NULL,
    hue INTEGER NOT NULL CHECK (hue BETWEEN 0 AND 359)
) STRICT;

CREATE TABLE user (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    handle TEXT NOT NULL UNIQUE,
    email TEXT COLLATE NOCASE UNIQUE,
    password TEXT,
    role TEXT NOT NULL CHECK (role IN ('author', 'owner')),
    bio TEXT NOT NULL,
    timezone TEXT NOT NULL,
    report TEXT NOT NULL CHECK (report IN ('minute', 'daily', 'weekly', 'monthly', 'never')),
    reported_until TEXT NOT NULL,
    created_at TEXT NOT NULL,
    verified_at TEXT,
    deleted_at TEXT,
    mail_trouble TEXT
) STRICT;
CREATE INDEX user_due ON user (report, timezone, reported_until);

CREATE TABLE session (
    digest TEXT PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    agent TEXT NOT NULL,
    created_at TEXT NOT NULL,
    seen_at TEXT NOT NULL,
    expires_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_user ON session (user_id);
CREATE INDEX session_expiry ON session (expires_at);

CREATE TABLE token (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- never used twice: the id is what the link's signature covers
    purpose TEXT NOT NULL CHECK (purpose IN ('setup', 'invite', 'verify', 'reset', 'address')),
    user_id INTEGER REFERENCES user (id) ON DELETE CASCADE,
    email TEXT,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    used_at TEXT
) STRICT;
CREATE INDEX token_user ON token (user_id);
CREATE INDEX token_expiry ON token (expires_at);

CREATE TABLE attempt (
    id INTEGER PRIMARY KEY,
    bucket TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;
CREATE INDEX attempt_bucket ON attempt (bucket, at);
CREATE INDEX attempt_age ON attempt (at);

CREATE TABLE post (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    author_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    slug TEXT NOT NULL UNIQUE,
    body TEXT NOT NULL,
    html TEXT NOT NULL,
    summary TEXT NOT NULL,
    excerpt TEXT NOT NULL,
    words INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    published_at TEXT,
    was_public INTEGER NOT NULL DEFAULT 0,
    deleted_at TEXT,
    views INTEGER NOT NULL DEFAULT 0 CHECK (views >= 0),
    reported_views INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX post_public ON post (published_at, id) WHERE deleted_at IS NULL;
CREATE INDEX post_author ON post (author_id, published_at, id) WHERE deleted_at IS NULL;
CREATE INDEX post_desk ON post (author_id, updated_at, id);
CREATE INDEX post_trash ON post (deleted_at) WHERE deleted_at IS NOT NULL;

CREATE TABLE old_slug (
    slug TEXT PRIMARY KEY,
    post_id INTEGER NOT NULL REFERENCES post (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX old_slug_post ON old_slug (post_id);

CREATE TABLE tag (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    slug TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE post_tag (
    post_id INTEGER NOT NULL REFERENCES post (id) ON DELETE CASCADE,
    tag_id INTEGER NOT NULL REFERENCES tag (id) ON DELETE CASCADE,
    position INTEGER NOT NULL,
    PRIMARY KEY (post_id, tag_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX post_tag_tag ON post_tag (tag_id);

CREATE TABLE daily_views (
    post_id INTEGER NOT NULL REFERENCES post (id) ON DELETE CASCADE,
    day TEXT NOT NULL,
    views INTEGER NOT NULL,
    PRIMARY KEY (post_id, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE spool_offset (
    file TEXT PRIMARY KEY,
    bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    key TEXT NOT NULL UNIQUE,
    user_id INTEGER REFERENCES user (id) ON DELETE SET NULL,
    token_id INTEGER REFERENCES token (id) ON DELETE SET NULL,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    payload TEXT NOT NULL,
    message_id TEXT NOT NULL UNIQUE,
    urgent INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'deferred', 'failed', 'held')),
    sender TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_try TEXT NOT NULL,
    answer TEXT NOT NULL,
    created_at TEXT NOT NULL,
    sent_at TEXT,
    CHECK ((state = 'sent') = (sent_at IS NOT NULL)),
    CHECK ((state = 'sending') = (sender IS NOT NULL))
) STRICT;
CREATE INDEX message_unsent ON message (next_try) WHERE state IN ('queued', 'deferred', 'sending');
CREATE INDEX message_user ON message (user_id);
CREATE INDEX message_token ON message (token_id);

CREATE TABLE report (
    id INTEGER PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    period_start TEXT NOT NULL,
    period_end TEXT NOT NULL,
    views INTEGER NOT NULL,
    message_id INTEGER REFERENCES message (id) ON DELETE SET NULL
) STRICT;
CREATE UNIQUE INDEX report_once ON report (user_id, period_end);
CREATE INDEX report_message ON report (message_id);

-- The queue (jobs.py). A finished job leaves no row.
CREATE TABLE job (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    message BLOB NOT NULL,
    state TEXT NOT NULL DEFAULT 'ready' CHECK (state IN ('ready', 'running', 'dead')),
    priority REAL NOT NULL DEFAULT 0,
    run_at TEXT NOT NULL,
    is_periodic INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    strikes INTEGER NOT NULL DEFAULT 0,
    owner TEXT,
    started_at TEXT,
    error TEXT NOT NULL DEFAULT '',
    created_at TEXT NOT NULL,
    CHECK ((state = 'running') = (owner IS NOT NULL))
) STRICT;
CREATE INDEX job_next ON job (priority DESC, run_at, id) WHERE state = 'ready';
CREATE INDEX job_running ON job (owner) WHERE state = 'running';
-- A schedule that waits is not enqueued again; one that keeps failing is one row.
CREATE UNIQUE INDEX job_periodic_once ON job (name, state) WHERE is_periodic AND state != 'running';

-- How many of which task ended in which minute: the operator's chart, and when each schedule last ran.
CREATE TABLE job_tally (
    minute TEXT NOT NULL,
    name TEXT NOT NULL,
    done INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    PRIMARY KEY (minute, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX job_tally_last ON job_tally (name, minute);

-- A row means: no new work is begun, by whose wish and since when.
CREATE TABLE job_pause (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    since TEXT NOT NULL
) STRICT;

-- What Huey keeps beside its queue: revoked tasks and locks.
CREATE TABLE job_note (
    queue TEXT NOT NULL,
    key TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (queue, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE job_counter (
    queue TEXT NOT NULL,
    key TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (queue, key)
) STRICT, WITHOUT ROWID;
'''


def up(migrator, db):
    for statement in TABLES.split(';\n'):
        if statement.strip():
            db.execute_sql(statement)
