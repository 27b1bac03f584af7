"""Plain Huey's side: SqliteHuey as its documentation shows it, peewee for the rows, one connection per mail.

BENCH_MESSAGES (same_bytes.py) lets it send our bytes. SQLite syncs each commit here by default; with BENCH_DURABLE that is
said and not left to how it was built.
"""

import os
import random
import smtplib
import time
from email.message import EmailMessage

from huey import SqliteHuey
from peewee import CharField, ForeignKeyField, IntegerField, Model, SqliteDatabase

from .call import log
from .same_bytes import FOLDER as MESSAGES
from .same_bytes import our_bytes

FOLDER = os.environ['BENCH_FOLDER']
IS_DURABLE = 'BENCH_DURABLE' in os.environ
huey = SqliteHuey(filename=f'{FOLDER}/huey.db', **({'fsync': True} if IS_DURABLE else {}))
db = SqliteDatabase(f'{FOLDER}/site.db', timeout=20,
                    pragmas={'journal_mode': 'wal'} | ({'synchronous': 'full'} if IS_DURABLE else {}))


class Author(Model):
    name = CharField()
    email = CharField(unique=True)

    class Meta:
        database = db


class Post(Model):
    author = ForeignKeyField(Author, backref='posts')
    title = CharField()
    views = IntegerField()

    class Meta:
        database = db


@huey.task()
def stamp(number, enqueued):
    log('stamp', number, enqueued)


@huey.task()
def work(number):
    time.sleep(0.05)
    log('work', number)


@huey.task()
def send_verification(author_id):
    author = Author.get_by_id(author_id)
    send(author.email, 'Please confirm your address', f'Hello {author.name},\n\nhttp://127.0.0.1/verify/{author_id}\n')


@huey.task()
def send_reports():
    for author in Author.select():
        lines = [f'{post.title}: {post.views}' for post in author.posts]
        send(author.email, 'Your views', f'Hello {author.name},\n\n' + '\n'.join(lines) + '\n')
    log('reported')


def send(recipient, subject, text):
    if MESSAGES:
        whole = our_bytes(recipient)
        with connect() as server:
            server.sendmail('blog@example.org', [recipient], whole)
        return
    mail = EmailMessage()
    mail['From'], mail['To'], mail['Subject'] = 'blog@example.org', recipient, subject
    mail.set_content(text)
    with connect() as server:
        server.send_message(mail)


def connect():
    return smtplib.SMTP('127.0.0.1', int(os.environ['BENCH_SMTP_PORT']))


def prepare():
    db.create_tables([Author, Post])


def stamps(count, shortest, longest):
    for number in range(count):
        time.sleep(random.uniform(shortest, longest) / 1000)
        stamp(number, time.monotonic())


def works(count):
    for number in range(count):
        work(number)


def mails(count):
    began = time.monotonic()
    for number in range(count):
        author = Author.create(name=f'Reader {number}', email=f'reader{number}@example.org')
        send_verification(author.id)
    return {'began': began, 'ended': time.monotonic()}


def seed(authors, posts):
    with db.atomic():
        for number in range(1, authors + 1):
            Author.create(name=f'Author {number}', email=f'author{number}@example.org')
            Post.insert_many([{'author': number, 'title': f'Post number {each} of this author',
                               'views': number + each} for each in range(posts)]).execute()


def report():
    began = time.monotonic()
    send_reports()
    return {'began': began}


def dry_report():
    """The loop in this process, its mails thrown away: seconds, and SQL statements."""
    global send
    statements, send = [], lambda *_: None
    began = time.monotonic()
    db.connection().set_trace_callback(statements.append)
    send_reports.call_local()
    return {'seconds': time.monotonic() - began, 'statements': len(statements)}
