"""Recurring jobs: when each was enqueued last. And what a batch has set aside because it could not be handled."""

TABLES = [
    '''CREATE TABLE recurring_job (
    name TEXT PRIMARY KEY,
    enqueued_at TEXT NOT NULL
) STRICT, WITHOUT ROWID''',
    # kind: of what, such as report; key: which one, such as the author's id; at: when it was tried last.
    '''CREATE TABLE set_aside (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    reason TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID''',
    # It was one job that cleaned up everything; now there is one for each part.
    "DELETE FROM job WHERE name = 'quickpub.tasks.clean_up' AND state != 'running'",
]


def up(migrator, db):
    for statement in TABLES:
        db.execute_sql(statement)
