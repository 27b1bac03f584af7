"""Celery's side, as the usual tutorial has it: Django's ORM and send_mail, a task per mail, a report on a schedule.

Run by the virtual environment in benchmarks/.env, which has nothing of Quickpub's. Where the tutorial leaves a choice,
the faster one is taken: no result backend, no debugging, SQLite with a write-ahead log, mail as plain text.

BENCH_MESSAGES (same_bytes.py) lets it send our bytes. With BENCH_DURABLE a task leaves Redis only after it has run, which
together with a Redis that syncs each command lets every confirmed sign-up survive a power cut.
"""

import os
import random
import time

import django
from celery import Celery
from celery.schedules import crontab
from django.conf import settings
from django.core import mail, signing
from django.db import connection, models, transaction
from django.template import Context, Template

from .call import log
from .same_bytes import FOLDER, our_bytes

os.environ['DJANGO_SETTINGS_MODULE'] = 'benchmarks.celery_settings'
django.setup()

app = Celery('benchmark', broker=os.environ['BENCH_BROKER'])
app.conf.broker_connection_retry_on_startup = True
app.conf.task_acks_late = app.conf.task_reject_on_worker_lost = 'BENCH_DURABLE' in os.environ
app.conf.beat_schedule = {'report': {'task': 'benchmarks.celery_app.send_reports', 'schedule': crontab('0', '0')}}


REPORT = '''Hello {{ author.name }},

{% for post in posts %}{{ post.title }}: {{ post.views }}
{% endfor %}'''


class Author(models.Model):
    name = models.CharField(max_length=100)
    email = models.EmailField(unique=True)

    class Meta:
        app_label = 'benchmark'


class Post(models.Model):
    author = models.ForeignKey(Author, models.CASCADE, related_name='posts')
    title = models.CharField(max_length=200)
    views = models.IntegerField()

    class Meta:
        app_label = 'benchmark'


@app.task
def stamp(number, enqueued):
    log('stamp', number, enqueued)


@app.task
def work(number):
    time.sleep(0.05)
    log('work', number)


@app.task
def send_verification(author_id):
    author = Author.objects.get(pk=author_id)
    link = f'http://127.0.0.1/verify/{signing.dumps(author_id)}'
    send(author.email, 'Please confirm your address', f'Hello {author.name},\n\n{link}\n')


@app.task
def send_reports():
    for author in Author.objects.all():
        text = Template(REPORT).render(Context({'author': author, 'posts': author.posts.all()}))
        send(author.email, 'Your views', text)
    log('reported')


def send(recipient, subject, text):
    if not FOLDER:
        mail.send_mail(subject, text, None, [recipient])
        return
    whole = our_bytes(recipient)
    with mail.get_connection() as backend:
        backend.connection.sendmail(settings.DEFAULT_FROM_EMAIL, [recipient], whole)


def prepare():
    with connection.schema_editor() as editor:
        editor.create_model(Author)
        editor.create_model(Post)


def stamps(count, shortest, longest):
    for number in range(count):
        time.sleep(random.uniform(shortest, longest) / 1000)
        stamp.delay(number, time.monotonic())


def works(count):
    for number in range(count):
        work.delay(number)


def mails(count):
    began = time.monotonic()
    for number in range(count):
        author = Author.objects.create(name=f'Reader {number}', email=f'reader{number}@example.org')
        send_verification.delay(author.pk)
    return {'began': began, 'ended': time.monotonic()}


def seed(authors, posts):
    with transaction.atomic():
        for number in range(1, authors + 1):
            author = Author.objects.create(name=f'Author {number}', email=f'author{number}@example.org')
            Post.objects.bulk_create([Post(author=author, title=f'Post number {each} of this author',
                                           views=number + each) for each in range(posts)])


def report():
    began = time.monotonic()
    send_reports.delay()
    return {'began': began}


def dry_report():
    """The loop in this process, its mails thrown away: seconds, and SQL statements."""
    settings.EMAIL_BACKEND = 'django.core.mail.backends.dummy.EmailBackend'
    statements = []

    def count(execute, sql, *rest):
        statements.append(sql)
        return execute(sql, *rest)

    began = time.monotonic()
    with connection.execute_wrapper(count):
        send_reports()
    return {'seconds': time.monotonic() - began, 'statements': len(statements)}
