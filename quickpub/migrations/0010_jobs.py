"""A job and the row that a page shows of it never disagree; an export goes on where it was."""

JOBS = [
    # What a page shows of a job: a kind of row, and which one.
    'ALTER TABLE job ADD COLUMN subject TEXT',
    'ALTER TABLE job ADD COLUMN subject_id TEXT',
    'CREATE INDEX job_subject ON job (subject, subject_id) WHERE subject IS NOT NULL',
    # From now on only deaths of a job's own count beyond the first.
    'UPDATE job SET strikes = min(strikes, 1)',
    # Each picture has a job of its own now; `wake_pictures` makes those that are missing.
    "DELETE FROM job WHERE name = 'quickpub.tasks.prepare_pictures'",
    '''UPDATE job SET subject = 'export', subject_id = json_extract(CAST(message AS TEXT), '$.args[0]')
    WHERE name = 'quickpub.tasks.make_export' AND json_valid(CAST(message AS TEXT))''',
]

EXPORTS = [
    # How much of the file is on the disk for good, and up to which post.
    'ALTER TABLE export ADD COLUMN bytes INTEGER NOT NULL DEFAULT 0',
    'ALTER TABLE export ADD COLUMN last_post INTEGER NOT NULL DEFAULT 0',
    # A buried job that a person retries makes the older of two wait again.
    'DROP INDEX export_once',
    "CREATE INDEX export_waiting ON export (user_id, kind) WHERE state = 'waiting'",
    '''UPDATE export SET state = 'failed', error = 'It was never finished.' WHERE state = 'waiting' AND NOT EXISTS
    (SELECT 1 FROM job WHERE subject = 'export' AND subject_id = CAST(export.id AS TEXT) AND state != 'dead')''',
]

# The posts that show a picture do not say yet that it failed.
PICTURES = ['ALTER TABLE media_file ADD COLUMN is_news INTEGER NOT NULL DEFAULT 0',
            'CREATE INDEX media_file_news ON media_file (digest) WHERE is_news',
            "UPDATE media_file SET attempts = 0 WHERE state IN ('waiting', 'working')"]

# Whatever ends a job, and whoever does it, is carried into the row that a page shows of it.
CARRY = [
    '''CREATE TRIGGER {subject}_buried AFTER UPDATE OF state ON job
    WHEN NEW.subject = '{subject}' AND NEW.state = 'dead' BEGIN
    UPDATE {table} SET state = 'failed', error = iif(error = '', 'Something went wrong.', error){news}
        WHERE {key} = NEW.subject_id AND state IN ({unready});
END''',
    '''CREATE TRIGGER {subject}_retried AFTER UPDATE OF state ON job
    WHEN NEW.subject = '{subject}' AND OLD.state = 'dead' AND NEW.state = 'ready' BEGIN
    UPDATE {table} SET state = 'waiting', error = '' WHERE {key} = NEW.subject_id AND state = 'failed';
END''',
    '''CREATE TRIGGER {subject}_discarded AFTER DELETE ON job WHEN OLD.subject = '{subject}' BEGIN
    UPDATE {table} SET state = 'failed', error = 'It was stopped before it was finished.'{news}
        WHERE {key} = OLD.subject_id AND state IN ({unready});
END''',
]
SHOWN = [
    {'subject': 'export', 'table': 'export', 'key': 'id', 'unready': "'waiting'", 'news': ''},
    {'subject': 'picture', 'table': 'media_file', 'key': 'digest', 'unready': "'waiting', 'working'",
     'news': ', is_news = 1'},
]


def up(migrator, db):
    for statement in [*JOBS, *EXPORTS, *PICTURES, *(each.format(**row) for row in SHOWN for each in CARRY)]:
        db.execute_sql(statement)
