"""Make the data folder of an old site, with work of every kind waiting, for test_upgrade.py.

The folder in tests/data/0bad7ba was made with the code of that commit, before there was any release:

    git worktree add /tmp/old 0bad7ba
    PYTHONPATH=/tmp/old .venv/bin/python tests/make_old_site.py tests/data/0bad7ba

The database is kept as text, so that it can be reviewed, and so that the test can move its dates to today.
"""

import shutil
import sqlite3
import sys
import tempfile
from datetime import timedelta
from io import BytesIO
from pathlib import Path

from PIL import Image

from quickpub import (  # of that commit
    accounts,
    db,
    jobs,
    mail,
    media,
    migrating,
    opening,
    posts,
    reports,
    sessions,
    settings,
    spool,
    stats,
    tasks,
    transfer,
    unsaved,
)
from quickpub.models import Message, Post, Site, User

PASSWORD = 'a quiet horse on the hill'
SESSION = 'the-token-in-the-cookie-of-alice'
AGENT = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36'
LINKS = {'login_url': 'http://localhost:8000/login', 'forgot_url': 'http://localhost:8000/forgot'}
VIRTUAL = 'INSERT INTO "search" ', 'INSERT INTO "search_word" '  # their rows are in the tables behind them


def main(into: Path) -> None:
    """Write the site into this folder: site.sql, the key, recorded views and the uploaded image."""
    with tempfile.TemporaryDirectory() as temporary:
        data = Path(temporary) / 'data'
        config = settings.from_env({'QUICKPUB_DATA': str(data), 'QUICKPUB_PORT': '8000'})
        migrating.migrate(config)
        opening.open_site(config)
        with db.db.connection_context():
            fill()
        spool.mine.close()
        shutil.rmtree(into, ignore_errors=True)
        into.mkdir(parents=True)
        with sqlite3.connect(data / 'quickpub.db') as database:
            dump = [line for line in database.iterdump() if not line.startswith(VIRTUAL)]
            (into / 'site.sql').write_text('\n'.join([f'-- Stopped at {db.now()}', *dump, '']))
        for kept in ('secret', 'spool', 'media'):
            (shutil.copytree if (data / kept).is_dir() else shutil.copy)(data / kept, into / kept)


def fill() -> None:
    """Fill the open site."""
    at = db.now()
    Site.create(id=1, title='The Village Voice', tagline='News from the hill')
    password = accounts.hash_password(PASSWORD)
    two_days_ago = at - timedelta(days=2)
    olga, alice, bob = (accounts.create(name, f'{name.lower()}@example.org', password, two_days_ago, role=role,
                                        is_verified=True)
                        for name, role in (('Olga', 'owner'), ('Alice', 'author'), ('Bob', 'author')))
    User.update(reported_until=at, report='weekly').where(User.id != alice.id).execute()
    alice_logs_in(alice, at)
    published = write_posts(alice, bob, at)
    upload_image(alice, at)
    views_and_reports(published, at)
    queue_mail(bob, at)
    queue_jobs(olga, alice, bob, at)


def alice_logs_in(alice, at) -> None:
    sessions.Session.create(digest=sessions.digest(SESSION), user=alice, agent=AGENT, created_at=at, seen_at=at,
                            expires_at=at + sessions.SESSION_LASTS)


def write_posts(alice, bob, at) -> Post:
    """Write posts in every state. Return the published one."""
    hills, draft, scheduled, trash, shared, about, bread = (
        posts.save(None, author, {'title': title, 'slug': '', 'body': f'{title}, with *stress*.', 'tags': tags,
                                  'summary': ''}, at - timedelta(hours=30), is_page=title == 'About')
        for author, title, tags in (
            (alice, 'Hills', 'Walks, 日本'), (alice, 'Draft', ''), (alice, 'Scheduled', ''), (alice, 'Trash', ''),
            (alice, 'Shared', ''), (alice, 'About', ''), (bob, 'Bread', 'Food')))
    for post in (hills, trash, about, bread):
        posts.publish(post, at - timedelta(hours=30))
    posts.publish(scheduled, at, due=at + timedelta(days=3))
    posts.delete(Post.get_by_id(trash.id), at)
    posts.share(shared, at)
    posts.save(Post.get_by_id(hills.id), alice, posts.as_typed(Post.get_by_id(hills.id))
               | {'title': 'Green hills', 'slug': 'green-hills'}, at - timedelta(hours=29))
    unsaved.keep(alice, unsaved.new_tab(), Post.get_by_id(draft.id), {'title': 'Draft', 'body': 'Half a sent'}, at)
    return hills


def upload_image(alice, at) -> None:
    """Upload an image that a draft shows, which no job has prepared yet."""
    file = BytesIO()
    Image.new('RGB', (900, 600), 'teal').save(file, 'JPEG')
    draft = media.open_draft('hill.jpg')
    draft.write(file.getvalue())
    with db.db.atomic():
        upload = media.accept(alice, draft, at)
        tasks.prepare_pictures()
    draft.close()
    posts.save(None, alice, {'title': 'With an image', 'slug': '', 'body': upload.markdown, 'tags': '', 'summary': ''},
               at)


def views_and_reports(post, at) -> None:
    """Count 5 views, of which the report of the last period, sent already, has told 3; record 4 more, not counted."""
    for number in range(3):
        stats.record(post.id, at, f'192.0.2.{number}', AGENT)
    stats.fold()
    yesterday_end = next(iter(reports.due(at)))
    with db.db.atomic():
        reports.close(yesterday_end, at)
    Message.update(state='sent', sent_at=at, answer='250 Kept', attempts=1).execute()
    for number in range(2):
        stats.record(post.id, at, f'198.51.100.{number}', AGENT)
    stats.fold()
    for number in range(4):
        stats.record(post.id, at, f'203.0.113.{number}', AGENT, 'https://example.net/')


def queue_mail(bob, at) -> None:
    """Queue an email in each state; that of the process that is sending it dies with this program."""
    for state in ('queued', 'sending', 'deferred', 'held', 'failed', 'sent'):
        mail.compose('exists', f'{state}@example.org', key=f'old:{state}', user=bob,
                     subject=f'An email that is {state}', payload=LINKS)
        Message.update(
            state=state, attempts=0 if state == 'queued' else 1, next_try=at, sent_at=at if state == 'sent' else None,
            sender=f'{jobs.me.name}#1' if state == 'sending' else None).where(Message.key == f'old:{state}').execute()


def queue_jobs(olga, alice, bob, at) -> None:
    """Enqueue a job of every kind that there was. One is running when this program ends, and one was buried."""
    accounts.create('Carol', 'carol@example.org', accounts.hash_password(PASSWORD), at)
    tasks.send_verification_email(User.get(User.email == 'carol@example.org').id)
    tasks.deliver()
    tasks.deliver_urgent()
    tasks.wake_mail()
    tasks.close_periods()
    tasks.wake_pictures()
    tasks.clean_up()
    tasks.make_export(transfer.ask(bob, 'numbers', at))
    bury(jobs.claim(['quickpub.tasks.make_export']))
    tasks.make_export(transfer.ask(alice, 'numbers', at))
    tasks.send_view_count_report(bob.id)
    jobs.claim(['quickpub.tasks.send_view_count_report'])
    tasks.send_view_count_report(olga.id)
    tasks.send_view_count_report.schedule((alice.id,), delay=2)


def bury(job) -> None:
    jobs.Job.update(state='dead', owner=None, error='Traceback (most recent call last):\nOSError: disk full').where(
        jobs.Job.id == job.id).execute()


if __name__ == '__main__':
    main(Path(sys.argv[1]).absolute())
