"""Authenticator apps and recovery codes, the second step of a log-in, and confirming again before what matters."""

import re
import subprocess
import sys
import unicodedata
from datetime import timedelta
from pathlib import Path

import pyotp
import pytest
from checks import assert_safe, assert_sound
from conftest import PASSWORD, clean_up, path_in, person, text_of, write
from sites import browser_of, form_with, long_ago, mails, newest_mail, stored

from quickpub import db, tasks, throttle
from quickpub.accounts import (
    links,
    login_steps,
    recovery_codes,
    roles,
    second_factors,
    sessions,
    totp,
    verification,
)
from quickpub.codes import Code
from quickpub.content import posts
from quickpub.models import Authenticator, LoginStep, Passkey, Post, RecoveryCode, Session, Site, User
from quickpub.sentences import make_sentence

ROOT = Path(__file__).parents[2]
SECURITY, STEP = '/settings/security', '/login/confirm'
NEW_PASSWORD = 'another quiet horse'


class App:
    """The app on a member's phone."""

    def __init__(self, secret, codes=()):
        self.totp, self.codes = pyotp.TOTP(secret), list(codes)

    def code(self, at=None):
        """The code of now; the site has forgotten that it has seen it, as if it were an older one."""
        if at is None:
            long_ago(Authenticator, last_step=0)
        return self.totp.generate_otp(int(((at or db.now()) - totp.EPOCH).total_seconds()) // 30)

    def wrong_code(self):
        around = int((db.now() - totp.EPOCH).total_seconds()) // 30
        good = {self.totp.generate_otp(around + step) for step in range(-3, 4)}
        return next(code for code in map('{:06}'.format, range(10)) if code not in good)


def set_up(browser, password=PASSWORD):
    page = browser.post(SECURITY, {'action': 'app_start', 'identity_password': password}, status=200)
    app = App(page.html.find(class_='key').text.replace(' ', ''))
    done = browser.post(SECURITY, {'action': 'app_confirm', 'code': app.code()}, status=200)
    app.codes = done.html.find(id='codes').text.split()
    return app


@pytest.fixture
def app_of_alice(alice, studio):
    return set_up(studio)


@pytest.fixture
def step(alice, app_of_alice, browse):
    """A browser in which the password of alice was right."""
    browser = browse()
    browser.log_in(alice)
    return browser


def is_logged_in(browser):
    return browser.get('/settings', status='*').status_int == 200


# Setting the app up

def test_an_app_counts_once_its_code_was_right(site, alice, studio, browse):
    page = studio.post(SECURITY, {'action': 'app_start', 'identity_password': PASSWORD})
    svg = page.html.find('svg')
    assert svg['class'] == ['qr'] and 'viewbox' in svg.attrs and 'style' not in str(svg)
    secret = page.html.find(class_='key').text.replace(' ', '')
    app, uri = App(secret), page.html.find('a', string='open it')['href']
    assert pyotp.parse_uri(uri).secret == secret and 'alice%40example.org' in uri
    assert 'Voice' in uri  # the site's name
    with db.db.connection_context():
        assert secret not in Authenticator.get().secret
    assert is_logged_in(browse(alice))  # without a code
    again = studio.post(SECURITY, {'action': 'app_confirm', 'code': app.wrong_code()}, status=400)
    assert secret[:4] in again and 'Wrong code' in again
    assert is_logged_in(browse(alice))
    done = studio.post(SECURITY, {'action': 'app_confirm', 'code': app.code()})
    assert len(set(done.html.find(id='codes').text.split())) == recovery_codes.COUNT
    assert 'authenticator app was added' in text_of(newest_mail(site))
    assert browse().log_in(alice).headers['Location'] == STEP
    studio.post(SECURITY, {'action': 'app_start'}, status=400)  # the one that is set up stays
    studio.post(SECURITY, {'action': 'app_confirm', 'code': app.code()}, status=400)


def test_another_secret_is_made_where_the_first_one_was_left_for_long(studio, alice, connection):
    with connection():
        at = db.now()
        first = totp.start(alice, at)
        assert totp.start(alice, at + timedelta(minutes=59)) == first
        assert totp.start(alice, at + timedelta(minutes=61)) != first


def test_the_longest_title_fits_into_the_picture(alice, site, connection):
    with connection():
        Site.this().change(title='\U0001f3d4' * 100)
        assert totp.qr_code(totp.provisioning_uri(alice, pyotp.random_base32()), 'Code').startswith('<svg')


def test_recovery_codes_are_shown_once_and_stored_as_hashes(studio, app_of_alice):
    assert all(re.fullmatch('([0-9A-HJKMNP-TV-Z]{4}-){2}[0-9A-HJKMNP-TV-Z]{4}', code) for code in app_of_alice.codes)
    assert 'You have 10 codes left' in studio.get(SECURITY)
    everything = repr(stored())
    assert not any(code in everything or code.replace('-', '') in everything for code in app_of_alice.codes)
    assert app_of_alice.codes[0] not in studio.get(SECURITY)


# The second step

def test_a_password_alone_opens_nothing(alice, step, app_of_alice):
    assert not is_logged_in(step)
    for path in ('/studio', '/settings/security', '/studio/posts/new'):
        assert step.get(path, status=303).headers['Location'].startswith('/login')
    with db.db.connection_context():
        assert Session.select().count() == 1  # in which the app was set up


def test_a_code_leads_on_to_where_the_log_in_was_to_lead(alice, app_of_alice, browse):
    browser = browse()
    form = browser.get('/login?next=/settings?a=b').forms[0]
    form['email'], form['password'] = alice.email, PASSWORD
    page = form.submit(status=303).follow()
    assert 'One more step' in page and 'autocomplete="one-time-code"' in page
    form = form_with(page, 'code')
    form['code'] = app_of_alice.code()
    answer = form.submit(status=303)
    assert answer.headers['Location'] == '/settings?a=b' and is_logged_in(browser)
    assert 'quickpub-step' not in browser.cookies
    assert browser.get(STEP, status=303).headers['Location'] == '/login'
    with db.db.connection_context():
        assert not LoginStep.select().exists()


WRITTEN = {
    'with a space': lambda code: f'{code[:3]} {code[3:]}', 'with many': lambda code: '  ' + ' '.join(code) + '\t',
    'with a dash': lambda code: f'{code[:3]}-{code[3:]}',
    'with a thin space': lambda code: f'{code[:3]}\u202f{code[3:]}',
    'with marks that nobody sees': lambda code: f'\u200e{code}\u200b\ufeff',
    **{f'in {name}': lambda code, zero=zero: ''.join(chr(zero + int(digit)) for digit in code) for name, zero in (
        ('full-width digits', 0xff10), ('Arabic-Indic digits', 0x660), ('Persian digits', 0x6f0),
        ('Devanagari digits', 0x966), ('mathematical bold digits', 0x1d7ce))}}


@pytest.mark.parametrize('write_code', WRITTEN.values(), ids=WRITTEN)
def test_a_code_is_taken_however_it_is_typed(step, app_of_alice, write_code):
    step.post(STEP, {'code': write_code(app_of_alice.code())}, status=303)
    assert is_logged_in(step)


JUNK = ['', ' ', '12345', '1234567', 'abcdef', '²³¹²³¹', '½', 'x' * 5000, '\u200b', '-', '0' * 12, '\U0001f3d4',
        "' OR 1=1", '12345六', '-12345', '+12345', '1e5000', '<b>']


@pytest.mark.parametrize('typed', JUNK, ids=range(len(JUNK)))
def test_no_other_code_is_taken(step, typed):
    assert 'class="error"' in step.post(STEP, {'code': typed}, status=400)
    assert not is_logged_in(step)


def test_normalised_digits_are_ascii_or_refused():
    every = [chr(number) for number in range(0x11_0000) if unicodedata.decimal(chr(number), None) is not None]
    assert {second_factors.normalize_code(digit) for digit in every} == set('0123456789')


@pytest.mark.parametrize(('away', 'is_taken'), [(0, True), (-30, True), (30, True), (-90, False), (90, False),
                                                (-3600, False), (86_400, False)])
def test_a_code_is_good_for_its_half_minute_and_those_beside_it(alice, app_of_alice, connection, away, is_taken):
    long_ago(Authenticator, last_step=0)
    with connection():
        at = db.now()
        problem = totp.check(alice, app_of_alice.code(at + timedelta(seconds=away)), at)
    assert (problem is None) == is_taken


def test_a_code_is_taken_once(alice, app_of_alice, browse):
    code = app_of_alice.code()
    for status in (303, 400):
        browser = browse()
        browser.log_in(alice)
        answer = browser.post(STEP, {'code': code}, status=status)
        assert is_logged_in(browser) == (status == 303)
    assert 'already used' in answer


def test_an_older_code_is_not_taken_after_a_newer_one(alice, app_of_alice, connection):
    long_ago(Authenticator, last_step=0)
    with connection():
        at = db.now()
        newer, older = app_of_alice.code(at + timedelta(seconds=30)), app_of_alice.code(at)
        assert totp.check(alice, newer, at) is None
        assert totp.check(alice, older, at) == Code('code.used')


def test_a_code_used_while_the_clock_was_ahead_blocks_nobody(alice, app_of_alice, connection):
    with connection():
        at = db.now()
        ahead = at + timedelta(days=400)
        assert totp.check(alice, app_of_alice.code(ahead), ahead) is None
        assert totp.check(alice, app_of_alice.code(at), at) is None
        assert totp.check(alice, app_of_alice.code(at), at) == Code('code.used')


def told(site):
    """The newest email about second factors, in one line."""
    return ' '.join(text_of(newest_mail(site, 'second_factor')).split())


def test_a_recovery_code_works_once_and_its_member_is_told(site, alice, app_of_alice, browse):
    first, second, *_ = app_of_alice.codes
    for code, status in ((first, 303), (first, 400), (second.lower().replace('-', ' '), 303)):
        browser = browse()
        browser.log_in(alice)
        browser.post(STEP, {'code': code}, status=status)
        assert is_logged_in(browser) == (status == 303)
    assert 'You have 8 codes left' in told(site)
    assert len(mails('second_factor')) == 3


def test_letters_that_look_like_digits_are_taken_for_them(alice, connection, app_of_alice):
    with connection():
        RecoveryCode.delete().execute()
        RecoveryCode.create(digest=recovery_codes._digest(alice, '0123456789A1'), user=alice)
        assert recovery_codes.use(alice, second_factors.normalize_code('oI23-4567-89aL'))


def test_a_recovery_code_of_somebody_else_opens_nothing(alice, bob, app_of_alice, browse):
    other = browse(bob)
    codes = set_up(other).codes
    browser = browse()
    browser.log_in(alice)
    browser.post(STEP, {'code': codes[0]}, status=400)
    with db.db.connection_context():
        assert RecoveryCode.select().where(RecoveryCode.user == bob).count() == 10


def test_new_recovery_codes_replace_the_old_ones(alice, studio, app_of_alice, browse):
    codes = studio.post(SECURITY, {'action': 'codes_renew'}).html.find(id='codes').text.split()
    browser = browse()
    browser.log_in(alice)
    browser.post(STEP, {'code': app_of_alice.codes[0]}, status=400)
    browser.post(STEP, {'code': codes[0]}, status=303)


def test_without_a_second_step_there_are_no_recovery_codes(alice, studio, app_of_alice, browse, site):
    studio.post(SECURITY, {'action': 'app_remove'}, status=303)
    assert 'authenticator app was removed' in text_of(newest_mail(site))
    with db.db.connection_context():
        assert not RecoveryCode.select().exists() and not Authenticator.select().exists()
    assert is_logged_in(browse(alice))
    assert 'You need recovery codes only' in studio.post(SECURITY, {'action': 'codes_renew'}, status=400)


# Guessing

def test_after_five_wrong_codes_the_password_is_asked_for_again(step, app_of_alice):
    for _ in range(login_steps.TRIES - 1):
        step.post(STEP, {'code': app_of_alice.wrong_code()}, status=400)
    assert 'Please log in again' in step.post(STEP, {'code': app_of_alice.wrong_code()}, status=403)
    assert 'Please log in again' in step.post(STEP, {'code': app_of_alice.code()}, status=403)
    assert not is_logged_in(step)


def guess_until_throttled(alice, app, browse):
    for number in range(10):
        if number % 4 == 0:
            browser = browse()
            browser.log_in(alice)
        browser.post(STEP, {'code': app.wrong_code()}, status=400)


def test_wrong_codes_are_counted_over_all_log_ins_of_an_account(alice, app_of_alice, browse):
    guess_until_throttled(alice, app_of_alice, browse)
    browser = browse()
    browser.log_in(alice)
    assert 'Too many wrong codes' in browser.post(STEP, {'code': app_of_alice.code()}, status=429)
    assert not is_logged_in(browser)
    browser.post(STEP, {'code': app_of_alice.codes[0]}, status=303)  # which nobody can guess
    assert is_logged_in(browser)


@pytest.mark.parametrize('moved', [timedelta(minutes=-16), timedelta(days=2)], ids=['a while ago', 'by a clock ahead'])
def test_wrong_codes_of_another_time_keep_nobody_out(alice, app_of_alice, browse, moved):
    guess_until_throttled(alice, app_of_alice, browse)
    long_ago(throttle.ThrottleUse, at=db.now() + moved)
    browser = browse()
    browser.log_in(alice)
    browser.post(STEP, {'code': app_of_alice.code()}, status=303)


def test_fifty_wrong_codes_a_day_are_enough(alice, app_of_alice, connection, browse):
    with connection():
        for number in range(50):
            throttle.take(db.now() - timedelta(minutes=20 * (number + 1)), (throttle.WRONG_CODES_DAY, str(alice.id)))
    browser = browse()
    browser.log_in(alice)
    browser.post(STEP, {'code': app_of_alice.code()}, status=429)


@pytest.mark.parametrize('moved', [timedelta(minutes=-11), timedelta(days=2)], ids=['long ago', 'by a clock ahead'])
def test_the_second_step_is_open_for_ten_minutes(step, app_of_alice, moved):
    long_ago(LoginStep, created_at=db.now() + moved)
    assert step.get(STEP, status=303).headers['Location'] == '/login'
    step.post(STEP, {'code': app_of_alice.code()}, status=403)
    with db.db.connection_context():
        clean_up()
        assert not LoginStep.select().exists()


@pytest.mark.parametrize('cookie', ['', 'x', 'é', 'x' * 5000, '"'], ids=range(5))
def test_the_second_step_of_nobody_is_the_log_in(browse, cookie):
    browser = browse()
    browser.get(STEP, headers={'Cookie': f'quickpub-step={cookie}'.encode().decode('latin-1')}, status=303)
    browser.post(STEP, {'code': '123456'}, headers={'Cookie': 'quickpub-step=x'}, status=403)


def test_a_new_password_ends_log_ins_that_wait(alice, step, studio, app_of_alice):
    studio.post('/settings', {'action': 'password', 'current': PASSWORD, 'password': NEW_PASSWORD}, status=303)
    step.post(STEP, {'code': app_of_alice.code()}, status=403)
    assert not is_logged_in(step)


# Other ways in

def reset_link(browse, site, user):
    browse().post('/forgot', {'email': user.email})
    return path_in(newest_mail(site), '/reset/')


def test_a_reset_link_asks_for_the_second_factor_before_anything_is_changed(site, alice, app_of_alice, studio, browse):
    browser, link = browse(), reset_link(browse, site, alice)
    before = stored(LoginStep)
    answer = browser.post(link, {'password': NEW_PASSWORD}, status=303)
    assert answer.headers['Location'] == STEP and not is_logged_in(browser)
    browser.post(STEP, {'code': app_of_alice.wrong_code()}, status=400)
    assert stored(LoginStep) == before
    assert is_logged_in(studio)
    assert 'your new password is saved' in browser.get(STEP)
    answer = browser.post(STEP, {'code': app_of_alice.code()}, status=303)
    assert 'Password changed' in answer.follow()
    assert is_logged_in(browser) and not is_logged_in(studio)
    assert browse().log_in(alice, NEW_PASSWORD).headers['Location'] == STEP
    assert 'already used' in browse().post(link, {'password': 'one more horse'}, status=404)


def test_a_recovery_code_will_do_for_a_reset_link(site, alice, app_of_alice, browse):
    browser = browse()
    browser.post(reset_link(browse, site, alice), {'password': NEW_PASSWORD}, status=303)
    browser.post(STEP, {'code': app_of_alice.codes[0]}, status=303)
    assert is_logged_in(browser)


def test_a_reset_link_sets_one_password_however_many_wait(site, alice, app_of_alice, browse):
    link, browsers = reset_link(browse, site, alice), (browse(), browse())
    for number, browser in enumerate(browsers):
        browser.post(link, {'password': f'{NEW_PASSWORD} {number}'}, status=303)
    browsers[0].post(STEP, {'code': app_of_alice.code()}, status=303)
    browsers[1].post(STEP, {'code': app_of_alice.code()}, status=403)
    assert not is_logged_in(browsers[1])
    assert browse().log_in(alice, f'{NEW_PASSWORD} 0').headers['Location'] == STEP


def test_a_set_up_link_does_not_go_past_the_second_factor(alice, app_of_alice, browse, connection):
    with connection():
        link = roles.ensure_setup_url(db.now())
    browser, fields = browse(), {'site_title': 'S', 'name': 'Alice', 'email': alice.email, 'password': PASSWORD}
    assert browser.post('/setup/' + link.rpartition('/')[2], fields, status=303).headers['Location'] == STEP
    assert not is_logged_in(browser)


POST = {'title': 'On hills', 'slug': '', 'body': 'They are *high*.', 'tags': '', 'summary': '', 'action': 'save'}


def test_writing_on_after_a_log_out_asks_for_the_code_and_keeps_the_text(alice, app_of_alice, browse):
    browser = browse()
    typed = POST | {'login_email': alice.email, 'login_password': PASSWORD}
    page = browser.post('/studio/posts/new', typed, status=403)
    assert 'Now enter a code' in page and 'They are *high*.' in page and not is_logged_in(browser)
    form = form_with(page, 'login_code')
    form['login_code'] = app_of_alice.wrong_code()
    form = form_with(form.submit(status=403), 'login_code')
    assert form['body'].value == POST['body']
    form['login_code'] = app_of_alice.code()
    form.submit(status=303)
    with db.db.connection_context():
        assert Post.get().author_id == alice.id


# Confirming again

@pytest.mark.parametrize('form', [
    {'action': 'password', 'password': NEW_PASSWORD}, {'action': 'address', 'email': 'new@example.org'}], ids=str)
def test_what_asks_for_the_password_asks_for_the_code_too(alice, studio, app_of_alice, form):
    long_ago(Session, confirmed_at=None)
    page = studio.get('/settings')
    assert len([each for each in page.forms.values() if 'code' in each.fields]) == 2
    typed = form | {'current': PASSWORD}
    before = stored()
    for code in ('', app_of_alice.wrong_code()):
        studio.post('/settings', typed | {'code': code}, status=400)
    studio.post('/settings', typed | {'current': 'wrong', 'code': app_of_alice.code()}, status=400)
    after = stored()
    assert {name for name in after if after[name] != before[name]} <= {'Authenticator'}
    studio.post('/settings', typed | {'code': app_of_alice.code()}, status=303)


def test_deleting_an_account_asks_for_the_code_too(alice, studio, app_of_alice):
    long_ago(Session, confirmed_at=None)
    assert 'name="code"' in studio.get('/settings/delete')
    studio.post('/settings/delete', {'password': PASSWORD, 'posts': 'keep'}, status=400)
    studio.post('/settings/delete', {'password': PASSWORD, 'posts': 'keep', 'code': app_of_alice.code()}, status=303)
    with db.db.connection_context():
        assert not User.select().where(User.id == alice.id).exists() and not Authenticator.select().exists()


ACTIONS = ['passkey_add', 'passkey_remove', 'passkey_ask', 'passkey_do_not_ask', 'app_start', 'app_confirm',
           'app_remove', 'codes_renew']


@pytest.mark.parametrize('action', ACTIONS)
def test_every_change_of_how_people_get_in_asks_who_is_there(studio, action):
    before = stored()
    typed = {'action': action, 'passkey': '7', 'name': '"Anna’s" <phone>', 'code': '123456'}
    page = studio.post(SECURITY, typed, status=200)
    form = form_with(page, 'identity_password')
    assert {name: form[name].value for name in typed} == typed  # nothing typed is lost
    form['identity_password'] = 'wrong'
    again = form_with(form.submit(status=400), 'identity_password')
    assert {name: again[name].value for name in typed} == typed
    assert form_with(again.submit(status=400), 'identity_password')  # nothing typed
    assert stored() == before


def test_a_confirmation_lasts_ten_minutes(studio, alice):
    studio.post(SECURITY, {'action': 'app_start', 'identity_password': PASSWORD})
    assert 'Set up an authenticator app' in studio.post(SECURITY, {'action': 'app_start'})
    for moment in (db.now() - timedelta(minutes=11), db.now() + timedelta(days=9)):
        long_ago(Session, confirmed_at=moment)
        assert 'identity_password' in studio.post(SECURITY, {'action': 'app_start'})


def test_wrong_passwords_there_are_counted_like_failed_log_ins(studio, alice, browse):
    for _ in range(sessions.TRIES_PER_PAIR):
        studio.post(SECURITY, {'action': 'app_start', 'identity_password': 'wrong'}, status=400)
    assert 'Too many tries' in studio.post(
        SECURITY, {'action': 'app_start', 'identity_password': PASSWORD}, status=400)


def test_an_unknown_button_changes_nothing(studio):
    before = stored()
    for action in ('', 'nonsense', '__init__'):
        assert 'Nothing was changed' in studio.post(SECURITY, {'action': action}, status=400)
    assert stored() == before


def test_the_libraries_are_loaded_by_those_who_need_them_alone():
    """They cost 20 MB and a tenth of a second in each process."""
    program = ("import sys, quickpub.web, quickpub.cli; "
               "print(*{'fido2', 'pyotp', 'segno', 'cryptography'} & {*sys.modules})")
    loaded = subprocess.run([sys.executable, '-c', program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert loaded.stdout.split() == []


# Owners, the command line, leaving

def test_an_owner_removes_the_second_factors_of_a_member(site, olga, alice, studio, app_of_alice, browse):
    owner = browse(olga)
    assert 'Lost phone or key?' in owner.get(f'/admin/members/{alice.id}')
    page = owner.post('/admin/members', {'action': 'reset_factors', 'person': alice.id}, status=200)
    form = form_with(page, 'identity_password')
    form['identity_password'] = 'wrong'
    form = form_with(form.submit(status=400), 'identity_password')
    form['identity_password'] = PASSWORD
    form.submit(status=303)
    assert 'Olga, an owner of The Village Voice, removed' in told(site)
    assert not is_logged_in(studio) and is_logged_in(browse(alice))
    assert 'Lost phone or key?' not in owner.get(f'/admin/members/{alice.id}')
    asked = owner.post('/admin/members', {'action': 'reset_factors', 'person': alice.id}, status=200)
    assert 'identity_password' not in asked  # confirmed a moment ago; the page comes all the same


def test_nobody_else_removes_them(olga, alice, bob, app_of_alice, browse):
    author, owner = browse(bob), browse(olga)
    before = stored()
    form = {'action': 'reset_factors', 'person': alice.id, 'identity_password': PASSWORD}
    author.post('/admin/members', form, status=404)
    for nobody in (olga.id, 4711):
        owner.post('/admin/members', form | {'person': nobody}, status=404)
    assert stored() == before


def test_making_an_owner_and_a_link_ask_for_the_code_too(site, olga, alice, browse):
    owner = browse(olga)
    app = set_up(owner)
    long_ago(Session, confirmed_at=None)
    before = stored()
    asked = {'action': 'make_owner', 'person': alice.id, 'identity_password': PASSWORD}
    owner.post('/admin/members', asked, status=400)
    owner.post('/admin/members', {'action': 'link', 'person': alice.id, 'current': PASSWORD}, status=400)
    assert stored() == before
    asked = {'action': 'link', 'person': alice.id, 'current': PASSWORD, 'code': app.code()}
    assert '/reset/' in owner.post('/admin/members', asked)
    page = owner.post('/admin/members', {'action': 'link', 'person': alice.id})
    assert '/reset/' not in page  # the page with its warning comes all the same
    assert '/reset/' in form_with(page, 'step').submit('action')


def test_the_command_removes_the_second_factors_of_a_locked_out_owner(rig):
    rig.open()
    with rig.database():
        olga = person('olga', role='owner')
        recovery_codes.renew(olga)
        totp.start(olga, db.now())
        Authenticator.update(confirmed_at=db.now()).execute()
    done = rig.run('user', 'reset-second-factors', 'Olga@Example.org')
    assert done.returncode == 0 and 'olga@example.org' in done.stdout.lower()
    with rig.database():
        assert not Authenticator.select().exists() and not RecoveryCode.select().exists()
        assert mails('second_factor') == [('second_factor', 'olga@example.org')]
    again = rig.run('user', 'reset-second-factors', 'olga@example.org')
    assert again.returncode == 1 and 'has no second factor' in again.stderr
    nobody = rig.run('user', 'reset-second-factors', 'nobody@example.org')
    assert nobody.returncode == 1 and 'No member has' in nobody.stderr


def test_nothing_set_up_before_the_proof_of_an_address_survives_it(connection, site):
    with connection():
        at = db.now()
        victor = person('victor', verified=False)
        totp.start(victor, at)
        recovery_codes.renew(victor)
        login_steps.begin(victor, '/', at)
        link = links.create_link('verify', timedelta(days=1), at, user=victor, email=victor.email)
        verification.claim_account(link, 'Victor', 'hash', True, at)
        for table in (Authenticator, RecoveryCode, LoginStep):
            assert not table.select().exists()


def test_an_account_whose_posts_stay_keeps_no_second_factor(alice, studio, app_of_alice):
    with db.db.connection_context():
        write(alice)
    studio.post('/settings/delete', {'password': PASSWORD, 'posts': 'keep'}, status=303)
    with db.db.connection_context():
        assert posts.Post.select().exists() and User.get_by_id(alice.id).deleted_at
        for table in (Authenticator, RecoveryCode, LoginStep):
            assert not table.select().exists()


@pytest.mark.parametrize('url', ['http://localhost:8000', 'http://127.0.0.1:8000'])
def test_every_page_about_them_is_sound(site, olga, alice, url):
    """With passkeys, and at an address where there are none; with mistakes in every field."""
    owner, browser, newcomer = (browser_of(site, url=url) for _ in range(3))
    owner.log_in(olga)
    browser.log_in(alice)
    pages = [browser.get(SECURITY), browser.post(SECURITY, {'action': 'app_start'}),
             browser.post(SECURITY, {'action': 'app_start', 'identity_password': '"<'}, status=400)]
    app = set_up(browser)
    with db.db.connection_context():
        Passkey.create(user=alice, credential_id=b'x', credential=b'x', name='"<b>')
    newcomer.log_in(alice)
    for action in ('passkey_rename', 'passkey_ask', 'codes_renew', 'app_start', 'nonsense', ''):
        pages.append(browser.post(SECURITY, {'action': action, 'name': '"<' * 60}, status='*'))
    pages += [browser.get(path) for path in ('/settings', '/settings/delete', SECURITY)]
    long_ago(Session, confirmed_at=None)
    pages += [browser.get(path) for path in ('/settings', '/settings/delete', SECURITY)]
    wrong = {'action': 'app_remove', 'identity_password': PASSWORD, 'identity_code': '"<'}
    pages += [browser.post(SECURITY, wrong, status=400),
              browser.post('/settings', {'action': 'password', 'current': PASSWORD, 'code': '"<'}, status=400),
              newcomer.get(STEP), newcomer.post(STEP, {'code': '"<'}, status=400)]
    typed = {'login_email': alice.email, 'login_password': PASSWORD, 'body': '</textarea>'}
    pages += [newcomer.post('/studio/posts/new', typed | {'login_code': code}, status=403) for code in ('', '"<')]
    for action in ('make_owner', 'reset_factors', 'link'):
        for wrong in ('', '"<'):
            asked = {'action': action, 'person': alice.id, 'identity_password': wrong, 'step': wrong}
            pages.append(owner.post('/admin/members', asked, status='*'))
    pages.append(owner.get('/admin/members'))
    for _ in range(login_steps.TRIES):
        pages.append(newcomer.post(STEP, {'code': app.wrong_code()}, status='*'))
    for number, page in enumerate(pages):
        assert_sound(page, str(number))
        assert_safe(page, str(number))


@pytest.mark.parametrize('what', second_factors.SUBJECTS)
def test_every_email_says_what_was_done_and_what_to_do(site, alice, connection, what):
    with connection(), db.db.atomic():
        tasks.deliver_soon(second_factors.notify(
            alice, what, db.now(), name='<b>Phone</b> & "more"', left=1, owner=''))
    mail = newest_mail(site)
    text, html = text_of(mail), mail.get_body(('html',)).get_content()
    assert make_sentence(second_factors.SUBJECTS[what]) in mail['Subject'] and '<b>' not in html
    for words in ('/forgot', '/settings/security', 'If you did not' if what == 'reset' else 'If it was not'):
        assert words in text and words in html.replace('\n', ' ')
