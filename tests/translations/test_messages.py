"""Messages in the language in use: which one it is, plurals, numbers, and messages that are translated later."""

from datetime import datetime
from threading import Thread

import pytest
from babel.messages import Catalog, pofile

from quickpub import dates, formats
from quickpub.translations import catalogs, languages, messages
from quickpub.translations.messages import N_, N_plural

TRANSLATIONS = {
    'Hello %(name)s': 'Hallo %(name)s', ('%(count)s view', '%(count)s views'): ('ein Aufruf', '%(count)s Aufrufe'),
    'Fuzzy': 'Falsch', ('%(count)s day', '%(count)s days'): ('ein Tag', '')}


@pytest.fixture
def german(tmp_path, monkeypatch):
    """German with a few messages of its own."""
    catalog = Catalog(locale='de')
    for message, translation in TRANSLATIONS.items():
        catalog.add(message, translation, flags=['fuzzy'] if message == 'Fuzzy' else [])
    catalog.add('Open', 'Öffnen', context='verb')
    with (tmp_path / 'de.po').open('wb') as file:
        pofile.write_po(file, catalog)
    monkeypatch.setattr(catalogs, 'FOLDER', tmp_path)
    languages.find.cache_clear()
    with languages.use(languages.find('de')):
        yield
    languages.find.cache_clear()


def test_messages_are_in_the_language_in_use(german):
    assert messages.gettext('Hello %(name)s', name='<b>') == 'Hallo <b>'
    assert [messages.ngettext('%(count)s view', '%(count)s views', count) for count in (0, 1, 1200)] == [
        '0 Aufrufe', 'ein Aufruf', '1.200 Aufrufe']
    assert messages.pgettext('verb', 'Open') == 'Öffnen' and messages.gettext('Open') == 'Open'


def test_what_is_missing_or_fuzzy_is_in_english(german):
    assert messages.gettext('Missing %(count)s', count=1) == 'Missing 1' and messages.gettext('Fuzzy') == 'Fuzzy'
    assert messages.ngettext('%(count)s day', '%(count)s days', 2) == '2 days'


def test_english_is_the_language_outside_of_use_and_in_other_threads(german):
    found = []
    thread = Thread(target=lambda: found.append(messages.gettext('Hello %(name)s', name='Bo')))
    thread.start()
    thread.join()
    assert found == ['Hello Bo'] and messages.gettext('Hello %(name)s', name='Bo') == 'Hallo Bo'
    with languages.use(languages.find('en')):
        assert messages.gettext('Hello %(name)s', name='Bo') == 'Hello Bo'
    assert languages.current().code == 'de'


def test_the_language_is_asked_for_once_and_only_if_a_word_is_needed(german):
    asked = []

    def ask():
        asked.append(1)
        return languages.find('en')

    with languages.use_when_asked(ask):
        assert not asked
        assert {messages.gettext('Hello %(name)s', name='Bo') for _ in range(2)} == {'Hello Bo'}
    assert asked == [1] and languages.current().code == 'de'


def test_a_message_is_translated_where_it_is_shown(german):
    hello, views = N_('Hello %(name)s'), N_plural('%(count)s view', '%(count)s views')
    assert hello.fill({'name': 'Bo'}) == 'Hallo Bo' and views.fill({'count': 3}) == '3 Aufrufe'
    with languages.use(languages.find('en')):
        assert hello.fill({'name': 'Bo'}) == 'Hello Bo' and str(N_('Bye')) == 'Bye'


@pytest.mark.parametrize(('wanted', 'found'), [
    ((), 'en'), ((None, 'de'), 'de'), (('de', 'en'), 'de'), (('xx', 'de'), 'de'), (('', '../../etc'), 'en'),
    (('de-AT',), 'en')])
def test_the_first_language_that_is_supported_is_chosen(wanted, found):
    assert languages.choose(*wanted).code == found


def test_each_supported_language_has_its_own_name_and_each_written_one_a_name_in_every_language():
    assert languages.supported() == {'en': 'English', 'de': 'Deutsch'}
    for code in languages.supported():
        with languages.use(languages.find(code)):
            names = dict(languages.written())
            assert len(set(names.values())) == len(languages.WRITTEN) and names['fr'] in ('French', 'Französisch')


@pytest.mark.parametrize(('code', 'expected'), [
    ('en', ['1 January 2026', '1 January 2026, 00:30', '1 January', '00:30', '1\u202f234\u202f567', '−1\u202f200',
            '0 bytes', '1.2 MB', 'a, b and c']),
    ('de', ['1. Januar 2026', '1. Januar 2026, 00:30', '1. Januar', '00:30', '1.234.567', '−1.200',
            '0 Byte', '1,2 MB', 'a, b und c']),
])
def test_dates_numbers_sizes_and_lists_are_as_people_of_that_language_write_them(site, code, expected):
    when = datetime(2026, 1, 1, 0, 30)
    with languages.use(languages.find(code)):
        assert [dates.day(when), dates.clock(when), dates.month_day(when), dates.time_of_day(when),
                formats.number(1234567), formats.signed(-1200), formats.size(0), formats.size(1234567),
                formats.listing(['a', 'b', 'c'])] == expected


@pytest.mark.parametrize('code', ['en', 'de'])
def test_a_row_of_the_report_has_its_columns_in_every_language(code):
    with languages.use(languages.find(code)):
        assert {len(formats.columns('All posts', *row)) for row in [
            (1234567, -1200, 98765432), (0, None, 0), (1, 0, 2), (5, 'new', 5)]} == {72}
