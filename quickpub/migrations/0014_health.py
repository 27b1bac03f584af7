"""What background work has found to be wrong with the site."""


def up(migrator, db):
    db.execute_sql('''CREATE TABLE finding (
    name TEXT PRIMARY KEY,
    problem TEXT NOT NULL, -- '' where all was well
    at TEXT NOT NULL
) STRICT, WITHOUT ROWID''')
