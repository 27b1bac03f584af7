"""Words as search compares them: what readers take for the same word is one, and a letter of its own stays one."""

import re
import sqlite3
import sys
import unicodedata
from random import Random

import pytest

from quickpub.markup import folding


def characters():
    """Return all characters of Unicode."""
    return [chr(code) for code in range(sys.maxunicode + 1) if not 0xd800 <= code <= 0xdfff]


def nfd(text):
    return unicodedata.normalize('NFD', text)


@pytest.mark.parametrize(('text', 'folded'), [
    ('ёлка', 'елка'), ('Łódź', 'lodz'), ('Straße', 'strasse'), ('STRASSE', 'strasse'), ('ẞ', 'ss'),  # Latin
    ('Ørsted', 'orsted'), ('Ǿ', 'o'), ('Æsir', 'aesir'), ('Œuvre', 'oeuvre'), ('Þór', 'thor'), ('đường', 'duong'),
    ('Çağrı', 'cagri'), ('naïve', 'naive'), ('ƀ', 'b'), ('Ⱥ', 'a'), ('ŋ', 'n'), ('Hawaiʻi', 'hawaii'),
    ('Iğdır', 'igdir'), ('İstanbul', 'istanbul'), ('ISPARTA', 'isparta'), ('ısparta', 'isparta'),  # both Turkish i
    ('ΟΔΟΣ', 'οδοσ'), ('οδός', 'οδοσ'), ('τῷ', 'τω'), ('ᾼ', 'α'),  # Greek
    ('Ещё', 'еще'), ('за́мок', 'замок'), ('Йод', 'йод'), ('Київ', 'київ'), ('ў', 'ў'), ('Ѓорѓи', 'ѓорѓи'),  # Cyrillic
    ('שָׁלוֹם', 'שלום'), ('מַ֫יִם', 'מים'), ('مُحَمَّد', 'محمد'), ('أحمد', 'احمد'), ('مكتبة', 'مكتبه'),  # Hebrew, Arabic
    ('ـمـحـمـدـ', 'محمد'), ('کتاب', 'كتاب'), ('می\u200cخواهم', 'ميخواهم'), ('١٢٣', '123'), ('۱۲۳', '123'), ('१२', '12'),
    ('हिन्दी', 'हिन्दी'), ('தமிழ்', 'தமிழ்'), ('ไทยที่', 'ไทยที่'), ('ខ្មែរ', 'ខ្មែរ'), ('မြန်မာ', 'မြန်မာ'),  # marks that matter
    ('ガ', 'ガ'), ('ｶﾞ', 'ガ'), ('ば', 'ば'), ('한국', '한국'), ('㍿', '株式会社'), ('⼀', '一'),
    ('ﬁn', 'fin'), ('ＡＢＣ１２', 'abc12'), ('x²', 'x2'), ('Ⅻ', 'xii'), ('ᲥᲐᲠ', 'ქარ'), ('ՀԱՅ', 'հայ'),
    ('co\u00adop', 'coop'), ('zero\u200bwidth', 'zerowidth'), ('a\u2060b\ufeffc\ufe0f', 'abc'),
    ('Merge_Sort', 'merge_sort')])
def test_what_folds_alike(text, folded):
    assert folding.fold(text) == folding.fold(nfd(text)) == folding.fold(folding.fold(text))
    assert folding.fold(text) == unicodedata.normalize('NFC', folded)


@pytest.mark.parametrize(('one', 'other'), [
    ('й', 'и'), ('ї', 'і'), ('ў', 'у'), ('か', 'が'), ('हिन्दी', 'हन्द'), ('ที่', 'ท'), ('한', '하'), ('は', 'ハ'),
    ('к', 'k')])
def test_what_stays_apart(one, other):
    assert folding.fold(one) != folding.fold(other)


def test_folding_again_changes_nothing_and_decomposed_text_folds_alike():
    folded = {each: folding.fold(each) for each in characters()}
    # A character that folds to itself needs no second look.
    assert [each for each, found in folded.items() if found != each and folding.fold(found) != found] == []
    assert [each for each, found in folded.items() if nfd(each) != each and folding.fold(nfd(each)) != found] == []


def test_the_short_way_for_ascii_is_the_long_one():
    every = ''.join(map(chr, range(128)))
    assert folding.fold(every) == folding.fold(every + 'é')[:-1]


@pytest.mark.parametrize(('text', 'terms'), [
    ('Miles & miles, “un”believable', 'miles miles un believable'), ('東京タワー', '東京 京タ タワ ワー ー'),
    ('Python入門3版', 'python 入門 門 3 版'), ('東', '東'), ('、。', ''), ('한국어', '한국 국어 어'),
    ('กิน', 'กิ ิน น'), ('हिन्दी', 'हिन्दी'), ('a_b', 'a b'), ('', ''), ('🎉', ''), ('\u0301', ''), ('ｶﾞｷﾞ', 'ガギ ギ')])
def test_what_the_index_is_given(text, terms):
    assert folding.index(text) == unicodedata.normalize('NFC', terms)


@pytest.mark.parametrize(('text', 'typed', 'found'), [
    ('Die Straße nach Łódź', 'strasse', ['Straße']), ('Die Straße nach Łódź', 'LODZ', ['Łódź']),
    ('ﬁnest ﬁn', 'fin', ['ﬁn']), ('ёлка и Ёлка', 'елка', ['ёлка', 'Ёлка']),
    ('co\u00adoperation', 'cooperation', ['co\u00adoperation']),
    ('merge_sort', 'merge_sort', ['merge_sort']), ('a merge_sort', 'sort', ['sort']),
    ('שָׁלוֹם עולם', 'שלום', ['שָׁלוֹם']), ('قال مُحَمَّدٌ هنا', 'محمد', ['مُحَمَّدٌ']),
    ('İstanbul’da', 'istanbul', ['İstanbul']), (nfd('Ürümqi 한국어'), '한국', [nfd('한국')]),
    ('x Python入門y', 'python', ['Python']), ('x Python入門y', '入', ['入']),
    ('Python 入門', 'python入門', ['Python 入門']),
    ('हिन्दी है', 'हिन्दी', ['हिन्दी']), ('हिन्दी है', 'हिन्द', []), ('ｶﾞｷﾞ', 'ガギ', ['ｶﾞｷﾞ']), ('㍿東京', '会社', ['㍿']),
    (nfd('각하'), '각', [nfd('각')]), ('ㅋㅋㅋ', 'ㅋ', ['ㅋㅋㅋ']), ('plain words', 'words', ['words'])])
def test_what_is_found_is_marked_in_the_text_as_it_is(text, typed, found):
    pattern = re.compile(folding.pattern(typed, False))
    assert [text[start:end] for start, end in folding.spans(text, pattern)] == found


def test_the_index_finds_exactly_what_would_be_marked():
    """Of random texts in all scripts, and parts of them."""
    chance = Random(3)
    pieces = ('a é ß ё й 東 京 か ﾞ ﾊ 한 국 ก \u0e34 น ह \u093f ن \u0650 - _ 、 1 ٢ \u00ad \u0301 ㍿ ﬁ İ ㅋ \u1112 '
              "\u1161 \u11ab \u17d2 ក \u200d 🎉 ʼ '").split(' ') + [' '] * 3
    index = sqlite3.connect(':memory:')
    index.execute("CREATE VIRTUAL TABLE search USING fts5 (text, tokenize='ascii')")
    found = 0
    for _ in range(3000):
        text = ''.join(chance.choices(pieces, k=chance.randint(1, 14)))
        start, is_open = chance.randrange(len(text)), chance.random() < 0.5
        typed = text[start:start + chance.randint(1, 4)] if chance.random() < 0.7 else chance.choice(pieces)
        index.execute('REPLACE INTO search (rowid, text) VALUES (1, ?)', (folding.index(text),))
        if folding.words(typed):
            sought = folding.query(typed, is_open)
            match = index.execute('SELECT 1 FROM search WHERE search MATCH ?', (sought,)).fetchone()
            marks = list(folding.spans(text, re.compile(folding.pattern(typed, is_open))))
            assert bool(match) == bool(marks), (text, typed, is_open)
            found += bool(match)
    index.close()
    assert found > 1000
