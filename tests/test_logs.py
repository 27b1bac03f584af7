"""The log: whatever a line quotes, it stays one line, obeys nobody, and lets nobody in."""

import logging
import re
import sys

import pytest
from conftest import Browser

from quickpub import logs, signing
from quickpub.web import create_app

FORGED = '2026-01-01 00:00:00+0000 Everything is fine'
BREAKS = ['\n', '\r', '\r\n', '\x0b', '\x0c', '\x85', '\u2028', '\u2029', '\x1e']


def line_of(*args, error=None, **extra):
    """Return what is written for such an event."""
    record = logging.LogRecord('quickpub.web', logging.ERROR, __file__, 1, *args, error)
    record.__dict__ |= extra
    return logs.LineFormatter().format(record)


def raised(text):
    try:
        raise ValueError(text)
    except ValueError:
        return sys.exc_info()


@pytest.mark.parametrize('ending', BREAKS, ids=ascii)
def test_no_text_begins_another_line(ending):
    said = line_of('500 for %s', (f'/p/x{ending}{FORGED}',))
    assert len(said.splitlines()) == 1 and said.endswith(FORGED)


@pytest.mark.parametrize('ending', BREAKS, ids=ascii)
def test_no_error_begins_another_line_without_an_indent(ending):
    first, *others = line_of('It failed', (), error=raised(f'x{ending}{FORGED}')).splitlines()
    assert 'It failed' in first and others and all(line.startswith('    ') for line in others)


@pytest.mark.parametrize('code', ['\x1b[2J', '\x1b]0;title\x07', '\x9b31m', '\x08\x08', '\x00', '\u202e', '\u2066'],
                         ids=ascii)
def test_a_terminal_is_told_nothing(code):
    for said in (line_of('%s', (f'a{code}b',)), line_of('x', (), error=raised(f'a{code}b'))):
        assert code not in said and ascii(code[0])[1:-1] in said.replace('\\x', '\\x')


@pytest.mark.parametrize('text', ['Łódź, 東京, שלום', 'a – b … “c”', '/p/eine-straße?q=%0a'])
def test_words_are_left_as_they_are(text):
    assert line_of('%s', (text,)).endswith(text)


def test_links_that_let_somebody_in_are_hidden_unless_they_are_for_the_reader_of_the_log(site):
    link = f'http://localhost:8000/reset/{signing.sign("reset", 1)}'
    assert signing.HIDDEN in line_of('500 for %s', (link,)) and link not in line_of('500 for %s', (link,))
    assert link not in line_of('x', (), error=raised(link))
    assert link in line_of('Set up your site: %s', (link,), **logs.SHOWS_LINKS)


def test_a_moment_says_how_far_it_is_from_utc():
    assert re.match(r'\d{4}-\d\d-\d\d \d\d:\d\d:\d\d[+-]\d{4} x$', line_of('x', ()))


@pytest.mark.parametrize('path', [f'/reset/%s\n{FORGED}', f'/p/x\r{FORGED}', '/draft/%s', '/p/\x1b[2J'], ids=ascii)
def test_a_page_that_breaks_is_logged_safely(site, monkeypatch, caplog, path):
    path = path.replace('%s', signing.sign('reset', 1))
    app = create_app(site)

    def fail(*_):
        raise ZeroDivisionError(path)
    monkeypatch.setattr(app, '_app', fail)
    browser = Browser(app)
    browser.get('/', extra_environ={'PATH_INFO': path}, status=500)
    first, *others = logs.LineFormatter().format(caplog.records[-1]).splitlines()
    assert ' 500 for GET ' in first and all(line.startswith('    ') for line in others)
    assert not signing.TOKEN.search('\n'.join([first, *others])) and '\x1b' not in first
