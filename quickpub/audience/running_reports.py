"""Reports of the period so far, on request. They close nothing, and the next regular report covers the same views."""

from datetime import datetime
from typing import Any

from .. import batches
from ..db import among, rows
from ..mail import ledger
from ..models import Message, Post, User
from . import report_email
from .report_contents import ReportContents

BATCH_NAME = 'report so far of author'


def compose_running(user_ids: list[int] | None, at: datetime) -> list[int]:
    """Compose the reports so far for these authors, or for all if None, in the caller's transaction. Return the ids of
    the emails."""
    query = User.select().where(User.active(), User.verified_at.is_null(False))
    users = list(query if user_ids is None else query.where(User.id.in_(among(user_ids))))
    known = {user.id: user for user in users}
    composed = batches.handle(BATCH_NAME, list(known), lambda ids: ledger.compose_many(
        _compose_rows([known[user_id] for user_id in ids], at)), at)
    return [message_id for ids in composed for message_id in ids]


def preview(user: User, at: datetime) -> Message | None:
    """Return the email that `compose_running` would write for this author, not stored. None if the author has no public
    post or no confirmed address."""
    found = _compose_rows([user] if user.is_verified else [], at)
    if not found:
        return None
    columns = found[0] | {'payload': Message.payload.python_value(found[0]['payload']), 'created_at': at}
    return Message(**columns)


def _compose_rows(users: list[User], at: datetime) -> list[dict[str, Any]]:
    contents = ReportContents.gather(users, at)
    return [report_email.compose_row(user, contents, at, f'report-so-far:{user.id}:{at}', is_running=True)
            for user in users if contents.lines[user.id]]


def authors_with_posts(at: datetime) -> list[int]:
    """Return the ids of all authors with a public post."""
    return [user_id for (user_id,) in rows(Post.public_authors(at).select(User.id))]
