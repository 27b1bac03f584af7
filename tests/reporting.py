"""Authors, views and closed periods for the tests of reports."""

import re
from datetime import datetime, timedelta

from conftest import person, write

from quickpub import db
from quickpub.audience import counting, recording, reports
from quickpub.models import Post

NOON = datetime(2026, 11, 22, 12)


def at(text):
    return datetime.fromisoformat(text)


def view(post, count=1, when=None):
    for _ in range(count):
        recording.record_view(post.id, when or db.now())
    counting.count_recorded_views()


def close_all(when):
    """What the schedule does, at this time; ids of the mails."""
    ids = []
    for closed in reports.due(when):
        with db.db.atomic():
            ids += reports.close_period(closed, when)
    return ids


def author(name, zone='UTC', frequency='daily', since=NOON - timedelta(days=3)):
    """An author with a post that has been public for a while."""
    user = person(name, timezone=zone, report=frequency, reported_until=since)
    post = write(user, f'By {name}')
    Post.update(published_at=since).execute()
    return user, post


def without_time(words):
    """The period so far ends now."""
    return re.sub(r'\d\d:\d\d(?:(?:–|&#8211;)\d\d:\d\d)?', '', words)
