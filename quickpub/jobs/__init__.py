'''A durable queue for Huey, in the application's own SQLite database.

This package can be lifted out: it imports nothing of Quickpub but processes.py, and peewee and Huey. The application
hands in its peewee database, and overrides a few methods of `DurableHuey`. examples/durable_huey is a small one.

What it promises, beyond Huey:
- A job commits or rolls back with the rows beside it: enqueue it inside `database.atomic()`.
- A committed job is never lost: not by `kill -9` of any process, a power cut (with `synchronous=FULL`), a full disk, a
  long write lock, or a task name that this version does not know. It runs at least once, and its end is written once.
- The jobs of a dead process run again within seconds. There is no time-out, so a live job never runs twice.
- A job that kills its process is found, buried with the reason, and takes no other job with it.
- The follow-ups of a task (the next one of a pipeline, a chord's count, a retry) are written with its end, or not
  at all.
- A recurring job that was missed while the machine was off runs once when it is back.
- An idle consumer starts a new job within about 5 ms, without polling.
- Messages are JSON, not pickles: a person who can write the file can run no code by it.

How it differs from Huey's own storages: SqliteStorage and FileStorage keep the queue in files of their own, so a job
and the rows that caused it can disagree after a crash. SqlStorage can share the database, but like RedisStorage it
deletes a task before running it, so what ends the worker loses the task; and it moves delayed tasks from a schedule to
the queue, with a gap between. Here a job is one row until it has ended. The price: one machine, SQLite, Linux or
macOS (flock, fork), and one queue per process.

    # tasks.py
    from peewee import SqliteDatabase
    from quickpub.jobs import tables
    from quickpub.jobs.huey import DurableHuey

    db = SqliteDatabase('shop.db', lock_type='IMMEDIATE', pragmas={'journal_mode': 'wal', 'synchronous': 'full'})
    huey = DurableHuey('shop', 'tasks.huey', database=db)  # the second says where a process can import it

    @huey.task(retries=3, retry_delay=10)
    def send_invoice(order_id): ...

Once: `with db.connection_context(): tables.create()`. Then `with db.atomic(): send_invoice(Order.create(...).id)` in
the web process, and `huey_consumer tasks.huey` beside it. `lock_type='IMMEDIATE'` lets a transaction that reads first
wait for the write lock instead of failing.
'''
