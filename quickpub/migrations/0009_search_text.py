"""Search compares folded words: beside each column that it looks in there is now one with its words as folding.py makes
them, and triggers index those. The index holds no text, as before; to take a post out, it is told the folded words.

What was there is folded once, by this step's own copy of that function, which later versions of it do not change.
"""

import re
import unicodedata
from html import unescape

COLUMNS = 'rowid, title, tags, summary, text, author'
POSTS = '''post.id, title_folded,
    (SELECT group_concat(tag.name_folded, ' ') FROM post_tag JOIN tag ON tag.id = tag_id WHERE post_id = post.id),
    summary_folded, html_folded, user.name_folded
    FROM post CROSS JOIN user ON user.id = author_id WHERE published_at IS NOT NULL AND post.deleted_at IS NULL'''
OUT = f"INSERT INTO search (search, {COLUMNS}) SELECT 'delete', {POSTS} AND"
IN = f'INSERT INTO search ({COLUMNS}) SELECT {POSTS} AND'

TEXTS = ('author_id', 'title_folded', 'summary_folded', 'html_folded', 'published_at', 'deleted_at')
CHANGED = f'UPDATE OF {", ".join(TEXTS)} ON post WHEN ' + ' OR '.join(f'OLD.{name} IS NOT NEW.{name}' for name in TEXTS)
RENAMED = 'UPDATE OF name_folded ON {} WHEN OLD.name_folded IS NOT NEW.name_folded'
NEW_TAG = 'WHEN NOT EXISTS (SELECT 1 FROM post_tag WHERE post_id = NEW.post_id AND tag_id = NEW.tag_id)'
TAGGED = 'post.id IN (SELECT post_id FROM post_tag WHERE tag_id = OLD.id)'
TRIGGERS = {
    'post_comes': ('AFTER INSERT ON post', f'{IN} post.id = NEW.id'),
    'post_changes': (f'BEFORE {CHANGED}', f'{OUT} post.id = OLD.id'),
    'post_changed': (f'AFTER {CHANGED}', f'{IN} post.id = NEW.id'),
    'post_goes': ('BEFORE DELETE ON post', f'{OUT} post.id = OLD.id'),
    'tag_comes': (f'BEFORE INSERT ON post_tag {NEW_TAG}', f'{OUT} post.id = NEW.post_id'),
    'tag_came': ('AFTER INSERT ON post_tag', f'{IN} post.id = NEW.post_id'),
    'tag_goes': ('BEFORE DELETE ON post_tag', f'{OUT} post.id = OLD.post_id'),
    'tag_went': ('AFTER DELETE ON post_tag', f'{IN} post.id = OLD.post_id'),
    'tag_changes': (f'BEFORE {RENAMED.format("tag")}', f'{OUT} {TAGGED}'),
    'tag_changed': (f'AFTER {RENAMED.format("tag")}', f'{IN} {TAGGED}'),
    'name_changes': (f'BEFORE {RENAMED.format("user")}', f'{OUT} author_id = OLD.id'),
    'name_changed': (f'AFTER {RENAMED.format("user")}', f'{IN} author_id = NEW.id'),
    # What a foreign key would take along goes while its words can still be told.
    'tag_ends': ('BEFORE DELETE ON tag', 'DELETE FROM post_tag WHERE tag_id = OLD.id'),
    'author_ends': ('BEFORE DELETE ON user', 'DELETE FROM post WHERE author_id = OLD.id'),
}


def up(migrator, db):
    old = db.execute_sql("SELECT name FROM sqlite_schema WHERE type = 'trigger' AND name GLOB 'search_*'").fetchall()
    for statement in [*(f'DROP TRIGGER {name}' for (name,) in old), 'DROP TABLE search_word', 'DROP TABLE search']:
        db.execute_sql(statement)
    db.connection().create_function('folded_line', 1, index)
    db.connection().create_function('folded_html', 1, lambda html: index(shown(html)))
    for table, column, function in (('user', 'name', 'line'), ('tag', 'name', 'line'), ('post', 'title', 'line'),
                                    ('post', 'summary', 'line'), ('post', 'html', 'html')):
        db.execute_sql(f"ALTER TABLE {table} ADD COLUMN {column}_folded TEXT NOT NULL DEFAULT ''")
        db.execute_sql(f'UPDATE {table} SET {column}_folded = folded_{function}({column})')
    # Our words have letters, marks and digits only, with a space between them; Unicode is no concern of the index.
    db.execute_sql("CREATE VIRTUAL TABLE search USING fts5 (title, tags, summary, text, author, content='', "
                   "tokenize='ascii')")
    db.execute_sql('CREATE VIRTUAL TABLE search_word USING fts5vocab (search, row)')
    db.execute_sql(f'{IN} TRUE')
    for name, (event, statement) in TRIGGERS.items():
        db.execute_sql(f'CREATE TRIGGER search_{name} {event} BEGIN {statement}; END')


# The text of safe HTML

FOOTNOTE_LINKS = re.compile('<sup class="footnote-ref">.*?</sup>|<a href="[^"]*" class="footnote-back".*?</a>')
FORMULA = re.compile(r'<math(?: [a-z]+="[^"]*")*>.*?</math>', re.DOTALL)
LETTER_BY_LETTER = re.compile(r'(?<=>\w)</mi><mi(?: mathvariant="normal")?>(?=\w</mi>)')
TAG = re.compile('</?([a-z0-9]+)(?:[^<>"]|"[^"]*")*>')
INLINE = frozenset('a abbr b cite code del em i ins kbd mark q s samp small span strong sub sup u var'.split())


def shown(html):
    html = FORMULA.sub(lambda match: TAG.sub(' ', LETTER_BY_LETTER.sub('', match[0])), FOOTNOTE_LINKS.sub('', html))
    return unescape(TAG.sub(lambda tag: '' if tag[1] in INLINE else ' ', html))


# Its words

CHARACTERS = ''.join(map(chr, range(0x20000)))


def _ranges(codes):
    starts = [code for code, before in zip(codes, [-1, *codes], strict=False) if code != before + 1]
    ends = [code for code, after in zip(codes, [*codes[1:], -1], strict=True) if code != after - 1]
    return ''.join(f'{chr(start)}-{chr(end)}' for start, end in zip(starts, ends, strict=True))


# Soft hyphens, joiners, variation selectors, marks of direction, fillers, and signs of transliteration.
IGNORED = re.compile('[\u00ad\u02b9-\u02bb\u02bd-\u02bf\u034f\u0640\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f'
                     '\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U0001bca0-\U0001bca3'
                     '\U0001d173-\U0001d17a\U000e0000-\U000e0fff]')

# Marks that readers of Latin, Greek, Cyrillic, Hebrew, Arabic and Syriac leave out. Those of all other scripts are part
# of their letters; so are those of й, ў, ї, ѓ and ќ, for which other characters stand while marks are taken out.
OPTIONAL = re.compile('[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a'
                      '\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u0711\u0730-\u074a\u1ab0-\u1aff'
                      '\u1dc0-\u1dff\u20d0-\u20f0\ufe20-\ufe2f]')
KEPT = [('и\u0306', '\ufdd0'), ('у\u0306', '\ufdd1'), ('і\u0308', '\ufdd2'), ('г\u0301', '\ufdd3'),
        ('к\u0301', '\ufdd4')]
IOTA_BELOW = '\u0345'  # which `casefold` would make a letter

LATIN_WITH = re.compile('LATIN SMALL LETTER ([A-Z]) WITH ')  # a stroke, a hook, a tail: what Unicode does not take off
LETTERS = {code: found[1].lower()
           for code in (*range(0xdf, 0x2b0), *range(0x1d00, 0x1f00), *range(0x2c60, 0x2c80), *range(0xa720, 0xab70))
           if (found := LATIN_WITH.match(unicodedata.name(chr(code), '')))}
LETTERS |= {ord(digit): str(unicodedata.decimal(digit)) for digit in re.findall('(?![0-9])\\d', CHARACTERS)}
LETTERS |= str.maketrans({
    'ı': 'i', 'ȷ': 'j', 'æ': 'ae', 'œ': 'oe', 'ð': 'd', 'þ': 'th', 'ŋ': 'n', 'ə': 'e', 'ĸ': 'k', 'ґ': 'г',
    'ى': 'ي', 'ة': 'ه', 'ک': 'ك', 'ی': 'ي', 'ہ': 'ه', 'ھ': 'ه', 'ە': 'ه', 'ٱ': 'ا', 'ʼ': ' ', '_': ' '})
LETTER_TO_EXCHANGE = re.compile(f'[{_ranges(sorted(LETTERS))}]')


def fold(text):
    if text.isascii():
        return text.lower().replace('_', ' ')
    text = unicodedata.normalize('NFKD', text).replace(IOTA_BELOW, '').casefold()
    text = IGNORED.sub('', unicodedata.normalize('NFKD', text))
    for letter, stand_in in KEPT:
        text = text.replace(letter, stand_in)
    text = LETTER_TO_EXCHANGE.sub(lambda match: LETTERS[ord(match[0])], OPTIONAL.sub('', text))
    for letter, stand_in in KEPT:
        text = text.replace(stand_in, letter)
    return unicodedata.normalize('NFC', text)


# Scripts that do not put a space between two words (Thai, Lao, Tibetan, Burmese, Khmer, Tai, Javanese, Chinese,
# Japanese), and Korean, which puts its endings to the word.
UNSPACED = ('\u0e00-\u0fff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u1950-\u19ff\u1a20-\u1aaf\u2e80-\ua4cf\ua960-\ua97f'
            '\ua980-\ua9ff\uaa60-\uaadf\uac00-\ud7ff\uf900-\ufaff\U0001b000-\U0001b16f\U00020000-\U0003ffff')
_MARKS = [ord(each) for each in re.findall(r'\W', CHARACTERS) if unicodedata.category(each)[0] == 'M']
MARKS = _ranges(_MARKS)  # which `\w` leaves out
WORD = re.compile(rf'[\w{MARKS}]+')
IS_UNSPACED = re.compile(f'[{UNSPACED}]')
PIECE = re.compile(f'[{UNSPACED}]+|[^{UNSPACED}]+')


def words(text):
    folded = fold(text)
    found = WORD.findall(folded)
    if folded.isascii() or not IS_UNSPACED.search(folded):
        return found
    return [piece for word in found for piece in PIECE.findall(word)]


def index(text):
    return ' '.join(term for word in words(text) for term in _terms(word))


def _terms(word):
    if word.isascii() or not IS_UNSPACED.match(word):
        return [word]
    return [word[place:place + 2] for place in range(len(word))]
