"""Error pages are in the reader's language; without the database, in the one that the site spoke last."""

import os
from base64 import b64encode
from hashlib import sha256

import pseudo
import pytest
from conftest import utc, write

from quickpub.models import Site
from quickpub.wsgi.forms import STRANGERS_LIMIT


@pytest.fixture
def language(site, alice, connection, monkeypatch):
    with connection():
        Site.change(language=pseudo.add_to(monkeypatch))


def ask(browser, status, method='GET', path='/', body='', **headers):
    return browser.request(path, method=method, body=body.encode(), headers=headers, status=status)


@pytest.mark.parametrize(('status', 'request_'), [
    (400, {'path': '/%ff'}), (404, {'path': '/nothing'}),
    (405, {'method': 'POST', 'path': '/archive', 'Origin': 'http://localhost:8000'}),
    (403, {'method': 'POST', 'path': '/logout', 'Origin': 'http://example.com'}),
    (413, {'method': 'POST', 'path': '/login', 'body': 'x' * (STRANGERS_LIMIT + 1), 'Origin': 'http://localhost:8000'}),
    (421, {'Host': 'example.com'})])
def test_an_error_page_is_in_the_language_of_the_site(browse, language, status, request_):
    browser = browse()
    browser.get('/')
    page = ask(browser, status, **request_)
    assert 'lang="en-XA"' in page
    assert pseudo.untranslated(page.text, ['The Village Voice', 'http://localhost:8000']) == []


def test_a_page_without_the_database_is_in_the_language_that_the_site_spoke_last(browse, site, language):
    browser, path = browse(), site.data / 'quickpub.db'
    os.rename(path, path.with_name('aside'))
    page = ask(browser, 503)
    assert 'lang="en"' in page and 'The site is not available' in page, 'it is not known yet'
    os.rename(path.with_name('aside'), path)
    assert '⟦' in browser.get('/')
    os.rename(path, path.with_name('aside'))
    page = ask(browser, 503, path='/archive')
    assert pseudo.untranslated(page.text) == []
    os.rename(path.with_name('aside'), path)


def test_a_member_gets_an_error_page_in_a_language_of_their_own(browse, alice, connection, monkeypatch):
    code = pseudo.add_to(monkeypatch)
    with connection():
        alice.language = code
        alice.save()
    page = browse(alice).get('/nothing', status=404)
    assert f'lang="{code}"' in page and '⟦' in page.html.find('h1').text
    assert 'lang="en"' in browse().get('/nothing', status=404)


def test_a_page_that_is_missing_offers_a_search_and_the_newest_posts(browse, alice):
    for number in range(4):
        write(alice, f'Hill {number}', at=utc(2026, 1, 1 + number))
    write(alice, 'A secret', published=False)
    page = browse().get('/nothing', status=404)
    assert [link.text for link in page.html.select('main .entry h2 a')] == ['Hill 3', 'Hill 2', 'Hill 1']
    assert page.headers['Cache-Control'] == 'private, no-store'
    form = page.html.find('form', role='search')
    assert form['action'] == '/search' and form.find('label')['for'] == form.find('input')['id']
    assert not ask(browse(), 405, 'POST', '/archive', Origin='http://localhost:8000').html.find('form', role='search')


def test_a_page_that_needs_no_database_has_a_style_that_its_policy_allows_and_a_way_on(browse, site):
    path = site.data / 'quickpub.db'
    misdirected = ask(browse(), 421, Host='example.com')
    assert misdirected.html.select_one('main a')['href'] == 'http://localhost:8000'
    browser = browse()
    os.rename(path, path.with_name('aside'))
    missing = ask(browser, 503)
    os.rename(path.with_name('aside'), path)
    assert missing.html.select_one('main a')['href'] == ''
    for page in (misdirected, missing):
        digest = b64encode(sha256(page.html.style.string.encode()).digest()).decode()
        policies = page.headers.getall('Content-Security-Policy')
        assert len(policies) == 1 and f"style-src 'sha256-{digest}';" in policies[0]
