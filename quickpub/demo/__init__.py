"""The demo site: five authors, their posts and weeks of views, in an empty site.

The posts are the Markdown files beside this one: lines of `key: value`, an empty line, the text. Everything is made
from the time given and fixed seeds, so two sites filled at the same moment are the same.
"""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from math import ceil
from pathlib import Path
from random import Random

from peewee import EXCLUDED

from .. import dates
from ..accounts import passwords, users
from ..audience import calendar, periods, sums
from ..content import featured, posts, publishing, trash
from ..content.post_input import PostInput
from ..db import db
from ..models import DailyReferrers, DailyViews, DailyVisitorCount, KnownHost, Post, Site, User
from . import pictures

PASSWORD = 'quickpub demo'
SITE = {'title': 'The Long Table', 'tagline': 'Letters from five small places', 'hue': 205,
        'layout': 'magazine',
        'footer': 'Written at five kitchen tables. Copy what you like, and say where you found it.'}
HOSTS = ['news.example', 'search.example', 'village.example', 'forum.example', 'boats.example', 'schools.example']
BEGAN = timedelta(days=75)  # ago; a few days before the first post

# The first part of the mail address: name, time zone, bio in Markdown. The first is the owner where the site has none.
AUTHORS = {
    'marta': ('Marta Kowalczyk', 'Europe/Warsaw',
              'Looks after a village reading room, and keeps the keys of this site.'),
    'tunde': ('Tunde Adeyemi', 'Africa/Lagos',
              'Mends radios, bicycles and most things with a screw, on Saturdays with anybody who comes.'),
    'sadia': ('Sadia Rahman', 'Asia/Dhaka',
              'Plant ecologist; counts what grows where nobody planted anything.'),
    'joaquin': ('Joaquín Vera', 'America/Santiago',
                'Teaches mathematics in a small town, and is corrected by the editors of its school paper.'),
    'aroha': ('Aroha Tipene', 'Pacific/Auckland',
              'Secretary of a rowing club. Second oar, first at the kettle.'),
}
LINKS = {
    'marta': 'https://reading-room.example\nhttps://social.example/@marta',
    'tunde': 'https://repair.example/saturdays',
    'sadia': 'https://plants.example/sadia\nhttps://social.example/@sadia',
    'joaquin': 'https://school.example/paper',
    'aroha': 'https://rowing.example',
}


class NotEmpty(Exception):
    """The site has content already."""


def fill(now: datetime) -> dict[str, int]:
    """Fill the open site in one transaction, and return how much was created. Raises NotEmpty."""
    hashed = passwords.hash_password(PASSWORD)  # slow on purpose, so once, and before the transaction
    with db.atomic():
        _check_empty()
        is_new = not Site.select().exists()
        if is_new:
            Site.create(id=1, **SITE)
        authors = {key: _create_author(key, hashed, now) for key in AUTHORS}
        pictures.add_portraits(authors, now)
        if is_new:
            pictures.add_those_of_the_site(authors['marta'], now)
        views = [_create_post(typed, authors, now) for typed in _read_posts()]
        KnownHost.update(is_told=True).execute()  # by the reports that came in all these weeks
    return {'authors': len(authors), 'posts': len(views), 'views': sum(views)}


def _check_empty() -> None:
    if Post.select().exists():
        raise NotEmpty('This site has posts already. The demo only fills an empty one: set QUICKPUB_DATA to a folder '
                       'that does not exist yet.')
    if User.select().where(User.email.in_([_email(key) for key in AUTHORS])).exists():
        raise NotEmpty("This site has the demo's authors already. Set QUICKPUB_DATA to a folder that does not exist "
                       "yet.")


def _email(key: str) -> str:
    return f'{key}@example.org'


def _create_author(key: str, password: str, now: datetime) -> User:
    name, zone, bio = AUTHORS[key]
    has_owner = User.select().where(User.role == 'owner').exists()
    user = users.create(name, _email(key), password, now - BEGAN, role='author' if has_owner else 'owner',
                           is_verified=True)
    user.bio, user.timezone, user.links = bio, zone, LINKS[key]
    if key in ('marta', 'sadia'):
        user.fediverse = f'@{key}@social.example'
    frequency = 'daily' if user.report == 'never' else user.report
    user.reported_until = periods.last_closing(now, frequency, zone, time.fromisoformat(user.report_time))
    user.save()
    return user


def _read_posts() -> Iterator[dict[str, str]]:
    """Yield the fields of each file, in the order of the names; the text is under 'body'."""
    for path in sorted(Path(__file__).parent.glob('*.md')):
        head, _, body = path.read_text(encoding='utf-8').partition('\n\n')
        yield dict(line.split(': ', 1) for line in head.splitlines()) | {'body': body, 'number': path.name[:2]}


def _create_post(typed: dict[str, str], authors: dict[str, User], now: datetime) -> int:
    """Save one post as the editor would, with its views, and return how many it has."""
    author = authors[typed['author']]
    form = {key: typed.get(key, '') for key in ('title', 'body', 'tags', 'summary', 'series')}
    form['body'] = pictures.add_figures(form['body'], author, now)
    old, new = PostInput.from_form(form | {'slug': typed.get('old address', '')}), PostInput.from_form(form)
    published = now - timedelta(days=float(typed.get('published', 3)))
    is_scheduled, is_page = published > now, typed.get('kind') == 'page'
    post = posts.save(None, author, old, min(published, now) - timedelta(hours=2), is_page=is_page)
    if 'published' in typed or is_page:
        publishing.publish(post, now if is_scheduled else published, published if is_scheduled else None)
    if 'cover' in typed:
        pictures.add_cover(post, author, typed['number'], typed['cover'], now)
    if 'featured' in typed:
        featured.feature(post, published)
    if 'old address' in typed:
        post = posts.save(Post.get_by_id(post.id), author, new, published + timedelta(hours=1))
    if typed.get('state') == 'trash':
        trash.move_to_trash(post, now - timedelta(days=2))
    return _add_views(post, author, int(typed.get('readers', 0)), published, now)


def _add_views(post: Post, author: User, first_day: int, published: datetime, now: datetime) -> int:
    if not first_day:
        return 0
    days = list(_simulate_days(Random(post.slug), first_day, calendar.site_day(published), now))
    DailyViews.insert_many([{'post': post.id, 'day': day, 'views': views} for day, views in days]).execute()
    _add_visitors(post, author, days)
    total = sum(views for _, views in days)
    period_began = calendar.site_day(author.reported_until)
    reported = sum(views for day, views in days if day < period_began)
    Post.update(views=total, reported_views=reported).where(Post.id == post.id).execute()
    return total


def _add_visitors(post: Post, author: User, days: list[tuple[date, int]]) -> None:
    """Add the visitors of each day, and the sites that some of them came from."""
    for scope in (post.id, -author.id, sums.SITE):
        DailyVisitorCount.insert_many([
            {'scope': scope, 'day': day, 'visitors': ceil(0.8 * views)} for day, views in days]).on_conflict(
                conflict_target=[DailyVisitorCount.scope, DailyVisitorCount.day],
                update={DailyVisitorCount.visitors: DailyVisitorCount.visitors + EXCLUDED.visitors}).execute()
    hosts = Random(post.slug).sample(HOSTS, 3)
    DailyReferrers.insert_many([{'post': post.id, 'day': day, 'host': host, 'views': views // share}
                                for day, views in days for host, share in zip(hosts, (3, 5, 9), strict=True)
                                if views >= share]).execute()


def _simulate_days(chance: Random, first_day: int, published: date, now: datetime) -> Iterator[tuple[date, int]]:
    """Yield the views of each day: many at first, then few, fewer at weekends, and some more when a link is shared."""
    today, echo = calendar.site_day(now), 0.0
    for age in range((today - published).days + 1):
        day = published + timedelta(days=age)
        echo = echo / 2 + (first_day * chance.uniform(0.4, 1.1) if age and chance.random() < 0.025 else 0)
        expected = first_day * (0.94 * 0.6 ** age + 0.06 * 0.985 ** age) + echo
        expected *= chance.uniform(0.75, 1.25) * (0.6 if day.weekday() >= 5 else 1)
        if expected >= 0.5:
            yield day, ceil(expected * (dates.at(now).hour + 1) / 24 if day == today else expected)
