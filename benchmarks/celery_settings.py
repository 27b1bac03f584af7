"""Django's settings for Celery's side. With such a module named, Celery looks after Django's connections, as always.

SQLite syncs each commit here by default; where durability is compared, that is said and not left to how it was built.
"""

import os

SECRET_KEY = 'of a benchmark'
DEBUG = False
USE_TZ = True
DEFAULT_FROM_EMAIL = 'blog@example.org'
DATABASES = {'default': {
    'ENGINE': 'django.db.backends.sqlite3', 'NAME': os.environ['BENCH_FOLDER'] + '/site.db',
    'OPTIONS': {'timeout': 20, 'init_command': 'PRAGMA journal_mode=wal' + (
        '; PRAGMA synchronous=full' if 'BENCH_DURABLE' in os.environ else '')}}}
TEMPLATES = [{'BACKEND': 'django.template.backends.django.DjangoTemplates'}]
EMAIL_HOST, EMAIL_PORT = '127.0.0.1', int(os.environ['BENCH_SMTP_PORT'])
