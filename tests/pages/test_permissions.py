"""Who may do what: one table over all URLs and all kinds of visitors, and what other sites can make a browser send.
A new URL needs a row, a new kind of visitor a line."""

from typing import NamedTuple

import pytest
from conftest import PASSWORD, Browser, person, write
from permissions import (
    ANYBODY,
    COLUMNS,
    CONFIRM,
    EDITOR_ACTIONS,
    LIST_ACTIONS,
    LOG_IN,
    MAY,
    NEWCOMER,
    NOTHING,
    POST,
    PROFILE,
    SUBMIT,
    TABLE,
    place_card,
    row_for,
)
from sites import browser_of, form_with, keep, stored

from quickpub import db, models, settings, signing
from quickpub.accounts import deletion, links, login_steps, sessions, suspensions
from quickpub.accounts.sessions import COOKIE
from quickpub.audience import calendar, counting, visitors
from quickpub.content import posts, publishing, reviews, submissions
from quickpub.content.post_input import PostInput
from quickpub.exchange import exports
from quickpub.mail import ledger
from quickpub.mail import message as letter
from quickpub.models import Post, Session, Upload, User
from quickpub.pages import editor_actions, studio
from quickpub.permissions import Permission
from quickpub.web import URLS
from quickpub.wsgi.authentication import client_address

# What a script or a browser has to have asked for before. These refuse what the table sends, from whomever it comes.
REFUSED = {'POST /login/confirm': 403, 'POST /login/passkey/options': 400, 'POST /login/passkey': 400,
           'POST /settings/security/passkeys/options': 403, 'POST /settings/security/passkeys': 400,
           'POST /settings/confirm/options': 400, 'POST /settings/confirm': 400, 'POST /admin/people': 308,
           'POST /admin/members': 308}
# Its token is all its authority: mail programs send this one from anywhere (RFC 8058).
FROM_ANYWHERE = 'POST /unsubscribe/<token>'


@pytest.fixture
def world(site):
    """Two owners, an editor, two authors, two contributors, somebody unconfirmed; and what the examples of the table
    stand for."""
    olga, alice, bob = person('olga', role='owner'), person('alice'), person('bob')
    person('nils', role='owner')  # so that the other one may leave
    victor = person('victor', verified=False)
    eve, connie, carl = person('eve', role='editor'), person('connie'), person('carl', role='contributor')
    write(alice, 'Public', tags='Hills')
    draft = write(alice, 'Draft', published=False)
    posts.save(draft, alice, PostInput.from_form(POST | {'title': 'Draft', 'tags': ''}), db.now())
    models.PlacedImage.create(place='cover', owner_id=draft.id, digest='a' * 32)
    at = db.now()
    about = write(olga, 'About', published=False)
    Post.update(is_page=True, place=1).where(Post.id == about.id).execute()
    publishing.share(write(alice, 'Shared', published=False), at)
    sent = ledger.compose('exists', bob.email, key='exists', subject='One', user=bob,
                        payload={'login_url': '/', 'forgot_url': '/'})
    models.Message.update(state='sent', sent_at=at).execute()
    export, upload = export_of(alice), keep(alice)
    asked = write(carl, 'Asked', published=False)
    reviews.submit(carl, asked, at)
    own = write(connie, 'Draft of her own', published=False)
    models.PlacedImage.create(place='cover', owner_id=own.id, digest='a' * 32)
    posts.save(own, connie, PostInput.from_form(POST | {'title': 'Draft of her own', 'tags': ''}), db.now())
    write(connie, 'Published by an editor')
    User.update(role='contributor').where(User.id == connie.id).execute()
    hers = {'draft': own.id, 'author': connie.id, 'published': Post.get(Post.title == 'Published by an editor').id,
            'export': export_of(connie), 'upload': keep(connie).id}
    places = {'its contributor': hers, 'asked': asked.id, 'published': Post.get(Post.title == 'Public').id,
              'draft': draft.id, 'member': alice.id, 'author': alice.id, 'other': bob.id, 'message': sent,
              'unsubscribe': signing.sign('unsubscribe', alice.id),
              'shared': Post.get(Post.title == 'Shared').draft_token, 'export': export,
              'upload': upload.id, 'media': upload.path, 'card': place_card(alice)}
    places['seen'] = submissions.as_seen([asked])[asked.id]
    for purpose, user in (('setup', None), ('verify', victor), ('reset', bob)):
        token = links.create_link(purpose, links.VERIFY_LIFETIME, at, user=user, email=user.email if user else None)
        places[purpose] = token.text
    return places, dict(zip(COLUMNS, (None, bob, alice, olga, victor, eve, User.get_by_id(connie.id), carl),
                             strict=True))


def export_of(user):
    """Return the id of a finished export."""
    export = exports.request(user, 'numbers', db.now()).id
    exports.write(export)
    exports.finish(export, db.now())
    return export


# Kinds of visitors

class Visitor(NamedTuple):
    """Whose answers of the table a visitor gets, and how the cookie in their browser comes about: a function of the
    people in the world, or None for no cookie."""
    column: str
    cookie: object = None


def session_of(who):
    """Return how a cookie of one of these people is made."""
    return lambda people: sessions.start(people[who], '', db.now())


def ended(people):
    """Return the cookie of an owner who has logged out."""
    secret = session_of('owner')(people)
    Session.delete().where(Session.digest == sessions.digest(secret)).execute()
    return secret


def expired(people):
    """Return the cookie of an owner who was not here for long."""
    secret = session_of('owner')(people)
    Session.update(expires_at=db.now()).where(Session.digest == sessions.digest(secret)).execute()
    return secret


def of_a_deleted_member(people):
    """Return the cookie of somebody who wrote, and then left."""
    leaver = person('lena')
    write(leaver, 'Left behind')
    secret = sessions.start(leaver, '', db.now())
    deletion.delete_account(leaver, True, db.now())
    return secret


def of_a_deleted_member_with_a_session(people):
    """Return the same where the session is still there: nothing makes it, and it would let nobody in."""
    secret = of_a_deleted_member(people)
    left = User.get(User.deleted_at.is_null(False))
    Session.create(digest=sessions.digest(secret), user=left, expires_at=db.now() + sessions.SESSION_LASTS)
    return secret


def as_it_is_stored(people):
    """Return what whoever reads a copy of the database knows of an owner's session."""
    return sessions.digest(session_of('owner')(people))


def suspended(people):
    """Return the cookie of a member who was suspended while logged in, and whose session is still there."""
    second = person('vera')
    suspensions.suspend(second, db.now(), people['owner'])
    secret = 'a session that suspending has overlooked'
    Session.create(digest=sessions.digest(secret), user=second, expires_at=db.now() + sessions.SESSION_LASTS)
    return secret


def before_the_second_step(people):
    """Return the cookie of an owner who has typed the password, and no code."""
    return login_steps.begin(people['owner'], '/studio', db.now())


VISITORS = {
    'a stranger': Visitor('stranger'),
    'with a cookie of their own making': Visitor('stranger', lambda people: 'A' * 43),
    'after logging out': Visitor('stranger', ended),
    'after a long absence': Visitor('stranger', expired),
    'with the cookie of a deleted member': Visitor('stranger', of_a_deleted_member),
    'with a session of a deleted member': Visitor('stranger', of_a_deleted_member_with_a_session),
    'with a session from a copy of the database': Visitor('stranger', as_it_is_stored),
    'with a session of a suspended member': Visitor('stranger', suspended),
    'an owner before the second step': Visitor('stranger', before_the_second_step),
    'without a confirmed address': Visitor('unconfirmed', session_of('unconfirmed')),
    'another author': Visitor('another author', session_of('another author')),
    'its author': Visitor('its author', session_of('its author')),
    'an editor': Visitor('editor', session_of('editor')),
    'its contributor': Visitor('its contributor', session_of('its contributor')),
    'another contributor': Visitor('another contributor', session_of('another contributor')),
    'an owner': Visitor('owner', session_of('owner')),
}


def request(browser, rule, places, headers=None):
    method, (_, path, *form) = rule.partition(' ')[0], TABLE[rule]
    path = path.format(**places)
    if method == 'GET':
        return browser.request(path, method='GET', headers=headers, status='*')
    form = {name: value.format(**places) if isinstance(value, str) else value for name, value in form[0].items()}
    return browser.post(path, form, headers=headers, status='*')


def public():
    """Return all that a member can show to readers: posts, pages, links to drafts, files."""
    return [sorted(query.tuples(), key=repr) for query in (
        Post.select(Post.id, Post.published_at, Post.place, Post.shared_at).where(
            Post.published_at.is_null(False) | Post.place.is_null(False) | Post.shared_at.is_null(False)),
        Upload.select(Upload.id))]


class Watch:
    """What is stored, read anew only where something was written: so many rows are slow to read."""

    def __init__(self):
        self.look()

    def look(self):
        self.rows, self.public = stored(), public()
        self.forget()

    def forget(self):
        """Take it that all is as it was: what was written is rolled back."""
        self.writes = db.db.connection().total_changes

    def has_changed(self):
        return db.db.connection().total_changes != self.writes and stored() != self.rows


def test_every_url_has_its_row():
    assert set(TABLE) == {f'{method} {path}' for method, path, _ in URLS}
    assert all(len(row) == (2 if rule.startswith('GET') else 3) for rule, row in TABLE.items())
    assert all(len(row[0]) == len(COLUMNS) for row in TABLE.values())
    assert {visitor.column for visitor in VISITORS.values()} == set(COLUMNS)


def test_every_row_says_what_its_page_needs():
    """A page that needs a permission is there for those who have it, and for nobody else."""
    for method, path, page in URLS:
        row, needs = TABLE[f'{method} {path}'][0], getattr(page, 'needs', None)
        if isinstance(needs, Permission):
            assert row == row_for(needs), path
        else:
            assert (row == ANYBODY) == (needs is None) and (row[0] == LOG_IN) == (needs is not None), path


@pytest.mark.within_a_minute  # the first view of a day writes, too: it makes the key of that day
@pytest.mark.parametrize('kind', VISITORS)
def test_everybody_gets_what_the_table_says(world, browse, kind):
    places, people = world
    visitor = VISITORS[kind]
    column = COLUMNS.index(visitor.column)
    places |= places.get(visitor.column, {})
    with db.db.connection_context():
        cookie = visitor.cookie and visitor.cookie(people)
        visitors.name_visitor('', '', calendar.site_day(db.now()))  # the first reader of a day has its key made
        watch = Watch()
        for rule, (expected, *_) in TABLE.items():
            counting.count_recorded_views()  # of views in the rows before
            if watch.has_changed():
                watch.look()
            with db.db.atomic() as everything:
                browser = browse()
                if cookie:
                    browser.set_cookie(COOKIE, cookie)
                answer = request(browser, rule, places)
                has_changed, shown = watch.has_changed(), public()
                everything.rollback()  # each row of the table begins with the same site
            watch.forget()
            check(rule, expected[column], visitor, answer, has_changed, shown == watch.public)


def check(rule, expected, visitor, answer, has_changed, is_shown_as_before):
    """Check one answer against the table."""
    assert not any(name.startswith('Access-Control') for name in answer.headers), rule  # no other site reads it
    location = answer.headers.get('Location', '')
    if expected == MAY and rule in REFUSED:
        assert answer.status_int == REFUSED[rule] and not has_changed, rule
    elif expected == MAY:
        ok = (200, 503) if rule == 'GET /healthz' else (200, 204, 301, 303)
        assert answer.status_int in ok and not location.startswith('/login?next='), rule
        leaves_no_trace = (rule == 'POST /logout' and visitor.column == 'stranger') or rule == 'POST /studio/preview'
        assert has_changed == (not rule.startswith('GET') and not leaves_no_trace), rule
    elif expected == SUBMIT:
        assert answer.status_int == 400 and 'submit it for review' in answer, rule
        assert is_shown_as_before, rule
    elif expected == CONFIRM:  # what was written is kept, and nobody sees it
        assert answer.status_int in (400, 403) and 'first confirm your' in answer, rule
        assert is_shown_as_before, rule
    else:
        assert not has_changed, rule
    if expected == LOG_IN:
        writes = rule.startswith('POST /studio/posts/')  # then what was written is on the page
        assert 'You were logged out' in answer if writes else location.startswith('/login?next=/'), rule
    elif expected == NOTHING:
        assert answer.status_int == 404 and 'Page not found' in answer, rule
        for word in ('Draft', 'olga@', 'zoe@'):
            assert word not in answer


@pytest.mark.parametrize('action', [*editor_actions.ACTIONS, 'merge', 'preview', 'nonsense'])
@pytest.mark.parametrize('publish_at', ['', '2999-01-01T08:00'])
def test_no_button_of_the_editor_shows_the_text_of_an_unconfirmed_member(world, browse, action, publish_at):
    places, people = world
    with db.db.connection_context():
        own = write(people['unconfirmed'], 'Theirs', published=False)
        before, secret = public(), session_of('unconfirmed')(people)
    browser = browse()
    browser.set_cookie(COOKIE, secret)
    for path in (f'/studio/posts/{own.id}', '/studio/posts/new'):
        for kind in ('', 'page'):
            answer = browser.post(path, POST | {'action': action, 'publish_at': publish_at, 'kind': kind,
                                                'place': '1', 'version': '1'}, status='*')
            assert answer.status_int in (200, 303, 400, 404)
            with db.db.connection_context():
                assert public() == before


@pytest.mark.parametrize('action', studio.ACTIONS)
def test_no_button_of_the_list_shows_the_text_of_an_unconfirmed_member(world, browse, action):
    _, people = world
    with db.db.connection_context():
        own = write(people['unconfirmed'], 'Theirs', published=False)
        before, secret = public(), session_of('unconfirmed')(people)
    browser = browse()
    browser.set_cookie(COOKIE, secret)
    browser.post('/studio', {'post': str(own.id), 'action': action, 'tag': 'Hills'}, status=303)
    with db.db.connection_context():
        assert public() == before


MEMBERS = [column for column in COLUMNS if column not in ('stranger', 'unconfirmed')]


def expect_answer(user, post, needs, action):
    """Return what this member gets for a button that needs a permission, on this post, by the declared permissions."""
    is_own, is_draft = post.author_id == user.id, post.published_at is None
    if not (is_own or user.may(Permission.EDIT_ALL)) or (needs == Permission.FEATURE and not user.may(needs)):
        return NOTHING
    if user.may(Permission.PUBLISH) or action in ('merge', 'preview'):
        return MAY
    return MAY if is_draft and needs is None else SUBMIT


@pytest.mark.parametrize('kind', MEMBERS)
def test_each_button_works_for_those_who_may(world, browse, kind):
    """Drafts and published posts, of oneself and of others."""
    assert set(EDITOR_ACTIONS) == {*editor_actions.ACTIONS, 'merge', 'preview'}
    assert set(LIST_ACTIONS) == set(studio.ACTIONS)
    places, people = world
    places |= places.get(kind, {})
    with db.db.connection_context():
        user, secret = people[kind], session_of(kind)(people)
        browser = browse()
        browser.set_cookie(COOKIE, secret)
        for post in (Post.get_by_id(places[name]) for name in ('draft', 'published')):
            for action, needs in EDITOR_ACTIONS.items():
                before, expected = public(), expect_answer(user, post, needs, action)
                with db.db.atomic() as everything:
                    answer = browser.post(f'/studio/posts/{post.id}', POST | {
                        'action': action, 'publish_at': '2999-01-01T08:00', 'version': '2'}, status='*')
                    shown = public()
                    everything.rollback()
                check_button(answer, expected, shown == before, (action, post.title))
            for action, needs in LIST_ACTIONS.items():
                expected = expect_answer(user, post, needs, action)
                with db.db.atomic() as everything:
                    answer = browser.post('/studio', {'post': str(post.id), 'action': action, 'tag': 'Hills'},
                                          status='*')
                    everything.rollback()
                assert answer.status_int == (303 if expected == MAY else 404), (action, post.title)


def check_button(answer, expected, is_shown_as_before, what):
    if expected == MAY:  # a new version of a published post is refused only for its old number
        assert answer.status_int in (200, 303, 409), what
    else:
        assert answer.status_int == (404 if expected == NOTHING else 400) and is_shown_as_before, what


def test_a_post_of_somebody_else_looks_like_one_that_does_not_exist(world, browse):
    places, people = world
    browser = browse(people['another author'])
    strange = browser.get(f'/studio/posts/{places["draft"]}', status=404)
    missing = browser.get('/studio/posts/987654321', status=404)
    assert strange.body == missing.body and strange.headerlist == missing.headerlist


@pytest.mark.parametrize('action', ['save', 'publish', 'unpublish', 'delete', 'restore', 'nonsense'])
def test_no_button_works_on_the_post_of_somebody_else(alice, bob, browse, connection, action):
    with connection():
        draft, public = write(alice, 'Draft', published=False), write(alice, 'Public')
        trashed = write(alice, 'Trashed')
        Post.update(deleted_at=db.now()).where(Post.id == trashed.id).execute()
    browser = browse(bob)
    before = stored()
    for post in (draft, public, trashed):
        browser.post(f'/studio/posts/{post.id}', POST | {'action': action}, status=404)
        browse().post(f'/studio/posts/{post.id}', POST | {'action': action}, status=403)
    assert stored() == before


# Fields that a form does not have

HIS = ('id', 'role', 'email', 'password', 'verified_at', 'deleted_at', 'suspended_at', 'created_at', 'mail_trouble',
       'pinned_id', 'feed_id', 'reported_until', 'is_owner', 'is_verified', 'user', 'user_id')
ITS = ('id', 'author', 'author_id', 'published_at', 'was_public', 'deleted_at', 'views', 'reported_views', 'editor_id',
       'shared_at', 'is_page', 'first_tab', 'rendered_by', 'html', 'feed_id', 'excerpt', 'words')


@pytest.mark.parametrize('value', ['1', '999', 'owner', '2020-01-01 00:00:00', 'evil@example.org'])
@pytest.mark.parametrize('path', ['/settings', '/signup'])
def test_no_member_gets_more_than_the_form_offers(world, browse, path, value):
    _, people = world
    browser = browse(people['another author']) if path == '/settings' else browse()
    with db.db.connection_context():
        before = {user.id: user.__data__ for user in User.select()}
    form, status = (PROFILE, 303) if path == '/settings' else (NEWCOMER, 200)
    browser.post(path, dict.fromkeys(HIS, value) | form, status=status)
    with db.db.connection_context():
        for user in User.select():
            old = before.get(user.id)
            if old is None:
                assert (user.role, user.is_verified, user.email) == ('author', False, NEWCOMER['email'])
            else:
                assert {name: user.__data__[name] for name in HIS if name in old} == {
                    name: old[name] for name in HIS if name in old}


@pytest.mark.parametrize('value', ['1', '999', '2020-01-01 00:00:00', '<script>'])
def test_no_post_gets_more_than_the_editor_offers(world, browse, value):
    places, people = world
    browser = browse(people['its author'])
    for path in (f'/studio/posts/{places["draft"]}', '/studio/posts/new'):
        browser.post(path, dict.fromkeys(ITS, value) | POST | {'action': 'save'}, status=303)
    with db.db.connection_context():
        for post in Post.select().where(Post.title == 'Changed'):
            assert post.author == people['its author'] and post.editor_id == people['its author'].id
            assert not (post.published_at or post.shared_at or post.deleted_at or post.was_public or post.is_page)
            assert (post.views, post.html, post.excerpt) == (0, '<p>Changed.</p>', 'Changed.')


# Forms sent from other sites

OWN = [{'Referer': 'http://localhost:8000/'}, {'Sec-Fetch-Site': 'same-origin'}, {'Sec-Fetch-Site': 'none'},
       {'Sec-Fetch-Site': 'same-origin', 'Origin': 'http://127.0.0.1:8000'},
       {'Origin': 'http://127.0.0.1:8000'}, {'Origin': 'http://localhost:8000'}]
OTHERS = [{'Sec-Fetch-Site': 'cross-site'}, {'Sec-Fetch-Site': 'same-site'}, {'Sec-Fetch-Site': 'nonsense'},
          {'Sec-Fetch-Site': 'cross-site', 'Origin': 'http://127.0.0.1:8000'},
          {'Origin': 'https://evil.example'}, {'Origin': 'null'}, {'Origin': 'http://127.0.0.1:8000.evil.example'},
          {'Origin': 'http://127.0.0.1'}, {'Origin': 'http://['}, {'Origin': '127.0.0.1:8000'},
          {'Origin': 'https://evil.example', 'X-Forwarded-Host': 'evil.example'},
          {'Origin': 'https://evil.example', 'Forwarded': 'host=evil.example'},
          {'Origin': 'https://evil.example', 'Referer': 'http://127.0.0.1:8000/'}]


@pytest.mark.parametrize('headers', OTHERS, ids=repr)
def test_no_form_from_another_site_does_anything(world, browse, headers):
    places, people = world
    browser = browse(people['owner'])
    with db.db.connection_context():
        watch = Watch()
        for rule in TABLE:
            if rule.startswith('GET') or rule == FROM_ANYWHERE:
                continue
            for sender in (browser, browse()):
                answer = request(sender, rule, places, headers)
                assert answer.status_int == 403 and 'not sent from a page of this site' in answer, rule
                assert 'Set-Cookie' not in answer.headers and not watch.has_changed(), rule
        assert stored() == watch.rows


@pytest.mark.parametrize('headers', OWN, ids=repr)
def test_forms_of_this_site_work_whatever_the_browser_says_of_itself(alice, browse, headers):
    browser = browse(alice)
    browser.post('/studio/posts/new', POST, headers=headers, status=303)
    browser.post('/settings', PROFILE, headers=headers, status=303)
    assert len(stored()['Post']) == 1


def test_only_unsubscribing_works_from_anywhere(world, browse):
    places, _ = world
    for headers in OTHERS:
        assert request(browse(), FROM_ANYWHERE, places, headers).status_int == 200


def test_looking_changes_nothing_wherever_the_link_stands(world, browse):
    """A GET is answered to everybody, so none may do anything: not even for the owner."""
    places, people = world
    browser = browse(people['owner'])
    before = stored()
    for rule in TABLE:
        if rule.startswith('GET'):
            answer = request(browser, rule, places, {'Sec-Fetch-Site': 'cross-site'})
            is_open = TABLE[rule][0][COLUMNS.index('owner')] == MAY
            assert answer.status_int in ((200, 301, 303, 503) if is_open else (404,))
            path = TABLE[rule][1].format(**places)
            assert browser.head(path, status='*').status_int == answer.status_int
            again = browser.get(path + '?action=delete&password=x&notice=deleted', status='*')
            assert again.status_int == answer.status_int
    assert stored() == before


def test_other_methods_do_nothing(world, browse):
    places, people = world
    browser = browse(people['owner'])
    before = stored()
    for path in {row[1].format(**places) for row in TABLE.values()}:
        for method in ('PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE'):
            answer = browser.request(path, method=method, status=405)
            assert 'GET' in answer.headers['Allow'] or 'POST' in answer.headers['Allow']
            assert '<h1>' in answer.text
    assert stored() == before


# Where the client is

def test_forwarding_headers_of_strangers_change_nothing(site, alice, browse):
    """Neither where links and redirects lead, nor whose failed log-ins are counted."""
    lies = {'X-Forwarded-Host': 'evil.example', 'X-Forwarded-Proto': 'gopher', 'X-Forwarded-For': '192.0.2.9',
            'X-Forwarded-Prefix': '/evil', 'Forwarded': 'for=192.0.2.9;host=evil.example'}
    for path, status in (('/', 200), ('/feed.xml', 200), ('/sitemap.xml', 200), ('/robots.txt', 200), ('/login', 200),
                         ('/nothing', 404)):
        assert 'evil' not in browse().get(path, headers=lies, status=status).text
    for path, status in (('/settings', 303), ('/archive/', 301)):
        assert 'evil' not in browse().get(path, headers=lies, status=status).headers['Location']
    browse().post('/forgot', {'email': alice.email}, headers=lies)
    with db.db.connection_context():
        message = letter.render(models.Message.get())
        assert b'evil' not in message
    for number in range(sessions.TRIES_PER_PAIR):
        browse().post('/login', {'email': alice.email, 'password': 'x'},
                      headers=lies | {'X-Forwarded-For': f'192.0.2.{number}'}, status=400)
    browse().post('/login', {'email': alice.email, 'password': PASSWORD}, status=429)


def test_a_trusted_proxy_says_who_the_client_is(site, alice):
    proxied = browser_of(site, trusted_proxy=frozenset({'127.0.0.1', '::1'}))
    forms = {'email': alice.email, 'password': 'x'}
    for number in range(sessions.TRIES_PER_PAIR):  # what stands before the proxy's own word, the client made up
        proxied.post('/login', forms, headers={'X-Forwarded-For': f'198.51.100.{number}, 192.0.2.1'}, status=400)
    right = forms | {'password': PASSWORD}
    proxied.post('/login', right, headers={'X-Forwarded-For': '192.0.2.1'}, status=429)
    proxied.post('/login', right, headers={'X-Forwarded-For': '192.0.2.2'}, status=303)
    other = Browser(proxied.app)
    other.extra_environ['REMOTE_ADDR'] = '192.0.2.77'  # not the proxy: its word does not count
    for _ in range(sessions.TRIES_PER_PAIR):
        other.post('/login', forms, headers={'X-Forwarded-For': '192.0.2.3'}, status=400)
    other.post('/login', right, headers={'X-Forwarded-For': '192.0.2.4'}, status=429)


@pytest.mark.parametrize(('trusted', 'direct', 'forwarded', 'client'), [
    ('127.0.0.1', '127.0.0.1', '192.0.2.1', '192.0.2.1'),
    ('127.0.0.1', '127.0.0.1', '198.51.100.7, 192.0.2.1', '192.0.2.1'),
    ('127.0.0.1', '127.0.0.1', '127.0.0.1, 192.0.2.1', '192.0.2.1'),
    ('127.0.0.1, 203.0.113.0/24', '127.0.0.1', '198.51.100.7, 192.0.2.1, 203.0.113.9', '192.0.2.1'),
    ('127.0.0.1, 2001:db8::/32', '127.0.0.1', '192.0.2.1,2001:db8::5 , 127.0.0.1', '192.0.2.1'),
    ('10.0.0.0/8', '10.0.0.1', '10.1.1.1', '10.1.1.1'),
    ('127.0.0.1', '::ffff:127.0.0.1', '192.0.2.1', '192.0.2.1'),
    ('127.0.0.1', '127.0.0.1', '192.0.2.1, ,', '192.0.2.1'),
    ('127.0.0.1', '127.0.0.1', '', '127.0.0.1'),
    ('127.0.0.1', '127.0.0.1', ' , ', '127.0.0.1'),
    ('127.0.0.1', '192.0.2.77', '192.0.2.1', '192.0.2.77'),
    ('', '127.0.0.1', '192.0.2.1', '127.0.0.1'),
    ('127.0.0.1', '', '192.0.2.1', '')])
def test_the_client_is_the_last_address_that_is_no_proxy_of_ours(trusted, direct, forwarded, client):
    settings.use(settings.from_env({'QUICKPUB_TRUSTED_PROXY': trusted}))
    assert client_address({'REMOTE_ADDR': direct, 'HTTP_X_FORWARDED_FOR': forwarded}) == client


def test_the_desk_of_the_owner_leads_to_what_only_an_owner_may(olga, alice, browse):
    assert browse(olga).get('/studio').html.find('a', href='/admin')
    assert not browse(alice).get('/studio').html.find('a', href='/admin')
    assert form_with(browse(olga).get('/admin/settings/general'), 'title')


def test_a_proxy_may_be_named_by_its_network_and_nonsense_is_refused():
    told = settings.from_env({'QUICKPUB_TRUSTED_PROXY': '10.0.0.0/8, ::1'})
    assert told.trusts('10.1.2.3') and told.trusts('::1')
    assert not told.trusts('11.0.0.1') and not told.trusts('') and not told.trusts('/run/socket')
    with pytest.raises(settings.SettingsError, match='TRUSTED_PROXY'):
        settings.from_env({'QUICKPUB_TRUSTED_PROXY': 'foo'})
