"""Invitations: a personal line, and their end when the invited person has a confirmed account in any way."""

PENDING = "purpose = 'invite' AND used_at IS NULL AND ended_at IS NULL"

STATEMENTS = [
    "ALTER TABLE token ADD COLUMN note TEXT NOT NULL DEFAULT ''",
    f'''UPDATE token SET ended_at = created_at WHERE {PENDING} AND EXISTS (
        SELECT 1 FROM user WHERE user.email = token.email COLLATE NOCASE AND verified_at IS NOT NULL)''',
    *(f'''CREATE TRIGGER invitation_{name} AFTER {change} ON user WHEN NEW.verified_at IS NOT NULL BEGIN
    UPDATE token SET ended_at = max(created_at, NEW.verified_at) WHERE email = NEW.email COLLATE NOCASE AND {PENDING};
END''' for name, change in (('of_new_member', 'INSERT'), ('of_member', 'UPDATE OF email, verified_at'))),
]


def up(migrator, db):
    for statement in STATEMENTS:
        db.execute_sql(statement)
