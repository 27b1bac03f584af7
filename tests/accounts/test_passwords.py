"""Passwords: one hash for every way to type the same, old hashes that go on, and forms that password managers know."""

from unicodedata import normalize

import pytest
from argon2 import PasswordHasher
from conftest import PASSWORD, REAL_HASHER, path_in, person
from sites import form_with, newest_mail

from quickpub import codes, db
from quickpub.accounts import links, passwords, validation
from quickpub.models import User

# Each in two or more forms that look the same, or that one keyboard or another makes of the same keys.
SAME = [
    ('Ünïcödé-Straße', normalize('NFD', 'Ünïcödé-Straße')),
    ('Zażółć gęślą jaźń', normalize('NFD', 'Zażółć gęślą jaźń')),
    ('１２３ｑｕｉｅｔ　ｈｏｒｓｅ', '123quiet horse'),
    ('a quiet\u00a0horse', 'a quiet horse'),
    ('ﬁfty quiet horses', 'fifty quiet horses'),
    ('한국어비밀번호열글자이상', normalize('NFD', '한국어비밀번호열글자이상')),
    ('ガギグゲゴの丘の馬たち', 'ｶﾞｷﾞｸﾞｹﾞｺﾞの丘の馬たち'),
    ('Ångström ångström', 'A\u030angstro\u0308m a\u030angstro\u0308m'),
    ('tiếng Việt có dấu', normalize('NFD', 'tiếng Việt có dấu')),
    ('\u1e9b\u0323 long s with dots', normalize('NFKD', '\u1e9b\u0323 long s with dots')),
]
IDS = [str(number) for number in range(len(SAME))]


def raw_hash(password):
    """As hashes were made before: of what was typed."""
    return PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1).hash(password)


def may_log_in(browser, email, password):
    return browser.post('/login', {'email': email, 'password': password}, status='*').status_int == 303


@pytest.fixture(autouse=True)
def real_hasher(monkeypatch):
    monkeypatch.setattr(passwords, '_hasher', REAL_HASHER)


@pytest.mark.parametrize(('one', 'other'), SAME, ids=IDS)
def test_a_password_is_the_same_however_it_was_typed(site, browse, one, other):
    assert one != other
    browse().post('/signup', {'name': 'Zoe', 'email': 'zoe@example.org', 'password': one})
    for typed in (one, other):
        assert may_log_in(browse(), 'zoe@example.org', typed)
    assert not may_log_in(browse(), 'zoe@example.org', one + 'x')


@pytest.mark.parametrize(('one', 'other'), SAME, ids=IDS)
def test_every_way_in_and_out_takes_either_form(site, browse, one, other):
    """Set by the reset link, asked for in the settings, changed there, and asked for when leaving."""
    with db.db.connection_context():
        person('olga', role='owner')
        person('alice')
    browse().post('/forgot', {'email': 'alice@example.org'})
    browser = browse()
    browser.post(path_in(newest_mail(site), '/reset/'), {'password': other}, status=303)
    browser.post('/settings', {'action': 'password', 'current': one, 'password': PASSWORD}, status=303)
    browser.post('/settings', {'action': 'password', 'current': PASSWORD, 'password': one}, status=303)
    browser.post('/settings', {'action': 'address', 'email': 'new@example.org', 'current': other}, status=303)
    browser.post('/settings/delete', {'password': other, 'posts': 'keep'}, status=303)


@pytest.mark.parametrize('form', ['NFC', 'NFD', 'NFKC', 'as typed'])
@pytest.mark.parametrize(('one', 'other'), SAME[:2] + SAME[5:6] + SAME[8:9], ids=IDS[:2] + IDS[5:6] + IDS[8:9])
def test_an_older_hash_goes_on_and_is_renewed_at_log_in(site, browse, connection, form, one, other):
    stored = one if form == 'as typed' else normalize(form, one)
    with connection():
        person('alice', password=raw_hash(stored))
    for typed in (other, one):
        assert may_log_in(browse(), 'alice@example.org', typed)
    with connection():
        assert passwords.matches(User.get().password, one) and not passwords.is_outdated(User.get().password, other)


def test_an_older_hash_of_letters_that_are_folded_today_goes_on_too(site, browse, connection):
    with connection():
        person('alice', password=raw_hash('ﬁfty quiet horses'))
    assert not may_log_in(browse(), 'alice@example.org', 'fifty quiet horses')
    assert may_log_in(browse(), 'alice@example.org', 'ﬁfty quiet horses')
    assert may_log_in(browse(), 'alice@example.org', 'fifty quiet horses')  # renewed by now


def test_a_hash_with_weaker_parameters_is_renewed_at_log_in(site, browse, connection):
    with connection():
        person('alice', password=PasswordHasher(time_cost=1, memory_cost=8 * 1024, parallelism=1).hash(PASSWORD))
    assert may_log_in(browse(), 'alice@example.org', PASSWORD)
    with connection():
        assert 'm=19456,t=2,p=1' in User.get().password and passwords.matches(User.get().password, PASSWORD)


@pytest.mark.parametrize('typed', [
    'short', '', 'x' * 9, 'x' * 201, 'e\u0301' * 5, 'ﷺ', 'ﷺ' * 12, 'e\u0301' * 201, 'x' * 100_000, '\u1100\u1161' * 9,
    'ﬁ' * 9])
def test_what_is_too_short_or_too_long_is_so_in_every_form(typed):
    with pytest.raises(codes.Rejected):
        validation.clean_password(typed)


@pytest.mark.parametrize('typed', ['xy' * 5, 'xy' * 100, 'e\u0301x' * 5, 'e\u0301x' * 100, 'ﬁ' * 10, '1' * 10 + '🐴'])
def test_what_is_long_enough_is_taken(typed):
    assert passwords.matches(passwords.hash_password(validation.clean_password(typed)), typed)


@pytest.mark.parametrize('typed', ['', 'wrong', 'x' * 100_000, 'ﷺ' * 5000, '\ufffd', '\0'])
def test_nobodys_password_is_right(typed):
    assert not passwords.matches(None, typed) and not passwords.matches('no hash', typed)


# Password managers

@pytest.fixture
def forms(site, browse, connection):
    """The path of every page that asks for a password, the browser that sees it and whose address it is about."""
    with connection():
        olga, alice, zoe = person('olga', role='owner'), person('alice'), person('zoe', verified=False)
        made = {(purpose, user.name): links.create_link(purpose, links.VERIFY_LIFETIME, db.now(), user=user,
                                                      email='new@example.org' if purpose == 'address' else user.email)
                 for purpose, user in (('reset', alice), ('reset', zoe), ('verify', zoe), ('address', alice))}
        made = {key: token.text for key, token in made.items()}
        setup = links.create_link('setup', links.SETUP_LIFETIME, db.now()).text
    stranger, author, owner = browse(), browse(alice), browse(olga)
    return {
        'sign-up': (stranger.get('/signup'), None), 'log-in': (stranger.get('/login'), None),
        'set-up': (stranger.get(f'/setup/{setup}'), None),
        'reset': (stranger.get(f"/reset/{made['reset', 'Alice']}"), alice.email),
        'reset of an unconfirmed account': (stranger.get(f"/reset/{made['reset', 'Zoe']}"), zoe.email),
        'reset, as somebody else': (owner.get(f"/reset/{made['reset', 'Alice']}"), alice.email),
        'confirm': (stranger.get(f"/verify/{made['verify', 'Zoe']}"), zoe.email),
        'confirm, as somebody else': (owner.get(f"/verify/{made['verify', 'Zoe']}"), zoe.email),
        'confirm, with a mistake': (stranger.post(f"/verify/{made['verify', 'Zoe']}", {'password': 'x'}, status=400),
                                    zoe.email),
        'a new address': (stranger.get(f"/verify/{made['address', 'Alice']}"), None),
        'settings': (author.get('/settings'), alice.email), 'leaving': (author.get('/settings/delete'), alice.email),
        'a link to hand over': (owner.post('/admin/members', {'action': 'link', 'person': str(alice.id)}), olga.email),
        'logged out while writing': (stranger.post('/studio/posts/new', {'title': 'x', 'action': 'save'}, status=403),
                                     None),
    }


def test_password_managers_know_every_form_with_a_password(forms):
    """The name beside the password (visible, or hidden with the right value), and whether it is a new one."""
    for page, (answer, email) in forms.items():
        found = [form for form in answer.html.find_all('form') if form.find('input', {'type': 'password'})]
        assert found, page
        for form in found:
            usernames = form.find_all('input', {'autocomplete': 'username'})
            assert len(usernames) == 1, page
            if email:
                assert usernames[0]['value'] == email, page
            else:
                assert not usernames[0].has_attr('hidden'), page
            for field in form.find_all('input', {'type': 'password'}):
                is_new = field['name'] == 'password' and page not in ('log-in', 'leaving', 'a new address')
                assert field['autocomplete'] == ('new-password' if is_new else 'current-password'), page


def test_the_hidden_name_changes_nothing(forms, browse):
    page, email = forms['reset']
    form = form_with(page, 'password')
    form['username'].force_value('mallory@example.org')
    form['password'] = 'another quiet horse'
    form.submit(status=303)
    assert may_log_in(browse(), email, 'another quiet horse')
