"""Correct times that a clock which was ahead has written: they have passed, and yet lie in the future.

Nothing waits for this: code that asks whether something is due treats such a time as past. But rows that are kept, or
are valid, for a while would be so for that much longer.
"""

from datetime import datetime
from typing import Any

from .. import clocks
from ..db import db
from ..jobs.tables import RecurringJob
from ..models import (
    AuditEntry,
    Authenticator,
    Autosave,
    Device,
    Export,
    MediaFile,
    Message,
    Passkey,
    Post,
    Report,
    Revision,
    Session,
    SetAside,
    Token,
    Upload,
    User,
)

PASSED = (User.created_at, User.logged_in_at, User.suspended_at, Session.created_at, Device.created_at, Device.used_at,
          Token.created_at, Passkey.created_at, Passkey.used_at, Authenticator.created_at, Authenticator.confirmed_at,
          Post.created_at, Post.updated_at, Post.deleted_at, Revision.saved_at, Autosave.typed_at,
          MediaFile.created_at, Upload.created_at, Upload.touched_at, Export.created_at, Message.created_at,
          Message.sent_at, SetAside.at, AuditEntry.at, AuditEntry.until)
GOOD_FROM: dict[Any, str] = {Session: 'seen_at', Token: 'created_at'}  # until `expires_at`

# By what the owner calls them. Of large tables, the latest rows tell enough.
NAMES = {'reports': Report.period_end, 'emails': Message.created_at, 'posts': Post.updated_at,
         'links': Token.created_at, 'accounts': User.created_at, 'recurring jobs': RecurringJob.enqueued_at}
LATEST = 100
LEEWAYS = {'reports': clocks.EARLY}


def correct(at: datetime) -> None:
    """Set all such times to `at`. Links and sessions stay valid for as long as they would have been."""
    for model, name in GOOD_FROM.items():
        moment, key = getattr(model, name), model._meta.primary_key
        for row in model.select().where(clocks.is_ahead(moment, at)):
            expires_at = at + (row.expires_at - getattr(row, name))
            model.update({name: at, 'expires_at': expires_at}).where(key == row.get_id()).execute()
    for moment in PASSED:
        clocks.put_right(moment, at)


def tables_ahead(at: datetime) -> list[str]:
    """Return the names of what has rows in the future: the clock was ahead, or it is behind now."""
    questions = ' UNION ALL '.join(
        f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM (SELECT {moment.column_name} AS moment FROM "
        f'{moment.model._meta.table_name} ORDER BY {moment.model._meta.primary_key.column_name} DESC LIMIT {LATEST}) '
        'WHERE moment > ?)' for name, moment in NAMES.items())
    limits = [str(at + LEEWAYS.get(name, clocks.AHEAD)) for name in NAMES]
    return [name for (name,) in db.execute_sql(questions, limits)]
