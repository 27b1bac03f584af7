"""The tables of the queue, and the database that the application hands in.

A process has one queue: `bind` says once in which database. An application with migrations of its own makes the tables
there, any other calls `create`.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from peewee import (
    AutoField,
    BlobField,
    BooleanField,
    CharField,
    CompositeKey,
    DatabaseProxy,
    FloatField,
    IntegerField,
    Model,
    SqliteDatabase,
    TextField,
)

from .clock import now
from .fields import DateTimeField

database = cast(SqliteDatabase, DatabaseProxy())
_folder: Path | None = None


def bind(used: SqliteDatabase, folder: Path | None = None) -> None:
    """Keep the queue in this database; it may be opened later. Each process proves its life by a file in `folder`,
    which is by default `run` beside the database's file."""
    global _folder
    cast(DatabaseProxy, database).initialize(used)
    _folder = folder


def bound() -> SqliteDatabase:
    """Return the database itself. Raises RuntimeError where `bind` was not called."""
    found = cast(DatabaseProxy, database).obj
    if found is None:
        raise RuntimeError('the queue has no database: give DurableHuey one, or call tables.bind')
    return found


def run_folder() -> Path:
    """Return the folder with the files that prove which processes live, and their doorbells."""
    return _folder or Path(database.database).parent / 'run'


class BaseModel(Model):
    if TYPE_CHECKING:
        id: Any  # peewee adds it

    class Meta:
        database = database
        legacy_table_names = False


class Job(BaseModel):
    id = AutoField()
    name = CharField()  # module.function; '' for a message whose task is not known before it is read
    message = BlobField()
    state = CharField(default='ready')  # ready, running or dead
    priority = FloatField(default=0)
    run_at = DateTimeField()
    is_single = BooleanField(default=False)  # one that waits is enough
    attempts = IntegerField(default=0)
    strikes = IntegerField(default=0)  # see rescue.py
    subject = CharField(null=True)  # what a page shows of it: a kind of row, and which one
    subject_id = CharField(null=True)
    owner = CharField(null=True)
    started_at = DateTimeField(null=True)
    progress = TextField(default='')  # of a running job, in words
    error = TextField(default='')
    created_at = DateTimeField(default=now)

    @property
    def reason(self) -> str:
        """Return the error in one line, without its traceback."""
        last = self.error.rpartition('Traceback (most recent call last):\n')[2]
        return next((line for line in last.splitlines() if line and not line.startswith(' ')), '')


class Tally(BaseModel):
    """The number of jobs of one name that ended in one minute."""
    minute = DateTimeField()
    name = CharField()
    done = IntegerField()
    failed = IntegerField()

    class Meta:
        table_name = 'job_tally'
        primary_key = CompositeKey('minute', 'name')


class Pause(BaseModel):
    """Its one row means that no job is begun."""
    since = DateTimeField()

    class Meta:
        table_name = 'job_pause'


class RecurringJob(BaseModel):
    """When each recurring job was enqueued last."""
    name = CharField(primary_key=True)  # as in Job
    enqueued_at = DateTimeField()


class KeyValue(BaseModel):
    """A value that Huey keeps by key: results, revoked tasks, locks."""
    queue = CharField()
    key = CharField()
    value = BlobField()

    class Meta:
        table_name = 'job_key_value'
        primary_key = CompositeKey('queue', 'key')


class Counter(BaseModel):
    """A number that Huey counts by key: members of a chord, uses of a limit."""
    queue = CharField()
    key = CharField()
    value = IntegerField()

    class Meta:
        table_name = 'job_counter'
        primary_key = CompositeKey('queue', 'key')


SCHEMA = '''
CREATE TABLE IF NOT EXISTS job (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    message BLOB NOT NULL,
    state TEXT NOT NULL DEFAULT 'ready' CHECK (state IN ('ready', 'running', 'dead')),
    priority REAL NOT NULL DEFAULT 0,
    run_at TEXT NOT NULL,
    is_single INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    strikes INTEGER NOT NULL DEFAULT 0,
    owner TEXT,
    started_at TEXT,
    error TEXT NOT NULL DEFAULT '',
    created_at TEXT NOT NULL,
    progress TEXT NOT NULL DEFAULT '',
    subject TEXT,
    subject_id TEXT,
    CHECK ((state = 'running') = (owner IS NOT NULL))
) STRICT;
CREATE INDEX IF NOT EXISTS job_next ON job (priority DESC, run_at, id) WHERE state = 'ready';
CREATE INDEX IF NOT EXISTS job_dead ON job (priority DESC, run_at, id) WHERE state = 'dead';
CREATE INDEX IF NOT EXISTS job_running ON job (owner) WHERE state = 'running';
CREATE INDEX IF NOT EXISTS job_subject ON job (subject, subject_id) WHERE subject IS NOT NULL;
CREATE UNIQUE INDEX IF NOT EXISTS job_periodic_once ON job (name, state) WHERE is_single AND state != 'running';
CREATE TABLE IF NOT EXISTS job_tally (
    minute TEXT NOT NULL,
    name TEXT NOT NULL,
    done INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    PRIMARY KEY (minute, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS job_tally_last ON job_tally (name, minute);
CREATE TABLE IF NOT EXISTS job_pause (id INTEGER PRIMARY KEY CHECK (id = 1), since TEXT NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS recurring_job (name TEXT PRIMARY KEY, enqueued_at TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS job_key_value (
    queue TEXT NOT NULL,
    key TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (queue, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS job_counter (
    queue TEXT NOT NULL,
    key TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (queue, key)
) STRICT, WITHOUT ROWID;
'''


def create() -> None:
    """Make the tables and the folder where they are missing, for an application without migrations. Needs an open
    connection."""
    run_folder().mkdir(mode=0o700, exist_ok=True)
    with database.atomic():
        for statement in SCHEMA.split(';\n'):
            if statement.strip():
                database.execute_sql(statement)


def first(model: type[Any], sql: str, *params: Any) -> Any:
    """Return the first row that a statement finds, as a model with all its columns, or None. peewee's raw() takes
    twice as long for one row."""
    cursor = model._meta.database.execute_sql(sql, params)
    values = cursor.fetchall()  # to its end: a transaction cannot be committed in the middle of a statement
    if not values:
        return None
    found, fields = model(__no_default__=True), model._meta.columns
    for (column, *_), value in zip(cursor.description, values[0], strict=True):
        found.__data__[fields[column].name] = fields[column].python_value(value)
    return found
