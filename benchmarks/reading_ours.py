"""Quickpub's side of reading: a site with so many posts, and how many views it has counted."""

import time
from datetime import timedelta

from peewee import fn

from quickpub import db, migrating, settings
from quickpub.accounts import passwords, users
from quickpub.audience import counting, network_cap
from quickpub.models import Content, Post, PostTag, Site, Tag, User

from .article import LARGE, NORMAL
from .ours_app import finish_background_work, site

EMAIL, PASSWORD = 'author1@example.org', 'the benchmark writes'
AUTHORS, TAGS = 20, 50
BATCH = 1000


def seed(count):
    """A site with this many posts, the last an hour old, and a large one at /p/large. Everybody's password is the same,
    and the first is the owner."""
    migrating.migrate(settings.from_env())
    at = db.now()
    with site(), db.db.atomic():
        Site.create(id=1, title='The Village Voice', tagline='News from the reading room')
        password = passwords.hash_password(PASSWORD)
        for number in range(1, AUTHORS + 1):
            users.create(f'Author {number}', f'author{number}@example.org', password, at, is_verified=True,
                            role='author' if number > 1 else 'owner')
        User.update(bio='Looks after the reading room, and keeps the keys.').execute()
        Tag.insert_many([{'name': f'Tag {number}', 'key': f'tag {number}', 'slug': f'tag-{number}'} for number in range(TAGS)]).execute()
        for start in range(1, count + 1, BATCH):
            numbers = range(start, min(start + BATCH, count + 1))
            Post.insert_many([_post(number, at - timedelta(hours=count - number + 1)) for number in numbers]).execute()
            PostTag.insert_many([{'post': number, 'tag': (number * 7 + position) % TAGS + 1, 'position': position}
                                 for number in numbers for position in range(2)]).execute()
        Post.insert(_post(count + 1, at - timedelta(days=3000)) | {'slug': 'large', 'html': LARGE}).execute()
        finish_background_work()
        # Each post was a change, a second each: without this the site's pages would be dated in the future for minutes.
        Content.update(version=int(time.time()) - 3600).execute()


def _post(number, at):
    return {'id': number, 'author': number % AUTHORS + 1, 'title': f'Note number {number} from the reading room',
            'slug': f'post-{number}', 'body': 'Written by the benchmark.', 'html': NORMAL, 'words': 1100,
            'excerpt': 'The reading room opens at nine, and the first who comes lights the stove.',
            'published_at': at, 'created_at': at, 'updated_at': at, 'was_public': True}


def views():
    """All views of all posts, after what is recorded has been counted; and the processor time that this took."""
    network_cap.CAP = 10 ** 9  # wrk is one network
    with site():
        began = time.process_time()
        counting.count_recorded_views()
        return {'views': Post.select(fn.SUM(Post.views)).scalar(), 'seconds': time.process_time() - began}
