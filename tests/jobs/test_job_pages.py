"""What the owner sees and does: the work in the background, and the mail."""

from datetime import datetime

import pseudo
import pytest
from conftest import drain, outbox, write

from quickpub import db, tasks
from quickpub.codes import Code
from quickpub.jobs import queue, reasons, tables, tally
from quickpub.jobs.tables import Job
from quickpub.mail import delivery, ledger
from quickpub.models import Message, Site
from quickpub.sentences.jobs import TASKS, TITLES, find_reason

LONG_AGO = datetime(2020, 1, 1)


@pytest.fixture
def owner(olga, browse):
    return browse(olga)


def press(browser, path, words):
    """Press the button with these words on a page, with whatever is in its form."""
    button = browser.get(path).html.find('button', string=lambda text: text and words in text)
    form = button.find_parent('form')
    fields = {field['name']: field['value'] for field in form.find_all('input')} | {button['name']: button['value']}
    return browser.post(form['action'], fields, status=303)


def bury(message=b'rubbish'):
    with db.db.connection_context():
        queue.enqueue('quickpub.tasks.deliver', message)
    drain()


def test_an_empty_page_says_so(owner):
    page = owner.get('/admin/jobs')
    assert 'No jobs running' in page and 'No jobs waiting' in page and 'not yet' in page


def test_what_failed_is_shown_with_its_reason_and_can_be_tried_again_or_thrown_away(owner):
    bury()
    page = owner.get('/admin/jobs')
    assert 'cannot be read' in page and '1 failed' in page
    press(owner, '/admin/jobs', 'Try again')
    with db.db.connection_context():
        assert Job.get().state == 'ready'
    drain()
    press(owner, '/admin/jobs', 'Discard')
    with db.db.connection_context():
        assert not Job.select().exists()
    assert 'no longer exists' in owner.post('/admin/jobs', {'action': 'retry', 'job': '77'}).follow()


def test_the_traceback_is_there_folded_away(owner):
    with db.db.connection_context():
        tasks.send_verification_email(4711)  # nobody has this number
    drain()
    html = owner.get('/admin/jobs').html
    assert 'Traceback' in html.main.find('details').text
    assert html.find(class_='answer').text == ('quickpub.models.members.UserDoesNotExist: '
                                               '<Model: User> instance matching query does not exist:')


def test_work_is_called_by_what_it_does_with_its_name_beside(owner, connection):
    with connection():
        tasks.send_view_count_report()
        queue.enqueue('quickpub.tasks.of_tomorrow', b'')
    waiting = owner.get('/admin/jobs').html.find(attrs={'aria-labelledby': 'waiting'})
    known, unknown = (' '.join(each.text.split()) for each in waiting.find_all('th', scope='row'))
    assert known == 'Send reports so far send_view_count_report, job 1'
    assert unknown == 'Unknown job from another version of Quickpub of_tomorrow, job 2'


def test_every_task_has_a_short_title_of_its_own():
    names = {name.removeprefix(TASKS) for name in tasks.huey.registry.tasks if name.startswith(TASKS)}
    assert TITLES.keys() == names
    titles = [str(title) for title in TITLES.values()]
    assert len(set(titles)) == len(titles) and all(len(title) < 50 and title[-1].isalpha() for title in titles)


@pytest.mark.parametrize(('stored', 'code'), [
    (reasons.DIED, Code('job.died')),
    (f'{reasons.UNREADABLE} ValueError(1)', Code('job.unreadable', error='ValueError(1)')),
    (f'{reasons.NOT_STARTED} OSError: 12.', Code('job.not_started', error='OSError: 12.')),
    (Code('tags.empty').to_json(), Code('tags.empty')), ('', None),
    ('ValueError: 5', Code('as_written', text='ValueError: 5'))])
def test_the_reason_that_is_stored_with_a_job_is_found_again(stored, code):
    assert find_reason(stored) == code


def test_jobs_are_shown_in_the_owners_language(site, owner, connection, monkeypatch):
    bury()
    with connection():
        Job.update(error=reasons.DIED).execute()
        tasks.send_view_count_report()
        queue.enqueue('quickpub.tasks.of_tomorrow', b'')
        Site.change(language=pseudo.add_to(monkeypatch))
    names = [*TITLES, 'of_tomorrow']
    assert pseudo.untranslated(owner.get('/admin/jobs').text, ['The Village Voice', 'Olga', *names]) == []


def test_paused_nothing_new_is_begun_until_it_is_resumed(owner, alice):
    press(owner, '/admin/jobs', 'Pause')
    write(alice)
    with db.db.connection_context():
        tasks.send_view_count_report(alice.id)
    assert drain() == 0
    page = owner.get('/admin/jobs')
    assert 'Paused since' in page and 'send_view_count_report' in page
    for path in ('/admin', '/admin/mail'):
        page = owner.get(path)
        assert 'All jobs have been paused since' in page
        assert page.click('Show waiting jobs').request.path == '/admin/jobs'
    press(owner, '/admin/jobs', 'Resume')
    assert drain() == 2
    for path in ('/admin', '/admin/mail'):
        assert 'been paused' not in owner.get(path), path


def test_schedules_say_when_they_ran_last_and_run_next(owner):
    with db.db.connection_context():
        tasks.huey.enqueue_recurring()
    drain()
    rows = [[cell.text.strip() for cell in row.find_all(['th', 'td'])]
            for row in owner.get('/admin/jobs').html.find_all('table')[-1].find_all('tr')[1:]]
    assert {'wake_mail', 'wake_pictures', 'wake_rendering', 'close_periods', 'clean_up_mail', 'check_integrity'} < {
        row[0].split()[-1] for row in rows}
    assert all(last != 'not yet' and last and following for _, last, following in rows)


def test_the_tally_of_finished_work_is_kept_for_a_while(site):
    for _ in range(3):
        tasks.close_periods()
        drain()
    at = db.now()
    assert sum(done for _, done, _ in tally.throughput(at)) == 3 and len(tally.throughput(at)) == 60
    tables.Tally.update(minute=LONG_AGO).execute()
    tasks.close_periods()
    tasks.wake_mail()
    drain()
    tally.clean_up(at)
    assert sorted(each.name for each in tables.Tally.select()) == ['quickpub.tasks.close_periods',
                                                                    'quickpub.tasks.wake_mail']


# Mail

def test_the_counts_of_the_site_lead_to_what_they_count(owner, alice):
    write(alice)
    compose('bob@example.org')
    compose('carol@example.org')
    with db.db.connection_context():
        Message.update(state='failed').where(Message.recipient == 'bob@example.org').execute()
    page = owner.get('/admin')
    assert 'A post' in page.click(href='/studio', description='^1$')
    for failed in (page.click('Show why'), page.click(href='/admin/mail', description='^1$', index=1)):
        assert 'bob@' in failed and 'carol@' not in failed


def compose(recipient='alice@example.org', **fields):
    with db.db.connection_context():
        return ledger.compose('exists', recipient, key=f'x:{recipient}', subject='You have an account',
                            payload={'login_url': 'http://x/login', 'forgot_url': 'http://x/forgot'}, **fields)


def test_the_ledger_is_filtered_and_searched(owner):
    for name in ('alice', 'bob'):
        compose(f'{name}@example.org')
    assert 'alice@' in owner.get('/admin/mail') and 'bob@' in owner.get('/admin/mail')
    for typed in ('alice', 'ALICE', 'Älicé', 'you HAVE an ACCOUNT'):
        assert 'alice@' in owner.get('/admin/mail', {'q': typed})
    assert 'bob@' not in owner.get('/admin/mail?q=alice')
    assert 'alice@' in owner.get('/admin/mail?state=queued')
    assert 'No matching emails' in owner.get('/admin/mail?state=sent')
    assert 'No matching emails' in owner.get('/admin/mail?q=%25_%27')


def test_a_mail_that_another_version_has_written_is_shown_with_what_is_known_of_it(site, owner):
    with db.db.connection_context():
        number = ledger.compose('report', 'alice@example.org', key='x', subject='5 views', payload={'lines': [{}]})
    page = owner.get(f'/admin/mail/{number}')
    assert '5 views' in page and 'This version of Quickpub cannot create this email' in page


@pytest.mark.parametrize(('kind', 'payload'), [('verify', {}), ('verify', {'hours': 'x'}), ('report', {'lines': 7}),
                                              ('exists', {'site_title': None, 'login_url': {}}), ('../x', {})])
def test_a_mail_whose_row_makes_no_sense_is_shown_too(site, owner, kind, payload):
    with db.db.connection_context():
        number = ledger.compose(kind, 'alice@example.org', key='x', subject='Odd', payload=payload)
    assert 'Odd' in owner.get(f'/admin/mail/{number}')


def test_a_mail_is_held_back_and_sent_by_hand(site, owner):
    number = compose()
    press(owner, f'/admin/mail/{number}', 'Hold')
    with db.db.connection_context():
        delivery.deliver()
        assert Message.get().state == 'held' and outbox(site) == []
    press(owner, f'/admin/mail/{number}', 'Send now')
    drain()
    assert len(outbox(site)) == 1
    assert 'Too late' in owner.post(f'/admin/mail/{number}', {'action': 'hold'}).follow()
    press(owner, f'/admin/mail/{number}', 'Send again')
    drain()
    first, second = outbox(site)
    assert first['Message-ID'] == second['Message-ID']


def test_mail_that_waits_for_long_makes_a_banner_and_turns_health_red(owner, browse):
    number = compose()
    assert 'role="alert"' not in owner.get('/admin/mail')
    with db.db.connection_context():
        Message.update(created_at=LONG_AGO, answer='451 later').where(Message.id == number).execute()
    page = owner.get('/admin/mail')
    assert '1 email is waiting' in page.html.find(attrs={'role': 'alert'}).text and '451 later' in page
    answer = browse().get('/healthz', status=503)
    assert '1 email is waiting' in answer.json['checks']['mail'] and answer.json['checks']['database'] is True


def test_health_says_what_is_overdue(site, alice, browse):
    from quickpub.models import User
    write(alice)
    User.update(reported_until=LONG_AGO).execute()
    tasks.wake_mail()
    Job.update(run_at=LONG_AGO).execute()
    checks = browse().get('/healthz', status=503).json['checks']
    assert 'Overdue reports: 1' in checks['reports'] and 'waiting for more than 15 minutes: 1' in checks['work']
    assert 'None is running' in checks['consumer']
