"""The catalogs are sound: a translation can be shown wherever its message can. (A missing one is shown in English.)"""

import re
from collections import Counter

import make_translations
import pytest
from babel.messages import Catalog, pofile

from quickpub.translations import catalogs

PLACEHOLDER = re.compile(r'%\((\w+)\)s')
TAG = re.compile(r'<[^>]*>')


def problems(catalog):
    """Return what is wrong with the translations in a catalog, one line each."""
    return [f'{message.id!r}: {problem}' for message in catalog if message.id for problem in _problems_of(message)]


def _problems_of(message):
    originals, translations = make_translations.forms(message.id), make_translations.forms(message.string)
    if message.fuzzy:
        yield 'is marked fuzzy'
    if any(translations) and not all(translations):
        yield 'lacks a plural form'
    known = set(PLACEHOLDER.findall(' '.join(originals)))
    tags = [Counter(TAG.findall(each)) for each in originals]
    for translation in filter(None, translations):
        found = set(PLACEHOLDER.findall(translation))
        if found - known or (len(originals) == 1 and found != known):
            yield f'has the placeholders {sorted(found)} instead of {sorted(known)}'
        if '%' in PLACEHOLDER.sub('', translation).replace('%%', '') and (known or '%%' in originals[0]):
            yield 'has a single %'
        if Counter(TAG.findall(translation)) not in tags:
            yield 'has other tags'


@pytest.mark.parametrize('code', catalogs.codes())
def test_every_translation_can_be_shown(code):
    with catalogs.path_of(code).open('rb') as file:
        catalog = pofile.read_po(file)
    assert not problems(catalog)
    assert len(catalog) and catalog.locale_identifier.replace('_', '-') == code


@pytest.mark.parametrize(('message', 'translation', 'flags', 'problem'), [
    ('Hello %(name)s', 'Hallo %(nmae)s', (), 'placeholders'), ('Hello %(name)s', 'Hallo', (), 'placeholders'),
    ('Hello %(name)s', 'Hallo %(name)s', ('fuzzy',), 'fuzzy'), ('a <b>word</b>', 'ein <b>Wort<b>', (), 'tags'),
    ('a <a href="%(url)s">word</a>', 'ein <a href=%(url)s>Wort</a>', (), 'tags'),
    ('%(n)s of 100%%', '%(n)s von 100%', (), 'single %'),
    (('%(num)s view', '%(num)s views'), ('%(num)s Aufruf', ''), (), 'plural form'),
    (('%(num)s view', '%(num)s views'), ('ein Aufruf', '%(count)s Aufrufe'), (), 'placeholders'),
])
def test_a_translation_that_cannot_be_shown_is_found(message, translation, flags, problem):
    catalog = Catalog(locale='de')
    catalog.add(message, translation, flags=flags)
    found = problems(catalog)
    assert len(found) == 1 and problem in found[0]


def test_a_sound_or_missing_translation_is_no_problem():
    catalog = Catalog(locale='de')
    catalog.add('Hello %(name)s, 100%% <b>sure</b>', '%(name)s, zu 100%% <b>sicher</b>')
    catalog.add(('%(num)s view', '%(num)s views'), ('ein Aufruf', '%(num)s Aufrufe'))
    catalog.add('Missing %(name)s', '')
    assert not problems(catalog)
    assert make_translations.missing(catalog) == ['Missing %(name)s']


def test_every_message_of_code_and_templates_is_extracted():
    found = {message.id: {name for name, _ in message.locations} for message in make_translations.extract()}
    assert 'quickpub/formats.py' in found['%(minutes)s min read']
    assert 'quickpub/templates/settings.html' in found['Language']
    assert 'quickpub/sentences/content.py' in found['Choose a language from the list.']


def test_merging_keeps_translations_adds_what_is_new_and_drops_what_is_gone(tmp_path):
    path, catalog, messages = tmp_path / 'de.po', Catalog(locale='de', charset='utf-8'), Catalog()
    catalog.add('Save', 'Speichern')
    catalog.add('Gone', 'Weg')
    with path.open('wb') as file:
        pofile.write_po(file, catalog)
    messages.add('Save')
    messages.add('Saved')
    merged = make_translations.merge(path, messages)
    assert make_translations.missing(merged) == ['Saved']
    written = path.read_bytes()
    with path.open('rb') as file:
        assert {each.id: each.string for each in pofile.read_po(file) if each.id} == {'Save': 'Speichern', 'Saved': ''}
    make_translations.merge(path, messages)
    assert path.read_bytes() == written
