"""Why a job failed through no error of its own task, as it is stored with the job; after a colon, details follow."""

DIED = 'Its process died each time the job was tried.'
UNREADABLE = 'The stored job cannot be read:'
NOT_STARTED = 'Its process could not start:'
