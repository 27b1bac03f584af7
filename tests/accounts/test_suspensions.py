"""Suspended members: they can do nothing from that moment on, and what they have published stays."""

from datetime import timedelta

import pytest
from conftest import PASSWORD, Browser, drain, outbox, person, utc, write
from peewee import IntegrityError
from sites import keep, mails, stored

from quickpub import audit_log, codes, db, tasks
from quickpub.accounts import (
    audit,
    credentials,
    deletion,
    links,
    password_reset,
    roles,
    sessions,
    suspensions,
    verification,
)
from quickpub.audience import reports, running_reports
from quickpub.content import publishing
from quickpub.exchange import exports
from quickpub.models import Export, Message, Post, Session, Token, User
from quickpub.sentences import describe_stored

AT = utc(2026, 11, 28, 12)
SAID = 'This account is suspended'


@pytest.fixture
def suspended(olga, alice):
    """Alice, suspended by Olga while she was logged in; call it on an open database."""
    def suspend():
        with db.db.connection_context():
            suspensions.suspend(alice, db.now(), olga)
            return User.get_by_id(alice.id)
    return suspend


# Getting in

def test_only_the_right_password_learns_that_the_account_is_suspended(alice, bob, browse, suspended):
    suspended()
    typed = {'email': alice.email, 'password': PASSWORD}
    page = browse().post('/login', typed, status=400)
    assert SAID in page and 'Set-Cookie' not in page.headers and page.forms[0]['email'].value == alice.email
    assert SAID not in browse().post('/login', typed | {'password': 'wrong'}, status=400)
    assert stored()['Session'] == []
    browse(bob)


def test_every_session_ends_at_once(alice, browse, suspended):
    phone, laptop = browse(alice), browse(alice)
    assert phone.get('/studio', status=200)
    suspended()
    for browser in (phone, laptop):
        assert browser.get('/studio', status=303).location.startswith('/login')
        for path, fields in (('/studio/unsaved', {'tab': 'tab-of-a-window1', 'body': 'x'}), ('/studio/preview', {}),
                             ('/settings', {'action': 'end_others'}), ('/studio/exports', {'kind': 'numbers'}),
                             ('/settings/delete', {'password': PASSWORD, 'posts': 'delete'})):
            assert browser.post(path, fields, status=303).location.startswith('/login')
        browser.post('/studio/media', upload_files=[('files', 'a.pdf', b'%PDF-1.7 and so on')], status=303)
        page = browser.post('/studio/posts/new', {'title': 'x', 'body': 'y', 'action': 'publish'}, status=403)
        assert 'You were logged out' in page
    assert stored()['Post'] == stored()['Upload'] == stored()['Export'] == []


def test_a_session_that_came_about_in_the_same_moment_is_of_no_use(olga, alice):
    secret = sessions.start(alice, '', AT)
    User.update(suspended_at=AT).where(User.id == alice.id).execute()  # whatever else did not happen
    assert sessions.find(secret, AT) is None
    with pytest.raises(codes.Rejected):
        sessions.start(alice, '', AT)


def test_logging_in_while_a_text_is_sent_says_so_and_keeps_the_text(alice, browse, suspended):
    suspended()
    page = browse().post('/studio/posts/1', {'title': 'x', 'body': 'All my words', 'login_email': alice.email,
                                             'login_password': PASSWORD}, status=403)
    assert SAID in page and 'All my words' in page


# Links in emails

@pytest.mark.parametrize('purpose', ['reset', 'verify', 'address'])
@pytest.mark.parametrize('before', [True, False])
def test_no_link_lets_them_in(olga, browse, purpose, before):
    with db.db.connection_context():
        zoe = person('zoe', verified=purpose != 'verify')
        if not before:
            suspensions.suspend(zoe, AT, olga)
        token = links.create_link(purpose, links.VERIFY_LIFETIME, db.now(), user=zoe, email=zoe.email)
        if before:
            suspensions.suspend(zoe, AT, olga)
    path = f'/{"reset" if purpose == "reset" else "verify"}/{token.text}'
    browser = browse()
    assert SAID in browser.get(path, status=404)
    assert SAID in browser.post(path, {'password': 'a brown bear in the woods', 'name': 'Zoe'}, status=404)
    assert stored()['Session'] == []
    with db.db.connection_context():
        assert credentials.is_correct_password(User.get_by_id(zoe.id), PASSWORD)


def test_they_get_no_new_link_and_the_page_says_what_it_always_says(alice, bob, browse, suspended):
    suspended()
    answers = [browse().post('/forgot', {'email': user.email}).text for user in (alice, bob)]
    assert answers[0] == answers[1]
    assert mails('reset') == [('reset', bob.email)]


def test_an_unconfirmed_account_gets_no_confirmation(olga, browse):
    with db.db.connection_context():
        zoe = person('zoe', verified=False)
        suspensions.suspend(zoe, AT, olga)
        tasks.send_verification_email.call_local(zoe.id)
    browse().post('/verify', {'email': zoe.email})
    browse().post('/signup', {'name': 'Zoe', 'email': zoe.email, 'password': PASSWORD})
    assert mails() == []


def test_a_link_to_a_draft_stops_working_and_comes_back(olga, alice, browse, suspended):
    with db.db.connection_context():
        post = write(alice, 'Draft', published=False)
        publishing.share(post, db.now())
        path = f'/draft/{Post.get_by_id(post.id).draft_token}'
    browse().get(path, status=200)
    member = suspended()
    browse().get(path, status=404)
    with db.db.connection_context():
        suspensions.restore(member, AT, olga)
    browse().get(path, status=200)


def test_links_that_a_suspended_owner_handed_over_end(olga, bob):
    otto = person('otto', role='owner')
    password_reset.create_handover_link(bob, otto, AT)
    suspensions.suspend(otto, AT, olga)
    assert Token.get(Token.user == bob).ended_at == AT


# Background work

def test_no_report_is_mailed_until_they_are_back(olga, alice, bob):
    for author in (alice, bob):
        write(author)
        User.update(reported_until=AT - timedelta(days=3)).where(User.id == author.id).execute()
    Post.update(published_at=AT - timedelta(days=9)).execute()
    suspensions.suspend(alice, AT, olga)
    closed = list(reports.due(AT))
    assert [each.user_ids for each in closed] == [[bob.id]] and reports.count_overdue(AT) == 1
    assert running_reports.compose_running(None, AT) and running_reports.compose_running([alice.id], AT) == []
    late = reports.ClosedPeriod(closed[0].end, [alice.id, bob.id])  # found a moment before
    reports.close_period(late, AT)
    assert {message.user_id for message in Message.select()} == {bob.id}
    suspensions.restore(alice, AT, olga)
    assert [each.user_ids for each in reports.due(AT)] == [[alice.id]]


def test_what_waits_for_them_ends_kindly(site, olga, alice, bob):
    ids = []
    for user in (alice, bob):
        ids.append(exports.request(user, 'numbers', AT).id)
        tasks.make_export(ids[-1])
    suspensions.suspend(alice, AT, olga)
    assert drain() >= 2
    rows = {export.user_id: export for export in Export.select()}
    assert rows[alice.id].state == 'failed' and SAID in describe_stored(rows[alice.id].error)
    assert rows[bob.id].state == 'ready'
    assert [(message['To'], 'stats' in message['Subject']) for message in outbox(site)] == [(bob.email, True)]
    Export.update(state='waiting').where(Export.user == alice).execute()  # an owner retries the job
    exports.write(ids[0])
    assert exports.finish(ids[0], AT) == [] and Export.get_by_id(ids[0]).state == 'failed'


def test_reports_that_are_on_their_way_are_held(site, olga, alice, bob):
    for author in (alice, bob):
        write(author)
    running_reports.compose_running(None, db.now())
    password_reset.request_reset(bob.email, db.now())
    suspensions.suspend(alice, db.now(), olga)
    tasks.deliver()
    tasks.deliver_urgent()
    drain()
    assert {(message.user_id, message.kind): message.state for message in Message.select()} == {
        (alice.id, 'report'): 'held', (bob.id, 'report'): 'sent', (bob.id, 'reset'): 'sent'}


# What stays

def test_what_they_published_stays_as_it_was(alice, browse, suspended):
    with db.db.connection_context():
        write(alice, 'Hills', body='High.')
        upload = keep(alice)
    paths = ['/', '/p/hills', '/@alice', '/feed.xml', '/archive', upload.path]
    before = [browse().get(path, status=200).body for path in paths]
    suspended()
    assert [browse().get(path, status=200).body for path in paths] == before


def test_restored_they_log_in_as_before(olga, alice, browse, suspended):
    member = suspended()
    with db.db.connection_context():
        suspensions.restore(member, AT, olga)
    assert browse(alice).get('/studio', status=200)


# Owners

def test_the_last_owner_who_can_log_in_cannot_be_suspended(olga, alice):
    with pytest.raises(roles.LastOwner):
        suspensions.suspend(olga, AT, audit.COMMAND_LINE)
    with pytest.raises(IntegrityError, match='the last owner'):
        User.update(suspended_at=AT).where(User.id == olga.id).execute()
    otto = person('otto', role='owner')
    suspensions.suspend(otto, AT, olga)
    for change in ({'suspended_at': AT}, {'role': 'author'}, {'deleted_at': AT}):
        with pytest.raises(IntegrityError, match='the last owner'):
            User.update(change).where(User.id == olga.id).execute()
    with pytest.raises(roles.LastOwner):
        deletion.delete_account(User.get_by_id(olga.id), True, AT)
    assert roles.is_sole_owner(olga) and roles.ensure_setup_url(AT) is None


def test_nobody_suspended_becomes_an_owner(olga, alice, browse, suspended):
    suspended()
    browser = browse(olga)
    page = browser.get('/admin/members')
    assert 'Suspended' in page
    for action in ('make_owner', 'link'):
        browser.post('/admin/members', {'action': action, 'person': str(alice.id), 'current': PASSWORD}, status=404)
    with db.db.connection_context():
        roles.make_owner(alice, AT)
        assert not User.get_by_id(alice.id).is_owner
        with pytest.raises(codes.Rejected):
            verification.add_confirmed('Alice', alice.email, 'x', 'owner', AT)


def test_owners_help_others_as_before(olga, bob, browse):
    browser = browse(olga)
    assert browser.get(f'/admin/members/{bob.id}').html.find('button', value='link')
    page = browser.post(f'/admin/members/{bob.id}', {'action': 'link'})
    assert 'Bob' in page


@pytest.mark.parametrize('act', [suspensions.suspend, suspensions.restore])
def test_doing_it_twice_is_refused_in_a_sentence(olga, alice, act):
    suspensions.suspend(alice, AT, olga)
    if act is suspensions.restore:
        act(alice, AT, olga)
    before = stored()
    db.db.connect(reuse_if_open=True)
    with pytest.raises(codes.Rejected) as refused:
        act(alice, AT, olga)
    name = 'email.already_suspended' if act is suspensions.suspend else 'email.not_suspended'
    assert refused.value.errors == {'email': codes.Code(name, name='Alice')}
    assert stored() == before


# The command

def test_the_command_suspends_and_restores(rig):
    rig.open()
    with rig.database():
        olga, zoe = person('olga', role='owner'), person('zoe')
        sessions.start(zoe, '', db.now())
    assert 'only owner' in rig.run('user', 'suspend', olga.email).stderr
    assert 'No member has' in rig.run('user', 'suspend', 'nobody@example.org').stderr
    done = rig.run('user', 'suspend', ' ZOE@example.org ')
    assert done.returncode == 0 and done.stdout.startswith('Zoe is suspended.')
    assert rig.run('user', 'suspend', zoe.email).returncode == 1
    with rig.database():
        assert not User.get_by_id(zoe.id).is_active and Session.select().count() == 0
    assert rig.run('user', 'restore', zoe.email).stdout == 'Zoe can log in again.\n'
    assert rig.run('user', 'restore', zoe.email).returncode == 1
    with rig.database():
        assert User.get_by_id(zoe.id).is_active
        said = [audit_log.describe(entry) for entry in audit_log.select()]
    assert said == ['The command line ended the suspension of Zoe.', 'The command line suspended Zoe.']


def test_a_browser_that_knows_the_address_alone_learns_nothing(alice, browse, suspended):
    member = suspended()
    for path, fields in (('/forgot', {}), ('/verify', {}), ('/signup', {'name': 'Zoe', 'password': PASSWORD})):
        known = Browser(browse().app).post(path, fields | {'email': member.email})
        unknown = Browser(browse().app).post(path, fields | {'email': 'nobody@example.org'})
        assert known.status_int == unknown.status_int and SAID not in known
        assert known.text.replace(member.email, '') == unknown.text.replace('nobody@example.org', '')
