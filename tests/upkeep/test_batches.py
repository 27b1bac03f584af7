"""One that cannot be handled is set aside, visibly, and the rest goes on; a lack that passes is no failure for good."""

import errno
import os
from datetime import datetime, timedelta
from itertools import count

import pytest
from conftest import clean_up, drain, outbox, person, write
from peewee import IntegrityError, OperationalError

from quickpub import batches, db, removal, tasks
from quickpub.accounts import users
from quickpub.audience import counting, recording, report_email, reports, running_reports, spool, stats
from quickpub.content import autosave, rerendering, search, trash
from quickpub.exchange import exports
from quickpub.jobs import claims, errors
from quickpub.jobs.tables import Job
from quickpub.mail import delivery, ledger
from quickpub.media import cleaning, usage, variants
from quickpub.models import DailyViews, MediaFile, Message, Post, Report, SetAside, SpoolOffset, User
from quickpub.sentences import describe_stored
from quickpub.upkeep import checks, health

NOON = datetime(2026, 11, 25, 12)
LONG_AGO = NOON - timedelta(days=3)
numbers = count(1)


def author(name, **fields):
    user = person(name, **{'reported_until': LONG_AGO} | fields)
    write(user, f'By {name}', at=LONG_AGO)
    return user


def close_all(when=NOON):
    for closed in reports.due(when):
        with db.db.atomic():
            reports.close_period(closed, when)


def reported():
    return sorted(report.user.name for report in Report.select().where(Report.period_end == datetime(2026, 11, 25)))


# Transient errors

LACKS = [
    OperationalError('disk I/O error'), OperationalError('database is locked'), OperationalError('database is busy'),
    OperationalError('database or disk is full'), OperationalError('unable to open database file'),
    OperationalError('out of memory'), MemoryError(), OSError(errno.EMFILE, 'Too many open files'),
    OSError(errno.ENFILE, 'File table overflow'), OSError(errno.ENOSPC, 'No space left on device'),
    OSError(errno.EDQUOT, 'Disk quota exceeded'), OSError(errno.ENOMEM, 'Cannot allocate memory'),
    OSError(errno.EIO, 'Input/output error')]
FAULTS = [ValueError('x'), KeyError('x'), TypeError('x'), OverflowError('x'), IntegrityError('CHECK constraint failed'),
          OperationalError('no such column: x'), OperationalError('too many SQL variables'),
          FileNotFoundError(errno.ENOENT, 'x'), PermissionError(errno.EACCES, 'x'), RecursionError()]
each_lack = pytest.mark.parametrize('lack', LACKS, ids=repr)


def wrapped(error):
    """As a library may pass it on."""
    try:
        try:
            raise error
        except type(error) as cause:
            raise RuntimeError('something went wrong') from cause
    except RuntimeError as outer:
        return outer


@each_lack
def test_a_lack_is_transient_however_it_is_wrapped(lack):
    for error in (lack, wrapped(lack), wrapped(wrapped(lack))):
        assert errors.is_transient(error)


@pytest.mark.parametrize('fault', FAULTS, ids=repr)
def test_a_fault_is_not(fault):
    assert not errors.is_transient(fault) and not errors.is_transient(wrapped(fault)) and not errors.is_transient(None)


def compose(recipient='alice@example.org', **fields):
    return ledger.compose('exists', recipient, key=f'x:{next(numbers)}', subject='You have an account',
                        **{'payload': {'login_url': 'http://x/login', 'forgot_url': 'http://x/forgot'}} | fields)


@each_lack
@pytest.mark.parametrize('where', [
    'quickpub.mail.message.render', 'quickpub.mail.delivery._has_live_link', 'quickpub.mail.delivery.connect'])
def test_a_mail_waits_for_what_the_machine_lacks_and_is_never_given_up(site, monkeypatch, lack, where):
    def fail(*args):
        raise lack
    compose()
    Message.update(created_at=datetime(2020, 1, 1), attempts=99).execute()
    with monkeypatch.context() as broken:
        broken.setattr(where, fail)
        delivery.deliver()
    assert Message.get().state == 'deferred'
    Message.update(state='queued').execute()
    delivery.deliver()
    assert Message.get().state == 'sent' and len(outbox(site)) == 1


@each_lack
def test_a_task_that_meets_a_lack_runs_again_and_is_not_buried(site, lack):
    @tasks.huey.task(name='meets_a_lack')
    def meets_a_lack():
        """Fail."""
        raise lack
    try:
        meets_a_lack()
        assert drain() == 1
        job = Job.get()
        assert job.state == 'ready' and job.run_at > db.now()
    finally:
        meets_a_lack.unregister()


@each_lack
def test_reports_that_meet_a_lack_are_made_later_and_nobody_is_set_aside(site, monkeypatch, lack):
    def fail(*args, **options):
        raise lack
    author('alice')
    author('bob')
    with monkeypatch.context() as broken:
        broken.setattr(report_email, 'compose_row', fail)
        with pytest.raises(type(lack)):
            close_all()
    assert not SetAside.select().exists() and not Report.select().exists()
    close_all()
    assert reported() == ['Alice', 'Bob']


@each_lack
def test_a_picture_waits_for_what_the_machine_lacks(site, alice, monkeypatch, lack):
    def fail(*args):
        raise lack
    digest = '0' * 32
    MediaFile.insert(digest=digest, kind='image', ending='png', state='waiting', created_at=db.now()).execute()
    for _ in range(variants.MAX_ATTEMPTS + 1):
        with monkeypatch.context() as broken:
            broken.setattr(variants, '_draw', fail)
            with pytest.raises(claims.NotNow):
                variants.prepare(digest, rerendering.render_posts_with_file)
    assert (MediaFile.get().state, MediaFile.get().attempts) == ('waiting', 0)


# Reports

BROKEN = {
    'a time of day that is none': {'report_time': '25:00'},
    'no time of day': {'report_time': ''},
}


def spoil(user, fields):
    for name, value in fields.items():
        db.db.execute_sql(f'UPDATE user SET {name} = ? WHERE id = ?', (value, user.id))


@pytest.mark.parametrize('fields', BROKEN.values(), ids=BROKEN.keys())
def test_an_author_whose_report_cannot_be_made_is_set_aside_and_all_others_get_theirs(site, fields, caplog):
    bob = author('bob')
    for name in ('alice', 'carol', 'dora'):
        author(name)
    spoil(bob, fields)
    close_all()
    assert reported() == ['Alice', 'Carol', 'Dora']
    assert SetAside.get().key == str(bob.id)
    found = health.problems(NOON)['set_aside']
    assert found.startswith(f'1 item failed: report of member {bob.id}.')
    for minute in range(5):
        close_all(NOON + timedelta(minutes=minute))
    assert len([record for record in caplog.records if record.name == 'quickpub.batches']) == 1, 'said once'
    spoil(bob, {'report_time': '00:00', 'reported_until': str(LONG_AGO)})
    close_all(NOON + timedelta(hours=2))
    assert reported() == ['Alice', 'Bob', 'Carol', 'Dora']
    assert health.problems(NOON + timedelta(hours=2))['set_aside'] is None


@pytest.mark.parametrize('end', ['2026-11-1x', '0000-00-00', ''])
def test_an_end_that_cannot_be_read_is_put_right_by_the_next_report(site, end):
    spoil(author('bob'), {'reported_until': end})
    close_all()
    close_all(NOON + timedelta(minutes=1))
    assert reported() == ['Bob'] and User.get(User.name == 'Bob').reported_until > LONG_AGO


def test_the_owner_sees_on_the_page_of_work_what_is_set_aside(site, olga, browse, connection):
    owner = browse(olga)
    assert 'item failed' not in owner.get('/admin/jobs')
    with connection():
        batches.set_aside('report of author', 4711, ValueError('<b>odd</b>'), db.now())
    page = owner.get('/admin/jobs')
    assert '1 item failed: report of member 4711. ValueError: &lt;b&gt;odd&lt;/b&gt;' in page.text


@pytest.mark.parametrize('zone', ['Europe/Atlantis', '', '../../etc/passwd', 'America', 'a\0b', 'US/Pacific-New', '🌍',
                                  'x' * 5000])
def test_a_time_zone_that_is_not_known_any_more_stops_nothing(site, zone, browse, connection):
    with connection():
        alice, _ = author('alice'), author('bob')
        Post.update(published_at=db.now()).where(Post.author == alice).execute()
        post = Post.get(Post.author == alice)
    browser = browse(alice)
    with connection():
        User.update(timezone=zone).where(User.id == alice.id).execute()
        close_all(db.now())
        assert Report.select().count() == 2 and not SetAside.select().exists()
        assert 'does not know' in health.problems(db.now())['time_zones']
    for path in ('/studio', '/settings', f'/studio/posts/{post.id}', f'/studio/posts/{post.id}/history',
                 '/studio/stats', '/studio/report', '/studio/exports', '/', '/@alice', '/feed.xml', post.path):
        assert browser.get(path).status_int == 200, path
    form = next(form for form in browser.get('/settings').forms.values() if 'timezone' in form.fields)
    assert form['timezone'].value == 'UTC', 'as is used instead'


def test_a_report_that_is_there_already_is_not_made_again(site):
    alice, _ = author('alice'), author('bob')
    Report.create(user=alice, period_start=LONG_AGO, period_end=datetime(2026, 11, 25), views=0)
    recording.record_view(Post.get(Post.author == alice).id, LONG_AGO)
    counting.count_recorded_views()
    close_all()
    assert reported() == ['Alice', 'Bob'] and Message.select().count() == 1
    assert User.get_by_id(alice.id).reported_until == datetime(2026, 11, 25)
    assert Post.get(Post.author == alice).reported_views == 0, 'what it did not tell, the next one does'


@pytest.mark.parametrize('column', ['title', 'slug'])
def test_a_post_with_impossible_values_costs_its_own_author_alone(site, column):
    alice, _ = author('alice'), author('bob')
    db.db.execute_sql(f"UPDATE post SET {column} = CAST(x'ff00fe' AS TEXT) WHERE author_id = ?", (alice.id,))
    close_all()
    assert 'Bob' in reported()


# Mail

@pytest.mark.parametrize('payload', ['', '{', 'null', '[]', '7', '{"lines": ', '\x00', '{"name": "\\ud800"}', 'NaN'])
def test_a_mail_whose_row_is_broken_fails_alone_with_its_reason(site, payload, browse, olga):
    with db.db.connection_context():
        broken = compose('broken@example.org')
        db.db.execute_sql('UPDATE message SET payload = ? WHERE id = ?', (payload, broken))
        compose('alice@example.org')
        delivery.deliver()
        states = {row.recipient: row.state for row in Message.select()}
        assert states == {'broken@example.org': 'failed', 'alice@example.org': 'sent'}
        assert 'create this email' in describe_stored(Message.get_by_id(broken).answer)
    browser = browse(olga)
    for path in ('/admin/mail', f'/admin/mail/{broken}'):
        assert browser.get(path).status_int == 200


@pytest.mark.parametrize('created_at', ['', 'yesterday', '2026-13-45', '99999-01-01 00:00:00'])
def test_a_mail_whose_date_is_none_is_sent_too(site, created_at):
    broken = compose('broken@example.org')
    db.db.execute_sql('UPDATE message SET created_at = ? WHERE id = ?', (created_at, broken))
    compose('alice@example.org')
    delivery.deliver()
    assert Message.get(Message.recipient == 'alice@example.org').state == 'sent'
    assert Message.get_by_id(broken).state == 'sent'


# Counting

LINES = ['', ' ', 'x', '1', '1 2', '1 2026-13-45 - -', '99999999999999999999999 2026-11-25 - -', '-1 2026-11-25 - -',
         '0 2026-11-25 - -', f'{"9" * 5000} 2026-11-25 - -', '1 2026-11-25 a b c', '1 2026-11-25 -',
         '\udcff 2026-11-25 - -', '4711 2026-11-25 - -', '1\0 2026-11-25 - -', '1 0000-00-00 - -', '1.5 2026-11-25 - -']


@pytest.mark.parametrize('line', LINES, ids=lambda line: repr(line[:30]))
def test_a_line_that_records_no_view_is_passed_over(site, alice, line):
    post = write(alice)
    recording.record_view(post.id, db.now())
    spool.mine.append(line.encode('utf-8', 'surrogateescape') + b'\n')
    recording.record_view(post.id, db.now())
    counting.count_recorded_views()
    assert Post.get().views == 2
    recording.record_view(post.id, db.now())
    assert counting.count_recorded_views() == 1 and Post.get().views == 3


def test_more_different_posts_in_one_pass_than_a_statement_takes_parameters(site, alice):
    """70,000 lines of 35,000 posts, most of which are gone."""
    post = write(alice)
    path = spool.folder() / 'many.views'
    path.write_bytes(b''.join(b'%d 2026-11-25\n' % number for number in range(1, 35_001)) * 2)
    spool_chunk, spool.CHUNK = spool.CHUNK, 64 * 1024 * 1024
    try:
        counting.count_recorded_views()
    finally:
        spool.CHUNK = spool_chunk
    assert Post.get_by_id(post.id).views == 2 and DailyViews.select().count() == 1 and not path.exists()


@pytest.mark.parametrize('kind', ['folder', 'folder with something in it', 'dangling link'])
def test_what_is_no_file_of_views_keeps_no_view_from_being_counted(site, alice, kind, caplog):
    place = spool.folder() / 'a.views'
    if kind == 'dangling link':
        place.symlink_to('nowhere')
    else:
        place.mkdir()
        if kind != 'folder':
            (place / 'x').write_text('x')
    post = write(alice)
    for expected in (1, 2, 3):
        recording.record_view(post.id, db.now())
        counting.count_recorded_views()
        assert Post.get().views == expected
    assert len([record for record in caplog.records if 'cannot be read' in record.message]) <= 1


# Many

MANY = 40_000


@pytest.mark.parametrize('ask', [
    lambda ids: usage.known_in(' '.join(f'/media/{number:032x}/' for number in ids)),
    lambda ids: usage.find_posts_with((f'{number:032x}' for number in ids), User.get(), NOON),
    lambda ids: running_reports.compose_running(list(ids), NOON),
    lambda ids: reports.close_period(reports.ClosedPeriod(NOON, list(ids)), NOON),
    lambda ids: list(Post.select().where(Post.id.in_(db.among(ids)))),
    lambda ids: stats.recent_views(ids, NOON.date()),
    lambda ids: search.load_results(search.Query.of('x'), list(ids), NOON)])
def test_no_statement_takes_more_parameters_than_sqlite_does(site, alice, ask):
    with db.db.atomic():
        ask(range(1, MANY))


def test_as_many_mails_at_once_as_there_are_authors(site):
    rows = [ledger.row('exists', f'a{number}@example.org', key=str(number), subject='x') for number in range(5000)]
    with db.db.atomic():
        assert len(ledger.compose_many(rows)) == 5000 and ledger.compose_many(rows) == []


def test_offsets_of_more_spool_files_than_a_statement_takes(site):
    SpoolOffset.insert_many([(f'{number}.views', 1) for number in range(10_000)]).execute()
    with db.db.atomic():
        for start in range(10_000, MANY, 10_000):
            SpoolOffset.insert_many([(f'{number}.views', 1) for number in range(start, start + 10_000)]).execute()
    counting.clean_up(db.now())
    assert not SpoolOffset.select().exists()


# Files

STRANGE = {
    'a folder of a mail program': lambda place: (place / '.Archive' / 'cur').mkdir(parents=True),
    'a folder among the mails': lambda place: (place / 'new' / 'folder').mkdir(parents=True, exist_ok=True),
    'a full folder among the mails': lambda place: (place / 'cur' / 'folder' / 'deep').mkdir(parents=True),
    'a dangling link': lambda place: (place / 'new' / 'link').symlink_to('nowhere'),
    'a name that is no UTF-8': lambda place: open(os.fsencode(place / 'new') + b'/\xff\xfe', 'wb').close(),
    'a socket': lambda place: os.mkfifo(place / 'new' / 'fifo'),
}


def age(path, at=LONG_AGO - timedelta(days=3000)):
    os.utime(path, (at.timestamp(),) * 2, follow_symlinks=False)


@pytest.mark.parametrize('make', STRANGE.values(), ids=STRANGE.keys())
def test_what_a_mail_program_left_in_the_outbox_stops_no_cleaning(site, make):
    outbox_folder = site.data / 'outbox'
    for name in ('new', 'cur'):
        (outbox_folder / name / f'mail-{name}').write_text('x')
    make(outbox_folder)
    for path in outbox_folder.rglob('*'):
        age(path)
    clean_up()
    assert not list(outbox_folder.rglob('mail-*'))


def refuse_one(monkeypatch, name, error=errno.EACCES):
    """As for a file of another user: root, as whom tests may run, is refused nothing."""
    for function in ('unlink', 'rmdir', 'open', 'rename'):
        real = getattr(os, function)

        def act(path, *args, real=real, **options):
            if name in os.fsdecode(path):
                raise PermissionError(error, os.strerror(error), os.fsdecode(path))
            return real(path, *args, **options)
        monkeypatch.setattr(os, function, act)


@pytest.mark.parametrize('error', [errno.EACCES, errno.EPERM, errno.EBUSY, errno.EROFS])
@pytest.mark.parametrize('folder', ['outbox/new', 'exports', 'media'])
def test_a_file_that_cannot_be_removed_is_named_and_all_others_go(site, monkeypatch, folder, error):
    suffix = '.csv' if folder == 'exports' else ''
    for number in range(5):
        (site.data / folder / f'stray{number}{suffix}').write_text('x')
        age(site.data / folder / f'stray{number}{suffix}')
    chore = {'outbox/new': ledger, 'exports': exports, 'media': cleaning}[folder]
    refuse_one(monkeypatch, 'stray2', error)
    with pytest.raises(removal.Unfinished, match='stray2'):
        chore.clean_up(NOON)
    assert [path.name for path in (site.data / folder).glob('stray*')] == [f'stray2{suffix}']


def test_a_file_of_a_post_that_cannot_be_removed_keeps_no_other(site, alice, monkeypatch):
    digests = [f'{number:032x}' for number in range(5)]
    for digest in digests:
        (site.data / 'media' / digest / 'shown').mkdir(parents=True)
    refuse_one(monkeypatch, digests[2])
    with pytest.raises(removal.Unfinished, match=digests[2]):
        cleaning.clean_up(NOON)
    assert [path.name for path in (site.data / 'media').iterdir()] == [digests[2]]


def test_the_reason_of_a_failed_chore_is_written_down_whatever_the_name_of_the_file(site, monkeypatch):
    name = os.fsdecode(b'stray\xff')
    (site.data / 'media' / name).write_text('x')
    age(site.data / 'media' / name)
    refuse_one(monkeypatch, 'stray')
    tasks.clean_up_media()
    drain()
    assert Job.get().state == 'dead' and 'stray' in Job.get().reason


# Rows

def test_a_post_that_cannot_be_deleted_is_set_aside_and_the_trash_is_emptied(site, alice):
    kept = [write(alice, f'Post {number}') for number in range(2 * trash.BATCH + 5)][7]
    Post.update(deleted_at=NOON - timedelta(days=31)).execute()
    db.db.execute_sql(f"CREATE TRIGGER odd BEFORE DELETE ON post WHEN OLD.id = {kept.id} BEGIN "
                      "SELECT RAISE(ABORT, 'an odd row'); END")
    trash.clean_up(NOON)
    assert [post.id for post in Post.select()] == [kept.id]
    problem = health.problems(NOON)['set_aside']
    assert 'deletion of post' in problem and 'an odd row' in problem
    db.db.execute_sql('DROP TRIGGER odd')
    trash.clean_up(NOON + timedelta(days=1))
    assert not Post.select().exists() and checks.check_set_aside() is None


def test_an_account_that_cannot_be_deleted_keeps_no_other(site):
    for name in ('alice', 'bob', 'carol'):
        person(name, verified=False, created_at=NOON - timedelta(days=99))
    db.db.execute_sql("CREATE TRIGGER odd BEFORE DELETE ON user WHEN OLD.name = 'Bob' BEGIN "
                      "SELECT RAISE(ABORT, 'an odd row'); END")
    users.clean_up(NOON)
    assert [user.name for user in User.select()] == ['Bob'] and 'deletion of account' in checks.check_set_aside()


@pytest.mark.parametrize('details', ['', '{', 'null', '[1]', '"x"'])
def test_what_is_kept_of_an_editor_and_cannot_be_read_costs_no_page(site, alice, studio, details, connection):
    with connection():
        post = write(alice)
        autosave.keep(alice, 'a' * 16, post, {'title': 'x', 'body': 'y'}, db.now())
        db.db.execute_sql('UPDATE autosave SET fields = ?', (details,))
    assert studio.get(f'/studio/posts/{post.id}').status_int == 200
