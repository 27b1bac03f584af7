"""What follows from a task: the next one of a pipeline, an error handler, the count of a chord, a lock set free.

Huey writes it after the task, here it is written with the task's end: neither lost nor doubled, whenever it dies.
"""

import builtins
import datetime

import peewee
import pytest
from huey.api import chord
from huey.exceptions import TaskLockedException

from quickpub.background import SiteHuey
from quickpub.db import now
from quickpub.jobs import claims, owners, queue, rescue
from quickpub.jobs.tables import Counter, Job, KeyValue


@pytest.fixture
def huey(site):
    """As the site has it: JSON, no results."""
    huey = SiteHuey('follow', 'nowhere.huey')

    @huey.task(name='add')
    def add(a, b):
        return a + b

    @huey.task(name='fail', retries=1)
    def fail():
        raise ValueError('as told')

    @huey.task(name='total')
    def total(numbers):
        return sum(numbers)

    @huey.task(name='raise_it')
    def raise_it(error):
        raise getattr(builtins, error)

    @huey.task(name='tell')
    def tell(error):
        return error

    huey.make = {each.task_class.__name__: each.s for each in (add, fail, total, raise_it, tell)}
    return huey


def rows():
    """State and task of every job, oldest first."""
    return [(job.state, job.name.rpartition('.')[2]) for job in Job.select().order_by(Job.id)]


def out_of_reach(*_):
    raise peewee.OperationalError('database is locked')


def end_untold(huey, monkeypatch):
    """Execute the next task while the database cannot be told the end."""
    with monkeypatch.context() as patch:
        patch.setattr(claims, 'settle', out_of_reach)
        huey.execute(huey.next_task())
        assert huey.endings.settle_pending()
    huey.outages.end('jobs')


def die(huey):
    """What becomes of this process's jobs, and of all that it knew, when it is killed."""
    huey.endings.unsettled.clear()
    Job.update(owner='gone').where(Job.state == 'running').execute()
    owners.reset()
    rescue.rescue()
    Job.update(strikes=0).execute()  # none needs a process of its own


def test_what_comes_next_is_written_with_the_end_or_not_at_all(huey, monkeypatch):
    huey.enqueue(huey.make['add'](1, 2).then(huey.make['add'](3)))
    end_untold(huey, monkeypatch)
    assert rows() == [('running', 'add')]
    assert not huey.endings.settle_pending()
    assert rows() == [('ready', 'add')]
    assert huey.execute(huey.next_task()) == 6 and rows() == []


def test_a_job_killed_after_its_end_runs_again_and_is_followed_once(huey, monkeypatch):
    huey.enqueue(huey.make['add'](1, 2).then(huey.make['add'](3)))
    end_untold(huey, monkeypatch)
    die(huey)
    assert rows() == [('ready', 'add')]
    assert huey.execute(huey.next_task()) == 3
    assert rows() == [('ready', 'add')], 'the first attempt, which died, must not be followed too'
    assert huey.execute(huey.next_task()) == 6 and rows() == []


def test_a_member_of_a_chord_that_runs_again_counts_once(huey, monkeypatch):
    huey.enqueue(chord([huey.make['add'](1, 1), huey.make['add'](2, 2)], huey.make['total']()))
    end_untold(huey, monkeypatch)
    die(huey)
    assert sorted(huey.execute(huey.next_task()) for _ in range(2)) == [2, 4]
    assert rows() == [('ready', 'total')]
    assert huey.execute(huey.next_task()) == 6
    assert Job.select().count() == Counter.select().count() == KeyValue.select().count() == 0


def test_the_last_member_of_a_chord_that_runs_again_is_followed_once(huey, monkeypatch):
    huey.enqueue(chord([huey.make['add'](1, 1), huey.make['add'](2, 2)], huey.make['total']()))
    huey.execute(huey.next_task())
    end_untold(huey, monkeypatch)
    die(huey)
    assert rows() == [('ready', 'add')]
    huey.execute(huey.next_task())
    assert rows() == [('ready', 'total')]
    assert huey.execute(huey.next_task()) == 6
    assert Job.select().count() == Counter.select().count() == KeyValue.select().count() == 0


def test_what_follows_a_chord_is_the_same_when_it_is_written_at_the_second_try(huey, monkeypatch):
    huey.enqueue(chord([huey.make['add'](1, 1)], huey.make['total']()))
    with monkeypatch.context() as patch:
        patch.setattr(queue, 'enqueue', out_of_reach)
        huey.execute(huey.next_task())
        assert rows() == [('running', 'add')] and KeyValue.select().count() == 0
    assert not huey.endings.settle_pending()
    assert huey.execute(huey.next_task()) == 2
    huey.outages.end('jobs')


def test_a_member_of_a_chord_that_a_person_had_retried_gives_its_value_and_counts_once(huey):
    huey.enqueue(chord([huey.make['raise_it']('KeyError'), huey.make['add'](2, 2)], huey.make['tell']()))
    huey.execute(huey.next_task())
    assert rows() == [('dead', 'raise_it'), ('ready', 'add')]
    assert queue.retry(Job.get().id)
    huey.registry.string_to_task(Job.get().name).execute = lambda task: 1  # this time it goes well
    Job.update(priority=1).where(Job.name.endswith('raise_it')).execute()
    assert [huey.execute(huey.next_task()) for _ in range(3)] == [1, 4, [1, 4]]
    assert Job.select().count() == Counter.select().count() == KeyValue.select().count() == 0


def test_an_error_handler_is_enqueued_with_the_retry_and_told_the_error(huey):
    huey.enqueue(huey.make['fail']().error(huey.make['tell']()))
    huey.execute(huey.next_task())
    assert rows() == [('ready', 'fail'), ('ready', 'tell')]
    assert huey.execute(huey.next_task()) == "ValueError('as told')"
    huey.execute(huey.next_task())
    assert rows() == [('dead', 'fail'), ('ready', 'tell')]


def test_nothing_follows_from_a_task_that_will_run_again_because_huey_failed_around_it(huey, monkeypatch):
    huey.enqueue(huey.make['fail']().error(huey.make['tell']()))
    with monkeypatch.context() as patch:
        patch.setattr(huey, 'serialize_task', out_of_reach)
        huey.execute(huey.next_task())
    assert rows() == [('ready', 'fail')] and Job.get().run_at > now()


def test_nothing_follows_from_a_task_whose_claim_was_lost(huey):
    huey.enqueue(huey.make['add'](1, 2).then(huey.make['add'](3)))
    task = huey.next_task()
    Job.update(owner='somebody-else').execute()
    huey.execute(task)
    assert rows() == [('running', 'add')]


def test_a_task_executed_once_more_after_its_end_is_one_that_was_never_claimed(huey):
    huey.enqueue(huey.make['fail']())
    task = huey.next_task()
    for count in (1, 2):
        task.retries = 1
        huey.execute(task)
        assert rows() == [('ready', 'fail')] * count


def test_a_task_that_meets_a_database_out_of_reach_is_no_failure_and_costs_no_retry(huey):
    @huey.task(name='write', retries=1)
    def write():
        out_of_reach()

    huey.enqueue(write.s().error(huey.make['tell']()))
    for _ in range(3):
        Job.update(run_at=now()).execute()
        huey.execute(huey.next_task())
        assert rows() == [('ready', 'write')] and Job.get().run_at > now() and 'is locked' in Job.get().error
    assert huey.scheduled()[0].retries == 1


def test_what_follows_but_cannot_be_written_buries_the_job_with_the_reason(huey):
    """The task itself was done; but that the rest is missing must be seen by somebody."""
    @huey.task(name='odd')
    def odd():
        return object()

    huey.enqueue(odd.s().then(huey.make['tell']()))
    with pytest.raises(TypeError):
        huey.execute(huey.next_task())
    assert rows() == [('dead', 'odd')] and 'plain values only' in Job.get().error
    assert not huey.endings.settle_pending()


def test_what_follows_and_fails_while_it_is_written_does_not_stop_the_queue(huey, monkeypatch):
    huey.enqueue(chord([huey.make['add'](1, 1)], huey.make['total']()))
    with monkeypatch.context() as patch:
        patch.setattr(huey.storage, 'incr', lambda *_: 1 / 0)
        huey.execute(huey.next_task())
    assert rows() == [('dead', 'add')] and 'ZeroDivisionError' in Job.get().error
    assert not huey.endings.settle_pending() and KeyValue.select().count() == 0


def test_a_task_that_wants_to_exit_is_buried_and_not_repeated(huey):
    huey.enqueue(huey.make['raise_it']('SystemExit'))
    with pytest.raises(SystemExit):
        huey.execute(huey.next_task())
    assert rows() == [('dead', 'raise_it')] and 'SystemExit' in Job.get().error


def test_an_interrupted_task_is_released_as_if_never_claimed(huey):
    huey.enqueue(huey.make['raise_it']('KeyboardInterrupt'))
    huey.execute(huey.next_task())
    assert rows() == [('ready', 'raise_it')] and Job.get().attempts == 0


def test_what_a_task_enqueues_itself_does_not_wait_for_its_end(huey):
    @huey.task(name='outer')
    def outer():
        huey.enqueue(huey.make['add'](1, 2))
        assert rows() == [('running', 'outer'), ('ready', 'add')]

    outer()
    huey.execute(huey.next_task())
    assert rows() == [('ready', 'add')]


def test_times_and_nested_tasks_survive_json(huey):
    span, moment = datetime.timedelta(minutes=1), datetime.datetime(2024, 2, 29, 12, 30)
    task = huey.make['tell']([moment, {'at': span}], expires=span).then(huey.make['tell']()).error(huey.make['tell']())
    back = huey.deserialize_task(bytes(huey.serialize_task(task)))
    assert back.args == ([moment, {'at': span}],) and back.expires == span
    assert [back.on_complete.id, back.on_error.id] == [task.on_complete.id, task.on_error.id]


def test_a_lock_is_free_again_when_the_process_that_holds_it_is_dead(huey):
    huey.lock_task('one').acquire()
    with pytest.raises(TaskLockedException):
        huey.lock_task('one').acquire()
    owners.reset()  # which frees the file that proved its life
    with huey.lock_task('one'):
        assert huey.is_locked('one')
    assert not huey.is_locked('one') and KeyValue.select().count() == 0
