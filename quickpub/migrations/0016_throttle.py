"""The throttle: what was used of each budget, and what was refused because one was used up."""

TABLES = [
    # One use of a budget. The key is a keyed hash: no address and no client is kept in the clear.
    '''CREATE TABLE throttle_use (
    id INTEGER PRIMARY KEY,
    budget TEXT NOT NULL,
    key TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT''',
    'CREATE INDEX throttle_use_key ON throttle_use (budget, key, at)',
    'CREATE INDEX throttle_use_age ON throttle_use (at)',
    # What a budget has refused lately, for the owner: how often, since when, and the last email about it.
    '''CREATE TABLE throttle_refusal (
    budget TEXT PRIMARY KEY,
    count INTEGER NOT NULL,
    since TEXT NOT NULL,
    last_at TEXT NOT NULL
) STRICT, WITHOUT ROWID''',
]


def up(migrator, db):
    for statement in TABLES:
        db.execute_sql(statement)
