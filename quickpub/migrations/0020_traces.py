"""A cap on what one network is counted for on a day; what people delete leaves nothing behind; and how much text each
account has."""

# How many views of a post were counted for a network on a day, under a name that the day's key makes.
CLIENT_VIEWS = '''CREATE TABLE client_views (
    post_id INTEGER NOT NULL REFERENCES post (id) ON DELETE CASCADE,
    day TEXT NOT NULL,
    network TEXT NOT NULL,
    views INTEGER NOT NULL,
    PRIMARY KEY (post_id, day, network)
) STRICT, WITHOUT ROWID'''

# What is deleted is still in the WAL, in the search index and in files for a moment: `wanted` counts such deletions,
# `done` is how many of them have been dealt with. `words` is about posts and their versions, `rows` about all else.
ERASURE = [
    '''CREATE TABLE erasure (
    kind TEXT PRIMARY KEY CHECK (kind IN ('rows', 'words')),
    wanted INTEGER NOT NULL,
    done INTEGER NOT NULL
) STRICT, WITHOUT ROWID''',
    "INSERT INTO erasure VALUES ('rows', 1, 0), ('words', 1, 0)",
    *(f"""CREATE TRIGGER erasure_{table} AFTER DELETE ON {table} BEGIN
    UPDATE erasure SET wanted = wanted + 1 WHERE kind = '{kind}';
END""" for table, kind in (('post', 'words'), ('revision', 'words'), ('unsaved', 'rows'), ('upload', 'rows'),
                           ('user', 'rows'), ('session', 'rows'), ('message', 'rows'), ('export', 'rows'))),
    '''CREATE TRIGGER erasure_left AFTER UPDATE OF deleted_at ON user WHEN OLD.deleted_at IS NOT NEW.deleted_at BEGIN
    UPDATE erasure SET wanted = wanted + 1 WHERE kind = 'rows';
END''',
]

# Emails whose row is deleted while the outbox may still have them.
OUTBOX = [
    '''CREATE TABLE outbox_leftover (
    message_id TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID''',
    '''CREATE TRIGGER outbox_message_goes AFTER DELETE ON message BEGIN
    INSERT OR IGNORE INTO outbox_leftover VALUES (OLD.message_id);
END''',
]

# Whoever deletes an account: emails to it, invitations to its address and its own numbers go with it.
ACCOUNT = [
    'CREATE INDEX message_recipient ON message (recipient COLLATE NOCASE)',
    'CREATE INDEX token_email ON token (email COLLATE NOCASE) WHERE email IS NOT NULL',
    '''CREATE TRIGGER user_goes BEFORE DELETE ON user BEGIN
    DELETE FROM message WHERE user_id = OLD.id;
    DELETE FROM message WHERE recipient = OLD.email COLLATE NOCASE AND user_id IS NULL;
    DELETE FROM token WHERE email = OLD.email COLLATE NOCASE AND user_id IS NULL;
    DELETE FROM daily_totals WHERE scope = -OLD.id;
    DELETE FROM daily_hosts WHERE scope = -OLD.id;
    DELETE FROM daily_visitors WHERE scope = -OLD.id;
END''',
]

# The bytes of each post and of its older versions, by the author, who has a limit.
PER_ROW = 1000  # bytes that a row costs beside its text
BODY = f'({PER_ROW} + length(CAST({{row}}.body AS BLOB)) + length(CAST({{row}}.summary AS BLOB)))'
NEW, OLD = BODY.format(row='NEW'), BODY.format(row='OLD')
TEXTS = [
    '''CREATE TABLE text_size (
    author_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    post_id INTEGER NOT NULL UNIQUE REFERENCES post (id) ON DELETE CASCADE,
    text INTEGER NOT NULL,
    versions INTEGER NOT NULL,
    PRIMARY KEY (author_id, post_id)
) STRICT, WITHOUT ROWID''',
    f'''INSERT INTO text_size SELECT author_id, id, {BODY.format(row='post')},
    (SELECT coalesce(sum({BODY.format(row='revision')}), 0) FROM revision WHERE post_id = post.id) FROM post''',
    f'''CREATE TRIGGER text_comes AFTER INSERT ON post BEGIN
    INSERT INTO text_size VALUES (NEW.author_id, NEW.id, {NEW}, 0);
END''',
    f'''CREATE TRIGGER text_changes AFTER UPDATE OF body, summary ON post
WHEN OLD.body IS NOT NEW.body OR OLD.summary IS NOT NEW.summary BEGIN
    UPDATE text_size SET text = {NEW} WHERE post_id = NEW.id;
END''',
    '''CREATE TRIGGER text_author_changes AFTER UPDATE OF author_id ON post
WHEN OLD.author_id IS NOT NEW.author_id BEGIN
    UPDATE text_size SET author_id = NEW.author_id WHERE post_id = NEW.id;
END''',
    f'''CREATE TRIGGER version_comes AFTER INSERT ON revision BEGIN
    UPDATE text_size SET versions = versions + {NEW} WHERE post_id = NEW.post_id;
END''',
    f'''CREATE TRIGGER version_goes AFTER DELETE ON revision BEGIN
    UPDATE text_size SET versions = versions - {OLD} WHERE post_id = OLD.post_id;
END''',
]

# A file stays as long as somebody has it. Until now the mention in a text was enough: whoever wrote that text has the
# file from now on.
FILES = [
    '''INSERT INTO upload (user_id, file_id, name, bytes, alt, created_at, touched_at)
    SELECT DISTINCT author_id, digest, 'file.' || ending, 1, '', media_file.created_at, media_file.created_at
    FROM post_file JOIN post ON post.id = post_id JOIN media_file USING (digest)
    WHERE NOT EXISTS (SELECT 1 FROM upload WHERE file_id = digest)''',
]


def up(migrator, db):
    for statement in [CLIENT_VIEWS, *ERASURE, *OUTBOX, *ACCOUNT, *TEXTS, *FILES]:
        db.execute_sql(statement)
