"""What a page costs as the site grows, from 100 to 100,000 posts: `make bench-growth`.

    python benchmarks/growth.py [--quick] [--runs 3] [--sizes 100,1000,10000,100000] [--only studio,admin] [--json FILE]

Sites are built with plain SQL into benchmarks/.sites and kept, so that a second run begins at once. The largest has
100,000 posts, 1,000 authors, 5,000 tags, three years of daily counts and a ledger of 100,000 mails; the smaller ones have
the same in proportion, and never fewer than ten authors and tags. Authors and tags are as unequal as in life (Zipf's law):
the busiest author has a seventh of all posts, the biggest tag a quarter. So are the words of the posts: 20 stand in nearly every post, 50,000 are rarer and rarer.

Each page goes through the whole WSGI application, in this process, asked for by somebody who is logged in: such pages are
made anew each time, so no cache in front of the queries can answer. The sizes take turns, each in a process of its own.
"""

import argparse
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import time
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from random import Random
from statistics import median, quantiles
from wsgiref.util import setup_testing_defaults

from quickpub.audience import running_reports

HERE = Path(__file__).parent.absolute()
ROOT = HERE.parent
SITES = HERE / '.sites'
SIZES = (100, 1_000, 10_000, 100_000)
VERSION = 3  # of what is built; another number builds anew

YEARS = 3
WORDS = ('hill river bread winter letter garden market stone light paper train island window orchard bridge harbour '
         'kettle meadow radio thunder').split()
SYLLABLES = 'ba cor de fin gal hu in ka lo mer no pra qui ra sto ten ul vo win ze'.split()
RARE_WORDS = 50_000
FIRST_DAYS = 14  # in which a post is read every day; later it is every tenth
BROWSER = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36'


def say(words):
    print(words, file=sys.stderr, flush=True)


# Building a site

class Builder:
    """Fills the tables of a new site with so many posts and all that goes with them. The same each time, but for the day."""

    def __init__(self, folder, posts):
        self.folder, self.posts = folder, posts
        self.authors, self.tags, self.mails = max(10, posts // 100), max(10, posts // 20), posts
        self.chance = Random(1)
        self.vocabulary = WORDS + [''.join(self.chance.choices(SYLLABLES, k=self.chance.randint(2, 4))) for _ in range(RARE_WORDS)]
        self.frequencies = list(accumulated(zipf(len(self.vocabulary))))
        self.now = datetime.now(UTC).replace(tzinfo=None, microsecond=0)

    def build(self):
        began = time.monotonic()
        say(f'Building a site of {self.posts:,} posts')
        shutil.rmtree(self.folder, ignore_errors=True)
        with opened(self.folder, migrate=True):
            pass
        self.db = sqlite3.connect(self.folder / 'quickpub.db', isolation_level=None)
        for pragma in ('journal_mode = off', 'synchronous = off', 'cache_size = -200000', 'foreign_keys = off'):
            self.db.execute(f'PRAGMA {pragma}')
        self.db.execute('BEGIN')
        for step in (self._people, self._posts, self._tags, self._publish, self._views, self._mails, self._small_things):
            step()
        self.db.execute('COMMIT')
        self.db.execute('PRAGMA journal_mode = wal')
        self.db.close()
        (self.folder / 'built').write_text(str(VERSION))
        say(f'… in {time.monotonic() - began:.0f} s')

    def insert(self, table, columns, rows):
        places = ', '.join('?' * len(columns.split(', ')))
        self.db.executemany(f'INSERT INTO {table} ({columns}) VALUES ({places})', rows)

    def ago(self, days):
        return str(self.now - timedelta(days=days, microseconds=self.chance.randrange(1, 10 ** 6)))

    def _people(self):
        """Every second one is called Anna. The first one is the owner."""
        self.insert('site', 'id, title, tagline, hue', [(1, 'The Village Voice', 'News from the hill', 215)])
        zones = ('UTC', 'Europe/Warsaw', 'America/Santiago', 'Asia/Dhaka', 'Pacific/Auckland')
        today = str(self.now.replace(hour=0, minute=0, second=0))
        self.insert('user', 'id, name, handle, email, password, role, bio, timezone, report, reported_until, created_at, '
                            'verified_at, feed_id', (
            (number, 'Anna' if number % 2 else f'Writer {number}',
             ('anna' if number == 1 else f'anna-{(number + 1) // 2}') if number % 2 else f'writer-{number}',
             f'writer{number}@example.org', 'x', 'owner' if number == 1 else 'author', 'Writes about hills. ' * 5,
             zones[number % 5], ('daily', 'weekly')[number % 2], str(self.now + timedelta(days=40)) if number > 3 else today,
             self.ago(YEARS * 365), self.ago(YEARS * 365 - 1), f'user {number}') for number in range(1, self.authors + 1)))

    def _posts(self):
        """One in twenty is a draft, one in a thousand scheduled, one in two hundred in the trash."""
        writers = self.chance.choices(range(1, self.authors + 1), zipf(self.authors), k=self.posts)
        self.insert('post', 'id, author_id, title, slug, body, html, summary, excerpt, words, created_at, updated_at, '
                            'was_public, deleted_at, feed_id',
                    (self._post(number, author) for number, author in enumerate(writers, 1)))

    def _post(self, number, author):
        title = f'{self.words(4)} {number}'
        text = self.words(int(50 * 2 ** self.chance.uniform(0, 5))) + '.'  # 50 to 1,600 words, most of them short
        age = YEARS * 365 * (1 - number / self.posts)
        date = self.ago(age)
        deleted = self.ago(self.chance.uniform(0, 25)) if number % 200 == 11 else None
        return (number, author, title.capitalize(), title.replace(' ', '-'), text, f'<p>{text}</p>', '', text[:200],
                len(text) // 6, date, date, number % 20 != 7, deleted, f'post {number}')

    def words(self, count):
        return ' '.join(self.chance.choices(self.vocabulary, cum_weights=self.frequencies, k=count))

    def _tags(self):
        """Up to five a post."""
        self.insert('tag', 'id, name, key, slug, feed_id', (
            (number, f'Tag {number}', f'tag {number}', f'tag-{number}', f'tag {number}') for number in range(1, self.tags + 1)))
        weights = list(accumulated(zipf(self.tags)))
        self.insert('post_tag', 'post_id, tag_id, position', (
            (post, tag, position) for post in range(1, self.posts + 1) for position, tag in enumerate(
                set(self.chance.choices(range(1, self.tags + 1), cum_weights=weights, k=self.chance.randint(0, 5))))))

    def _publish(self):
        # As folding.py would, which plain SQL does not ask.
        self.db.execute("UPDATE post SET title_folded = lower(title), html_folded = replace(body, '.', '')")
        for table in ('tag', 'user'):
            self.db.execute(f'UPDATE {table} SET name_folded = lower(name)')
        self.db.execute('UPDATE post SET published_at = iif(id % 1000 = 9, ?, created_at) WHERE was_public',
                        (str(self.now + timedelta(days=9)),))

    def _views(self):
        """Each day of a post's first two weeks, then every tenth, for up to three years."""
        self.db.execute('CREATE TEMP TABLE age (days INTEGER, is_late INTEGER)')
        ages = [(day, 0) for day in range(FIRST_DAYS)] + [(day, 1) for day in range(FIRST_DAYS, YEARS * 365, 10)]
        self.db.executemany('INSERT INTO age VALUES (?, ?)', ages)
        self.db.execute('CREATE TEMP TABLE calendar (ago INTEGER PRIMARY KEY, day TEXT)')
        self.db.executemany('INSERT INTO calendar VALUES (?, ?)', (
            (ago, str((self.now - timedelta(days=ago)).date())) for ago in range(YEARS * 365 + 20)))
        self.db.execute(
            'INSERT INTO daily_views (post_id, day, views) SELECT id, day, 1 + 40 / (1 + days) + (id + days) % 5 FROM post '
            'CROSS JOIN age CROSS JOIN calendar ON ago = CAST(? - id * ? AS INTEGER) - (days + is_late * (id % 10)) '
            'WHERE was_public AND published_at < ? AND ago >= 0',
            (YEARS * 365, YEARS * 365 / self.posts, str(self.now)))
        self.db.execute('UPDATE post SET views = coalesce((SELECT sum(views) FROM daily_views WHERE post_id = id), 0)')
        self.db.execute('UPDATE post SET reported_views = views')
        self.db.execute('INSERT INTO daily_visitor_count SELECT scope, day, (views * 4 + 4) / 5 FROM daily_totals')
        self.db.execute("INSERT INTO daily_referrers SELECT post_id, day, 'site' || (post_id % 40) || '.example', 1 + views / 4 "
                        'FROM daily_views WHERE (post_id + views) % 10 = 0')

    def _mails(self):
        """Reports of the last three months, and what goes wrong: one in a thousand failed, some wait or are held."""
        line = {'title': 'Of hills and rivers', 'url': 'http://127.0.0.1:8000/p/of-hills-and-rivers', 'views': 5, 'total': 72}
        payload = json.dumps({'name': 'Anna', 'period': '21 November 2026', 'missed': None, 'lines': [line] * 20,
                              'views': 100, 'total': 1440, 'is_running': False, 'frequency': 'daily',
                              'studio_url': 'http://127.0.0.1:8000/studio', 'unsubscribe_url': 'http://127.0.0.1:8000/'})
        columns = ('kind, key, user_id, recipient, subject, payload, message_id, urgent, state, attempts, next_try, answer, '
                   'created_at, sent_at')
        self.insert('message', columns, (self._mail(number, payload) for number in range(1, self.mails + 1)))

    def _mail(self, number, payload):
        user, date = number % self.authors + 1, self.ago(85 * (1 - number / self.mails))
        state = {3: 'failed', 4: 'deferred', 5: 'held'}.get(number % 1000, 'sent')
        return ('report', f'report:{number}', user, f'writer{user}@example.org', f'{number} views, 21 November 2026 - The '
                'Village Voice', payload, f'<{number}@example.org>', 0, state, 1, date, '250 2.0.0 Ok: queued as 4XyZ',
                date if state != 'deferred' else self.ago(0), date if state == 'sent' else None)

    def _small_things(self):
        """Sessions, links, reports, old addresses, work that is planned, work that failed, what the queue has done."""
        future = str(self.now + timedelta(days=30))
        self.insert('session', 'digest, user_id, agent, created_at, seen_at, expires_at', (
            (f'{number:064x}', number % self.authors + 1, BROWSER, self.ago(3), self.ago(1), future)
            for number in range(self.posts // 20)))
        self.insert('token', 'purpose, user_id, email, created_at, expires_at', (
            ('reset', number % self.authors + 1, 'a@example.org', self.ago(9), self.ago(9)) for number in range(self.posts // 50)))
        self.insert('throttle_use', 'budget, key, at', (
            ('log-in', f'{number % 99:032x}', self.ago(0.1)) for number in range(self.posts // 50)))
        self.insert('old_slug', 'slug, post_id', ((f'old-{number}', number) for number in range(1, self.posts, 20)))
        self.insert('report', 'user_id, period_start, period_end, views', (
            (user, str(self.now - timedelta(days=day + 1)), str(self.now - timedelta(days=day)), 100)
            for user in range(1, self.authors + 1) for day in range(300)))
        self.insert('job', 'name, message, state, run_at, created_at', (
            ('quickpub.tasks.send_view_count_report', b'[]', 'ready' if number % 10 else 'dead', future, self.ago(1))
            for number in range(self.posts // 100)))
        self.insert('job_tally', 'minute, name, done, failed', (
            (str(self.now.replace(second=0) - timedelta(minutes=ago)), f'quickpub.tasks.{name}', 1, 0)
            for name in ('wake_mail', 'close_periods', 'wake_pictures') for ago in range(2, 2 * 24 * 60)))


def zipf(count):
    return [1 / number for number in range(1, count + 1)]


def accumulated(weights):
    total = 0
    for weight in weights:
        total += weight
        yield total


def settings_of(folder):
    from quickpub import settings
    return settings.from_env({'QUICKPUB_DATA': str(folder)})


@contextmanager
def opened(folder, migrate=False):
    """The site in this folder, open in this process."""
    from quickpub import db, migrating, opening
    found = settings_of(folder)
    if migrate:
        migrating.migrate(found)
    opening.open_site(found)
    with db.db.connection_context():
        yield found


def site_of(size):
    """The folder of the built site of this size, brought up to this version's tables."""
    folder, built = SITES / str(size), SITES / str(size) / 'built'
    if not built.exists() or built.read_text() != str(VERSION):
        Builder(folder, size).build()
    began = time.monotonic()
    with opened(folder, migrate=True):
        if (took := time.monotonic() - began) > 1:
            say(f'Migrating the site of {size:,} posts took {took:.1f} s')
    return folder


# Measuring one site

class Site:
    """One built site, its application, and the places to look at in it."""

    def __init__(self, folder):
        from quickpub import db
        from quickpub.accounts import sessions
        from quickpub.models import User
        from quickpub.web import create_app
        self.folder, self.settings = folder, settings_of(folder)
        self.app = create_app(self.settings)
        with db.db.connection_context():
            self.places = self._places(db.db)
            self.cookies = {name: sessions.start(User.get_by_id(self.places[name]), BROWSER, db.now())
                            for name in ('busiest', 'owner')}

    def _places(self, db):
        def one(sql, *values):
            return db.execute_sql(sql, values).fetchone()[0]
        public = f"FROM post WHERE deleted_at IS NULL AND published_at < '{datetime.now(UTC):%Y-%m-%d %H:%M}'"
        newest, count = 'ORDER BY published_at DESC, id DESC LIMIT 1 OFFSET ?', one(f'SELECT count(*) {public}')
        busiest = one(f'SELECT author_id {public} GROUP BY 1 ORDER BY count(*) DESC LIMIT 1')
        tag = one('SELECT tag_id FROM post_tag GROUP BY 1 ORDER BY count(*) DESC LIMIT 1')
        rare = one("SELECT term FROM search_word WHERE term BETWEEN 'gal' AND 'gam' AND length(term) > 7 ORDER BY doc LIMIT 1")
        middle = one(f'SELECT id {public} AND author_id = ? {newest}', busiest, one(
            f'SELECT count(*) {public} AND author_id = ?', busiest) // 2)
        return {
            'busiest': busiest, 'handle': one('SELECT handle FROM user WHERE id = ?', busiest), 'owner': 1,
            'slug': one('SELECT slug FROM post WHERE id = ?', middle), 'middle': middle,
            'tag': one('SELECT slug FROM tag WHERE id = ?', tag),
            'second': one(f'SELECT id {public} {newest}', 19), 'deep': one(f'SELECT id {public} {newest}', count * 9 // 10 - 1),
            'rare': rare, 'beginning': rare[:4], 'mistake': rare[:3] + 'x' + rare[3:],
            'desk': one('SELECT id FROM post WHERE author_id = ? AND deleted_at IS NULL ORDER BY updated_at DESC, id DESC '
                        'LIMIT 1 OFFSET 9', busiest),
            'of_twenty': one(f'SELECT author_id {public} GROUP BY 1 ORDER BY abs(count(*) - 20) LIMIT 1'),
            'tagged': one(f'SELECT id {public} AND id IN (SELECT post_id FROM post_tag WHERE tag_id = ?) {newest}', tag, 19)}

    def get(self, path, who='busiest'):
        """Ask for a page as somebody who is logged in; how long it took in milliseconds."""
        environ, said = {'HTTP_USER_AGENT': BROWSER, 'HTTP_COOKIE': f'quickpub={self.cookies[who]}'}, []
        setup_testing_defaults(environ)
        environ['PATH_INFO'], _, environ['QUERY_STRING'] = path.format(**self.places).partition('?')
        environ['wsgi.input'] = BytesIO()
        began = time.perf_counter()
        b''.join(self.app(environ, lambda status, headers, exc_info=None: said.append((status, dict(headers)))))
        took = 1000 * (time.perf_counter() - began)
        status, headers = said[-1]
        assert status.startswith('200') or path == '/healthz', (path, status)
        assert 'public' not in headers.get('Cache-Control', ''), f'{path} may come from a cache'
        return took


PAGES = {
    'home': '/', 'home, page 2': '/?before={second}', 'home, a deep page': '/?before={deep}', 'post': '/p/{slug}',
    'author': '/@{handle}', 'author, a deep page': '/@{handle}?before={middle}',
    'tag': '/t/{tag}', 'tag, page 2': '/t/{tag}?before={tagged}', 'archive': '/archive',
    'archive, a deep page': '/archive?before={deep}', 'feed': '/feed.xml', "author's feed": '/@{handle}/feed.xml',
    'sitemap': '/sitemap.xml',
    'sitemap, a part': '/sitemap-0.xml',
    'search, a word of nearly every post': '/search?q=hill', 'search, two of those': '/search?q=%22river+hill%22+bread',
    'search, a rare word': '/search?q={rare}', 'search, a beginning': '/search?q={beginning}',
    'search, a typing mistake': '/search?q={mistake}',
    'studio': '/studio', 'studio, page 2': '/studio?before={desk}', 'studio, by views': '/studio?sort=views',
    'studio, drafts': '/studio?state=draft', 'studio, search in vain': '/studio?q=nothing',
    'numbers, 7 days': '/studio/stats?days=7', 'numbers, 90 days': '/studio/stats?days=90',
    'numbers, all time': '/studio/stats?days=all', 'numbers of a post': '/studio/stats/{middle}?days=all',
    'editor': '/studio/posts/{middle}',
    'trash': '/studio/trash', 'settings': '/settings'}
OWNERS_PAGES = {
    "everybody's posts": '/studio?whose=all', "everybody's, search in vain": '/studio?whose=all&q=nothing',
    'numbers of the site, 7 days': '/studio/stats?days=7', 'numbers of the site, 90 days': '/studio/stats?days=90',
    'numbers of the site, all time': '/studio/stats?days=all',
    'admin': '/admin', 'admin: people': '/admin/members', 'admin: mail': '/admin/mail',
    'admin: mail, failed': '/admin/mail?state=failed', 'admin: mail, search in vain': '/admin/mail?q=nobody',
    'admin: work': '/admin/jobs', 'trash of all': '/studio/trash', 'health': '/healthz'}


def clock(work):
    """How long this takes, in milliseconds."""
    began = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - began)


def database(work):
    """The same with a connection."""
    from quickpub import db
    with db.db.connection_context():
        return clock(work)


def undone(work):
    """The same in a transaction that is rolled back."""
    from quickpub import db
    with db.db.connection_context(), db.db.atomic() as everything:
        took = clock(work)
        everything.rollback()
    return took


def litter(site):
    """What has come together in a day: the night before left it clean."""
    posts = int(site.folder.name)
    now = datetime.now(UTC).replace(tzinfo=None)
    month, summer = str(now - timedelta(days=31)), str(now - timedelta(days=91))
    with opened(site.folder):
        from quickpub.db import db

        def insert(sql, count):
            with db.atomic():
                for number in range(count):
                    db.execute_sql(sql, (f'{time.time_ns()}-{number}',))
        insert("INSERT INTO session (digest, user_id, agent, created_at, seen_at, expires_at) "
               f"VALUES (?, 1, '', '{month}', '{month}', '{month}')", posts // 500)
        insert(f"INSERT INTO throttle_use (budget, key, at) VALUES ('log-in', ?, '{month}')", posts // 500)
        insert("INSERT INTO post (author_id, title, slug, body, html, summary, excerpt, words, created_at, updated_at, "
               f"deleted_at, feed_id) VALUES (2, '', ?1, '{'x' * 3000}', '', '', '', 1, '{month}', '{month}', '{month}', ?1)", posts // 1000)
        insert("INSERT INTO message (kind, key, recipient, subject, payload, message_id, urgent, state, next_try, answer, "
               f"created_at, sent_at) SELECT 'report', k, '', '', '{{\"x\": \"{'x' * 2000}\"}}', k, 0, 'sent', '{summer}', '', "
               f"'{summer}', '{summer}' FROM (SELECT ? AS k)", posts // 100)


def clean_up(site):
    """All chores of the night as they are."""
    from quickpub import db, tasks
    from quickpub.jobs import recurring
    litter(site)

    def work():
        for task in tasks.huey._registry.periodic_tasks:
            if task.recurrence.every >= recurring.DAY:
                task.execute()
    with db.db.connection_context():
        return clock(work)


def open_site(site):
    """What a process does at its start, once everything is imported."""
    from quickpub import opening
    from quickpub.web import create_app

    def work():
        opening.open_site(site.settings)
        create_app(site.settings)
    return clock(work)


def measures():
    """name -> function(site) that returns milliseconds."""
    from quickpub import db
    from quickpub.accounts import users
    from quickpub.audience import reports
    found = {'nightly clean-up': clean_up}
    found |= {name: lambda site, path=path: site.get(path) for name, path in PAGES.items()}
    found |= {name: lambda site, path=path: site.get(path, 'owner') for name, path in OWNERS_PAGES.items()}
    return found | {
        'report of an author with 20 posts': lambda site: undone(lambda: running_reports.compose_running([site.places['of_twenty']], db.now())),
        'whose report is due': lambda site: database(lambda: sum(1 for _ in reports.due(db.now()))),
        'a handle for one more Anna': lambda site: database(lambda: users.find_free_handle('anna')),
        'opening the site': open_site}


def measure(folder, budget, only):
    """{measure: [milliseconds, …]}, and sizes in MB; `budget` is in seconds for each."""
    site, found, files = Site(folder), {}, {'the file': folder / 'quickpub.db', 'its WAL, at most': folder / 'quickpub.db-wal'}
    sizes = dict.fromkeys(files, 0)
    for name, work in measures().items():
        if only and not any(word in name for word in only):
            continue
        work(site)  # once to warm up
        found[name], until = [], time.monotonic() + budget
        while len(found[name]) < 5 or (time.monotonic() < until and len(found[name]) < 100):
            found[name].append(work(site))
            sizes = {each: max(sizes[each], path.stat().st_size / 1e6 if path.exists() else 0) for each, path in files.items()}
    return {'times': found, 'sizes': {f'{name} (MB)': size for name, size in sizes.items()}}


# The table

def table(sizes, found):
    """Markdown: a row for each measure, a column for each size with median and p99, and largest : smallest."""
    ratios = [each for each in sizes[:2] if each != sizes[-1]]
    yield line(['milliseconds, median (p99)', *(f'{size:,} posts' for size in sizes),
                *(f'{sizes[-1]:,} : {size:,}' for size in ratios)])
    yield line(['---', *('--:' for _ in (*sizes, *ratios))])
    for name in found[sizes[0]]['times']:
        times = [found[size]['times'][name] for size in sizes]
        yield line([name, *map(cell, times), *(f'{median(times[-1]) / median(times[sizes.index(size)]):.2f}' for size in ratios)])
    for name in found[sizes[0]]['sizes']:
        yield line([name, *(f'{found[size]["sizes"][name]:,.1f}' for size in sizes), *('' for _ in ratios)])


def line(cells):
    return f'| {" | ".join(cells)} |'


def cell(times):
    return f'{figure(median(times))} ({figure(quantiles(times, n=100, method="inclusive")[98])})'


def figure(value):
    return f'{value:,.0f}' if value >= 100 else f'{value:.1f}' if value >= 10 else f'{value:.2f}'


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition('\n')[0])
    parser.add_argument('--quick', action='store_true', help='one short run, up to 10,000 posts')
    parser.add_argument('--runs', type=int, default=3)
    parser.add_argument('--sizes', type=lambda text: [int(part) for part in text.split(',')], help='posts, with commas')
    parser.add_argument('--only', type=lambda text: text.split(','), default=[], help='words of measures, with commas')
    parser.add_argument('--json', type=Path, help='write all that was measured into this file')
    parser.add_argument('--measure', type=Path, help=argparse.SUPPRESS)  # what the processes for each size are told
    parser.add_argument('--budget', type=float, help=argparse.SUPPRESS)
    return parser.parse_args()


def child(size, budget, only):
    command = [sys.executable, __file__, '--measure', SITES / str(size), '--budget', budget]
    command += ['--only', ','.join(only)] if only else []
    environ = {name: value for name, value in os.environ.items() if not name.startswith('QUICKPUB_')}
    done = subprocess.run([*map(str, command)], env=environ | {'PYTHONPATH': str(ROOT)}, stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def main():
    given = arguments()
    if given.measure:
        print(json.dumps(measure(given.measure, given.budget, given.only)))
        return
    sizes, runs, budget = given.sizes or SIZES[:3 if given.quick else 4], given.runs, 1.0
    if given.quick:
        runs, budget = 1, 0.3
    for size in sizes:
        site_of(size)
    found = {size: {'times': {}, 'sizes': {}} for size in sizes}
    for run in range(runs):
        for size in sizes:
            say(f'Run {run + 1} of {runs}: {size:,} posts')
            new = child(size, budget, given.only)
            found[size]['sizes'] = new['sizes']
            for name, times in new['times'].items():
                found[size]['times'].setdefault(name, []).extend(times)
    if given.json:
        given.json.write_text(json.dumps(found))
    print('\n'.join(table(sizes, found)))
    print(f'\n{runs} runs on {os.cpu_count()} cores, Python {sys.version.split()[0]}, SQLite {sqlite3.sqlite_version}. The '
          'report of one author is rolled back; the clean-up has a day\'s worth to tidy away.')


if __name__ == '__main__':
    sys.path.insert(0, str(ROOT))
    main()
