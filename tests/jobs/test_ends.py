"""How a job ends, and the row that a page shows of it: the two never disagree, whoever ends the job and however."""

import shutil
import sqlite3

import pytest
from conftest import HASH, drain, write
from images import picture
from sites import keep, make_old_site

from quickpub import db, migrating, opening, tasks
from quickpub.exchange import exports
from quickpub.jobs import claims, owners, queue, rescue
from quickpub.jobs.tables import Job
from quickpub.media import files, variants
from quickpub.models import Export, MediaFile, Post


def export(user):
    with db.db.atomic():
        number = exports.request(user, 'numbers', db.now()).id
        tasks.make_export(number)
    return lambda: Export.get_by_id(number)


def image(user):
    digest = keep(user, 'hill.jpg', picture(), tasks.prepare_pictures).file_id
    return lambda: MediaFile.get_by_id(digest)


SHOWN = pytest.mark.parametrize('ask', [export, image])


def claimed():
    return claims.claim([Job.get().name])


def held(job):
    return claims.Claim(job.id, job.name, bytes(job.message))


# Each of them ends the only job there is, for good.

def bury(site):
    claim = held(claimed())
    claim.bury('ValueError: as told')
    claims.settle(claim)


def die_alone_again_and_again(site):
    for _ in range(rescue.OWN_DEATHS):
        claimed()
        Job.update(owner=f'{owners.current().name}~1').execute()
        rescue.count_death(f'{owners.current().name}~1')


def become_unreadable(site):
    Job.update(message=b'\x80 no json').execute()
    drain()


def be_of_no_use(site):
    """It says that it is done, but did nothing."""
    claim = held(claimed())
    claim.done()
    claims.settle(claim)


def be_discarded(site):
    assert queue.discard(Job.get().id)


def be_discarded_dead(site):
    bury(site)
    be_discarded(site)


def be_deleted_by_hand(site):
    with sqlite3.connect(site.paths.database) as other:
        other.execute('DELETE FROM job')
    other.close()


def be_deleted_by_hand_as_it_runs(site):
    claimed()
    be_deleted_by_hand(site)


def be_flushed(site):
    tasks.huey.flush()


ENDS = [bury, die_alone_again_and_again, become_unreadable, be_of_no_use, be_discarded, be_discarded_dead,
        be_deleted_by_hand, be_deleted_by_hand_as_it_runs, be_flushed]


@SHOWN
@pytest.mark.parametrize('end', ENDS)
def test_whatever_ends_a_job_is_in_the_row_with_a_sentence_and_it_can_be_asked_for_again(site, alice, ask, end):
    row = ask(alice)
    assert row().state == 'waiting'
    end(site)
    assert row().state == 'failed' and row().error.endswith('.')
    if ask is export:
        row = export(alice)
    else:
        with db.db.atomic():
            variants.try_again(row())
            tasks.prepare_pictures()
    drain()
    assert row().state == 'ready' and row().error == ''


@SHOWN
@pytest.mark.parametrize('end', [bury, die_alone_again_and_again])
def test_a_dead_job_that_a_person_retries_waits_again_and_does_the_work(site, alice, ask, end):
    row = ask(alice)
    end(site)
    assert queue.retry(Job.get().id)
    assert row().state == 'waiting' and row().error == ''
    drain()
    assert row().state == 'ready' and not Job.select().exists()


@SHOWN
def test_an_end_that_rolls_back_is_not_in_the_row_either(site, alice, ask):
    row = ask(alice)
    claim = held(claimed())
    claim.bury('as told')
    claim.follow_ups.append(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        claims.settle(claim)
    assert row().state == 'waiting' and Job.get().state == 'running'


def test_two_of_one_kind_are_both_made_when_the_older_is_retried(site, alice):
    first = export(alice)
    bury(site)
    second = export(alice)
    assert queue.retry(Job.get(Job.state == 'dead').id)
    assert {first().state, second().state} == {'waiting'}
    drain()
    assert {first().state, second().state} == {'ready'}


@pytest.mark.parametrize('error', [OSError(28, 'No space left on device'), PermissionError(13, 'no'), ValueError('x'),
                                   KeyError('y'), RuntimeError('z'), MemoryError()], ids=repr)
def test_an_export_that_fails_once_is_really_made_by_the_retry(site, alice, browse, monkeypatch, error):
    write(alice)
    row, browser = export(alice), browse(alice)
    days = exports._list_days

    def fail(_):
        monkeypatch.setattr(exports, '_list_days', days)
        raise error
    monkeypatch.setattr(exports, '_list_days', fail)
    drain()
    with db.db.connection_context():
        assert row().state == 'waiting' and Job.get().state == 'ready'
        assert ('full' in row().error) == (getattr(error, 'errno', None) == 28)
    assert 'Trying again' in browser.get('/studio/exports')
    with db.db.connection_context():
        Job.update(run_at=db.now()).execute()
    drain()
    assert browser.get('/studio/exports').html.find('a', string='Download')


def test_one_that_fails_each_time_says_so_in_the_end_and_the_owner_sees_why(site, alice, browse):
    row, browser = export(alice), browse(alice)
    with db.db.connection_context():
        (site.data / 'exports' / f'{row().file}.part').mkdir()
    for _ in range(4):
        with db.db.connection_context():
            Job.update(run_at=db.now()).execute()
        drain()
    with db.db.connection_context():
        assert row().state == 'failed' and 'IsADirectoryError' in Job.get().reason
    assert 'The export failed' in browser.get('/studio/exports')


def test_jobs_that_are_not_in_the_database_any_more_keep_nobody_waiting(site, alice, browse):
    """As where a copy of these rows alone was restored: no trigger has seen it."""
    row = export(alice)
    browser = browse(alice)
    with db.db.connection_context():
        Job.update(subject=None).execute()
        Job.delete().execute()
        assert row().state == 'waiting'
    assert 'It was never finished' in browser.get('/studio/exports')
    browser.post('/studio/exports', {'kind': 'numbers'})
    drain()
    assert browser.get('/studio/exports').html.find('a', string='Download')


def test_a_picture_without_a_job_gets_one_each_minute(site, alice):
    row = image(alice)
    Job.update(subject=None).execute()
    Job.delete().execute()
    tasks.wake_pictures.call_local()
    drain()
    assert row().state == 'ready'


def test_posts_say_that_a_picture_failed_although_its_job_was_only_thrown_away(site, alice):
    digest = image(alice)().digest
    post = write(alice, body=f'See ![a hill](/media/{digest}/hill.jpg) here')
    assert 'waiting' in Post.get_by_id(post.id).html
    be_discarded(site)
    tasks.wake_pictures.call_local()
    assert 'waiting' not in Post.get_by_id(post.id).html and 'a hill' in Post.get_by_id(post.id).html


def test_one_picture_at_a_time_and_one_that_fails_stops_no_other(site, alice, monkeypatch):
    for number in range(4):
        keep(alice, f'{number}.jpg', picture(colour=(60 * number, 0, 0)), tasks.prepare_pictures)
    first = tasks.huey.next_task()
    assert first and tasks.huey.next_task() is None
    shutil.rmtree(files.folder() / first.args[0])
    tasks.huey.execute(first)
    drain()
    Job.update(run_at=db.now()).execute()
    assert sorted(file.state for file in MediaFile.select()).count('ready') == 3


# From the version before

def test_a_site_of_the_version_before_is_upgraded_with_its_jobs_and_rows(config):
    with make_old_site(config):
        pass
    at = str(db.now())
    message = '{"__kind__": "task", "id": "x", "name": "quickpub.tasks.make_export", "args": [%d]}'
    with sqlite3.connect(config.paths.database) as other:
        other.execute('INSERT INTO user (id, name, handle, email, password, role, bio, timezone, report, created_at, '
                      "verified_at, reported_until) VALUES (1, 'A', 'a', 'a@example.org', ?, 'author', '', 'UTC', "
                      "'daily', ?, ?, ?)", (HASH, at, at, at))
        for number, kind, state in ((1, 'numbers', 'waiting'), (2, 'site', 'waiting'), (3, 'numbers', 'failed')):
            other.execute('INSERT INTO export (id, user_id, kind, state, progress, file, error, created_at) VALUES '
                          "(?, 1, ?, ?, 3, ?, '', ?)", (number, kind, state, f'{number}.csv', at))
        for name, text, strikes in (('make_export', message % 1, 9), ('make_export', 'no json', 2),
                                    ('prepare_pictures', '{"__kind__": "task"}', 0)):
            other.execute('INSERT INTO job (name, message, run_at, strikes, created_at) VALUES (?, ?, ?, ?, ?)',
                          (f'quickpub.tasks.{name}', text.encode(), at, strikes, at))
        other.execute("INSERT INTO media_file VALUES (?, 'image', 'jpg', 'working', 40, 2, '', '{}', ?)",
                      ('a' * 32, at))
    other.close()
    migrating.migrate(config)
    opening.open_site(config)
    with db.db.connection_context():
        assert [row.state for row in Export.select().order_by(Export.id)] == ['waiting', 'failed', 'failed']
        assert [(job.subject, job.subject_id, job.strikes) for job in Job.select().order_by(Job.id)] == [
            ('export', '1', 1), (None, None, 1)]
        tasks.prepare_pictures()
        assert [job.subject_id for job in Job.select().where(Job.subject == 'picture')] == ['a' * 32]
        assert queue.discard(1) and Export.get_by_id(1).state == 'failed'
