"""The audit log, and accounts that are suspended."""

TABLES = [
    '''CREATE TABLE audit_entry (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    until TEXT NOT NULL,  -- when it happened last, where one entry stands for several
    times INTEGER NOT NULL DEFAULT 1,
    code TEXT NOT NULL,
    actor_kind TEXT NOT NULL,  -- member, command, or '' where nobody was logged in
    actor_id INTEGER REFERENCES user (id) ON DELETE SET NULL,
    actor_name TEXT NOT NULL DEFAULT '',  -- as it was then; '' once the member has left
    subject_kind TEXT NOT NULL DEFAULT '',
    subject_id INTEGER,
    subject_label TEXT NOT NULL DEFAULT '',
    network TEXT NOT NULL DEFAULT '',
    details TEXT NOT NULL DEFAULT '{}')''',
    'CREATE INDEX audit_entry_actor ON audit_entry (actor_id) WHERE actor_id IS NOT NULL',
    'CREATE INDEX audit_entry_subject ON audit_entry (subject_kind, subject_id) WHERE subject_id IS NOT NULL',
    'CREATE INDEX audit_entry_code ON audit_entry (code)',
    'CREATE INDEX audit_entry_at ON audit_entry (at)',
]

SUSPENDED = [
    'ALTER TABLE user ADD COLUMN suspended_at TEXT',
    # A site always keeps an owner who can log in.
    'DROP TRIGGER last_owner_changes',
    'DROP TRIGGER last_owner_goes',
]
OTHERS = """EXISTS (SELECT 1 FROM user
        WHERE role = 'owner' AND deleted_at IS NULL AND suspended_at IS NULL AND id != OLD.id)"""
WAS_LAST = f"OLD.role = 'owner' AND OLD.deleted_at IS NULL AND OLD.suspended_at IS NULL AND NOT {OTHERS}"

# Whatever removes a member: what is left of them in the log is that somebody did something.
FORGET = '''
        UPDATE audit_entry SET actor_name = '', network = '' WHERE actor_id = OLD.id;
        UPDATE audit_entry SET subject_id = NULL, subject_label = '', network = ''
        WHERE subject_kind = 'member' AND subject_id = OLD.id;'''

TRIGGERS = [
    f'''CREATE TRIGGER last_owner_changes BEFORE UPDATE OF role, deleted_at, suspended_at ON user
    WHEN (NEW.role != 'owner' OR NEW.deleted_at IS NOT NULL OR NEW.suspended_at IS NOT NULL) AND {WAS_LAST}
    BEGIN SELECT RAISE(ABORT, 'the last owner'); END''',
    f'''CREATE TRIGGER last_owner_goes BEFORE DELETE ON user WHEN {WAS_LAST}
    BEGIN SELECT RAISE(ABORT, 'the last owner'); END''',
    f'''CREATE TRIGGER audit_entry_member_left AFTER UPDATE OF deleted_at ON user
    WHEN NEW.deleted_at IS NOT NULL AND OLD.deleted_at IS NULL BEGIN{FORGET}
    END''',
    f'''CREATE TRIGGER audit_entry_member_gone BEFORE DELETE ON user BEGIN{FORGET}
    END''',
]


def up(migrator, db):
    for statement in [*TABLES, *SUSPENDED, *TRIGGERS]:
        db.execute_sql(statement)
