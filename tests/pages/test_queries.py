"""What pages ask of the database: as much for a large site as for a small one, and from an index."""

import re
from datetime import timedelta

import pytest
from conftest import utc
from permissions import MAY, TABLE, furnish
from playhouse.test_utils import count_queries
from sites import fill

from quickpub import db
from quickpub.audience import counting
from quickpub.jobs import queue
from quickpub.jobs.tables import Job
from quickpub.mail import ledger
from quickpub.models import (
    DailyViews,
    MediaFile,
    Message,
    OldSlug,
    Post,
    PostFile,
    PostTag,
    Report,
    Site,
    Tag,
    Upload,
    User,
)

COLUMN = {'stranger': 0, 'author': 2, 'owner': 3}  # in the table of permissions
STEP = 10  # instructions of SQLite's between two counts

LATER = utc(2100, 1, 1)


@pytest.fixture
def people(site):
    """A site with three posts, and links and mails of every kind: its owner and two authors."""
    return fill(3)


@pytest.fixture
def places(people):
    return furnish(*people)


def grow(alice, count):
    """Posts of hers and of others, drafts, trash, tags, people, mails, jobs, counts, reports: so many more of each.
    Made the shortest way, for it is much; call it on an open database."""
    at = db.now()
    template = Post.get(Post.slug == 'public')
    writers = [{'name': 'Anna', 'handle': f'writer-{alice.id}-{number}-{count}', 'timezone': 'UTC', 'report': 'daily',
                'email': f'writer{number}-{count}@example.org', 'reported_until': LATER, 'verified_at': at}
               for number in range(count)]
    User.insert_many(writers).execute()
    others = [user.id for user in User.select().where(User.name == 'Anna')]

    def post(number, kind, author, **fields):
        return {'author': author, 'title': f'{kind} {number}', 'slug': f'{kind}-{number}-{count}',
                'html': template.html, 'published_at': at - timedelta(days=1, seconds=number), 'was_public': True,
                'views': number, 'deleted_at': None} | fields

    posts = [post(number, kind, author, **fields) for number in range(count) for kind, author, fields in (
        ('hers', alice.id, {}), ('theirs', others[number], {}), ('draft', alice.id, {'published_at': None}),
        ('trash', alice.id, {'deleted_at': at}), ('later', alice.id, {'published_at': LATER}))]
    for part in range(0, len(posts), 500):
        Post.insert_many(posts[part:part + 500]).execute()
    Tag.insert_many([{'name': f'Tag {number} of {count}', 'key': f'tag {number} of {count}',
                      'slug': f'tag-{number}-{count}'} for number in range(count)]).execute()
    hills, new = Tag.get(Tag.slug == 'hills'), Post.select(Post.id).where(Post.slug.endswith(f'-{count}'))
    PostTag.insert_many([{'post': post.id, 'tag': hills.id, 'position': 0} for post in new]).execute()
    PostTag.insert_many([{'post': template.id, 'tag': tag.id, 'position': 9} for tag in
                         Tag.select().where(Tag.slug.endswith(f'-{count}')).limit(5)]).on_conflict_ignore().execute()
    DailyViews.insert_many([{'post': template.id, 'day': at.date() - timedelta(days=number + count), 'views': 1}
                            for number in range(count)]).execute()
    OldSlug.insert_many([{'slug': f'old-{number}-{count}', 'post': template.id} for number in range(count)]).execute()
    Report.insert_many([{'user': alice.id, 'period_start': at, 'period_end': at + timedelta(days=number + count),
                         'views': 1} for number in range(count)]).execute()
    digests = [f'{count:016x}{number:016x}' for number in range(count)]
    MediaFile.insert_many([{'digest': digest, 'kind': 'document', 'ending': 'pdf', 'state': 'ready'}
                           for digest in digests]).execute()
    Upload.insert_many([{'user': alice.id, 'file': digest, 'name': 'x.pdf', 'bytes': 1}
                        for digest in digests]).execute()
    PostFile.insert_many([{'post': template.id, 'digest': digest} for digest in digests]).execute()
    for number in range(count):
        ledger.compose('exists', alice.email, key=f'{number} of {count}', subject='One', user=alice,
                     payload={'login_url': '/', 'forgot_url': '/'})
        queue.enqueue('none', b'', run_at=at + timedelta(days=1 - number % 2 * 2))
    Message.update(state='sent', sent_at=at).where(Message.key.endswith(f' of {count}')).execute()
    Job.update(state='dead').where(Job.id % 3 == 0).execute()


def paths_of(who, places):
    """Every page that this person may see, as it is in the table of URLs, and the later pages of lists."""
    yield from (row[1].format(**places) for rule, row in TABLE.items()
                if rule.startswith('GET') and row[0][COLUMN[who]] == MAY)
    oldest = places['oldest']
    yield from (f'{path}?before={oldest}' for path in ('/', '/@alice', '/t/hills', '/archive'))
    if who != 'stranger':
        yield from (f'/studio{asked}' for asked in (
            f'?before={places["draft"]}', '?state=draft', '?state=scheduled', '?sort=views', '/stats?days=7',
            '/stats?days=all'))
    if who == 'owner':
        yield from ('/admin/mail?state=failed', '/admin/mail?state=held', '/admin/mail?state=sent',
                    '/studio?whose=all&state=draft', '/studio/stats?whose=mine',
                    f'/admin/members?before={User.select(User.id).order_by(User.id.desc()).scalar()}')


def all_pages(browse, people, places, measure):
    """(who, path) -> what `measure(get)` says, for a stranger, an author and the owner."""
    olga, alice, _ = people
    browsers = {'stranger': browse(), 'author': browse(alice), 'owner': browse(olga)}
    with db.db.connection_context():
        asked = [(who, path) for who in browsers for path in paths_of(who, places)]
    found = {}
    for number, (who, path) in enumerate(asked):
        with db.db.connection_context():  # whatever keeps pages ready must make this one anew
            Site.update(tagline=f'Number {number} of {len(asked)}').execute()
            counting.count_recorded_views()  # what the pages before have recorded
        status = 503 if path == '/healthz' else [200, 301, 303]  # no consumer runs
        found[who, path] = measure(
            lambda browser=browsers[who], path=path, status=status: browser.get(path, status=status))
    return found


def statements(get):
    with count_queries() as counter:
        get()
    return counter.count


def test_a_page_asks_as_often_for_thirty_as_for_three(people, places, browse, connection):
    browse().get('/p/public')  # the first reader of a day has its key made
    before = all_pages(browse, people, places, statements)
    with connection():
        grow(people[1], 30)
    after = all_pages(browse, people, places, statements)
    assert {key: count for key, count in after.items() if key in before and count != before[key]} == {}
    most = {'/studio/dashboard': 29, '/settings': 21}  # which show a little of everything
    assert {key: count for key, count in after.items() if count > most.get(key[1], 21)} == {}
    assert after['stranger', '/'] <= 9 and after['stranger', '/p/public'] <= 13


class Work:
    """Counts the instructions that SQLite executes: the same question over the same rows takes the same, always."""

    def __init__(self, monkeypatch):
        self.count = 0
        hooked = db.db._add_conn_hooks

        def add(connection):
            connection.set_progress_handler(self._step, STEP)
            hooked(connection)
        monkeypatch.setattr(db.db, '_add_conn_hooks', add)

    def _step(self):
        self.count += STEP

    def of(self, get):
        self.count = 0
        get()
        return self.count


# What grows by nature, by at most so many instructions for each that comes: sums over authors, not posts; the list of
# all addresses; counts of what is in the trash, waits or failed; a report, which adds up all that its author has; what
# shares the tags of a post, which gets five more here each time; the authors and tags that can be followed, the authors
# whose posts can be listed, the members who can be given the posts of one who is removed, or become authors of a
# post, by name.
GROWING = {'/admin': 60, '/admin/jobs': 60, '/sitemap.xml': 200, '/sitemap-places.xml': 60, '/healthz': 60,
           '/studio': 40, '/studio/pages': 8, '/studio/dashboard': 4, '/settings/delete': 12, '/studio/stats': 8,
           '/studio/report': 40, '/studio/report/letter': 40, '/admin/members/2': 80,
           # and in the editor the newest tags, in the choice of images the uploads
           '/studio/media': 12, '/p/public': 5, '/follow': 60, '/studio/': 50}


def test_the_work_for_a_page_does_not_grow_with_the_site(people, places, browse, connection, monkeypatch):
    """From a hundred of every kind, so that lists are full, to six hundred."""
    work = Work(monkeypatch)
    with connection():
        grow(people[1], 100)
    before = all_pages(browse, people, places, work.of)
    with connection():
        grow(people[1], 500)
    after = all_pages(browse, people, places, work.of)
    grown = {key: (count, after[key]) for key, count in before.items() if key in after and
             after[key] - count > 150 + 500 * GROWING.get(re.sub(r'(posts|images)/.*|[?].*', '', key[1]), 0)}
    assert grown == {}
