"""Accounts: links that ended without being used, links that an owner made by hand, and always an owner."""

TOKEN = [
    # Since when the link is dead although nobody used it: a newer one took its place, or it is not needed any more.
    'ALTER TABLE token ADD COLUMN ended_at TEXT',
    # The owner who made the link to hand it over, for a member whose mail does not arrive.
    'ALTER TABLE token ADD COLUMN made_by_id INTEGER REFERENCES user (id) ON DELETE SET NULL',
    'CREATE INDEX token_made_by ON token (made_by_id) WHERE made_by_id IS NOT NULL',
]

# Whatever code changes a row, and however many do so at once: a site that has an owner keeps one.
OTHERS = "EXISTS (SELECT 1 FROM user WHERE role = 'owner' AND deleted_at IS NULL AND id != OLD.id)"
WAS_LAST = f"OLD.role = 'owner' AND OLD.deleted_at IS NULL AND NOT {OTHERS}"
TRIGGERS = [
    f'''CREATE TRIGGER last_owner_changes BEFORE UPDATE OF role, deleted_at ON user
    WHEN (NEW.role != 'owner' OR NEW.deleted_at IS NOT NULL) AND {WAS_LAST}
    BEGIN SELECT RAISE(ABORT, 'the last owner'); END''',
    f'''CREATE TRIGGER last_owner_goes BEFORE DELETE ON user WHEN {WAS_LAST}
    BEGIN SELECT RAISE(ABORT, 'the last owner'); END''',
]


def up(migrator, db):
    for statement in [*TOKEN, *TRIGGERS]:
        db.execute_sql(statement)
