"""Passwords that are easy to guess are refused wherever one is set, and nowhere else."""

import pytest
from click.testing import CliRunner
from conftest import PASSWORD, path_in, person
from make_common_passwords import licence, words
from sites import form_with, newest_mail, stored

from quickpub import cli, db
from quickpub.accounts import links, password_strength, passwords
from quickpub.codes import Code
from quickpub.models import Site, User

COMMON = [
    '1029384756', 'password123', 'manchester', 'Manchester', 'MANCHESTER', 'ｍａｎｃｈｅｓｔｅｒ', 'man chester',
    'man-chester!', 'passwordpassword', 'sunshine2026', '1999iloveyou', 'i-love-you', 'password 123', 'Passw0rd2026',
    'qwerty.12345']
REGULAR = [
    '1234567890', '0987654321', '0123456789', '9876543210', '12345678901234567890', '1 2 3 4 5 6 7 8 9 0',
    '1.2.3.4.5.6.7.8.9.0', '１２３４５６７８９０', '١٢٣٤٥٦٧٨٩٠', '१२३४५६७८९०', '1234512345', '12345123451',
    'abcdefghij', 'ABCDEFGHIJ', 'jihgfedcba', 'xyzabcdefg', 'абвгдежзий', 'йцукенгшщз', 'αβγδεζηθικ', 'poiuytrewq',
    'asdfghjklasdfghjkl', 'qwertyuiop', 'qwertzuiop', 'azertyuiop', 'xxxxxxxxxx', 'XxXxXxXxXx', 'é' * 10,
    'e\u0301' * 10, '..........', ' ' * 10, '🐴' * 10, '漢' * 10, '1' * 200, '1-1-1-1-1-1-1-1-1-1',
    '\u200bxxxxxxxxxx']
PERSONAL = [
    'anna.berg@example.org', 'ANNA.BERG@example.org', 'anna.berg', 'annaberg1990', 'Anna Berg 1990',
    'anna-berg-anna-berg', '1990annaberg', 'The Village Voice', 'thevillagevoice', 'the village voice 7',
    'Ａｎｎａ　Ｂｅｒｇ１２']
GOOD = [
    PASSWORD, 'a louder horse in the valley', 'quickpub demo', 'ﬁ' * 10, '1' * 10 + '🐴', 'manchester horse',
    'my manchester', 'anna berg walks', 'village horse voice', '1234567890 horses', '2948571036', 'x' * 9 + 'yz',
    'ünïcödé straße', '정말조용한말이언덕위에', '丘の上の静かな馬たち', 'кто тихо едет', 'ab ab ab ab ab ab']


@pytest.mark.parametrize(('password', 'fault'), [
    *((each, 'password.too_common') for each in COMMON), *((each, 'password.too_regular') for each in REGULAR),
    *((each, 'password.too_personal') for each in PERSONAL), *((each, None) for each in GOOD)])
def test_a_password_that_is_easy_to_guess_is_found(password, fault):
    found = password_strength.find_fault(password, ['Anna Berg', 'anna.berg@example.org', 'The Village Voice'])
    assert found == (fault and Code(fault))


@pytest.mark.parametrize('name', ['', ' ', 'A', 'Al', '7', '...', '١', 'é'])
def test_names_that_are_hardly_there_refuse_nothing(name):
    assert password_strength.find_fault(PASSWORD, [name, f'{name}@x', name + name]) is None


@pytest.mark.parametrize('password', ['1a' * 100, '12' * 99 + 'x', 'a' * 199 + 'b', 'ab1' * 66, '🐴1' * 99])
def test_long_passwords_take_no_time(password):
    assert password_strength.find_fault(password, [password[:60], f'{password[:60]}@{password[:100]}']) in (
        None, Code('password.too_personal'), Code('password.too_regular'))


def test_the_list_is_the_packages_with_its_licence():
    assert password_strength.COMMON.read_text('utf-8').splitlines() == words() and len(words()) > 11_000
    assert password_strength.COMMON.with_name('LICENSE').read_text('utf-8') == licence()
    assert 'MIT' in licence() or 'Permission is hereby granted' in licence()


# Wherever one is set

def sign_up(browser, password):
    return browser.post('/signup', {'name': 'Anna Berg', 'email': 'anna.berg@example.org', 'password': password},
                        status='*')


def set_up(browser, password):
    with db.db.connection_context():
        path = f'/setup/{links.create_link("setup", links.SETUP_LIFETIME, db.now()).text}'
    return browser.post(path, {'site_title': 'The Village Voice', 'name': 'Anna Berg', 'email': 'anna.berg@example.org',
                               'password': password}, status='*')


@pytest.mark.parametrize('way', [sign_up, set_up])
@pytest.mark.parametrize(('password', 'is_good'), [
    ('manchester', False), ('1234567890', False), ('anna.berg@example.org', False), ('Anna Berg 12', False),
    ('thevillagevoice', False), (PASSWORD, True)])
def test_newcomers_choose_a_good_one(site, browse, way, password, is_good):
    before, page = stored(), way(browse(), password)
    assert (page.status_int < 400) == is_good
    if not is_good:
        assert 'easy to guess' in page or 'many people use it' in page
        assert 'Four random words' in page.html.find(id='password-error').text
        assert page.forms[0]['name'].value == 'Anna Berg' and page.forms[0]['password'].value == ''
        assert stored()['User'] == before['User']


@pytest.mark.parametrize(('password', 'is_good'), [
    ('manchester', False), ('alice@example.org', False), ('0123456789', False), ('The Village Voice', False),
    ('a louder horse in the valley', True)])
def test_members_choose_a_good_one(site, alice, browse, password, is_good):
    browser = browse(alice)
    form = form_with(browser.get('/settings'), 'password')
    form['current'], form['password'] = PASSWORD, password
    page = form.submit('action', status=303 if is_good else 400)
    assert is_good or 'Four random words' in page.html.find(id='password-password-error').text
    browse().post('/forgot', {'email': alice.email})
    page = browse().post(path_in(newest_mail(site), '/reset/'), {'password': password}, status=303 if is_good else 400)
    assert is_good or 'Four random words' in page.html.find(id='password-error').text


@pytest.mark.parametrize(('password', 'is_good'), [
    ('manchester', False), ('annaberg12', False), ('1234567890', False), (PASSWORD, True)])
def test_the_command_line_takes_good_ones_only(site, monkeypatch, password, is_good):
    monkeypatch.setenv('QUICKPUB_DATA', str(site.data))
    db.db.close()
    done = CliRunner().invoke(cli.main, ['adduser', '--name', 'Anna Berg', '--email', 'anna.berg@example.org',
                                         '--password', password])
    assert (done.exit_code == 0) == is_good and ('Four random words' in done.output) != is_good


@pytest.mark.parametrize('password', ['manchester', '1234567890', 'alice@example.org'])
def test_a_password_of_earlier_times_still_logs_in(site, browse, connection, password):
    with connection():
        alice = person('alice', password=passwords.hash_password(password))
    browser = browse()
    browser.log_in(alice, password)
    browser.post('/settings', {'action': 'password', 'current': password, 'password': PASSWORD}, status=303)
    browse().log_in(alice)


def test_a_new_name_of_the_site_counts_at_once(site, alice, browse, connection):
    with connection():
        Site.change(title='A Walk on the Hill')
    form = {'action': 'password', 'current': PASSWORD, 'password': 'a walk on the hill'}
    browse(alice).post('/settings', form, status=400)
    with connection():
        Site.change(title='Another')
    browse(alice).post('/settings', form, status=303)
    with connection():
        assert User.get().password
