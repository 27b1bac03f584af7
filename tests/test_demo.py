"""The demo: a believable site out of nothing, the same each time, all of it or nothing."""

import re
import subprocess
from datetime import datetime, timedelta
from itertools import chain

import make_demo_pictures
import pytest
from conftest import PASSWORD, create_database, write

from quickpub import db, demo, opening, settings
from quickpub.accounts import credentials
from quickpub.audience import reports
from quickpub.content import featured, trash
from quickpub.demo import pictures
from quickpub.markup import cleaner, excerpts, markdown
from quickpub.media import placing, usage
from quickpub.models import (
    TABLES,
    Content,
    DailyViews,
    MediaFile,
    OldSlug,
    PlacedImage,
    Post,
    PostTag,
    RecentDay,
    Site,
    Tag,
    User,
)

NOW = datetime(2026, 11, 22, 10, 4, 5)


@pytest.fixture
def empty(config):
    """A site just made: not even named."""
    yield from open_empty(config)


def open_empty(config):
    create_database(config)
    opening.open_site(config)
    with db.db.connection_context():
        yield config


def everything():
    """Every row of every table, but for what is salted, and the day on which the tables were made."""
    rows = {table: list(table.select().order_by(*table._meta.sorted_fields).dicts())
            for table in TABLES if table is not RecentDay}
    for user in rows[User]:
        del user['password']
    for each in chain.from_iterable(rows.values()):
        each.pop('feed_id', None)  # ids of this site alone
    return rows


def test_it_fills_an_empty_site(empty):
    counts = demo.fill(NOW)
    assert counts == {'authors': 5, 'posts': Post.select().count(), 'views': sum(post.views for post in Post)}
    public = list(Post.published(NOW))
    assert len(public) == 24
    assert {post.author.name for post in public} == {name for name, _, _ in demo.AUTHORS.values()}
    assert len(set(User.select(User.timezone).tuples())) == 5
    assert timedelta(weeks=9) < NOW - public[-1].published_at < timedelta(weeks=11)
    assert Post.select().where(Post.published_at.is_null(), Post.deleted_at.is_null(), ~Post.is_page).count() == 3
    assert [post.slug for post in Post.select().where(Post.published_at > NOW)] == ['ladders-on-loan']
    assert [post.slug for post in Post.select().where(Post.is_page)] == ['about']
    assert Post.select().where(Post.deleted_at.is_null(False)).count() == 1
    assert 2_000 < counts['views'] < 20_000
    assert Site.this().title == 'The Long Table'


def test_two_sites_filled_at_the_same_moment_are_the_same(tmp_path):
    found = []
    for name in ('one', 'two'):
        for _ in open_empty(settings.from_env({'QUICKPUB_DATA': str(tmp_path / name)})):
            demo.fill(NOW)
            Content.update(version=0).execute()  # it is a time
            found.append(everything())
    assert found[0] == found[1]
    assert found[0][DailyViews]


def test_everybody_can_log_in_and_one_is_the_owner(empty):
    demo.fill(NOW)
    for user in User:
        assert user.is_verified and user.bio and user.email.endswith('@example.org')
        assert credentials.is_correct_password(user, demo.PASSWORD)
    assert [user.handle for user in User.select().where(User.role == 'owner')] == ['marta-kowalczyk']


def test_a_site_that_has_an_owner_and_a_name_keeps_them(olga):
    demo.fill(NOW)
    assert [user.name for user in User.select().where(User.role == 'owner')] == ['Olga']
    assert credentials.is_correct_password(User.get(User.role == 'owner'), PASSWORD)
    assert Site.this().title == 'The Village Voice'


def test_it_refuses_a_second_time_and_changes_nothing(empty):
    demo.fill(NOW)
    before = everything()
    with pytest.raises(demo.NotEmpty, match='posts already'):
        demo.fill(NOW + timedelta(days=1))
    assert everything() == before


def test_it_refuses_a_site_with_one_post_even_in_the_trash(alice):
    trash.move_to_trash(write(alice), NOW)
    with pytest.raises(demo.NotEmpty):
        demo.fill(NOW)
    assert User.select().count() == 1


def test_it_refuses_where_its_authors_are_but_their_posts_are_gone(empty):
    demo.fill(NOW)
    Post.delete().execute()
    with pytest.raises(demo.NotEmpty, match='authors already'):
        demo.fill(NOW)
    assert Post.select().count() == 0


def test_a_failure_half_way_leaves_nothing_behind(empty, monkeypatch):
    def fail(post, at):
        assert Post.select().count() > 20
        raise RuntimeError('the disk is gone')
    monkeypatch.setattr(trash, 'move_to_trash', fail)
    before = everything()
    with pytest.raises(RuntimeError):
        demo.fill(NOW)
    assert everything() == before
    assert Post.select().count() == User.select().count() == 0


def test_every_post_is_as_the_studio_would_have_saved_it(empty):
    demo.fill(NOW)
    for post in Post:
        assert post.html == markdown.to_html(post.body, files=usage.known_in(post.body)) != ''
        text = re.sub('<span class="picture.*?</span>', '', post.html)  # images are put in after cleaning
        assert cleaner.CLEANER.clean(text) == text
        assert post.words == excerpts.count_words(post.html) >= 20
        assert post.excerpt == (post.summary or excerpts.excerpt(post.html)) != ''
        assert 1 <= PostTag.select().where(PostTag.post == post).count() <= 5
        assert post.created_at <= post.updated_at <= NOW
        assert post.author.created_at < post.created_at
    for post in Post.published(NOW):
        assert 150 <= post.words <= 900 and post.summary


ELEMENTS = ['<table>', '<blockquote>', 'class="footnotes"', 'class="language-python"', '<ol>', '<ul>', '<dl>',
            'class="check"', '<h2 id="h-', '<a href="https://']


def test_the_posts_show_what_markdown_can_do(empty):
    demo.fill(NOW)
    shown = [post.html for post in Post.published(NOW)]
    assert [element for element in ELEMENTS if not any(element in html for html in shown)] == []


def test_no_markup_is_left_over_in_the_texts(empty):
    demo.fill(NOW)
    for post in Post:
        shown = excerpts.plain(re.sub('<pre.*?</pre>', '', post.html, flags=re.DOTALL))
        assert not re.search(r'\*\*|\]\(|\[\^|^[|#>]|^\w+: \w+$', shown, re.MULTILINE), post.slug


def test_views_are_those_of_the_days_and_only_of_public_posts(empty):
    demo.fill(NOW)
    for post in Post:
        days = list(DailyViews.select().where(DailyViews.post == post))
        assert post.views == sum(day.views for day in days)
        if post.is_public(NOW) and not post.is_page:
            assert days and all(post.published_at.date() <= day.day <= NOW.date() and day.views > 0 for day in days)
        else:
            assert post.views == post.reported_views == 0


@pytest.mark.parametrize('now', [NOW, datetime(2026, 3, 1, 0, 0, 5), datetime(2028, 2, 29, 23, 59)])
@pytest.mark.parametrize('frequency', settings.FREQUENCIES)
def test_each_author_is_in_a_running_period_with_something_to_report(tmp_path, frequency, now):
    config = settings.from_env({'QUICKPUB_DATA': str(tmp_path / 'data'), 'QUICKPUB_REPORT': frequency})
    for _ in open_empty(config):
        demo.fill(now)
        assert list(reports.due(now)) == []
        for user in User:
            new = [post.views - post.reported_views for post in user.posts]
            assert user.report == frequency
            assert now - timedelta(days=31) < user.reported_until <= now
            assert min(new) >= 0 and sum(new) > 0
        assert sum(post.reported_views for post in Post) > 0


def test_the_old_address_still_leads_to_its_post(empty):
    demo.fill(NOW)
    old = OldSlug.get()
    assert (old.slug, old.post.slug) == ('the-seed-drawer', 'seeds-on-loan')


def test_every_tag_is_used_and_most_of_them_twice(empty):
    demo.fill(NOW)
    uses = [PostTag.select().where(PostTag.tag == tag).count() for tag in Tag]
    assert min(uses) > 0 and sum(count > 1 for count in uses) > len(uses) / 2


def test_the_texts_and_pictures_are_packaged():
    config = (demo.Path(__file__).parent.parent / 'setup.cfg').read_text()
    assert 'demo/*.md' in config and 'demo/pictures/*' in config


def test_the_pictures_are_small_and_have_a_script():
    stored = {path.name: path.stat().st_size for path in pictures.FOLDER.iterdir()}
    assert set(stored) == set(make_demo_pictures.find_pictures())
    assert sum(stored.values()) < 400_000


def test_pictures_are_in_their_places_with_alternative_texts(empty):
    demo.fill(NOW)
    public = list(Post.published(NOW))
    covers = {row.owner_id for row in PlacedImage.select().where(PlacedImage.place == 'cover')}
    assert {post.slug for post in public if post.id not in covers} == {
        'a-school-paper-with-no-front-page', 'minutes-of-a-meeting-that-went-well', 'a-small-rule-for-big-donations'}
    assert {row.owner_id for row in PlacedImage.select().where(PlacedImage.place == 'avatar')} == {
        user.id for user in User}
    assert PlacedImage.select().where(PlacedImage.alt == '').count() == 0
    assert [post.slug for post in featured.find_featured(NOW)] == [
        'the-key-of-mrs-bello', 'solder-patience-and-the-third-radio']


def test_a_site_that_has_a_name_keeps_its_own_images(olga):
    demo.fill(NOW)
    assert placing.find_row('logo', placing.SITE) is placing.find_row('front', placing.SITE) is None


@pytest.mark.slow
def test_every_picture_is_ready_at_the_end(empty, monkeypatch):
    """Drawn in this process, in no more formats than are needed: 30 child processes took twice the time."""
    demo.fill(NOW)
    shown = []
    monkeypatch.delattr(subprocess, 'Popen')
    pictures.prepare(lambda: shown.append(1))
    assert {file.state for file in MediaFile} == {'ready'}
    assert {tuple(file.made['widths']) for file in MediaFile} == {('avif', 'jpg'), ('avif', 'png')}
    assert len(shown) == MediaFile.select().count() == len(list(pictures.FOLDER.iterdir()))
    assert set(placing.find_of_site()) == {'logo', 'logo_dark', 'front'}
    figure = Post.get(Post.slug == 'solder-patience-and-the-third-radio')
    assert '<figcaption' in figure.html and '.avif' in figure.html
