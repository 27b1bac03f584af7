"""Passkeys, authenticator apps and recovery codes; log-ins that wait for their second step."""

TABLES = [
    '''CREATE TABLE passkey (
    id INTEGER PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    credential_id BLOB NOT NULL UNIQUE,
    credential BLOB NOT NULL, -- with the public key, as the browser sent it
    counter INTEGER NOT NULL, -- of signatures; stays 0 for passkeys that are on several devices
    name TEXT NOT NULL,
    created_at TEXT NOT NULL,
    used_at TEXT
) STRICT''',
    'CREATE INDEX passkey_user ON passkey (user_id)',
    '''CREATE TABLE authenticator (
    user_id INTEGER PRIMARY KEY REFERENCES user (id) ON DELETE CASCADE,
    secret TEXT NOT NULL, -- encrypted
    last_step INTEGER NOT NULL, -- of 30 seconds: the one whose code was used last
    created_at TEXT NOT NULL,
    confirmed_at TEXT -- NULL: does not count yet
) STRICT''',
    '''CREATE TABLE recovery_code (
    digest TEXT PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID''',
    'CREATE INDEX recovery_code_user ON recovery_code (user_id)',
    '''CREATE TABLE used_challenge (
    digest TEXT PRIMARY KEY,
    expires_at TEXT NOT NULL
) STRICT, WITHOUT ROWID''',
    '''CREATE TABLE login_step (
    digest TEXT PRIMARY KEY, -- sha256 of the random token that only the browser has
    user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    onward TEXT NOT NULL, -- the path to go on to
    failures INTEGER NOT NULL,
    token_id INTEGER REFERENCES token (id) ON DELETE CASCADE, -- the link to a new password that waits with it
    password TEXT, -- that new password, hashed
    created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID''',
    'CREATE INDEX login_step_user ON login_step (user_id)',
    'CREATE INDEX login_step_token ON login_step (token_id) WHERE token_id IS NOT NULL',
    'ALTER TABLE session ADD COLUMN confirmed_at TEXT',  # when its member last proved again who they are
    'ALTER TABLE user ADD COLUMN asks_passkey INTEGER NOT NULL DEFAULT 0',  # after the password, for a passkey
]


def up(migrator, db):
    for statement in TABLES:
        db.execute_sql(statement)
