"""Quickpub's side: its own tasks, and two more for what is measured without mail."""

import random
import time
from datetime import timedelta

from quickpub import cli, db, migrating, opening, settings, tasks
from quickpub.accounts import registration
from quickpub.audience import counting
from quickpub.look import sharing
from quickpub.markup import markdown
from quickpub.models import Message, Post, Site, User
from quickpub.tasks import huey

from .call import log


@huey.task()
def stamp(number, enqueued):
    log('stamp', number, enqueued)


@huey.task()
def work(number):
    time.sleep(0.05)
    log('work', number)


def consume():
    """`quickpub consumer`, which knows the two tasks above besides its own."""
    cli.consumer(args=[])


def prepare():
    migrating.migrate(settings.from_env())
    with site():
        Site.create(id=1, title='The Village Voice')


def stamps(count, shortest, longest):
    """Enqueue `stamp`, with pauses of so many milliseconds in between."""
    with site():
        for number in range(count):
            time.sleep(random.uniform(shortest, longest) / 1000)
            stamp(number, time.monotonic())


def works(count):
    with site():
        for number in range(count):
            work(number)


def mails(count):
    """Sign people up: account, mail and job of each in one transaction, as the page does it."""
    with site():
        began = time.monotonic()
        for number in range(count):
            with db.db.atomic():
                tasks.deliver_soon(registration.sign_up(f'Reader {number}', f'reader{number}@example.org', '-', db.now()))
        return {'began': began, 'ended': time.monotonic()}


def seed(authors, posts):
    """Authors with posts that were viewed; nobody's period has closed yet."""
    at = db.now()
    with site(), db.db.atomic():
        for number in range(1, authors + 1):
            User.create(id=number, name=f'Author {number}', handle=f'author-{number}', timezone='UTC', report='daily',
                        email=f'author{number}@example.org', reported_until=at, verified_at=at)
            Post.insert_many([{
                'author': number, 'title': f'Post number {each} of this author', 'slug': f'post-{number}-{each}',
                'body': 'Text.', 'html': '<p>Text.</p>', 'published_at': at, 'created_at': at, 'updated_at': at,
                'views': number + each} for each in range(posts)]).execute()
        finish_background_work()


def finish_background_work():
    """Leave nothing for the consumer to do that it does once for each post: rendering it again, and drawing its card.
    All cards have one file."""
    Post.update(rendered_by=markdown.VERSION).execute()
    card = '0' * 32
    sharing.folder().mkdir(exist_ok=True)
    (sharing.folder() / f'{card}{sharing.ENDING}').touch()
    db.db.execute_sql("INSERT INTO card (kind, owner_id, digest) SELECT 'site', id, ?1 FROM site "
                      "UNION ALL SELECT 'author', id, ?1 FROM user UNION ALL SELECT 'tag', id, ?1 FROM tag "
                      "UNION ALL SELECT 'post', id, ?1 FROM post", (card,))


def report():
    """Let every period have closed yesterday, and do at once what the schedule does each minute."""
    with site():
        began = time.monotonic()
        User.update(reported_until=db.now() - timedelta(days=1)).execute()
        tasks.close_periods()
        return {'began': began}


def dry_report():
    """Write the report's rows in this process: seconds, and statements that SQLite was given."""
    statements = []
    with site():
        User.update(reported_until=db.now() - timedelta(days=1)).execute()
        counting.count_recorded_views()
        began = time.monotonic()
        db.db.connection().set_trace_callback(statements.append)
        tasks.close_periods.call_local()
        db.db.connection().set_trace_callback(None)
        return {'seconds': time.monotonic() - began, 'statements': len(statements), 'rows': Message.select().count()}


def site():
    opening.open_site(settings.from_env())
    return db.db.connection_context()
