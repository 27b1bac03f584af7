"""Make the database of a restored site right: nothing that may have been sent since the backup is sent again."""

from dataclasses import dataclass
from datetime import datetime

from ..accounts import audit
from ..audience import reports
from ..codes import Code
from ..db import among, db
from ..jobs import claims, queue
from ..models import Message


@dataclass(frozen=True)
class Held:
    """How many emails are on hold until an owner sends them."""
    emails: int  # that were not sent yet when the backup was made
    reports: int  # of periods that have closed since


def put_right(at: datetime) -> Held:
    """Pause all jobs, and hold all emails that are not sent and the reports of all periods that have closed."""
    with db.atomic():
        queue.pause()
        claims.release_all()
        audit.record('site_restored', at, audit.COMMAND_LINE)
        emails = _hold(Message.state.in_(['queued', 'sending', 'deferred']))
    count = 0
    for closed in reports.due(at):
        with db.atomic():
            count += _hold(Message.id.in_(among(reports.close_period(closed, at))))
    return Held(emails, count)


def _hold(which: object) -> int:
    return Message.update(state='held', sender=None, answer=Code('answer.restored').to_json()).where(which).execute()
