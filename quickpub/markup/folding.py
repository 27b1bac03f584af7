"""Fold words as search compares them: one function for the index and for queries.

Spellings that readers take for the same word fold alike: Łódź and lodz, ёлка and елка, ＡＢＣ and abc. Letters that
readers tell apart stay different: й, ї, the vowel signs of Hindi and Thai, the が of か.
"""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

# The ranges that have marks and digits, without ideographs and syllables, which are most of Unicode.
CHARACTERS = ''.join(map(chr, (*range(0x3100), *range(0xa000, 0xac00), *range(0xfb00, 0x12000),
                               *range(0x16000, 0x17000), *range(0x1b000, 0x1f000))))


def _ranges(codes: list[int]) -> str:
    """Return these code points, which are in order, as the inside of a character class."""
    starts = [code for code, before in zip(codes, [-1, *codes], strict=False) if code != before + 1]
    ends = [code for code, after in zip(codes, [*codes[1:], -1], strict=True) if code != after - 1]
    return ''.join(f'{chr(start)}-{chr(end)}' for start, end in zip(starts, ends, strict=True))


# Soft hyphens, joiners, variation selectors, marks of direction, fillers, and signs of transliteration.
IGNORED = re.compile('[\u00ad\u02b9-\u02bb\u02bd-\u02bf\u034f\u0640\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f'
                     '\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff\U0001bca0-\U0001bca3'
                     '\U0001d173-\U0001d17a\U000e0000-\U000e0fff]')

# Marks that writers of Latin, Greek, Cyrillic, Hebrew, Arabic and Syriac leave out. In all other scripts they are part
# of their letters; so are those of й, ў, ї, ѓ and ќ, which other characters replace while marks are removed.
OPTIONAL = re.compile('[\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a'
                      '\u064b-\u065f\u0670\u06d6-\u06dc\u06df-\u06e8\u06ea-\u06ed\u0711\u0730-\u074a\u1ab0-\u1aff'
                      '\u1dc0-\u1dff\u20d0-\u20f0\ufe20-\ufe2f]')
KEPT = [('и\u0306', '\ufdd0'), ('у\u0306', '\ufdd1'), ('і\u0308', '\ufdd2'), ('г\u0301', '\ufdd3'),
        ('к\u0301', '\ufdd4')]
IOTA_BELOW = '\u0345'  # `casefold` would make it a letter

LATIN_WITH = re.compile('LATIN SMALL LETTER ([A-Z]) WITH ')  # a stroke, a hook, a tail: Unicode does not decompose them
LETTERS = {code: found[1].lower()
           for code in (*range(0xdf, 0x2b0), *range(0x1d00, 0x1f00), *range(0x2c60, 0x2c80), *range(0xa720, 0xab70))
           if (found := LATIN_WITH.match(unicodedata.name(chr(code), '')))}
LETTERS |= {ord(digit): str(unicodedata.decimal(digit)) for digit in re.findall('(?![0-9])\\d', CHARACTERS)}
LETTERS |= str.maketrans({
    'ı': 'i', 'ȷ': 'j', 'æ': 'ae', 'œ': 'oe', 'ð': 'd', 'þ': 'th', 'ŋ': 'n', 'ə': 'e', 'ĸ': 'k', 'ґ': 'г',
    'ى': 'ي', 'ة': 'ه', 'ک': 'ك', 'ی': 'ي', 'ہ': 'ه', 'ھ': 'ه', 'ە': 'ه', 'ٱ': 'ا', 'ʼ': ' '})
LETTER_TO_EXCHANGE = re.compile(f'[{_ranges(sorted(LETTERS))}]')


def fold(text: str) -> str:
    """Return the text as it is compared: in small letters, without optional marks. Folding it again changes nothing."""
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize('NFKD', text).replace(IOTA_BELOW, '').casefold()
    text = IGNORED.sub('', unicodedata.normalize('NFKD', text))
    for letter, stand_in in KEPT:
        text = text.replace(letter, stand_in)
    text = LETTER_TO_EXCHANGE.sub(lambda match: LETTERS[ord(match[0])], OPTIONAL.sub('', text))
    for letter, stand_in in KEPT:
        text = text.replace(stand_in, letter)
    return unicodedata.normalize('NFC', text)


# Words

# Scripts without spaces between words (Thai, Lao, Tibetan, Burmese, Khmer, Tai, Javanese, Chinese, Japanese), and
# Korean, which appends its endings to words.
UNSPACED = ('\u0e00-\u0fff\u1000-\u109f\u1100-\u11ff\u1780-\u17ff\u1950-\u19ff\u1a20-\u1aaf\u2e80-\ua4cf\ua960-\ua97f'
            '\ua980-\ua9ff\uaa60-\uaadf\uac00-\ud7ff\uf900-\ufaff\U0001b000-\U0001b16f\U00020000-\U0003ffff')
_MARKS = [ord(each) for each in re.findall(r'\W', CHARACTERS) if unicodedata.category(each)[0] == 'M']
MARKS = _ranges(_MARKS)  # `\w` does not match them
WORD = re.compile(rf'[\w{MARKS}]+')
IS_UNSPACED = re.compile(f'[{UNSPACED}]')
PIECE = re.compile(f'[{UNSPACED}]+|[^{UNSPACED}]+')
SPACED = _ranges([code for code in _MARKS if not IS_UNSPACED.match(chr(code))])
LETTER = rf'(?:[^\W_{UNSPACED}]|[{SPACED}])'  # of a word between spaces
NO_LETTER_BEFORE, NO_LETTER_AFTER = rf'(?<![^\W_{UNSPACED}])(?<![{SPACED}])', f'(?!{LETTER})'


def words(text: str) -> list[str]:
    """Return the folded words of a text, cut also where a script with spaces meets one without."""
    folded = fold(text).replace('_', ' ')
    found = WORD.findall(folded)
    if folded.isascii() or not IS_UNSPACED.search(folded):
        return found
    return [piece for word in found for piece in PIECE.findall(word)]


def index(text: str) -> str:
    """Return what is indexed for a text: its words, separated by spaces; for scripts without spaces, each pair of
    neighbouring characters and the last character."""
    return ' '.join(term for word in words(text) for term in _terms(word))


def _terms(word: str) -> list[str]:
    if word.isascii() or not IS_UNSPACED.match(word):
        return [word]
    return [word[place:place + 2] for place in range(len(word))]


def query(phrase: str, is_open: bool) -> str:
    """Return an FTS5 expression that finds this phrase in what `index` returned; '' for a phrase without words. With
    `is_open`, its last word may be the beginning of a longer one."""
    found = words(phrase)
    if not found:
        return ''
    terms = [term for word in found for term in _terms(word)]
    if IS_UNSPACED.match(found[-1]):
        is_open = len(found[-1]) == 1
        terms = terms if is_open else terms[:-1]  # the text may go on
    return f'"{" ".join(terms)}"' + ' *' * is_open


def pattern(phrase: str, is_open: bool) -> str:
    """Return a regular expression that finds the same phrase in a folded text."""
    found, parts = words(phrase), []
    for before, word in zip(['', *found], found, strict=False):
        is_unspaced = bool(IS_UNSPACED.match(word))
        if before:
            parts.append(rf'(?:_|[^\w{MARKS}])' + ('*' if is_unspaced or IS_UNSPACED.match(before) else '+'))
        elif not is_unspaced:
            parts.append(NO_LETTER_BEFORE)
        parts.append(re.escape(word))
    if not IS_UNSPACED.match(found[-1]):
        parts.append(f'{LETTER}*' if is_open else NO_LETTER_AFTER)
    return ''.join(parts)


# Back to the text

# Characters that are folded together: a letter with its marks (also of half width), the parts of a Korean syllable.
CLUSTER = re.compile(rf'(?s:[\u1100-\u115f\u3131-\u318e\uffa1-\uffbe][\u1160-\u11ff\u3131-\u318e\uffa1-\uffdc]*|.)'
                     rf'(?:[{MARKS}\uff9e\uff9f]|{IGNORED.pattern})*')


def spans(text: str, sought: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """Yield the start and the end of each match of this pattern in the folded text, as places in the text itself."""
    folded, places = _placed(text)
    last = 0
    for match in sought.finditer(folded):
        start, end = places[match.start()][0], places[match.end() - 1][1]
        if start >= last:  # two words may lie in one character, such as ㍿
            yield start, end
            last = end


def place(text: str, of: int) -> int:
    """Return the place in the text of the character that this character of the folded text was made of."""
    return _placed(text)[1][of][0]


def _placed(text: str) -> tuple[str, list[tuple[int, int]]]:
    """Return the folded text, and for each of its characters the start and the end of its source in the text."""
    if text.isascii():
        return fold(text), [(number, number + 1) for number in range(len(text))]
    folded, places = [], []
    for match in CLUSTER.finditer(text):
        letters = _fold_cluster(match[0])
        folded.append(letters)
        places += [match.span()] * len(letters)
    return ''.join(folded), places


_fold_cluster = lru_cache(4096)(fold)
