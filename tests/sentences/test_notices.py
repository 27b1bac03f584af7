"""Notices: each name that a page leaves has a sentence, and each sentence a page; they are in the reader's language."""

import ast
from pathlib import Path

import pseudo
import pytest
from sites import form_with

import quickpub
from quickpub.models import Site
from quickpub.pages import jobs
from quickpub.sentences.notices import SENTENCES, find_notice

PACKAGE = Path(quickpub.__file__).parent
SOURCES = [path.read_text() for folder in ('pages', 'wsgi') for path in (PACKAGE / folder).glob('*.py')]
NAMES = {name.removeprefix('notice.') for name in SENTENCES}


def left_names():
    """Yield the notices that `redirect` is called with by name."""
    for source in SOURCES:
        for node in ast.walk(ast.parse(source)):
            called = getattr(node, 'func', None)
            if getattr(called, 'id', '') == 'redirect' and len(node.args) > 1:
                yield from (each.value for each in node.args[1:2] if isinstance(each, ast.Constant))


def test_each_notice_that_is_left_has_a_sentence():
    found = set(left_names())
    assert {'report-asked', 'job-gone', 'saved'} < found <= NAMES
    assert {f'job-{action}' for action in jobs.ACTIONS} <= NAMES


def test_each_sentence_is_used():
    used = {f'job-{action}' for action in jobs.ACTIONS}
    unused = {name for name in NAMES - used if not any(f"'{name}'" in source for source in SOURCES)}
    assert unused == set()


@pytest.mark.parametrize('name', ['', 'nonsense', 'notice.saved'])
def test_a_name_without_a_sentence_shows_no_notice(site, name):
    assert find_notice(name) == ''


def test_a_notice_is_in_the_members_language(site, olga, browse, connection, monkeypatch):
    browser = browse(olga)
    assert 'Saved.' in form_with(browser.get('/admin/settings/general'), 'language').submit(status=303).follow()
    with connection():
        Site.change(language=pseudo.add_to(monkeypatch))
    page = form_with(browser.get('/admin/settings/general'), 'title').submit(status=303).follow()
    assert '⟦Šàvéd.··⟧' in page and 'Saved.' not in page
