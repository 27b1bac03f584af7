"""Editors and contributors, the role that an invitation gives, and the review of posts.

A CHECK cannot be changed, so the column `role` is made again.
"""

LAST = """OLD.role = 'owner' AND OLD.deleted_at IS NULL AND OLD.suspended_at IS NULL AND NOT EXISTS (SELECT 1 FROM user
        WHERE role = 'owner' AND deleted_at IS NULL AND suspended_at IS NULL AND id != OLD.id)"""

STATEMENTS = [
    'DROP TRIGGER last_owner_changes',
    'DROP TRIGGER last_owner_goes',
    'DROP TRIGGER session_stale',
    '''ALTER TABLE user ADD COLUMN new_role TEXT NOT NULL DEFAULT 'author'
        CHECK (new_role IN ('owner', 'editor', 'author', 'contributor'))''',
    'UPDATE user SET new_role = role',
    'ALTER TABLE user DROP COLUMN role',
    'ALTER TABLE user RENAME COLUMN new_role TO role',
    # As before: migrations 17 and 18 made them.
    f'''CREATE TRIGGER last_owner_changes BEFORE UPDATE OF role, deleted_at, suspended_at ON user
    WHEN (NEW.role != 'owner' OR NEW.deleted_at IS NOT NULL OR NEW.suspended_at IS NOT NULL) AND {LAST}
    BEGIN SELECT RAISE(ABORT, 'the last owner'); END''',
    f'''CREATE TRIGGER last_owner_goes BEFORE DELETE ON user WHEN {LAST}
    BEGIN SELECT RAISE(ABORT, 'the last owner'); END''',
    '''CREATE TRIGGER session_stale AFTER UPDATE OF role, email, password, verified_at ON user
    WHEN OLD.role IS NOT NEW.role OR OLD.email IS NOT NEW.email OR OLD.password IS NOT NEW.password
      OR OLD.verified_at IS NOT NEW.verified_at
    BEGIN UPDATE session SET is_stale = 1 WHERE user_id = NEW.id; END''',

    # NULL: the role that the site gives to new members. Owners are made by owners, never by a link.
    "ALTER TABLE token ADD COLUMN role TEXT CHECK (role IN ('editor', 'author', 'contributor'))",
    """ALTER TABLE site ADD COLUMN new_role TEXT NOT NULL DEFAULT 'author'
        CHECK (new_role IN ('author', 'contributor'))""",

    # A post that waits for an editor, was sent back with a reason, or is held: its author cannot publish it.
    '''CREATE TABLE review (
        post_id INTEGER PRIMARY KEY REFERENCES post (id) ON DELETE CASCADE,
        asked_at TEXT,
        is_held INTEGER NOT NULL DEFAULT 0 CHECK (is_held IN (0, 1)),
        editor_id INTEGER REFERENCES user (id) ON DELETE SET NULL,
        answered_at TEXT,
        reason TEXT NOT NULL DEFAULT ''
    ) STRICT''',
    'CREATE INDEX review_asked ON review (asked_at) WHERE asked_at IS NOT NULL',
    'CREATE INDEX review_editor ON review (editor_id) WHERE editor_id IS NOT NULL',
    '''CREATE TRIGGER review_holds BEFORE UPDATE OF published_at, place, shared_at, deleted_at ON post
    WHEN (NEW.published_at IS NOT NULL OR NEW.place IS NOT NULL OR NEW.shared_at IS NOT NULL
          OR (OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NULL))
      AND EXISTS (SELECT 1 FROM review WHERE post_id = OLD.id AND is_held)
    BEGIN SELECT RAISE(ABORT, 'an editor holds this post'); END''',
    '''CREATE TRIGGER review_ends AFTER UPDATE OF published_at, place ON post
    WHEN NEW.published_at IS NOT NULL OR NEW.place IS NOT NULL
    BEGIN DELETE FROM review WHERE post_id = NEW.id; END''',
    # The audit log names posts now: no title outlives its post.
    '''CREATE TRIGGER audit_entry_post_gone BEFORE DELETE ON post
    BEGIN
        UPDATE audit_entry SET subject_id = NULL, subject_label = ''
        WHERE subject_kind = 'post' AND subject_id = OLD.id;
    END''',]


def up(migrator, db):
    for statement in STATEMENTS:
        db.execute_sql(statement)
