"""The page after a log-in: what is read, what waits, what needs attention, and a new member's first steps."""

from datetime import timedelta

import pytest
from conftest import person, utc, write

from quickpub import db
from quickpub.audience import calendar
from quickpub.content import autosave, post_lists
from quickpub.jobs import queue
from quickpub.jobs.tables import Job
from quickpub.mail import ledger
from quickpub.models import DailyViews, Message, PlacedImage, Post, Site, User
from quickpub.upkeep import first_steps

TYPED = {'title': 'Half a thought', 'body': 'x', 'kind': ''}


@pytest.fixture
def dashboard(browse):
    """Return the main part of the dashboard of a member."""
    return lambda user: browse(user).get('/studio/dashboard').html.main


def text_of(element):
    return ' '.join(element.get_text().split())


def steps_of(page):
    return {text_of(each.find(['a', 'span'])): 'done' in each.get('class', []) for each in page.select('.steps li')}


def test_it_shows_what_was_published_and_how_it_is_read(alice, bob, dashboard, connection):
    with connection():
        hills, theirs = write(alice, 'Hills'), write(bob, 'By Bob')
        today = calendar.site_day(db.now())
        for age, views in ((0, 3), (6, 4), (7, 5), (29, 6), (30, 7)):
            DailyViews.create(post=hills, day=today - timedelta(days=age), views=views)
        DailyViews.create(post=theirs, day=today, views=100)
    page = dashboard(alice)
    assert [each.text for each in page.select('.reads dd')] == ['7', '18']
    assert [each['aria-label'] for each in page.select('svg.spark')] == ['18 views in 30 days']
    bars = [text_of(each) for each in page.select('.bars .value')]
    assert len(bars) == 30 and bars[-7].endswith('4 views 0 visitors')
    assert len(page.select('.chart .mark')) == 5 and not page.select('.chart table')
    assert [each.text for each in page.select('.titles.read li > a')] == ['Hills']
    assert page.select_one('.titles.read .meta a').text == '7 in 7 days'


def test_the_owner_without_posts_sees_what_everybody_published(olga, alice, dashboard, connection):
    with connection():
        write(alice, 'Hills')
    assert [each.text for each in dashboard(olga).select('.titles.read li > a')] == ['Hills']
    with connection():
        write(olga, 'By the owner')
    assert [each.text for each in dashboard(olga).select('.titles.read li > a')] == ['By the owner']


def test_what_waits_to_be_finished_is_one_link_away(alice, bob, dashboard, connection, browse):
    with connection():
        draft, later, soon = (write(alice, title, published=False) for title in ('A draft', 'Later', 'Soon'))
        write(bob, 'Not hers', published=False)
        for post, year in ((later, 2101), (soon, 2100)):
            Post.update(published_at=utc(year, 1, 1)).where(Post.id == post.id).execute()
        autosave.keep(alice, 'tab-of-a-window1', None, TYPED, db.now())
        autosave.keep(alice, 'tab-of-a-window2', draft, TYPED | {'title': 'Another'}, db.now())
    page = dashboard(alice)
    listed = {name: [each.text for each in page.select(f'#{name} + ul li > a')]
              for name in ('drafts', 'scheduled', 'unsaved')}
    assert sorted(listed.pop('unsaved')) == ['Another', 'Half a thought']
    assert listed == {'drafts': ['A draft'], 'scheduled': ['Soon', 'Later']}
    for link in page.select('#unsaved + ul li > a'):
        assert link.text in browse(alice).get(link['href']).html.select_one('[name=title]').text
    assert 'Not hers' not in page.text


def test_a_new_site_has_first_steps_that_check_themselves_off(olga, alice, dashboard, connection):
    with connection():
        User.delete().where(User.id == alice.id).execute()
        Site.change(title=Site().title)
    words = ['Name the site', 'Choose how it looks', 'Add a portrait of yourself', 'Write your first post',
             'Invite somebody to write with you', 'Set up a mail server, so that emails are sent']
    page = dashboard(olga)
    assert steps_of(page) == dict.fromkeys(words, False)
    assert [link['href'] for link in page.select('.steps a')] == [
        '/admin/settings/general', '/admin/settings/look', f'/studio/images/avatar/{olga.id}', '/studio/posts/new',
        '/admin/members', '/admin/mail']
    with connection():
        Site.change(title='The Village Voice', fonts='plain')
        PlacedImage.create(place='avatar', owner_id=olga.id, digest='a' * 32)
        write(olga, 'First')
        person('bob')
    assert list(steps_of(dashboard(olga)).values()) == [True] * 5 + [False]
    with connection():
        User.update(created_at=db.now() - first_steps.SHOWN - timedelta(minutes=1)).execute()
    page = dashboard(olga)
    assert not page.select('.steps') and 'No mail server is set up' in page.select_one('.alert').text


def test_an_author_has_fewer_first_steps_and_none_when_they_are_done(alice, dashboard, connection):
    assert list(steps_of(dashboard(alice)).values()) == [False, False]
    with connection():
        write(alice, 'First')
        PlacedImage.create(place='avatar', owner_id=alice.id, digest='a' * 32)
        assert first_steps.find_first_steps(alice, db.now()) == {}
    assert not dashboard(alice).select('.steps')


def test_an_owner_sees_what_needs_attention_and_nobody_else_does(olga, alice, dashboard, connection):
    with connection():
        ledger.compose('exists', alice.email, key='1', subject='One', user=alice, payload={})
        Message.update(state='failed').execute()
        queue.enqueue('none', b'', run_at=db.now())
        Job.update(state='dead').execute()
    words = text_of(dashboard(olga).select_one('.alert'))
    assert '1 email could not be delivered.' in words and '1 job failed.' in words
    assert [each['href'] for each in dashboard(olga).select('.alert a')] == ['/admin/mail?state=failed', '/admin/jobs']
    assert not dashboard(alice).select('.alert')


def test_whoever_has_not_confirmed_an_address_is_told(dashboard):
    assert 'not confirmed yet' in dashboard(person('newcomer', verified=False)).select_one('.notice').text


def test_an_empty_dashboard_says_what_will_be_there(alice, dashboard, connection):
    with connection():
        User.update(created_at=db.now() - 2 * first_steps.SHOWN).execute()
    page = dashboard(alice)
    assert 'Nothing is published yet.' in page.text and 'No drafts.' in page.text
    assert page.select_one('.empty a')['href'] == '/studio/posts/new'


def test_whose_posts_are_listed(olga, alice, connection):
    with connection():
        found = [post_lists.is_everybodys(user, whose) for user in (olga, alice) for whose in ('', 'mine', 'all')]
        assert found == [True, False, True, False, False, False]
        write(olga, 'Her own')
        assert [post_lists.is_everybodys(olga, whose) for whose in ('', 'mine', 'all')] == [False, False, True]


def test_the_first_steps_are_said_in_the_language_of_the_member(olga, dashboard, connection):
    with connection():
        User.update(language='de').where(User.id == olga.id).execute()
    assert 'Schreibe deinen ersten Beitrag' in ' '.join(steps_of(dashboard(olga)))
