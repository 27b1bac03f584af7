"""Huey's own tests, run against this queue: whoever knows Huey must find here what Huey promises.

They come with Huey and run as they are, with Huey's own serializer and results. Where this queue promises something
else on purpose, ADAPTED and LEFT_OUT give the reason, case by case, and the class below has our own version of an
adapted one. A second run uses JSON, as the site does. The last test counts: no case goes missing unnoticed.
"""

import datetime
import os
import signal
import threading
import time
import unittest
from functools import partial
from unittest import mock

import peewee
import pytest
from huey import signals as S
from huey.api import chord
from huey.consumer_options import ConsumerConfig
from huey.serializer import Serializer

from quickpub import data_folder, db, logs, migrating, processes, settings
from quickpub.background import SiteHuey
from quickpub.jobs import owners, tables
from quickpub.jobs.consumer import STOP_WITHIN, DurableConsumer, WorkerProcesses
from quickpub.jobs.serializer import JSONSerializer
from quickpub.jobs.tables import Counter, Job
from quickpub.sqlite import connection

with mock.patch.dict(os.environ, HUEY_SLOW_TESTS='1'):  # asked at import; they take a second or two in all
    from huey.tests import test_api, test_consumer, test_helpers, test_priority, test_signals, test_sql_huey

MODULES = [test_sql_huey, test_api, test_consumer, test_priority, test_signals, test_helpers]

NOT_DUE = 'what is not due is neither in the queue nor handed out: it waits as a scheduled row from the beginning'
ADAPTED = {
    'TestSqlStorage.test_schedule_methods': 'a row that is due is in the queue: nothing is read from a schedule',
    'TestSqlStorage.test_sql_huey_basic': NOT_DUE,
    'TestSqlStorage.test_create_tables': 'the tables come from migrations, not from the storage',
    'TestQueue.test_scheduling': NOT_DUE,
    'TestQueue.test_schedule_s': NOT_DUE,
    'TestQueue.test_scheduling_expires': NOT_DUE,
    'TestQueue.test_reschedule': NOT_DUE,
    'TestQueue.test_read_schedule': 'a row that is due is in the queue: nothing is read from a schedule',
    'TestQueue.test_pending_scheduled_unregistered': NOT_DUE,
    'TestDecorators.test_task_id': NOT_DUE,
    'TestChordPrimitive.test_chord_bookkeeping_cleared': "looks into the attributes of Huey's storage in memory",
    'TestChordPrimitive.test_chord_scheduling': NOT_DUE,
    'TestStorageWrappers.test_storage_wrappers': NOT_DUE,
    'TestConsumerIntegration.test_consumer_schedule_task': NOT_DUE,
    'TestConsumerConfig.test_shutdown_options': 'SIGTERM is graceful here and has a limit, whatever the command says',
    'TestConsumerShutdown.test_signal_handlers': 'both signals are graceful here, and SIGHUP is ignored',
    'TestConsumerShutdown.test_immediate_stop_ignores_stop_flag': 'a stop begins gracefully here, and is cut short',
    'TestProcessWorkers.test_process_worker_integration': "is about SqliteHuey's connection; ours is the site's",
    'TestPriority.test_schedule_priority': NOT_DUE,
    'TestSignals.test_signals_simple': NOT_DUE + ', so no signal says that it was moved to a schedule',
}
SEMAPHORE = 'locks that several may hold are scripts that a Redis server runs (Huey skips this without one)'
LEFT_OUT = {
    'TestLockTaskSemaphore.test_redis_semaphore': SEMAPHORE,
    'TestLockTaskSemaphore.test_semaphore_contention': SEMAPHORE,
    'TestLockTaskSemaphore.test_semaphore_expiration': SEMAPHORE,
    'TestLockTaskSemaphore.test_semaphore_renewed_while_running': SEMAPHORE,
    'TestLockTaskSemaphore.test_semaphore_storage_types': SEMAPHORE,
}

AS_TEXT = 'in JSON an error handler is told the error as text, not as an exception'
AS_LIST = 'in JSON a tuple comes back as a list'
JSON_CASES = ['TestQueue', 'TestTaskHooks', 'TestGroupPrimitive', 'TestChordPrimitive', 'TestTaskChaining',
              'TestTaskLocking', 'TestRateLimit', 'TestHueyAPIs', 'TestDisableResultStore',
              'TestStoreIntermediateErrors', 'TestCustomErrorMetadata', 'TestPriority', 'TestSignals']
NOT_IN_JSON = {
    'TestQueue.test_retrying_exceptions_not_surfaced': AS_TEXT,
    'TestGroupPrimitive.test_group_callback_task_args': AS_LIST,
    'TestChordPrimitive.test_chord_callback_err': AS_TEXT,
    'TestTaskChaining.test_chain_errors': AS_TEXT,
    'TestTaskChaining.test_error_callback': AS_TEXT,
    'TestTaskChaining.test_error_callback_retries': AS_TEXT,
    'TestTaskChaining.test_pipeline_tuple': AS_LIST,
    'TestHueyAPIs.test_put_get': 'JSON knows no sets',
    'TestStoreIntermediateErrors.test_on_error_deferred': AS_TEXT,
    'TestCustomErrorMetadata.test_custom_error': AS_LIST,
}
STOPS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


# The site of each test

@pytest.fixture
def config(tmp_path):
    """One worker: the suite makes a consumer without saying how many, and starts the first."""
    return settings.from_env({'QUICKPUB_DATA': str(tmp_path / 'data'), 'QUICKPUB_CONSUMER_WORKERS': '1'})


@pytest.fixture(autouse=True)
def suite(site, monkeypatch):
    """A real database with the migrated tables. The suite's clock is the local one, so local time is UTC here.

    Consumers are started and stopped in this process: what they change in it is put back.
    """
    monkeypatch.setattr(test_consumer, 'ProcessEnvironment', WorkerProcesses)
    monkeypatch.setattr(logs, 'log_to_console', lambda: None)
    handlers = {signum: signal.getsignal(signum) for signum in STOPS}
    connections = remember_connections(monkeypatch)
    with mock.patch.dict(os.environ, TZ='UTC'):
        time.tzset()
        yield
    time.tzset()
    hang_up()
    for opened in connections:  # those of threads that have ended
        opened.close()
    for signum, handler in handlers.items():
        signal.signal(signum, handler)


def remember_connections(monkeypatch):
    found, connect = [], db.db._connect
    monkeypatch.setattr(connection, 'connect', partial(connection.connect, check_same_thread=False))
    monkeypatch.setattr(db.db, '_connect', lambda: found.append(connect()) or found[-1])
    return found


def hang_up():
    """End the doorbell's thread; this file would leave hundreds."""
    if bell := owners.current()._bell:
        fd, listener = bell._fd, bell._listener  # the owner may put up another one meanwhile
        with open(os.devnull) as nothing:
            os.dup2(nothing.fileno(), fd)
        processes.ring(tables.run_folder())
        listener.join(10)
        os.close(fd)


class Ours:
    """Put before a class of Huey's tests: they get our Huey."""
    serializer = Serializer
    options: dict = {}

    def get_huey(self):
        options = {'results': True, 'serializer': self.serializer()} | self.options
        return SiteHuey('suite', 'nowhere.huey', utc=False, **options)


def pass_time(seconds):
    """Let every job become due so much earlier; nobody has to wait."""
    for job in Job.select():
        Job.update(run_at=job.run_at - datetime.timedelta(seconds=seconds)).where(Job.id == job.id).execute()


def later(seconds):
    return datetime.datetime.now() + datetime.timedelta(seconds=seconds)


# Cases that need more than our Huey, and our versions of those that must differ

class TestSqlStorage(Ours, test_sql_huey.TestSqlStorage):
    db_file = ''  # nothing to remove
    tearDown = tearDownClass = lambda *_: None  # the whole folder is thrown away
    test_consumer_integration = test_sql_huey.StorageTests.test_consumer_integration  # which Huey switches off for SQL

    def test_schedule_methods(self):
        for data, seconds in ((b'p2', 120), (b'p0', 60), (b'n1', 30), (b'p1', 90)):
            self.s.add_to_schedule(data, later(seconds))
        self.assertEqual((self.s.schedule_size(), self.s.queue_size()), (4, 0))
        self.assertEqual(self.s.scheduled_items(2), [b'n1', b'p0'])
        self.assertIsNone(self.s.dequeue())
        pass_time(60)
        self.assertEqual(self.s.scheduled_items(), [b'p1', b'p2'])
        self.assertEqual(self.s.enqueued_items(), [b'n1', b'p0'])
        self.assertEqual(self.s.read_schedule(later(999)), [])
        self.assertEqual([self.s.dequeue() for _ in range(3)], [b'n1', b'p0', None])
        self.s.flush_schedule()
        self.assertEqual(self.s.schedule_size(), 0)

    def test_sql_huey_basic(self):
        @self.huey.task()
        def task_a(n):
            return n + 1

        task_a(1)
        r2 = task_a(2)
        self.assertEqual(self.execute_next(), 2)
        self.assertEqual((len(self.huey), self.huey.result_count()), (1, 1))
        r2.revoke()
        self.assertEqual(self.huey.result_count(), 2)
        self.assertIsNone(self.execute_next())
        self.assertEqual((len(self.huey), self.huey.result_count()), (0, 1))
        r3 = task_a.schedule((3,), delay=10)
        self.assertEqual((len(self.huey), self.huey.scheduled_count()), (0, 1))
        pass_time(10)
        self.assertEqual((len(self.huey), self.huey.scheduled_count()), (1, 0))
        self.assertEqual((self.execute_next(), r3()), (4, 4))

    def test_create_tables(self):
        site = settings.current()
        empty = settings.from_env({'QUICKPUB_DATA': str(site.data / 'empty')})
        data_folder.create(empty.paths)
        db.bind(empty, 1)
        db.db.connect()
        self.assertRaises(peewee.OperationalError, self.get_huey().storage.queue_size)
        db.db.close()
        migrating.migrate(empty)
        self.assertEqual(self.get_huey().storage.queue_size(), 0)


class TestQueue(Ours, test_api.TestQueue):
    def test_scheduling(self):
        @self.huey.task()
        def task_a(n):
            return n + 1

        result = task_a.schedule((3,), delay=60)
        self.assertEqual((len(self.huey), self.huey.scheduled_count()), (0, 1))
        self.assertIsNone(self.huey.next_task())
        task, = self.huey.scheduled()
        self.assertEqual(task, result.task)
        self.assertFalse(self.huey.ready_to_run(task))
        self.assertTrue(self.huey.ready_to_run(task, later(60)))

        past = task_a.schedule((4,), eta=datetime.datetime(2000, 1, 1))
        self.assertEqual((self.execute_next(), past.get()), (5, 5))
        self.assertEqual(self.huey.scheduled(), [task])
        pass_time(60)
        self.assertEqual((self.execute_next(), result.get()), (4, 4))
        self.assertEqual(Job.select().count(), 0)

    def test_schedule_s(self):
        @self.huey.task()
        def add(a, b):
            return a + b

        task = add.s(1, 2, delay=10).then(add, 3, delay=20)
        r1, r2 = self.huey.enqueue(task)
        self.assertEqual(self.huey.scheduled(), [task])
        pass_time(10)
        self.assertEqual(self.execute_next(), 3)
        self.assertIsNone(self.huey.next_task())  # what comes next waits for its own time
        self.assertEqual(self.huey.scheduled(), [r2.task])
        pass_time(20)
        self.assertEqual((self.execute_next(), r2()), (6, 6))

        r1, _ = self.huey.enqueue(add.s(1, 2, delay=10).then(add, 3, delay=20))
        r1.reschedule()
        self.assertEqual((len(self.huey), self.execute_next()), (1, 3))
        pass_time(20)
        self.assertEqual([self.execute_next() for _ in range(2)], [None, 6])  # the first time is revoked
        self.assertEqual(Job.select().count(), 0)

    def test_scheduling_expires(self):
        @self.huey.task()
        def task_a(n):
            return n + 1

        task_a.schedule((3,), eta=later(60), expires=5)
        task, = self.huey.scheduled()
        self.assertEqual(task.expires, 5)
        self.assertTrue(later(64) < task.expires_resolved < later(66))  # five seconds from when it is due
        pass_time(60)
        self.assertEqual(self.huey.execute(self.huey.dequeue(), later(64)), 4)
        task_a.schedule((3,), eta=later(-60), expires=datetime.timedelta(seconds=5))
        self.assertEqual(self.execute_next(), 4)  # or from now, where that is later

    def test_reschedule(self):
        self.huey.pending = self.huey.scheduled  # where the last part looks for what has a delay
        super().test_reschedule()

    def test_read_schedule(self):
        @self.huey.task()
        def task_a(n):
            return n

        timestamp = datetime.datetime(2000, 1, 2, 3, 4, 5)
        for seconds in (1, -1, 0):
            task_a.schedule((seconds,), eta=timestamp + datetime.timedelta(seconds=seconds))
        self.assertEqual((len(self.huey), self.huey.scheduled_count()), (3, 0))
        self.assertEqual(self.huey.read_schedule(later(60)), [])
        self.assertEqual([self.execute_next() for _ in range(3)], [1, -1, 0])  # a time long past means: now

    def test_pending_scheduled_unregistered(self):
        @self.huey.task()
        def task_a(n):
            return n

        @self.huey.task()
        def task_b(n):
            return n

        sa = task_a.schedule((3,), delay=60)
        task_b.schedule((4,), delay=60)
        ra = task_a(1)
        task_b(2)
        self.assertEqual((len(self.huey), self.huey.scheduled_count()), (2, 2))
        task_b.unregister()
        self.assertEqual([t.id for t in self.huey.pending()], [ra.id])
        self.assertEqual([t.id for t in self.huey.scheduled()], [sa.id])


class TestDecorators(Ours, test_api.TestDecorators):
    def test_task_id(self):
        @self.huey.task()
        def task_a(n):
            return n + 1

        self.assertEqual(task_a.s(1, id='t1').id, 't1')
        self.assertEqual(task_a.schedule((1,), delay=1, id='t2').id, 't2')
        self.assertEqual(task_a(1, id='t3').id, 't3')
        self.assertEqual(self.huey.dequeue().id, 't3')
        pass_time(1)
        self.assertEqual(self.huey.dequeue().id, 't2')
        pipe = task_a.s(1, id='p1').then(task_a, id='p2')
        self.assertEqual((pipe.id, pipe.on_complete.id), ('p1', 'p2'))


class TestChordPrimitive(Ours, test_api.TestChordPrimitive):
    def test_chord_bookkeeping_cleared(self):
        self.huey.storage._counters = {}
        super().test_chord_bookkeeping_cleared()
        self.assertEqual(Counter.select().count(), 0)

    def test_chord_scheduling(self):
        @self.huey.task()
        def ident(s):
            return s

        @self.huey.task()
        def agg(results):
            return results

        members = [ident.s('a', delay=30), ident.s('b', delay=50), ident.s('c', delay=10)]
        r = self.huey.enqueue(chord(members, agg.s(delay=60)))
        self.assertEqual((len(self.huey), self.huey.scheduled_count()), (0, 3))
        for name in 'cab':
            pass_time(20)
            self.assertEqual((len(self.huey), self.execute_next()), (1, name))
        self.assertIsNone(self.huey.next_task())  # the delay of what comes last counts from when it was said
        pass_time(60)
        self.assertEqual(self.execute_next(), ['a', 'b', 'c'])
        self.assertEqual(r(), ['a', 'b', 'c'])
        self.assertEqual(Job.select().count(), 0)


class TestDisableResultStore(Ours, test_api.TestDisableResultStore):
    options = {'results': False}


class TestStoreIntermediateErrors(Ours, test_api.TestStoreIntermediateErrors):
    options = {'store_intermediate_errors': False}


class TestStorageWrappers(Ours, test_api.TestStorageWrappers):
    def test_storage_wrappers(self):
        @self.huey.task()
        def task_a(n):
            return n + 1

        def ids(tasks):
            return [task.id for task in tasks]

        self.assertEqual((self.huey.pending(), self.huey.scheduled(), self.huey.all_results()), ([], [], {}))
        r1, r2, r3 = task_a(1), task_a.schedule((2,), delay=60), task_a(3)
        self.assertEqual((ids(self.huey.pending()), ids(self.huey.scheduled())), ([r1.id, r3.id], [r2.id]))
        self.assertEqual(self.huey.all_results(), {})
        self.execute_next()
        self.assertEqual((ids(self.huey.pending()), ids(self.huey.scheduled())), ([r3.id], [r2.id]))
        self.assertEqual(list(self.huey.all_results()), [r1.id])


class TestCustomErrorMetadata(Ours, test_api.TestCustomErrorMetadata):
    def get_huey(self):
        huey = super().get_huey()
        stock = huey.build_error_result
        huey.build_error_result = lambda task, error: stock(task, error) | {'name': task.name, 'args': task.args}
        return huey


class TestConsumerIntegration(Ours, test_consumer.TestConsumerIntegration):
    class consumer_class(DurableConsumer):
        scheduler_class = test_consumer.TestConsumer._Scheduler

    def test_consumer_schedule_task(self):
        @self.huey.task()
        def task_a(n):
            return n + 1

        r60 = task_a.schedule((2,), delay=60)
        rday = task_a.schedule((3,), delay=86400)
        consumer = self.consumer(workers=1)
        self.schedule_tasks(consumer)
        self.assertEqual((len(self.huey), self.huey.scheduled_count()), (0, 2))
        pass_time(65)
        self.schedule_tasks(consumer)
        self.assertEqual((len(self.huey), self.huey.scheduled_count()), (1, 1))
        self.work_on_tasks(consumer, 1)
        self.assertEqual(r60.get(), 3)
        pass_time(86400)
        self.work_on_tasks(consumer, 1)
        self.assertEqual(rday.get(), 4)
        self.assertEqual(Job.select().count(), 0)


class TestConsumerConfig(Ours, test_consumer.TestConsumerConfig):
    def test_shutdown_options(self):
        config = ConsumerConfig(shutdown_timeout=5, graceful_signal='TERM')
        config.validate()
        consumer = self.huey.create_consumer(**config.values)
        self.assertEqual((consumer.shutdown_timeout, consumer.graceful_signal), (5, 'TERM'))
        consumer = self.huey.create_consumer(**ConsumerConfig().values)
        self.assertEqual((consumer.shutdown_timeout, consumer.graceful_signal), (STOP_WITHIN, 'TERM'))


class TestConsumerShutdown(Ours, test_consumer.TestConsumerShutdown):
    def test_signal_handlers(self):
        consumer = self.huey.create_consumer()
        consumer._set_signal_handlers()
        for signum in (signal.SIGINT, signal.SIGTERM):
            self.assertEqual(signal.getsignal(signum), consumer._handle_signal)
            consumer._handle_signal(signum, None)
            self.assertEqual((consumer._signum, consumer._graceful, consumer._restart), (signum, True, False))
            self.assertEqual(signal.getsignal(signum), signal.default_int_handler)  # the second one means: now

    def test_immediate_stop_ignores_stop_flag(self):
        release, started = threading.Event(), threading.Event()

        @self.huey.task()
        def block():
            started.set()
            release.wait(10)

        def interrupt_workers():
            consumer.stop_flag = None

        block()
        consumer = self.huey.create_consumer(shutdown_timeout=0.05)
        consumer._interrupt_workers = interrupt_workers
        consumer.scheduler.start()
        _, thread = consumer.worker_threads[0]
        thread.start()
        self.assertTrue(started.wait(10))
        stop_flag = consumer.stop_flag
        consumer._handle_signal(signal.SIGTERM, None)
        self.assertRaises(test_consumer.ConsumerStopped, consumer.loop)
        self.assertIsNone(consumer.stop_flag)
        self.assertTrue(stop_flag.is_set())
        release.set()
        thread.join(10)
        self.assertEqual(Job.select().count(), 0)


class TestProcessWorkers(Ours, test_consumer.TestProcessWorkers):
    def test_process_worker_integration(self):
        huey = self.get_huey()

        @huey.task()
        def add_pid(a, b):
            return a + b, os.getpid()

        consumer = huey.create_consumer(workers=2, worker_type='process')
        consumer.start()
        try:
            self.assertTrue(db.db.is_closed())  # closed before forking
            r1, r2 = add_pid(1, 2), add_pid(3, 4)
            (val1, pid1), (val2, pid2) = (r.get(blocking=True, timeout=30) for r in (r1, r2))
            self.assertEqual((val1, val2), (3, 7))
            self.assertNotIn(os.getpid(), (pid1, pid2))
        finally:
            consumer.stop(graceful=True)
        self.assertEqual(Job.select().count(), 0)


class TestPriority(Ours, test_priority.TestPriority):
    def test_schedule_priority(self):
        tasks = [(self.task_0, 0, None), (self.task_1, 10, None), (self.task_2, 100, None),
                 (self.task_0, 1, 2), (self.task_1, 11, 0), (self.task_2, 110, 1)]
        for task, number, priority in tasks:
            task.schedule((number,), delay=60, priority=priority)
        self.assertEqual([task.priority for task in self.huey.scheduled()], [None, 1, 2, 2, 0, 1])
        pass_time(60)
        self.assertEqual([task.priority for task in self.huey.pending()], [2, 2, 1, 1, None, 0])
        self.assertEqual([self.execute_next() for _ in tasks], [100, 1, 10, 110, 0, 11])


class TestSignals(Ours, test_signals.TestSignals):
    def test_signals_simple(self):
        @self.huey.task()
        def task_a(n):
            return n + 1

        task_a(3)
        self.assertSignals([S.SIGNAL_ENQUEUED])
        self.assertEqual(self.execute_next(), 4)
        self.assertSignals([S.SIGNAL_EXECUTING, S.SIGNAL_COMPLETE])

        task_a.schedule((2,), delay=60)
        self.assertSignals([S.SIGNAL_ENQUEUED])
        self.assertIsNone(self.huey.next_task())
        pass_time(60)
        self.assertEqual(self.execute_next(), 3)
        self.assertSignals([S.SIGNAL_EXECUTING, S.SIGNAL_COMPLETE])

        task_a(None)
        self.assertSignals([S.SIGNAL_ENQUEUED])
        self.assertIsNone(self.execute_next())
        self.assertSignals([S.SIGNAL_EXECUTING, S.SIGNAL_ERROR])


# All the others, and some again in JSON. A method that is None is not collected.

def cases_of(module):
    return [each for each in vars(module).values() if isinstance(each, type)
            and issubclass(each, unittest.TestCase) and each.__module__ == module.__name__]


def names(case):
    return unittest.defaultTestLoader.getTestCaseNames(case)


def without(reasons, case):
    return {name: None for name in names(case) if f'{case.__name__}.{name}' in reasons}


def in_json(ours):
    return type(f'{ours.__name__}InJSON', (ours,), {'serializer': JSONSerializer, '__module__': __name__,
                                                    **without(NOT_IN_JSON, ours)})


CASES = {case.__name__: case for module in MODULES for case in cases_of(module)}
for name, case in CASES.items():
    globals().setdefault(name, type(name, (Ours, case), {'__module__': __name__, **without(LEFT_OUT, case)}))
for name in JSON_CASES:
    globals()[f'{name}InJSON'] = in_json(globals()[name])
pytest.mark.within_a_minute(globals()['TestRateLimit'])  # Huey's limit is one for each minute of the clock
del name, case


def test_every_case_of_hueys_runs_as_it_is_or_has_a_reason_not_to():
    every = {f'{case.__name__}.{name}' for case in CASES.values() for name in names(case)}
    as_it_is, adapted = set(), set()
    for case in CASES.values():
        ours = globals()[case.__name__]
        for name in names(ours):
            stock = getattr(case, name, None)
            kept = getattr(ours, name) in (stock, getattr(test_sql_huey.StorageTests, name, None))
            (as_it_is if kept else adapted).add(f'{case.__name__}.{name}')
            assert not hasattr(getattr(ours, name), '__unittest_skip__')
    assert adapted == set(ADAPTED) and every - as_it_is - adapted == set(LEFT_OUT)
    assert (len(every), len(as_it_is), len(adapted), len(LEFT_OUT)) == (178, 153, 20, 5)


def test_every_case_left_out_in_json_has_a_reason():
    every = {f'{name}.{each}' for name in JSON_CASES for each in names(globals()[name])}
    ran = {f'{name}.{each}' for name in JSON_CASES for each in names(globals()[f'{name}InJSON'])}
    assert every - ran == set(NOT_IN_JSON)
    assert (len(every), len(ran)) == (123, 113)
