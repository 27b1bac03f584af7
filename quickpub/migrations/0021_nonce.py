"""Links in emails that no later link can equal, even where an older copy of the database is put back."""


def up(migrator, db):
    db.execute_sql("ALTER TABLE token ADD COLUMN nonce TEXT NOT NULL DEFAULT ''")
