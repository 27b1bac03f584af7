"""Tags that differ in more than case and spaces are different tags; feeds and their entries get permanent ids; a handle
that was changed keeps leading to its author.

Until now tags were one when their addresses were: C, C++ and C# all became the one that was typed first, and nothing
else was stored. So a post's tag is split off only where an older version of the same post names it in another way.
Everywhere else the tag stays as it was shown; its author corrects it by typing it once more.
"""

import unicodedata
from importlib import import_module
from uuid import uuid4

from slugify import slugify

from quickpub.settings import current

# For search: step 9 has folded all names there were.
fold = import_module('quickpub.migrations.0009_search_text').index

TABLES = [
    "ALTER TABLE tag ADD COLUMN key TEXT NOT NULL DEFAULT ''",  # the name, folded: equal for all spellings of one tag
    'ALTER TABLE post_tag ADD COLUMN spelling TEXT',  # as its author typed it, where that is not the tag's own name
    # The ids of feeds and entries (RFC 4287, 4.2.6), whatever becomes of the site's address, of slugs and handles.
    "ALTER TABLE post ADD COLUMN feed_id TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE user ADD COLUMN feed_id TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE tag ADD COLUMN feed_id TEXT NOT NULL DEFAULT ''",
    "ALTER TABLE content ADD COLUMN feed_id TEXT NOT NULL DEFAULT ''",
    '''CREATE TABLE old_tag (
    slug TEXT PRIMARY KEY,
    tag_id INTEGER NOT NULL REFERENCES tag (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID''',
    'CREATE INDEX old_tag_tag ON old_tag (tag_id)',
    '''CREATE TABLE old_handle (
    id INTEGER PRIMARY KEY,
    handle TEXT NOT NULL UNIQUE,
    user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE
) STRICT''',
    'CREATE INDEX old_handle_user ON old_handle (user_id)',
]

INDEXES = [
    'CREATE UNIQUE INDEX tag_key ON tag (key)',
    *(f'CREATE UNIQUE INDEX {table}_feed_id ON {table} (feed_id)' for table in ('post', 'user', 'tag')),
]

# Whoever changes a handle: the old one is kept for its author, the last ten of each, and nobody else can take it.
KEPT = 10
TAKEN = '''CREATE TRIGGER handle_{verb} BEFORE {event} ON user
WHEN EXISTS (SELECT 1 FROM old_handle WHERE handle = NEW.handle AND user_id IS NOT NEW.id) BEGIN
    SELECT RAISE(ABORT, 'UNIQUE constraint failed: user.handle');
END'''
CHANGED = "UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER))"  # as in migration 3
TRIGGERS = [
    TAKEN.format(verb='comes', event='INSERT'),
    TAKEN.format(verb='changes', event='UPDATE OF handle'),
    f'''CREATE TRIGGER handle_changed AFTER UPDATE OF handle ON user WHEN OLD.handle IS NOT NEW.handle BEGIN
    DELETE FROM old_handle WHERE handle IN (OLD.handle, NEW.handle);
    INSERT INTO old_handle (handle, user_id) SELECT OLD.handle, NEW.id WHERE OLD.verified_at IS NOT NULL;
    DELETE FROM old_handle WHERE user_id = NEW.id AND id NOT IN (
        SELECT id FROM old_handle WHERE user_id = NEW.id ORDER BY id DESC LIMIT {KEPT});
END''',
    f'''CREATE TRIGGER content_post_tag_update AFTER UPDATE OF position, spelling ON post_tag
WHEN (OLD.position, OLD.spelling) IS NOT (NEW.position, NEW.spelling) AND EXISTS (
    SELECT 1 FROM post WHERE id = NEW.post_id AND published_at IS NOT NULL) BEGIN {CHANGED}; END''',
]


def up(migrator, db):
    for statement in TABLES:
        db.execute_sql(statement)
    name_feeds(db)
    merge_tags(db)
    split_tags(db)
    for statement in [*INDEXES, *TRIGGERS]:
        db.execute_sql(statement)


def name_feeds(db):
    """Store the ids that subscribers have seen, so that nothing is unread again."""
    url = current().url
    db.execute_sql("UPDATE post SET feed_id = ? || '/#post-' || id", (url,))
    db.execute_sql("UPDATE user SET feed_id = ? || '/@' || handle || '/feed.xml'", (url,))
    db.execute_sql("UPDATE tag SET feed_id = ? || '/t/' || slug || '/feed.xml'", (url,))
    is_new = db.execute_sql('SELECT NOT EXISTS (SELECT 1 FROM user)').fetchone()[0]
    db.execute_sql('UPDATE content SET feed_id = ?', (f'urn:uuid:{uuid4()}' if is_new else f'{url}/feed.xml',))


def merge_tags(db):
    """Give each tag its key. Of two tags whose names differ in case alone, as Є and є were written in different ways
    in an address, the older one stays, and the address of the other one leads to it."""
    known: dict[str, int] = {}
    for tag, name, slug in db.execute_sql('SELECT id, name, slug FROM tag ORDER BY id').fetchall():
        first = known.setdefault(key_of(name), tag)
        if first == tag:
            db.execute_sql('UPDATE tag SET key = ? WHERE id = ?', (key_of(name), tag))
            continue
        for (post,) in db.execute_sql('SELECT post_id FROM post_tag WHERE tag_id = ?', (tag,)).fetchall():
            exchange(db, post, tag, first, name)
        db.execute_sql('DELETE FROM tag WHERE id = ?', (tag,))
        db.execute_sql('INSERT INTO old_tag (slug, tag_id) VALUES (?, ?)', (slug, first))


def split_tags(db):
    """Give a post the tag that the newest of its older versions names at the address of the one it has."""
    spelled: dict[tuple[int, str], str] = {}
    for post, line in db.execute_sql("SELECT post_id, tags FROM revision WHERE tags != '' "
                                     'ORDER BY post_id, version DESC').fetchall():
        for name in filter(None, line.split(', ')):
            spelled.setdefault((post, slug_of(name)), name)
    known = dict(db.execute_sql('SELECT key, id FROM tag').fetchall())
    taken = {slug for (slug,) in db.execute_sql('SELECT slug FROM tag UNION ALL SELECT slug FROM old_tag').fetchall()}
    split_off = {}
    for post, tag, slug in db.execute_sql('SELECT post_id, tag_id, slug FROM post_tag JOIN tag ON tag.id = tag_id '
                                          'ORDER BY post_id, position').fetchall():
        name = spelled.get((post, slug))
        if name is None:
            continue
        if key_of(name) not in known:
            number = 2
            while f'{slug}-{number}' in taken:
                number += 1
            taken.add(f'{slug}-{number}')
            known[key_of(name)] = db.execute_sql(
                'INSERT INTO tag (name, name_folded, slug, key, feed_id) VALUES (?, ?, ?, ?, ?)',
                (name, fold(name), f'{slug}-{number}', key_of(name), f'urn:uuid:{uuid4()}')).lastrowid
        exchange(db, post, tag, known[key_of(name)], name)
        if known[key_of(name)] != tag:
            split_off[tag, slug] = known[key_of(name)]
    for (tag, slug), new in split_off.items():  # nothing is left at the old address: it leads to where the posts are
        if db.execute_sql('SELECT NOT EXISTS (SELECT 1 FROM post_tag WHERE tag_id = ?)', (tag,)).fetchone()[0]:
            db.execute_sql('UPDATE old_tag SET tag_id = ? WHERE tag_id = ?', (new, tag))
            db.execute_sql('DELETE FROM tag WHERE id = ?', (tag,))
            db.execute_sql('INSERT INTO old_tag (slug, tag_id) VALUES (?, ?)', (slug, new))


def exchange(db, post, old, new, spelling):
    """Give a post another tag in the place of one, or the same in another spelling."""
    (position,), = db.execute_sql('SELECT position FROM post_tag WHERE post_id = ? AND tag_id = ?', (post, old))
    if old != new:  # never by an update: triggers of the search index tell what goes and what comes
        db.execute_sql('DELETE FROM post_tag WHERE post_id = ? AND tag_id = ?', (post, old))
        db.execute_sql('INSERT OR IGNORE INTO post_tag (post_id, tag_id, position) VALUES (?, ?, ?)',
                       (post, new, position))
    db.execute_sql('UPDATE post_tag SET spelling = nullif(?, (SELECT name FROM tag WHERE id = tag_id)) '
                   'WHERE post_id = ? AND tag_id = ?', (spelling, post, new))


def key_of(name):
    folded = unicodedata.normalize('NFD', name).casefold()
    return ' '.join(unicodedata.normalize('NFC', folded).split())


def slug_of(name):
    """The address that a tag of this name got until now."""
    return slugify(name.replace("'", '').replace('’', ''), entities=False, decimal=False, hexadecimal=False,
                   max_length=80, word_boundary=True, save_order=True)
