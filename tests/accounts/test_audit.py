"""The audit log: what is written into it, what never is, and who reads it."""

from datetime import timedelta

import pseudo
import pytest
from conftest import PASSWORD, drain, person, utc, write
from sites import form_with

from quickpub import audit_log, db
from quickpub.accounts import audit, deletion, links, roles
from quickpub.codes import Code
from quickpub.models import AuditEntry, Export, Message, Token
from quickpub.sentences.audit import SENTENCES
from quickpub.translations import languages
from quickpub.upkeep import corrections

AT = utc(2026, 11, 28, 12)


def sentences(**filters):
    return [audit_log.describe(entry) for entry in audit_log.select(**filters)]


def test_an_entry_says_who_did_what_to_whom(olga, alice):
    audit.record('role_changed', AT, actor=olga, subject=alice, client='192.0.2.77', role='owner')
    audit.record('password_changed', AT, actor=alice)
    audit.record('suspended', AT, actor=audit.COMMAND_LINE, subject=alice)
    audit.record('export_asked', AT, actor=alice, subject=Export(id=3, kind='numbers'))
    assert sentences() == [
        'Alice requested an export: the stats of their posts.', 'The command line suspended Alice.',
        'Alice changed their password.', 'Olga changed the role of Alice to owner.']
    assert AuditEntry.get(AuditEntry.code == 'role_changed').network == '192.0.2.0/24'


def test_every_kind_can_be_said(olga, alice):
    for code, group in audit.KINDS.items():
        audit.record(code, AT, actor=olga, subject=alice, role='owner', changed=['title'],
                     domain='spam.example', post=7)
        said = sentences()[0]
        assert said[0].isupper() and said.endswith('.') and '(' not in said and '%' not in said
        assert group in audit.GROUPS


def test_every_kind_has_a_sentence():
    assert {f'audit.{code}' for code in audit.KINDS} <= SENTENCES.keys()


def test_values_are_codes_and_older_entries_have_words(olga, alice):
    audit.record('site_changed', AT, actor=olga, changed=['title', 'hue', 'language'])
    audit.record('site_changed', AT, actor=olga, changed='name, colour')
    audit.record('role_changed', AT, actor=olga, subject=alice)
    audit.record('export_asked', AT, actor=olga, subject=Export(id=3, kind='site'))
    AuditEntry.update(subject_label='the stats of the whole site').where(AuditEntry.code == 'export_asked').execute()
    audit.record('mail_held', AT, actor=olga, subject=Message(id=3, subject='You are invited - The Voice'))
    audit.record('mail_held', AT, actor=olga, subject=Message(id=4, subject=Code('subject.invite').to_json()))
    assert sentences()[::-1] == [
        'Olga changed the settings of the site: name, colour and language.',
        'Olga changed the settings of the site: name, colour.', 'Olga changed the role of Alice to (unknown).',
        'Olga requested an export: the stats of the whole site.',
        'Olga put an email on hold: You are invited - The Voice.',
        'Olga put an email on hold: You are invited to write.']
    assert len(sentences(typed='colour')) == 2 and len(sentences(typed='invited')) == 2
    assert len(sentences(typed='whole stats')) == 1 and sentences(typed='values') == []


def test_it_is_written_and_found_in_the_language_of_its_reader(site, monkeypatch, olga, alice):
    code = pseudo.add_to(monkeypatch)
    audit.record('role_changed', AT, actor=olga, subject=alice, role='author')
    audit.record('site_changed', AT, actor=None, changed=['title', 'hue'])
    audit.count('login_failed', AT, alice)
    audit.count('login_failed', AT, alice)
    audit.record('export_asked', AT, actor=audit.COMMAND_LINE, subject=Export(id=3, kind='site'))
    AuditEntry.update(actor_name='').where(AuditEntry.code == 'role_changed').execute()
    with languages.use(languages.find(code)):
        for said in sentences():
            assert pseudo.untranslated(said, ['Alice', 'and']) == [], said
        assert len(sentences(typed='çölöůř')) == len(sentences(typed='àůthöř')) == 1
        assert sentences(typed='author') == sentences(typed='àůthöř')


def test_a_code_that_nobody_knows_is_an_error_when_written_and_not_when_read(olga):
    with pytest.raises(KeyError):
        audit.record('sneezed', AT, actor=olga)
    audit.record('logged_in', AT, actor=olga)
    AuditEntry.update(code='of_a_later_version').execute()
    assert sentences() == ['Olga: of a later version.']


@pytest.mark.parametrize(('client', 'network'), [
    ('192.0.2.77', '192.0.2.0/24'), ('::ffff:192.0.2.77', '192.0.2.0/24'),
    ('2001:db8:1:2:3::4', '2001:db8:1::/48'), ('2001:DB8:0001:2::', '2001:db8:1::/48'),
    ('', ''), ('unix:', ''), ('192.0.2.777', ''), ('nonsense, 192.0.2.1', '')])
def test_only_the_network_of_a_client_is_kept(olga, client, network):
    audit.record('logged_in', AT, actor=olga, client=client)
    assert AuditEntry.get().network == network


def test_an_entry_is_undone_with_its_cause(olga):
    with pytest.raises(ZeroDivisionError), db.db.atomic():
        audit.record('logged_in', AT, actor=olga)
        _ = 1 / 0
    assert sentences() == []


def test_failures_are_counted_by_hour_and_account(alice, bob):
    for minutes in range(0, 61, 5):
        audit.count('login_failed', AT + timedelta(minutes=minutes), alice, client=f'192.0.{minutes}.1')
    for _ in range(3):
        audit.count('login_failed', AT, bob, client='192.0.2.1')
        audit.count('login_unknown', AT)
    found = [(entry.code, entry.subject_id, entry.times, entry.network) for entry in AuditEntry.select().order_by(
        AuditEntry.id)]
    assert found == [('login_failed', alice.id, 12, ''), ('login_failed', alice.id, 1, '192.0.60.0/24'),
                     ('login_failed', bob.id, 3, '192.0.2.0/24'), ('login_unknown', None, 3, '')]
    assert 'Failed to log in as Bob: wrong password (3 times).' in sentences()


@pytest.mark.parametrize('keep_posts', [True, False])
def test_a_member_who_leaves_takes_their_name_along(olga, alice, keep_posts):
    write(alice)
    audit.record('logged_in', AT, actor=alice, client='192.0.2.1')
    audit.record('suspended', AT, actor=olga, subject=alice)
    audit.record('logged_in', AT, actor=olga, client='192.0.2.1')
    deletion.delete_account(alice, keep_posts, AT)
    assert sentences() == ['Olga logged in.', 'Olga suspended a former member.', 'A former member logged in.']
    rows = list(AuditEntry.select().order_by(AuditEntry.id).tuples())
    assert 'lice' not in repr(rows)
    assert [entry.network for entry in AuditEntry.select().order_by(AuditEntry.id)] == ['', '', '192.0.2.0/24']


def test_entries_of_a_clock_that_was_ahead_become_of_now(olga, alice):
    audit.record('logged_in', AT + timedelta(days=3000), actor=olga)
    audit.count('login_failed', AT + timedelta(days=3000), alice)
    audit.count('login_failed', AT, alice)  # which is another one
    assert [entry.times for entry in AuditEntry.select()] == [1, 1, 1]
    corrections.correct(AT)
    assert {(entry.at, entry.until) for entry in AuditEntry.select()} == {(AT, AT)}


def test_entries_are_kept_for_400_days(olga):
    for days in (0, 399, 400, 401):
        audit.record('logged_in', AT - timedelta(days=days), actor=olga)
    audit.clean_up(AT)
    assert [(AT - entry.at).days for entry in AuditEntry.select().order_by(AuditEntry.id)] == [0, 399, 400]


@pytest.mark.parametrize(('filters', 'found'), [
    ({}, ['Bob logged in.', 'Olga suspended Älice.', 'Älice changed their password.']),
    ({'group': 'login'}, ['Bob logged in.']), ({'group': 'nonsense'}, None), ({'typed': 'alice'}, 2),
    ({'typed': 'PASSWORD'}, ['Älice changed their password.']), ({'typed': 'olga suspended'}, 1),
    ({'typed': 'olga password'}, 0), ({'typed': '%'}, 0), ({'typed': '_'}, 0), ({'typed': '192.0.2'}, 1),
    ({'member': 'bob'}, 1), ({'member': 'alice'}, 2), ({'member': 'alice', 'group': 'account'}, 1)])
def test_entries_are_found_by_member_kind_and_text(olga, filters, found):
    people = {'alice': person('älice'), 'bob': person('bob')}
    audit.record('password_changed', AT, actor=people['alice'])
    audit.record('suspended', AT, actor=olga, subject=people['alice'])
    audit.record('logged_in', AT, actor=people['bob'], client='192.0.2.1')
    if 'member' in filters:
        filters = filters | {'member': people[filters['member']]}
    said = sentences(**filters)
    assert said == found if isinstance(found, list) else len(said) == (3 if found is None else found)


# What the site writes down

def log():
    """Every entry as a sentence, oldest first."""
    with db.db.connection_context():
        return [audit_log.describe(entry) for entry in audit_log.select()][::-1]


def test_log_ins_are_written_down_and_failures_counted(alice, browse):
    browse(alice)
    for password in ('wrong', 'wronger'):
        browse().post('/login', {'email': alice.email, 'password': password}, status=400)
        browse().post('/login', {'email': 'nobody@example.org', 'password': password}, status=400)
    assert log() == ['Alice logged in.', 'Failed to log in as Alice: wrong password (2 times).',
                     'Failed to log in with an email address that has no account (2 times).']
    assert [entry.network for entry in rows_of(AuditEntry)] == ['127.0.0.0/24'] * 3


def rows_of(model):
    with db.db.connection_context():
        return list(model.select().order_by(model.id))


def test_wrong_passwords_of_somebody_who_is_logged_in_are_counted(alice, browse):
    browse(alice).post('/settings', {'action': 'password', 'current': 'wrong', 'password': 'a new pass phrase'},
                       status=400)
    assert log()[1:] == ['Failed to log in as Alice: wrong password.']


NEW = 'a brown bear in the woods'


@pytest.mark.parametrize(('fields', 'sentence'), [
    ({'action': 'password', 'current': PASSWORD, 'password': NEW}, 'Alice changed their password.'),
    ({'action': 'address', 'current': PASSWORD, 'email': 'alice@example.net'},
     'Alice asked to change their email address.'),
    ({'action': 'end_others'}, 'Alice logged out all other devices.')])
def test_changes_of_who_gets_in_are_written_down(alice, browse, fields, sentence):
    browse(alice)
    browser = browse(alice)
    browser.post('/settings', fields | {'email': fields.get('email', '')}, status=303)
    assert log() == ['Alice logged in.', 'Alice logged in from a new device.', sentence]
    with db.db.connection_context():
        assert 'example.net' not in repr(list(AuditEntry.select().tuples()))


def test_refused_changes_are_not_written_down(alice, browse):
    browser = browse(alice)
    for fields in ({'action': 'password', 'current': PASSWORD, 'password': 'x'},
                   {'action': 'address', 'current': PASSWORD, 'email': 'nonsense'}, {'action': 'nonsense'},
                   {'action': 'end_session', 'digest': 'nonsense'}, {'action': 'end_others'}):
        assert browser.post('/settings', fields, status='*').status_int in (303, 400)
    assert log() == ['Alice logged in.']


@pytest.mark.parametrize(('purpose', 'verified', 'sentence'), [
    ('reset', True, 'Zoe chose a new password with a link from an email.'),
    ('verify', False, 'Zoe confirmed their email address in another browser, and took over the account.'),
    ('reset', False, 'Zoe confirmed their email address in another browser, and took over the account.')])
def test_links_from_emails_are_written_down(site, browse, connection, purpose, verified, sentence):
    with connection():
        zoe = person('zoe', verified=verified)
        token = links.create_link(purpose, links.RESET_LIFETIME, db.now(), user=zoe, email=zoe.email)
    browse().post(f'/{purpose}/{token.text}', {'name': 'Zoe', 'password': NEW, 'texts': 'keep'}, status=303)
    assert log() == [sentence, 'Zoe logged in.']
    browse().post(f'/{purpose}/{token.text}', {'name': 'Zoe', 'password': NEW}, status=404)
    assert len(log()) == 2


def test_a_confirmed_and_a_changed_address_are_written_down(site, browse, connection):
    with connection():
        zoe = person('zoe', verified=False)
    browser = browse(zoe)
    with connection():
        token = links.create_link('verify', links.VERIFY_LIFETIME, db.now(), user=zoe, email=zoe.email)
    browser.post(f'/verify/{token.text}', status=303)
    with connection():
        token = links.create_link('address', links.VERIFY_LIFETIME, db.now(), user=zoe, email='zoe@example.net')
    browser.post(f'/verify/{token.text}', status=303)
    assert log() == ['Zoe logged in.', 'Zoe confirmed their email address.', 'Zoe changed their email address.']


def test_what_owners_do_is_written_down(olga, alice, bob, browse, connection):
    browser = browse(olga)
    browser.post('/admin/members', {'action': 'link', 'person': str(bob.id), 'current': PASSWORD})
    browser.post('/admin/members', {'action': 'make_owner', 'person': str(alice.id), 'identity': 'yes'}, status=303)
    again = {'action': 'make_owner', 'person': str(alice.id), 'identity': 'yes'}
    browser.post('/admin/members', again, status=303)  # is one already
    browser.post('/admin/invitations', {'action': 'invite', 'email': 'zoe@example.org'}, status=303)
    browser.post('/admin/site', {'title': 'New name', 'tagline': 'News from the hill', 'hue': '7'}, status=303)
    browser.post('/admin/site', {'title': 'New name', 'tagline': 'News from the hill', 'hue': '7'}, status=303)
    with connection():
        message = Message.get(Message.kind == 'invite')
    for action in ('hold', 'send', 'nonsense'):
        browser.post(f'/admin/mail/{message.id}', {'action': action}, status=400 if action == 'nonsense' else 303)
    for action in ('pause', 'resume', 'retry', 'nonsense'):
        browser.post('/admin/jobs', {'action': action, 'job': '99'}, status=400 if action == 'nonsense' else 303)
    assert log() == [
        'Olga logged in.', 'Olga created a password link for Bob.', 'Olga changed the role of Alice to owner.',
        'Olga sent an invitation.', 'Olga changed the settings of the site: name and colour.',
        'Olga put an email on hold: You are invited to write.',
        'Olga sent an email again: You are invited to write.', 'Olga paused all jobs.',
        'Olga resumed all jobs.']


def test_the_first_owner_and_exports_are_written_down(site, browse, connection):
    with connection():
        token = roles.ensure_setup_url(db.now()).rpartition('/')[2]
    browser = browse()
    browser.post(f'/setup/{token}', {'site_title': 'News', 'name': 'Olga', 'email': 'olga@example.org',
                                     'password': PASSWORD}, status=303)
    for kind in ('site', 'site', 'nonsense'):  # the second one waits already
        browser.post('/studio/exports', {'kind': kind}, status=404 if kind == 'nonsense' else 303)
    drain()
    browser.get('/studio/exports').click('Download')
    browser.get('/studio/exports/99', status=404)
    assert log() == ['Olga set up the site.', 'Olga logged in.',
                     'Olga requested an export: the stats of the whole site.',
                     'Olga downloaded an export: the stats of the whole site.']


def test_leaving_is_written_down_without_a_name(alice, browse):
    browse(alice).post('/settings/delete', {'password': PASSWORD, 'posts': 'delete'}, status=303)
    assert log() == ['A former member logged in.', 'A former member deleted their account.']
    assert [entry.network for entry in rows_of(AuditEntry)] == ['', '']


def test_no_entry_holds_a_secret_or_an_email_address(olga, alice, bob, browse, connection):
    test_what_owners_do_is_written_down(olga, alice, bob, browse, connection)
    with connection():
        everything = repr(list(AuditEntry.select().tuples()))
        tokens = [token.text for token in Token.select()]
    assert tokens and not any(each in everything for each in (*tokens, PASSWORD, 'example.org', '@', '127.0.0.1'))


def test_commands_are_written_down(rig):
    rig.open()
    rig.run('adduser', '--name', 'Zoe', '--email', 'zoe@example.org', '--password', PASSWORD)
    rig.run('adduser', '--name', 'Zoe', '--email', 'zoe@example.org', '--password', PASSWORD)  # refused
    rig.run('report', '--all')
    for command in ('pause', 'resume', ('retry', '99'), ('discard', '99')):
        rig.run('jobs', *([command] if isinstance(command, str) else command))
    rig.run('dkim')
    with rig.database():
        assert sentences()[::-1] == [
            'The command line created an account for Zoe.', 'The command line sent reports manually.',
            'The command line paused all jobs.', 'The command line resumed all jobs.',
            'The command line created a new key that signs emails.']


# The page

def shown(page):
    rows = page.html.select('.audit tbody th')
    return [row.get_text(' ', strip=True).partition(' Network')[0] for row in rows]


def test_owners_read_it_newest_first_page_by_page(olga, alice, browse, connection):
    browser = browse(olga)
    with connection():
        for number in range(60):
            audit.record('site_changed', AT, actor=alice, changed=f'number {number}')
    first = browser.get('/admin').click(href='/admin/audit$', index=0)
    second = first.click('Older entries')
    assert shown(first)[0] == 'Alice changed the settings of the site: number 59.' and len(shown(first)) == 50
    assert shown(second)[0] == 'Alice changed the settings of the site: number 9.'
    assert shown(second)[-1] == 'Olga logged in.' and 'Network 127.0.0.0/24' in second
    assert 'Older entries' not in second
    browser.get('/admin/audit?before=nonsense', status=404)


def test_owners_search_it(olga, alice, browse, connection):
    browse(alice)
    browser = browse(olga)
    with connection():
        for number in range(60):
            audit.record('site_changed', AT, actor=alice, changed=f'number {number}')
    form = form_with(browser.get('/admin/audit'), 'q')
    form['q'], form['kind'] = 'alice number', 'site'
    found = form.submit()
    assert len(shown(found)) == 50 and len(shown(found.click('Older entries'))) == 10
    assert form_with(found, 'q')['q'].value == 'alice number'
    hers = browser.get(f'/admin/members/{alice.id}').click('Show all entries', href=f'member={alice.id}$')
    assert len(shown(hers)) == 50 and shown(hers.click('Older entries'))[-1] == 'Alice logged in.'
    assert 'by or about' in hers
    assert shown(browser.get('/admin/audit?kind=login')) == ['Olga logged in.', 'Alice logged in.']
    assert 'No matching entries' in browser.get('/admin/audit?q=nonsense')
    for odd in ('member=nonsense', 'member=99', 'member=%00'):
        browser.get(f'/admin/audit?{odd}', status=404)
    for odd in ('kind=nonsense', 'q=%00%ff', 'q=' + 'x' * 5000, 'q=%25_%5c'):
        browser.get(f'/admin/audit?{odd}', status=200)


def test_names_are_shown_as_text(olga, browse, connection):
    with connection():
        evil = person('evil')
        type(evil).update(name='<script>{actor}</script>').execute()
        audit.record('logged_in', AT, actor=type(evil).get_by_id(evil.id))
    browser = browse(olga)
    page = browser.get('/admin/audit')
    assert '<script>{' not in page and '<script>{actor}</script> logged in.' in shown(page)


@pytest.mark.parametrize('who', [None, 'alice'])
def test_nobody_else_reads_it(alice, browse, who):
    browser = browse(alice if who else None)
    assert browser.get('/admin/audit', status=404 if who else 303)
