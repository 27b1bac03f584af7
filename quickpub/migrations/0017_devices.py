"""Devices that are known to their members, and sessions whose cookie is renewed."""

DEVICE = [
    # A browser that has logged in to this account before. Only it has the token, of which this is the SHA-256.
    '''CREATE TABLE device (
        digest TEXT PRIMARY KEY,
        user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
        created_at TEXT NOT NULL,
        used_at TEXT NOT NULL
    ) STRICT, WITHOUT ROWID''',
    'CREATE INDEX device_user ON device (user_id)',
    'CREATE INDEX device_age ON device (used_at)',
    # The last log-in. The very first one is no news to anybody; whoever has an account by now has had theirs.
    'ALTER TABLE user ADD COLUMN logged_in_at TEXT',
    'UPDATE user SET logged_in_at = coalesce((SELECT max(created_at) FROM session WHERE user_id = user.id), '
    'verified_at)',
]

SESSION = [
    'ALTER TABLE session ADD COLUMN device_id TEXT REFERENCES device (digest) ON DELETE SET NULL',
    'CREATE INDEX session_device ON session (device_id) WHERE device_id IS NOT NULL',
    # The name of the cookie that holds its value.
    "ALTER TABLE session ADD COLUMN cookie TEXT NOT NULL DEFAULT 'quickpub'",
    # Whether the cookie gets a new value with the next request.
    'ALTER TABLE session ADD COLUMN is_stale INTEGER NOT NULL DEFAULT 0',
    # Whoever changes what a member may do, or how they get in: no cookie from before outlives it.
    '''CREATE TRIGGER session_stale AFTER UPDATE OF role, email, password, verified_at ON user
    WHEN OLD.role IS NOT NEW.role OR OLD.email IS NOT NEW.email OR OLD.password IS NOT NEW.password
      OR OLD.verified_at IS NOT NEW.verified_at
    BEGIN UPDATE session SET is_stale = 1 WHERE user_id = NEW.id; END''',
]

# Failed log-ins are counted by the throttle now (0016). Those of the last minutes are forgiven.
ATTEMPT = ['DROP TABLE attempt']


def up(migrator, db):
    for statement in [*DEVICE, *SESSION, *ATTEMPT]:
        db.execute_sql(statement)
