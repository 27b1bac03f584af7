"""The command report: send reports by hand."""

import sys

import click

from .. import db
from ..accounts import audit
from ..audience import counting, running_reports
from ..mail import delivery
from ..models import Message
from .site import explain_errors, find_member, opened_site


@click.command()
@click.option('--author', metavar='EMAIL', help='To this author.')
@click.option('--all', 'everybody', is_flag=True, help='To every author with a published post.')
@explain_errors
def report(author: str | None, everybody: bool) -> None:
    """Send the report so far, now. It closes no period: the regular report counts all of it again."""
    if bool(author) == everybody:
        raise click.UsageError('Give either --author EMAIL or --all.')
    with opened_site():
        counting.count_recorded_views()
        ids = running_reports.authors_with_posts(db.now()) if everybody else [find_member(author or '').id]
        audit.record('report_sent', db.now(), audit.COMMAND_LINE)
        counts = _send_reports(ids)
    if not counts and author:
        raise click.ClickException(f'{author} has no published post, or an email address that is not confirmed.')
    click.echo(', '.join(f'{count} {state}' for state, count in counts.items()) or 'No author has a published post.')
    if set(counts) - {'sent'}:
        raise click.ClickException('Some emails were not sent. The consumer tries deferred ones again.')


def _send_reports(user_ids: list[int]) -> dict[str, int]:
    """Send the reports of these authors. Return the number of emails in each state of the ledger."""
    counts: dict[str, int] = {}
    with click.progressbar(length=len(user_ids), label='Reports', file=sys.stderr) as bar:
        for start in range(0, len(user_ids), delivery.BATCH):
            batch = user_ids[start:start + delivery.BATCH]
            with db.db.atomic():
                ids = running_reports.compose_running(batch, db.now())
            while delivery.has_queued():
                delivery.deliver()
            for message in Message.select(Message.state).where(Message.id.in_(db.among(ids))):
                counts[message.state] = counts.get(message.state, 0) + 1
            bar.update(len(batch))
    return counts
