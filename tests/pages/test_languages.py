"""Which language a page, a feed and an email are in: readers see the site's, members their own, a post has its own."""

import feedparser
import pseudo
import pytest
from conftest import drain, outbox, person, text_of, utc, write
from sites import form_with

from quickpub import db
from quickpub.content import post_input, posts, rerendering
from quickpub.mail import message
from quickpub.models import Message, Post, Site, User

PROFILE = {'name': 'action', 'value': 'profile'}
SAID = '"Go," he said.'


def choose(browser, path, button, **fields):
    """Send the form of this page with other values."""
    form = form_with(browser.get(path), 'language')
    for name, value in fields.items():
        form[name] = value
    return form.submit(**button, status=303)


def test_the_owner_chooses_the_language_of_the_site(site, olga, alice, browse, connection):
    with connection():
        write(alice, 'On hills', body=SAID, at=utc(2020, 1, 2))
        write(alice, 'On seas', body=SAID, language='fr')
        draft = write(alice, 'Not yet', body=SAID, published=False)
    reader = browse()
    assert reader.get('/').html.html['lang'] == 'en' and 'min\xa0read' in reader.get('/p/on-hills').text
    choose(browse(olga), '/admin/settings/general', {}, language='de')
    assert reader.get('/').html.html['lang'] == 'de', 'the cached page is a new one'
    page = reader.get('/p/on-hills')
    assert '1\xa0Min.\xa0Lesezeit' in page.text and '2. Januar 2020' in page.text
    assert reader.get('/archive').html.find('time', string='2. Januar')
    assert reader.get('/login').html.html['lang'] == 'de'
    drain_rendering()
    assert [browse().get(path).html.select_one('.prose').text.strip() for path in ('/p/on-hills', '/p/on-seas')] == [
        '“Go,” he said.', '«\u202fGo,\u202f» he said.']
    with connection():
        assert '„Go,“' in Post.get_by_id(draft.id).html, 'a draft has the language of the site'
    assert form_with(browse(olga).get('/admin/settings/general'), 'language')['language'].value == 'de'


def drain_rendering():
    with db.db.connection_context():
        assert rerendering.is_any_outdated()
        rerendering.render_outdated()
        assert not rerendering.is_any_outdated()


def test_a_member_chooses_the_language_of_the_studio_and_readers_do_not_see_it(site, alice, browse, connection):
    studio = browse(alice)
    choose(studio, '/settings', PROFILE, language='de')
    page = studio.get('/settings')
    assert page.html.html['lang'] == 'de' and page.html.find('label', {'for': 'language'}).text == 'Sprache'
    assert studio.get('/studio').html.html['lang'] == 'de'
    assert studio.get('/').html.html['lang'] == browse().get('/').html.html['lang'] == 'en'
    choose(studio, '/settings', PROFILE, language='')
    assert studio.get('/settings').html.html['lang'] == 'en'
    with connection():
        assert User.get_by_id(alice.id).language is None


@pytest.mark.parametrize('path', ['/settings', '/admin/settings/general', '/studio/posts/new'])
def test_a_language_that_is_not_offered_is_rejected(site, olga, browse, path):
    browser = browse(olga)
    form = form_with(browser.get(path), 'language')
    form['language'].force_value('../../etc')
    if path == '/studio/posts/new':
        form['title'] = 'A post'
    button = {'/settings': PROFILE, '/studio/posts/new': {'name': 'action', 'value': 'save'}}.get(path, {})
    page = form.submit(**button, status=400)
    assert 'Choose a language from the list.' in page.html.find(class_='error').text


def test_a_post_has_a_language_of_its_own(site, alice, browse, connection):
    studio = browse(alice)
    form = form_with(studio.get('/studio/posts/new'), 'body')
    form['title'], form['body'], form['language'] = 'Über Hügel', SAID, 'de'
    form.submit('action', value='publish', status=303)
    with connection():
        post = Post.get()
        write(alice, 'On seas', body=SAID)
    assert post.language == 'de'
    page = browse().get(post.path).html
    assert page.html['lang'] == 'en' and page.h1['lang'] == page.select_one('.prose')['lang'] == 'de'
    assert page.select_one('.prose').text.strip() == '„Go,“ he said.'
    heads = {each.text: each.get('lang') for each in browse().get('/').html.select('article h2')}
    assert heads == {'Über Hügel': 'de', 'On seas': None}
    feed = browse().get('/feed.xml')
    assert 'xml:lang="en"' in feed.text and [
        each.title_detail.language for each in feedparser.parse(feed.body).entries] == ['en', 'de']
    assert [each.get('language') for each in browse().get('/feed.json').json['items']] == ['en', 'de']
    form = form_with(studio.get(f'/studio/posts/{post.id}'), 'body')
    assert form['language'].value == 'de'
    form['language'] = 'fr'
    form.submit('action', value='save', status=303)
    assert browse().get(post.path).html.h1['lang'] == 'fr', 'the cached page is a new one'
    preview = studio.post('/studio/preview', {'body': SAID, 'language': 'pl'})
    assert '„Go,” he said.' in preview.text
    history = studio.get(f'/studio/posts/{post.id}/history?version=1').html
    assert [each.text for each in history.select('.change h2')] == ['Language']


def test_a_draft_without_a_language_has_that_of_the_site_and_stays_without_when_saved(site, alice, browse, connection):
    with connection():
        post = write(alice, 'On hills', published=False)
    form = form_with(browse(alice).get(f'/studio/posts/{post.id}'), 'body')
    assert form['language'].value == ''
    form.submit('action', value='save', status=303)
    with connection():
        assert (Post.get().language, Post.get().version) == (None, 1)


def test_mail_is_in_the_language_of_its_recipient(site, monkeypatch, browse, connection):
    code = pseudo.add_to(monkeypatch)
    with connection():
        alice, bob = person('alice', language=code), person('bob')
    for user in (alice, bob):
        form = browse().get('/forgot').forms[0]
        form['email'] = user.email
        form.submit()
    drain()
    found = {mail['To']: mail.get_body(('html',)).get_content().partition('lang="')[2].partition('"')[0]
                 for mail in outbox(site)}
    assert found == {'alice@example.org': code, 'bob@example.org': 'en'} and all(map(text_of, outbox(site)))
    with connection():
        Site.change(language=code)
        assert f'lang="{code}"' in message.bodies(Message.get(Message.user == bob), Site.this())[1]


# The language that shows what is not translated

def test_what_is_not_translated_is_found():
    page = ('<html lang="en"><title>⟦Šàvé·⟧ · Voice</title><p title="Forgotten">⟦Héllö <b>Bo</b>··⟧ 12 × 3</p>'
            '<p>Plain words <time>1 May</time><bdi>Alice</bdi></p>'
            '<h2 dir="auto">Any</h2><p lang="de">Wort</p><code>x is</code><!-- no -->')
    assert pseudo.untranslated(page, ['Voice']) == ['Forgotten', 'Plain words']
    assert pseudo.untranslated('<p>⟦ä ⟦b⟧ ç⟧ Voice</p>') == ['Voice']
    with pytest.raises(AssertionError, match='match'):
        pseudo.untranslated('<p>⟦open</p>')


def test_the_language_is_a_third_longer_and_keeps_placeholders_and_tags():
    found = pseudo.Pseudo().gettext('Save <b>%(name)s</b> as 100%% of &amp; it')
    assert '<b>%(name)s</b>' in found and '100%%' in found and '&amp;' in found and found[1:5] == 'Šàvé'
    assert len(found) > 4 / 3 * len('Save <b>%(name)s</b> as 100%% of &amp; it')


@pytest.mark.parametrize('path', ['/settings', '/admin/settings/general', '/studio/posts/new'])
def test_no_string_of_a_field_is_forgotten(site, monkeypatch, olga, browse, connection, path):
    code = pseudo.add_to(monkeypatch)
    with connection():
        Site.change(language=code)
    field = browse(olga).get(path).html.find(id='language').find_parent(class_='field')
    assert pseudo.untranslated(str(field)) == []


# Pages whose every word is translated.
READERS = ('/', '/p/on-hills', '/@olga', '/t/hills', '/archive', '/follow', '/search?q=hills', '/login', '/signup',
           '/forgot', '/verify')
OWNERS = ('/studio', '/studio/trash', '/studio/stats', '/studio/report', '/studio/exports', '/studio/posts/new',
          '/studio/posts/1', '/studio/posts/1/history', '/studio/stats/1', '/settings', '/settings/delete',
          '/settings/security', '/admin', '/admin/mail', '/admin/members', '/admin/members/1', '/admin/invitations',
          '/admin/blocked-domains', '/admin/audit', '/admin/settings/general', '/admin/settings/membership',
          '/admin/settings/reports', '/admin/settings/mail', '/admin/settings/look',
          '/studio/images/avatar/1', '/studio/images/logo/1', '/nothing')
TEXTS = ('The Village Voice', 'News from the hill', 'Olga', 'On hills', 'hills', 'Hills', 'Some text.',
         'olga@example.org', '@olga', 'http://localhost:8000/p/on-hills',
         'http://localhost:8000/t/hills/feed.xml', 'http://localhost:8000/feed.xml', 'Chrome on Linux')


def test_no_string_of_any_page_is_forgotten(site, monkeypatch, olga, browse, connection):
    code = pseudo.add_to(monkeypatch)
    with connection():
        Site.change(language=code)
        post = write(olga, 'On hills', tags='Hills')
        form = post_input.as_form(post) | {'summary': 'Some text.'}
        posts.save(post, olga, post_input.PostInput.from_form(form), db.now())
    reader, owner = browse(), browse(olga)
    found = {path: words for browser, paths in ((reader, READERS), (owner, OWNERS)) for path in paths
             if (words := pseudo.untranslated(browser.get(path, status='*').text, TEXTS))}
    assert found == {}
