"""Let triggers add to `author_totals` again. When SQLite renamed the table, it replaced `excluded` in them, too."""

TRIGGERS = ('post_comes', 'post_changes')


def up(migrator, db):
    for name in TRIGGERS:
        trigger = db.execute_sql('SELECT sql FROM sqlite_master WHERE name = ?', (name,)).fetchone()[0]
        db.execute_sql(f'DROP TRIGGER {name}')
        db.execute_sql(trigger.replace('"author_totals".', 'excluded.').replace('"author_totals"', 'author_totals'))
    db.execute_sql('''INSERT INTO author_totals
        SELECT author_id, count(published_at), sum(views) FROM post WHERE deleted_at IS NULL GROUP BY author_id
        ON CONFLICT DO UPDATE SET posts = excluded.posts, views = excluded.views''')
