"""The desk: each version of a text kept, what is typed kept before it is saved, series, pages, pins, shared drafts."""

# A trigger that names one of these columns would be in the way: all are made again afterwards.
POST = [
    "ALTER TABLE post ADD COLUMN version INTEGER NOT NULL DEFAULT 1",
    "ALTER TABLE post ADD COLUMN editor_id INTEGER REFERENCES user (id) ON DELETE SET NULL",
    "ALTER TABLE post ADD COLUMN canonical TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE post ADD COLUMN series_id INTEGER REFERENCES series (id) ON DELETE SET NULL",
    "ALTER TABLE post ADD COLUMN part INTEGER",
    "ALTER TABLE post ADD COLUMN shared_at TEXT",
    "ALTER TABLE post ADD COLUMN is_page INTEGER NOT NULL DEFAULT 0",
    "ALTER TABLE post ADD COLUMN place INTEGER",
    "ALTER TABLE post ADD COLUMN first_tab TEXT",
    # The texts stay last, so that no list reads past them.
    "ALTER TABLE post ADD COLUMN body_ TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE post ADD COLUMN html_ TEXT NOT NULL DEFAULT ''",
    'UPDATE post SET body_ = body, html_ = html, editor_id = author_id',
    'ALTER TABLE post DROP COLUMN body',
    'ALTER TABLE post DROP COLUMN html',
    'ALTER TABLE post RENAME COLUMN body_ TO body',
    'ALTER TABLE post RENAME COLUMN html_ TO html',
    'CREATE INDEX post_series ON post (series_id, part, id) WHERE series_id IS NOT NULL',
    'CREATE INDEX post_page ON post (place, id) WHERE place IS NOT NULL',
    'CREATE INDEX post_editor ON post (editor_id)',
    'CREATE UNIQUE INDEX post_first_tab ON post (author_id, first_tab) WHERE first_tab IS NOT NULL',
]

TABLES = [
    '''CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    author_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    UNIQUE (author_id, name)
) STRICT''',
    # What a post was, each time before it was saved.
    '''CREATE TABLE revision (
    post_id INTEGER NOT NULL REFERENCES post (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    saved_at TEXT NOT NULL,
    editor_id INTEGER REFERENCES user (id) ON DELETE SET NULL,
    title TEXT NOT NULL,
    summary TEXT NOT NULL,
    tags TEXT NOT NULL,
    details TEXT NOT NULL, -- what else was typed, as JSON
    body TEXT NOT NULL,
    PRIMARY KEY (post_id, version)
) STRICT''',
    'CREATE INDEX revision_time ON revision (post_id, saved_at)',
    'CREATE INDEX revision_editor ON revision (editor_id)',
    # What stands in an editor and is not saved, by the window it stands in.
    '''CREATE TABLE unsaved (
    user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    tab TEXT NOT NULL,
    post_id INTEGER REFERENCES post (id) ON DELETE CASCADE,
    typed_at TEXT NOT NULL,
    beginning TEXT NOT NULL,
    size INTEGER NOT NULL,
    fields TEXT NOT NULL,
    PRIMARY KEY (user_id, tab)
) STRICT''',
    'CREATE INDEX unsaved_post ON unsaved (post_id)',
    'CREATE INDEX unsaved_age ON unsaved (typed_at)',
    'ALTER TABLE user ADD COLUMN pinned_id INTEGER REFERENCES post (id) ON DELETE SET NULL',
    'ALTER TABLE site ADD COLUMN pinned_id INTEGER REFERENCES post (id) ON DELETE SET NULL',
    'CREATE INDEX user_pinned ON user (pinned_id) WHERE pinned_id IS NOT NULL',
]

# What a public page may show has a version (migration 3).
CHANGED = "UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER))"
TRIGGERS = [
    ('content_desk', 'UPDATE OF canonical, series_id, part, place ON post',
     '(OLD.published_at IS NOT NULL OR OLD.place IS NOT NULL OR NEW.place IS NOT NULL) AND '
     '(OLD.canonical, OLD.series_id, OLD.part, OLD.place) IS NOT (NEW.canonical, NEW.series_id, NEW.part, NEW.place)'),
    ('content_page', 'UPDATE OF title, slug, html, summary, excerpt, updated_at, deleted_at ON post',
     'OLD.place IS NOT NULL'),
    ('content_page_delete', 'DELETE ON post', 'OLD.place IS NOT NULL'),
    ('content_series', 'UPDATE OF name ON series', 'TRUE'),
    ('content_user_pin', 'UPDATE OF pinned_id ON user', 'OLD.pinned_id IS NOT NEW.pinned_id'),
    ('content_site_pin', 'UPDATE OF pinned_id ON site', 'OLD.pinned_id IS NOT NEW.pinned_id'),
]


def up(migrator, db):
    triggers = db.execute_sql("SELECT name, sql FROM sqlite_schema WHERE type = 'trigger'").fetchall()
    for statement in [*(f'DROP TRIGGER "{name}"' for name, _ in triggers), *TABLES, *POST,
                      *(sql for _, sql in triggers)]:
        db.execute_sql(statement)
    for name, event, condition in TRIGGERS:
        db.execute_sql(f'CREATE TRIGGER {name} AFTER {event} WHEN {condition} BEGIN {CHANGED}; END')
