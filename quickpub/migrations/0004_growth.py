"""A large site answers like a small one: what would be counted is kept counted, what would be sorted is kept in order.

Triggers keep it, whoever writes: pages, commands, a person at the prompt. The texts of posts move behind the short
columns, so that a list need not read past them.

Every question is made for its index, and tests hold it to that; so there are no statistics (ANALYZE) that would let
SQLite change its mind from one night to the next.
"""

# A trigger that names one of these columns would be in the way: all are made again afterwards.
TEXTS_LAST = [
    "ALTER TABLE post ADD COLUMN body_ TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE post ADD COLUMN html_ TEXT NOT NULL DEFAULT ''",
    'UPDATE post SET body_ = body, html_ = html',
    'ALTER TABLE post DROP COLUMN body',
    'ALTER TABLE post DROP COLUMN html',
    'ALTER TABLE post RENAME COLUMN body_ TO body',
    'ALTER TABLE post RENAME COLUMN html_ TO html',
]

# How much each author has: `posts` with a date and not in the trash, `views` of all that are not in the trash.
SHELF = [
    '''CREATE TABLE shelf (
    user_id INTEGER PRIMARY KEY REFERENCES user (id) ON DELETE CASCADE,
    posts INTEGER NOT NULL,
    views INTEGER NOT NULL
) STRICT''',
    '''INSERT INTO shelf SELECT author_id, count(published_at), sum(views) FROM post WHERE deleted_at IS NULL
    GROUP BY author_id''',
    '''CREATE TRIGGER post_comes AFTER INSERT ON post WHEN NEW.deleted_at IS NULL BEGIN
    INSERT INTO shelf VALUES (NEW.author_id, NEW.published_at IS NOT NULL, NEW.views)
        ON CONFLICT DO UPDATE SET posts = posts + excluded.posts, views = views + excluded.views;
END''',
    '''CREATE TRIGGER post_goes AFTER DELETE ON post WHEN OLD.deleted_at IS NULL BEGIN
    UPDATE shelf SET posts = posts - (OLD.published_at IS NOT NULL), views = views - OLD.views
        WHERE user_id = OLD.author_id;
END''',
    '''CREATE TRIGGER post_changes AFTER UPDATE OF author_id, published_at, deleted_at, views ON post BEGIN
    UPDATE shelf SET posts = posts - (OLD.published_at IS NOT NULL AND OLD.deleted_at IS NULL),
        views = views - iif(OLD.deleted_at IS NULL, OLD.views, 0) WHERE user_id = OLD.author_id;
    INSERT INTO shelf VALUES (NEW.author_id, NEW.published_at IS NOT NULL AND NEW.deleted_at IS NULL,
                              iif(NEW.deleted_at IS NULL, NEW.views, 0))
        ON CONFLICT DO UPDATE SET posts = posts + excluded.posts, views = views + excluded.views;
END''',
]

# A tag's posts in their order, in one index: each row of post_tag has its post's date, none while it is in the trash.
TAGGED = [
    'ALTER TABLE post_tag ADD COLUMN published_at TEXT',
    '''UPDATE post_tag SET published_at = (SELECT published_at FROM post WHERE id = post_id AND deleted_at IS NULL)''',
    'DROP INDEX post_tag_tag',
    'CREATE INDEX post_tag_dated ON post_tag (tag_id, published_at, post_id)',
    '''CREATE TRIGGER post_tag_comes AFTER INSERT ON post_tag BEGIN
    UPDATE post_tag SET published_at = (SELECT published_at FROM post WHERE id = NEW.post_id AND deleted_at IS NULL)
        WHERE post_id = NEW.post_id AND tag_id = NEW.tag_id;
END''',
    '''CREATE TRIGGER post_date_changes AFTER UPDATE OF published_at, deleted_at ON post BEGIN
    UPDATE post_tag SET published_at = iif(NEW.deleted_at IS NULL, NEW.published_at, NULL) WHERE post_id = NEW.id;
END''',
]

INDEXES = [
    # The same as before, and with deleted_at: what asks only for these columns reads no row of the table.
    'DROP INDEX post_public',
    'DROP INDEX post_author',
    'CREATE INDEX post_public ON post (published_at, id, deleted_at) WHERE deleted_at IS NULL',
    'CREATE INDEX post_author ON post (author_id, published_at, id, deleted_at) WHERE deleted_at IS NULL',
    'CREATE INDEX post_trash_author ON post (author_id, deleted_at, id) WHERE deleted_at IS NOT NULL',
    'DROP INDEX message_user',
    'CREATE INDEX message_user ON message (user_id, kind)',
    "CREATE INDEX message_failed ON message (id) WHERE state = 'failed'",
    "CREATE INDEX message_held ON message (id) WHERE state = 'held'",
    "CREATE INDEX message_done ON message (created_at) WHERE state IN ('sent', 'failed')",
    'CREATE INDEX message_search ON message (id, recipient, subject)',  # read from its end, and nothing else with it
    "CREATE INDEX job_dead ON job (priority DESC, run_at, id) WHERE state = 'dead'",
]


def up(migrator, db):
    triggers = db.execute_sql("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    kept = [sql for _, sql in triggers]
    for statement in [*(f'DROP TRIGGER "{name}"' for name, _ in triggers), *TEXTS_LAST, *kept, *SHELF, *TAGGED,
                      *INDEXES]:
        db.execute_sql(statement)
