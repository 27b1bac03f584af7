"""A job for mail carries no ids any more: it sends what the ledger has queued, and one that waits is enough."""

STEPS = '''
ALTER TABLE job RENAME COLUMN is_periodic TO is_single;
-- The ledger has their mails, and wakes them.
DELETE FROM job WHERE name = 'quickpub.tasks.deliver';
DROP INDEX message_unsent;
CREATE INDEX message_unsent ON message (created_at) WHERE state IN ('queued', 'sending', 'deferred');
CREATE INDEX message_queued ON message (urgent DESC, attempts, id) WHERE state = 'queued';
CREATE INDEX message_deferred ON message (next_try) WHERE state = 'deferred';
CREATE INDEX message_sending ON message (sender) WHERE state = 'sending';
ALTER TABLE job ADD COLUMN progress TEXT NOT NULL DEFAULT '';
'''


def up(migrator, db):
    for statement in STEPS.split(';\n'):
        if statement.strip():
            db.execute_sql(statement)
