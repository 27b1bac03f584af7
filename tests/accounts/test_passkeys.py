"""Passkeys: adding them, logging in and confirming with them, and everything that is refused."""

import json
from datetime import timedelta

import pytest
from authenticator import FLAG, Authenticator
from conftest import PASSWORD, person, text_of, write
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import CoseKey
from sites import browser_of, form_with, long_ago, mails, newest_mail, stored

from quickpub import db, settings
from quickpub.accounts import links, passkeys, verification
from quickpub.models import Passkey, RecoveryCode, Session, UsedChallenge, User

HOME = '/studio/dashboard'

ORIGIN = 'http://localhost:8000'
ADD, LOG_IN, CONFIRM = '/settings/security/passkeys', '/login/passkey', '/settings/confirm'
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def config(tmp_path):
    return settings.from_env({'QUICKPUB_DATA': str(tmp_path / 'data'), 'QUICKPUB_URL': ORIGIN})


def options(browser, path, **asked):
    return browser.post_json(f'{path}/options', asked).json


def confirm(browser, password=PASSWORD):
    """Show once more who is there, as the page that asks for it does."""
    asked = {'action': 'passkey_add', 'identity_password': password}
    return browser.post('/settings/security', asked, status=303)


def make(browser, authenticator, status=200, name='My phone', **wrong):
    reply = authenticator.make(options(browser, ADD), **wrong)
    return browser.post_json(ADD, {'credential': reply, 'name': name}, status=status)


def sign(browser, authenticator, path=LOG_IN, status=200, step=False, **wrong):
    reply = authenticator.sign(options(browser, path, step=step), **wrong)
    return browser.post_json(path, {'credential': reply, 'step': step}, status=status)


@pytest.fixture
def key(studio):
    """The authenticator with the passkey of alice, who is logged in in `studio`."""
    confirm(studio)
    authenticator = Authenticator(ORIGIN)
    make(studio, authenticator)
    return authenticator


def is_logged_in(browser):
    return browser.get('/settings', status='*').status_int == 200


def test_a_passkey_logs_in_without_anything_typed(site, key, browse):
    newcomer = browse()
    assert '“My phone” was added' in text_of(newest_mail(site))
    assert 'data-passkey="log-in"' in newcomer.get('/login')
    asked = options(newcomer, LOG_IN)
    assert asked['rpId'] == 'localhost' and asked['userVerification'] == 'required'
    assert 'allowCredentials' not in asked
    assert sign(newcomer, key).json == {'onward': HOME}
    assert newcomer.get('/studio').html.select_one('summary .who').text == 'Alice'
    with db.db.connection_context():
        assert Passkey.get().used_at and Passkey.get().name == 'My phone'


@pytest.mark.parametrize(('wanted', 'onward'), [
    ('/settings?a=b', '/settings?a=b'), ('//evil.example', HOME), ('https://evil.example', HOME),
    ('/\\evil.example', HOME), ('', HOME), (None, HOME), (['/x'], HOME)])
def test_a_log_in_goes_on_within_this_site_only(key, browse, wanted, onward):
    newcomer = browse()
    reply = key.sign(options(newcomer, LOG_IN))
    assert newcomer.post_json(LOG_IN, {'credential': reply, 'next': wanted}).json == {'onward': onward}


REFUSED = {
    'another site': {'origin': 'https://evil.example'}, 'another port': {'origin': 'http://localhost:8001'},
    'another scheme': {'origin': 'https://localhost:8000'}, 'below it': {'origin': 'http://x.localhost:8000'},
    'no port': {'origin': 'http://localhost'}, 'no origin': {'origin': 'null'},
    'another name': {'rp_id': 'evil.example'}, 'in a frame': {'cross_origin': True},
    'another type': {'type': 'payment.get'}, 'another challenge': {'challenge': bytes(32)},
    'nobody there': {'flags': FLAG.UV}, 'not verified': {'flags': FLAG.UP}, 'neither': {'flags': FLAG(0)}}
SIGNED_WRONG = REFUSED | {
    'made, not signed': {'type': 'webauthn.create'}, 'another key': {'key': OTHER_KEY},
    'something else signed': {'signed': b'x'}, 'an unknown passkey': {'id': bytes(32)}, 'no passkey': {'id': b''},
    'the handle of another account': {'handle': bytes(32)}, 'a short handle': {'handle': b'1'}}
MADE_WRONG = REFUSED | {
    'signed, not made': {'type': 'webauthn.get'}, 'too long a name for the key': {'id': bytes(1024)},
    'an algorithm that nobody asked for': {'public': CoseKey({1: 2, 3: -65535, -1: 1, -2: bytes(32), -3: bytes(32)})}}


@pytest.mark.parametrize('wrong', SIGNED_WRONG.values(), ids=SIGNED_WRONG)
def test_no_wrong_answer_logs_in_or_confirms(alice, key, studio, browse, wrong):
    newcomer, before = browse(), stored(Session)
    assert sign(newcomer, key, status=400, **wrong).json['error'].endswith('.')
    assert not is_logged_in(newcomer)
    long_ago(Session, confirmed_at=None)
    sign(studio, key, CONFIRM, status=400, **wrong)
    with db.db.connection_context():
        assert Session.get().confirmed_at is None
    assert {name: rows for name, rows in stored().items() if name != 'Session'} == before


@pytest.mark.parametrize('wrong', MADE_WRONG.values(), ids=MADE_WRONG)
def test_no_wrong_passkey_is_added(alice, studio, wrong):
    confirm(studio)
    before = stored()
    assert make(studio, Authenticator(ORIGIN), status=400, **wrong).json['error'].endswith('.')
    assert stored() == before


def test_an_answer_counts_once_and_in_its_own_browser(key, browse):
    one, other = browse(), browse()
    reply, cookie = key.sign(options(one, LOG_IN)), one.cookies['quickpub-passkey']
    other.post_json(LOG_IN, {'credential': reply}, status=400)  # without the cookie
    options(other, LOG_IN)
    other.post_json(LOG_IN, {'credential': reply}, status=400)  # with that of another challenge
    one.post_json(LOG_IN, {'credential': reply}, status=200)
    assert 'quickpub-passkey' not in one.cookies
    for browser in (one, other):
        browser.set_cookie('quickpub-passkey', cookie)
        browser.post_json(LOG_IN, {'credential': reply}, status=400)
    assert not is_logged_in(other)


@pytest.mark.parametrize('change', [lambda cookie: '', lambda cookie: cookie[:-1], lambda cookie: 'x' + cookie,
                                    lambda cookie: cookie.partition('.')[0] + '.', lambda cookie: '.',
                                    lambda cookie: '=='])
def test_a_challenge_that_we_did_not_sign_is_none(key, browse, change):
    newcomer = browse()
    reply = key.sign(options(newcomer, LOG_IN))
    cookie = newcomer.cookies['quickpub-passkey'].strip('"')
    newcomer.reset()
    newcomer.set_cookie('quickpub-passkey', change(cookie))
    newcomer.post_json(LOG_IN, {'credential': reply}, status=400)


def test_a_challenge_is_for_one_purpose(key, studio, browse):
    confirmation = key.sign(options(studio, CONFIRM))
    studio.post_json(LOG_IN, {'credential': confirmation}, status=400)
    studio.post_json(CONFIRM, {'credential': key.sign(options(studio, LOG_IN))}, status=400)
    reply = Authenticator(ORIGIN).make(options(studio, ADD))
    options(studio, CONFIRM)
    studio.post_json(ADD, {'credential': reply}, status=400)
    with db.db.connection_context():
        assert Passkey.select().count() == 1


def test_a_challenge_is_for_one_session(key, alice, browse, studio):
    elsewhere = browse(alice)
    reply = key.sign(options(studio, CONFIRM))
    elsewhere.set_cookie('quickpub-passkey', studio.cookies['quickpub-passkey'])
    elsewhere.post_json(CONFIRM, {'credential': reply}, status=400)


@pytest.mark.parametrize(('passed', 'is_good'), [
    (timedelta(0), True), (timedelta(minutes=4), True), (timedelta(minutes=5), False), (timedelta(days=400), False),
    (timedelta(minutes=-30), False)], ids=str)
def test_a_challenge_lasts_five_minutes(key, alice, connection, passed, is_good):
    with connection():
        asked_at = db.now()
        asked, cookie = passkeys.request_options('log-in', '', asked_at)
        reply = key.sign(asked)
        if is_good:
            assert passkeys.check('log-in', '', cookie, reply, asked_at + passed) == alice
        else:
            with pytest.raises(passkeys.Rejected):
                passkeys.check('log-in', '', cookie, reply, asked_at + passed)


def test_used_challenges_are_forgotten_once_they_have_expired(key, connection):
    with connection():
        at = db.now()
        asked, cookie = passkeys.request_options('log-in', '', at)
        passkeys.check('log-in', '', cookie, key.sign(asked), at)
        count = UsedChallenge.select().count()
        passkeys.clean_up(at)
        assert UsedChallenge.select().count() == count > 0
        passkeys.clean_up(at + timedelta(minutes=6))
        assert UsedChallenge.select().count() == 0


@pytest.mark.parametrize(('counters', 'statuses'), [
    ((0, 0, 0), (200, 200, 200)), ((1, 2, 9), (200, 200, 200)), ((5, 5), (200, 400)), ((5, 4), (200, 400)),
    ((5, 0), (200, 400)), ((0, 3, 3, 4), (200, 200, 400, 200))])
def test_a_counter_that_does_not_grow_means_a_copy(key, browse, counters, statuses):
    for key.counter, status in zip(counters, statuses, strict=True):
        answer = sign(browse(), key, status=status)
        assert status == 200 or 'copied' in answer.json['error']


JUNK = [b'', b'x', b'[]', b'1', b'null', b'"x"', b'{', b'\xff\xfe', b'{"a":1}', b'[' * 30_000, b'{"credential":' * 3000,
        *(json.dumps({'credential': each}).encode() for each in (
            None, 1, 'x', [], {}, {'id': 'x'}, {'id': 'x', 'rawId': 'x'}, {'id': 'x', 'rawId': 'y', 'response': {}},
            {'id': 1, 'rawId': 1, 'response': []}, {'id': 'x', 'rawId': 'x', 'response': None, 'type': 'public-key'},
            {'id': '\ud800', 'rawId': '\ud800', 'response': {}}, {'id': 'é', 'rawId': 'é', 'response': {}},
            {'id': 'AAAA', 'rawId': 'AAAA', 'response': {'clientDataJSON': 'e30', 'attestationObject': 'n5-f'}},
            {'id': 'AAAA', 'rawId': 'AAAA', 'response': {'clientDataJSON': 'W10', 'attestationObject': 'gYGBgYGB'}},
            {'id': 'AAAA', 'rawId': 'AAAA', 'response': {
                'clientDataJSON': 'bnVsbA', 'authenticatorData': '', 'signature': '', 'userHandle': 7}}))]


@pytest.mark.parametrize('body', JUNK, ids=range(len(JUNK)))
@pytest.mark.parametrize('path', [LOG_IN, CONFIRM, ADD])
def test_junk_is_refused_with_a_sentence(key, studio, path, body):
    options(studio, path)
    before = stored()
    answer = studio.post(path, body, content_type='application/json', status=400)
    assert answer.json['error'].endswith('.') and stored() == before


@pytest.mark.parametrize('damage', [
    lambda reply: reply['response'].update(signature='AAAA'),
    lambda reply: reply['response'].update(authenticatorData=reply['response']['authenticatorData'][:20]),
    lambda reply: reply['response'].update(authenticatorData=''),
    lambda reply: reply['response'].update(clientDataJSON='e30'),
    lambda reply: reply['response'].update(userHandle='AAAA'), lambda reply: reply['response'].update(userHandle=7),
    lambda reply: reply['response'].pop('signature'), lambda reply: reply['response'].pop('clientDataJSON'),
    lambda reply: reply.pop('response'), lambda reply: reply.update(id='AAAA'),
    lambda reply: reply.update(rawId=None)], ids=range(11))
def test_a_damaged_answer_of_a_real_passkey_is_refused(key, browse, damage):
    newcomer = browse()
    reply = key.sign(options(newcomer, LOG_IN))
    damage(reply)
    newcomer.post_json(LOG_IN, {'credential': reply}, status=400)
    assert not is_logged_in(newcomer)


def test_the_handle_may_be_missing(key, browse):
    newcomer = browse()
    reply = key.sign(options(newcomer, LOG_IN))
    del reply['response']['userHandle']
    newcomer.post_json(LOG_IN, {'credential': reply}, status=200)


# Adding, renaming, removing

def test_the_same_passkey_is_added_once_by_whomever(alice, bob, key, studio, browse):
    assert [each['id'] for each in options(studio, ADD)['excludeCredentials']]
    assert 'already' in make(studio, key, status=400).json['error']
    other = browse(bob)
    confirm(other)
    assert 'already' in make(other, key, status=400).json['error']
    with db.db.connection_context():
        assert [each.user_id for each in Passkey.select()] == [alice.id]


def test_adding_needs_a_confirmation_not_older_than_ten_minutes(alice, studio):
    answer = studio.post_json(f'{ADD}/options', {}, status=403)
    assert answer.json['confirm'] is True
    confirm(studio)
    reply = Authenticator(ORIGIN).make(options(studio, ADD))
    for moment in (db.now() - timedelta(minutes=11), db.now() + timedelta(days=3)):  # by a clock that was ahead
        long_ago(Session, confirmed_at=moment)
        studio.post_json(f'{ADD}/options', {}, status=403)
        assert studio.post_json(ADD, {'credential': reply}, status=403).json['confirm'] is True
    with db.db.connection_context():
        assert not Passkey.select().exists()
    long_ago(Session, confirmed_at=db.now() - timedelta(minutes=9))
    studio.post_json(ADD, {'credential': reply}, status=200)


def test_names_are_kept_apart_and_within_their_length(site, studio):
    confirm(studio)
    for name in ('', '', '  Anna’s\nphone '):
        make(studio, Authenticator(ORIGIN), name=name)
    make(studio, Authenticator(ORIGIN), name='x' * 61, status=400)
    with db.db.connection_context():
        assert [each.name for each in Passkey.select().order_by(Passkey.id)] == ['Passkey', 'Passkey 2', 'Anna’s phone']


def test_there_are_at_most_twenty(studio, key):
    with db.db.connection_context():
        user = Passkey.get().user
        for number in range(passkeys.MOST - 1):
            Passkey.create(user=user, credential_id=bytes([number]), credential=b'x', name=str(number))
    assert 'Remove one' in studio.post_json(f'{ADD}/options', {}, status=400).json['error']


def test_a_passkey_is_renamed_and_removed_by_its_member_alone(site, alice, bob, key, studio, browse):
    with db.db.connection_context():
        number = Passkey.get().id
    other = browse(bob)
    confirm(other)
    before = stored()
    for action in ('passkey_rename', 'passkey_remove'):
        for passkey in (str(number), '4711', 'x', ''):
            other.post('/settings/security', {'action': action, 'passkey': passkey, 'name': 'Mine'}, status=303)
    assert stored() == before
    for name in ('', 'x' * 61):
        studio.post('/settings/security', {'action': 'passkey_rename', 'passkey': number, 'name': name}, status=400)
    form = form_with(studio.get('/settings/security'), 'passkey')
    form['name'] = '<b>Old</b> phone'
    assert 'Passkey renamed' in form.submit('action').follow()
    assert '&lt;b&gt;Old&lt;/b&gt; phone' in studio.get('/settings/security')
    studio.post('/settings/security', {'action': 'passkey_remove', 'passkey': number}, status=303)
    assert '“<b>Old</b> phone” was removed' in text_of(newest_mail(site))
    assert 'removed from this site' in sign(browse(), key, status=400).json['error']


def test_passkeys_are_for_confirmed_members(site, browse):
    victor = person('victor', verified=False)
    browser = browse(victor)
    assert 'Confirm your email address first' in browser.get('/settings/security')
    for action in ('passkey_add', 'app_start', 'passkey_ask', 'codes_renew'):
        browser.post('/settings/security', {'action': action, 'identity_password': PASSWORD}, status=403)
    long_ago(Session, confirmed_at=db.now())
    assert 'Confirm your email' in browser.post_json(f'{ADD}/options', {}, status=400).json['error']


@pytest.mark.parametrize(('url', 'is_possible'), [
    ('http://localhost:8000', True), ('http://blog.localhost', True), ('https://blog.example.org', True),
    ('https://blog.example.org:8443/news', True), ('http://blog.example.org', False), ('http://127.0.0.1:8000', False),
    ('https://192.0.2.1', False), ('http://[::1]:8000', False), ('https://bücher.example', False)])
def test_passkeys_are_offered_where_browsers_allow_them(site, alice, url, is_possible):
    browser = browser_of(site, url=url)
    prefix = browser.app._prefix
    assert ('passkeys.js' in browser.get(prefix + '/login')) == is_possible
    browser.post_json(prefix + LOG_IN + '/options', {}, status=200 if is_possible else 400)
    browser.prefix, browser.extra_environ['wsgi.url_scheme'] = prefix, url.partition(':')[0]
    browser.log_in(alice)
    assert ('data-passkey="add"' in browser.get(prefix + '/settings/security')) == is_possible


@pytest.mark.parametrize(('url', 'origin'), [
    ('https://Blog.Example.org', 'https://blog.example.org'), ('https://blog.example.org:443', 'https://blog.example.org'),
    ('https://blog.example.org:8443/news', 'https://blog.example.org:8443'), ('http://localhost:80', 'http://localhost')])
def test_the_origin_is_written_as_browsers_write_it(site, url, origin):
    browser = browser_of(site, url=url)
    assert passkeys._origin() == origin
    assert 'quickpub-passkey' in browser.post_json(browser.app._prefix + LOG_IN + '/options', {}).headers['Set-Cookie']


# Asked for after the password

def ask_for_it(studio):
    return studio.post('/settings/security', {'action': 'passkey_ask'}, status=200)


def test_a_passkey_can_be_asked_for_after_the_password(site, alice, key, studio, browse):
    assert browse(alice).get('/studio').status_int == 200  # nothing forces it
    codes = ask_for_it(studio).html.find(id='codes').text.split()
    assert len(codes) == 10
    newcomer = browse()
    assert newcomer.log_in(alice).headers['Location'] == '/login/confirm'
    assert not is_logged_in(newcomer)
    assert 'data-passkey="second-step"' in newcomer.get('/login/confirm')
    assert options(newcomer, LOG_IN, step=True)['allowCredentials']
    sign(newcomer, key, step=True)
    assert is_logged_in(newcomer) and 'quickpub-step' not in newcomer.cookies
    again = browse()
    again.log_in(alice)
    again.post('/login/confirm', {'code': codes[0]}, status=303)
    assert is_logged_in(again)
    studio.post('/settings/security', {'action': 'passkey_do_not_ask'}, status=303)
    assert browse(alice).get('/studio').status_int == 200
    assert [kind for kind, _ in mails('second_factor')] == ['second_factor'] * 4
    with db.db.connection_context():
        assert not RecoveryCode.select().exists()


def test_a_foreign_passkey_does_neither_the_second_step_nor_a_confirmation(alice, bob, key, studio, browse):
    ask_for_it(studio)
    other, foreign = browse(bob), Authenticator(ORIGIN)
    confirm(other)
    make(other, foreign)
    newcomer = browse()
    newcomer.log_in(alice)
    sign(newcomer, foreign, step=True, status=400)
    assert not is_logged_in(newcomer)
    long_ago(Session, confirmed_at=None)
    sign(studio, foreign, CONFIRM, status=400)
    sign(studio, key, CONFIRM, status=200)


def test_removing_the_last_passkey_ends_the_question_for_it(alice, key, studio, browse):
    ask_for_it(studio)
    with db.db.connection_context():
        number = Passkey.get().id
    studio.post('/settings/security', {'action': 'passkey_remove', 'passkey': number}, status=303)
    assert is_logged_in(browse(alice))
    with db.db.connection_context():
        assert not User.get_by_id(alice.id).asks_passkey and not RecoveryCode.select().exists()
    studio.post('/settings/security', {'action': 'passkey_ask'}, status=400)


def test_a_second_step_without_a_password_before_it_is_refused(key, browse):
    newcomer = browse()
    newcomer.post_json(LOG_IN + '/options', {'step': True}, status=403)
    reply = key.sign(options(newcomer, LOG_IN))
    newcomer.post_json(LOG_IN, {'credential': reply, 'step': True}, status=403)
    assert not is_logged_in(newcomer)


# Instead of the password, where a form asks for it again

def test_a_passkey_confirms_instead_of_the_password(alice, key, studio):
    long_ago(Session, confirmed_at=None)
    new = {'action': 'password', 'current': '', 'password': 'another quiet horse'}
    studio.post('/settings', new, status=400)
    sign(studio, key, CONFIRM)
    studio.post('/settings', new | {'current': 'wrong'}, status=400)  # what is typed must be right
    studio.post('/settings', new, status=303)


def test_a_confirmation_is_of_one_session(alice, key, studio, browse):
    elsewhere = browse(alice)
    sign(studio, key, CONFIRM)
    elsewhere.post('/settings/delete', {'password': '', 'posts': 'keep'}, status=400)


# Whose they are

def test_nothing_set_up_before_the_proof_of_an_address_survives_it(site, connection):
    with connection():
        at = db.now()
        for name, prove in (('victor', lambda link: verification.confirm(link, at)),
                            ('wanda', lambda link: verification.claim_account(link, 'Wanda', 'hash', True, at))):
            user = person(name, verified=False)
            Passkey.create(user=user, credential_id=name.encode(), credential=b'x', name='Theirs')
            User.update(asks_passkey=True).where(User.id == user.id).execute()
            prove(links.create_link('verify', timedelta(days=1), at, user=user, email=user.email))
            assert not Passkey.select().exists() and not User.get_by_id(user.id).asks_passkey


@pytest.mark.parametrize('posts', ['keep', 'delete'])
def test_a_deleted_account_leaves_no_passkey(alice, key, studio, browse, posts):
    ask_for_it(studio)
    with db.db.connection_context():
        write(alice)
    studio.post('/settings/delete', {'password': PASSWORD, 'posts': posts}, status=303)
    with db.db.connection_context():
        assert not Passkey.select().exists() and not RecoveryCode.select().exists()
    sign(browse(), key, status=400)
