"""The site at the root of a server and below a path, whoever takes the path away; and every link on every page."""

import re
from dataclasses import replace
from urllib.parse import urljoin, urlsplit

import pytest
from conftest import PASSWORD, Browser, drain, outbox, path_in, person, text_of
from mounting import STYLES, mounted
from sites import fill, form_with

from quickpub import db
from quickpub.web import create_app


@pytest.fixture(params=STYLES, ids=lambda each: ' '.join(each).strip())
def place(request, site):
    """The settings of the site at this place, and what opens a stranger's browser there."""
    prefix, style = request.param
    there = replace(site, url=f'http://localhost{prefix}')
    app = mounted(create_app(there), prefix, style)
    return there, prefix, lambda: Browser(app, prefix)


def submit(form, button=None, **fields):
    """What a browser makes of it: to the form's own address, with its own fields."""
    for name, value in fields.items():
        form[name] = value
    return form.submit('action' if button else None, value=button)


def test_the_way_from_sign_up_to_a_reader(place):
    settings, prefix, open_browser = place
    browser = open_browser()
    page = browser.get(f'{prefix}/').click('^Sign up$')
    submit(page.forms[0], name='Zoe', email='zoe@example.org', password=PASSWORD)
    drain()
    path = path_in(outbox(settings)[0], '/verify/')
    assert path.startswith(f'{prefix}/verify/') and f'http://localhost{path}' in text_of(outbox(settings)[0])
    page = submit(browser.get(path).forms[0])
    assert page.location == f'{prefix}/studio/dashboard'
    page = page.follow()
    assert 'Your email address is confirmed' in page
    page = page.click('New post')
    page = submit(form_with(page, 'body'), 'publish', title='On hills', body='High. ![A hill](hill.jpg)')
    assert page.headers['Location'].startswith(f'{prefix}/studio/posts/')
    page = page.follow().click('View post')
    assert page.request.path == f'{prefix}/p/on-hills'
    assert page.html.find('link', rel='canonical')['href'] == f'http://localhost{prefix}/p/on-hills'

    feed = open_browser().get(f'{prefix}/feed.xml')
    assert f'rel="self" type="application/atom+xml" href="http://localhost{prefix}/feed.xml"' in feed
    assert f'href="http://localhost{prefix}/p/on-hills"' in feed
    for url in re.findall(r'https?://localhost[^"<&]*', feed.text):
        assert url.startswith(f'http://localhost{prefix}/')
        if not url.endswith('/p/hill.jpg'):  # the picture that is not there
            open_browser().get(url.removeprefix('http://localhost'), status=200)
    assert 'hill' in open_browser().get(f'{prefix}/@zoe')


def test_a_stranger_is_sent_to_log_in_and_back_and_out_within_the_site(place):
    _, prefix, open_browser = place
    with db.db.connection_context():
        zoe = person('zoe')
    browser = open_browser()
    page = browser.get(f'{prefix}/settings?x=1')
    assert page.headers['Location'] == f'{prefix}/login?next=/settings%3Fx%3D1'
    page = submit(page.follow().forms[0], email=zoe.email, password=PASSWORD)
    assert page.headers['Location'] == f'{prefix}/settings?x=1'
    assert f'path={prefix or "/"};' in page.headers['Set-Cookie'].lower() + ';'
    page = page.follow()
    assert 'Zoe' in page
    assert browser.get(f'{prefix}/archive/', status=301).headers['Location'] == f'{prefix}/archive'
    if prefix:
        assert 'Log out' in browser.get(f'{prefix}/studio') and browser.get(prefix, status=200)
        assert browser.get('/', status=404).text == 'outside'
        assert browser.get(f'{prefix}ger', status=404).text == 'outside'
    out = next(form for form in page.forms.values() if form.action.endswith('/logout')).submit()
    assert out.headers['Location'] == f'{prefix}/login'
    assert browser.get(f'{prefix}/studio', status=303)


ATTRIBUTES = {'a': 'href', 'link': 'href', 'img': 'src', 'script': 'src', 'form': 'action'}


def links(page, path):
    """Return (tag, address) of all that a page at this path refers to, as a browser resolves it; not what an author
    wrote. Each is there once."""
    found = set()
    for element in page.html.find_all(list(ATTRIBUTES)):
        address = element.get(ATTRIBUTES[element.name])
        if address and not any('prose' in parent.get('class', ()) for parent in element.parents):
            # A search is a link with a question.
            found.add(('a' if element.get('method') == 'get' else element.name, address))
    there = ((tag, urlsplit(urljoin(f'http://localhost{path}', address))) for tag, address in found)
    return [(tag, link) for tag, link in sorted(there) if link.scheme != 'mailto']


def crawl(browser, start):
    """Follow every link from there within the site; return what each page refers to, by the page's path."""
    pages, waiting = {}, [start]
    while waiting:
        path = waiting.pop()
        if path in pages:
            continue
        pages[path], page = [], browser.get(path, status='*')
        assert page.status_int in (200, 303), (path, page.status)
        if page.status_int == 303:
            waiting.append(page.headers['Location'])
        elif page.content_type == 'text/html':
            pages[path] = links(page, path)
            waiting += [link._replace(scheme='', netloc='', fragment='').geturl() for tag, link in pages[path]
                        if tag != 'form' and link.hostname == 'localhost']
    return pages


@pytest.mark.parametrize('place', [('', 'whole'), ('/blog', 'shifted'), ('/blog', 'stripped')], ids=' '.join,
                         indirect=True)
@pytest.mark.parametrize('who', ['stranger', 'author', 'owner'])
def test_every_link_on_every_page_leads_somewhere_within_the_site(place, who):
    _, prefix, open_browser = place
    with db.db.connection_context():
        olga, alice, _ = fill(25)
    browser = open_browser()
    if who != 'stranger':
        browser.log_in(alice if who == 'author' else olga)
    pages = crawl(browser, f'{prefix}/')
    some = {f'{prefix}{path}' for path in MUST_SEE[who]}
    assert some <= set(pages), some - set(pages)
    for path, there in pages.items():
        for _, link in there:
            assert link.hostname == 'localhost' and (link.path + '/').startswith(f'{prefix}/'), (path, link)
    for path in {link.path for there in pages.values() for tag, link in there if tag == 'form'}:
        # It must be there, and take what is sent to it.
        assert 'POST' in browser.request(path, method='OPTIONS', status=405).headers['Allow'], path


MUST_SEE = {
    'stranger': ['/p/post-number-24', '/p/post-number-0', '/@alice', '/@bob/feed.xml', '/t/slow-food', '/archive',
                 '/forgot', '/signup', '/feed.xml'],
    'author': ['/studio', '/studio/posts/2', '/studio/posts/26/preview', '/studio/posts/new', '/studio/trash',
               '/settings', '/settings/delete', '/@alice', '/'],
    'owner': ['/studio', '/settings', '/admin', '/admin/mail', '/admin/members', '/admin/settings/general', '/@bob'],
}
