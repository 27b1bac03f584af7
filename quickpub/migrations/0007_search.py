"""Full-text search: an index of every post that has a date and is not in the trash. Triggers keep it.

The index holds no text (`content=''`), only which word stands where; to take a post out again, it is told the words it
was given. So each change is made in two steps: before it the post goes out as it is, after it comes in as it is then.
What is counted (views) and what is no text touches nothing here. A draft is in no index: saving one costs nothing.
"""

# The text of safe HTML, in one pass: cut at each `<`, leave out what stands before the `>`.
BREAKS = "'br', '/p', '/li', '/td', '/th', '/dt', '/dd', '/div', '/pre', '/summary', '/figcaption'"
TEXT = f'''(SELECT group_concat(iif(substr(value, 1, instr(value, '>') - 1) IN ({BREAKS}), ' ', '')
    || substr(value, instr(value, '>') + 1), '')
    FROM json_each('[' || replace(json_quote('>' || post.html), '<', '","') || ']'))'''
for entity, character in (('&lt;', '<'), ('&gt;', '>'), ('&nbsp;', ' '), ('&amp;', '&')):
    TEXT = f"replace({TEXT}, '{entity}', '{character}')"

COLUMNS = 'rowid, title, tags, summary, text, author'
POSTS = f'''post.id, title,
    (SELECT group_concat(tag.name, ', ') FROM post_tag JOIN tag ON tag.id = tag_id WHERE post_id = post.id),
    summary, {TEXT}, user.name
    FROM post CROSS JOIN user ON user.id = author_id WHERE published_at IS NOT NULL AND post.deleted_at IS NULL'''
OUT = f"INSERT INTO search (search, {COLUMNS}) SELECT 'delete', {POSTS} AND"
IN = f'INSERT INTO search ({COLUMNS}) SELECT {POSTS} AND'

TEXTS = 'author_id, title, summary, html, published_at, deleted_at'
NEW_TAG = 'WHEN NOT EXISTS (SELECT 1 FROM post_tag WHERE post_id = NEW.post_id AND tag_id = NEW.tag_id)'
TAGGED = 'post.id IN (SELECT post_id FROM post_tag WHERE tag_id = OLD.id)'
TRIGGERS = {
    'post_comes': ('AFTER INSERT ON post', f'{IN} post.id = NEW.id'),
    'post_changes': (f'BEFORE UPDATE OF {TEXTS} ON post', f'{OUT} post.id = OLD.id'),
    'post_changed': (f'AFTER UPDATE OF {TEXTS} ON post', f'{IN} post.id = NEW.id'),
    'post_goes': ('BEFORE DELETE ON post', f'{OUT} post.id = OLD.id'),
    'tag_comes': (f'BEFORE INSERT ON post_tag {NEW_TAG}', f'{OUT} post.id = NEW.post_id'),
    'tag_came': ('AFTER INSERT ON post_tag', f'{IN} post.id = NEW.post_id'),
    'tag_goes': ('BEFORE DELETE ON post_tag', f'{OUT} post.id = OLD.post_id'),
    'tag_went': ('AFTER DELETE ON post_tag', f'{IN} post.id = OLD.post_id'),
    'tag_changes': ('BEFORE UPDATE OF name ON tag WHEN OLD.name IS NOT NEW.name', f'{OUT} {TAGGED}'),
    'tag_changed': ('AFTER UPDATE OF name ON tag WHEN OLD.name IS NOT NEW.name', f'{IN} {TAGGED}'),
    'name_changes': ('BEFORE UPDATE OF name ON user WHEN OLD.name IS NOT NEW.name', f'{OUT} author_id = OLD.id'),
    'name_changed': ('AFTER UPDATE OF name ON user WHEN OLD.name IS NOT NEW.name', f'{IN} author_id = NEW.id'),
    # What a foreign key would take along goes while its words can still be told.
    'tag_ends': ('BEFORE DELETE ON tag', 'DELETE FROM post_tag WHERE tag_id = OLD.id'),
    'author_ends': ('BEFORE DELETE ON user', 'DELETE FROM post WHERE author_id = OLD.id'),
}


def up(migrator, db):
    db.execute_sql("CREATE VIRTUAL TABLE search USING fts5 (title, tags, summary, text, author, content='', "
                   "tokenize='unicode61 remove_diacritics 2')")
    db.execute_sql('CREATE VIRTUAL TABLE search_word USING fts5vocab (search, row)')
    db.execute_sql(f'{IN} TRUE')
    for name, (event, statement) in TRIGGERS.items():
        db.execute_sql(f'CREATE TRIGGER search_{name} {event} BEGIN {statement}; END')
