"""Days and times: readers see them in the site's time zone, authors and owners in their own."""

import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import feedparser
import pytest
from conftest import person, utc, write
from sites import browser_of, form_with, keep, long_ago

from quickpub import dates, db
from quickpub.content import posts, publishing, trash
from quickpub.content.post_input import PostInput, as_form
from quickpub.models import Post, Session, Upload, User

# Time zone, a moment in UTC, and the day it is there.
DAYS = [
    ('Pacific/Auckland', utc(2025, 12, 31, 11, 30), '1 January 2026'),
    ('Pacific/Auckland', utc(2025, 12, 31, 10, 59, 59), '31 December 2025'),
    ('Pacific/Kiritimati', utc(2025, 12, 31, 10), '1 January 2026'),
    ('Pacific/Honolulu', utc(2026, 1, 1, 9, 59), '31 December 2025'),
    ('Asia/Kathmandu', utc(2025, 12, 31, 18, 15), '1 January 2026'),
    ('Asia/Kathmandu', utc(2025, 12, 31, 18, 14), '31 December 2025'),
    ('Europe/Berlin', utc(2026, 3, 28, 23), '29 March 2026'),  # the night in which the clocks go forward
    ('Europe/Berlin', utc(2026, 3, 29, 22), '30 March 2026'),  # and the day after, which begins an hour earlier
    ('America/New_York', utc(2026, 11, 1, 4), '1 November 2026'),
    ('America/New_York', utc(2026, 11, 2, 4, 59), '1 November 2026'),
    ('Pacific/Apia', utc(2011, 12, 30, 10), '31 December 2011'),  # where there was no 30 December
    ('UTC', utc(2025, 12, 31, 23, 59, 59), '31 December 2025'),
]
UNKNOWN = ['Mars/Olympus', 'US/Pacific-New', '', '../../etc/passwd', 'Europe', '/etc/localtime', 'x' * 300,
           'Europe/Berlin\n', 'Zürich', '\x00']


def day_in(text):
    """The day of a date in an attribute, in the words of a page."""
    return dates.date(datetime.fromisoformat(text))


@pytest.mark.parametrize(('zone', 'when', 'day'), DAYS)
def test_readers_see_the_day_of_the_sites_zone_everywhere(site, connection, zone, when, day):
    with connection():
        alice = person('alice', timezone='Pacific/Honolulu' if zone != 'Pacific/Honolulu' else 'Pacific/Kiritimati')
        write(alice, 'On hills', at=when, tags='Hills')
        for years, title in enumerate(['Earlier', 'The first'], 1):
            write(alice, title, at=when - timedelta(days=400 * years), tags='Hills')
    browser = browser_of(site, timezone=zone)
    for path in ('/', '/@alice', '/t/hills', '/search?q=hills', '/p/on-hills', '/p/the-first'):
        times = browser.get(path).html.select('main time')
        found = [each for each in times if each.text == day]
        assert found, (path, times)
        for each in found:
            assert day_in(each['datetime']) == day and each['title'].startswith(f'{day}, ')
            assert each['title'].endswith(zone)
    section = browser.get('/archive').html.find('a', string='On hills').find_parent('section')
    assert section.h2.text == day.split()[-1]
    assert f'{section.time.text} {section.h2.text}' == day == day_in(section.time['datetime'])
    published = browser.get('/p/on-hills').html.find('meta', property='article:published_time')['content']
    assert day_in(published) == day
    item = browser.get('/feed.json').json['items'][0]
    entry = feedparser.parse(browser.get('/t/hills/feed.xml').body).entries[0]
    for moment in (published, item['date_published'], entry.published):
        assert datetime.fromisoformat(moment).astimezone(UTC).replace(tzinfo=None) == when
        assert day_in(moment) == day
    tree = ElementTree.fromstring(browser.get('/sitemap.xml').body)
    changed = {each.findtext('{*}loc').rpartition('/')[2]: each.findtext('{*}lastmod') for each in tree}
    assert day_in(changed['on-hills']) == day


@pytest.mark.parametrize(('zone', 'when', 'day'), DAYS)
def test_authors_and_owners_see_days_and_times_of_their_own_zone(site, connection, zone, when, day):
    with connection():
        olga = person('olga', role='owner', timezone=zone, created_at=when)
        post, gone, later = (write(olga, title, at=when) for title in ('On hills', 'Gone', 'Later'))
        posts.save(post, olga, PostInput.from_form(as_form(post) | {'body': 'Changed.'}), when)
        trash.move_to_trash(gone, when)
        publishing.unpublish(later, when)
        keep(olga)
    long_ago(Upload, created_at=when)
    browser = browser_of(site, timezone='Pacific/Honolulu' if 'Kiri' in zone else 'Pacific/Kiritimati')
    browser.log_in(olga)
    long_ago(Session, seen_at=db.now())
    for path in ('/studio', '/studio/trash', f'/studio/posts/{post.id}/history', '/admin/members'):
        times = browser.get(path).html.select('main :not(.seen) > time')  # when members were seen is now
        assert times, path
        for each in times:
            assert each.text.startswith(day) and day_in(each['datetime']) == day, path
    saved = browser.get(f'/studio/posts/{post.id}').html.select_one('#saved time')
    assert saved['title'].startswith(f'{day}, ') and saved['title'].endswith(zone) and day_in(saved['datetime']) == day
    assert browser.get('/studio/posts/new').html.find(id='editor')['data-zone'] == zone


@pytest.mark.parametrize('zone', UNKNOWN)
def test_a_zone_that_is_unknown_now_is_the_sites(site, connection, zone):
    with connection():
        alice = person('alice', role='owner', timezone=zone)
        write(alice, 'On hills', at=utc(2025, 12, 31, 11, 30))
        keep(alice)
    browser = browser_of(site, timezone='Pacific/Auckland')
    browser.log_in(alice)
    with connection():
        post = Post.get()
    for path in ('/studio', '/studio/trash', '/studio/stats', '/studio/report', '/studio/exports', '/studio/media',
                 f'/studio/posts/{post.id}/history', '/admin', '/admin/mail', '/admin/jobs', '/admin/members'):
        browser.get(path)
    assert browser.get('/healthz', status='*').json['checks']['reports'] is not None
    assert '1 January 2026' in browser.get('/studio').html.find('td', class_='date').text
    page = browser.get(f'/studio/posts/{post.id}')
    assert page.html.find(id='editor')['data-zone'] == 'Pacific/Auckland'
    form = form_with(browser.get('/studio/posts/new'), 'publish_at')
    form['title'], form['body'], form['publish_at'] = 'Later', 'x', '2040-01-01T00:30'
    form.submit('action', value='schedule', status=303)
    with connection():
        assert Post.get(Post.title == 'Later').published_at == utc(2039, 12, 31, 11, 30)
    form = form_with(browser.get('/settings'), 'timezone')
    assert form['timezone'].value == 'Pacific/Auckland', 'not the first zone of the list'
    form.submit('action', value='profile', status=303)
    with connection():
        assert User.get_by_id(alice.id).timezone == 'Pacific/Auckland'


def test_the_pages_of_an_author_whose_zone_is_in_no_list_keep_it(site, connection):
    with connection():
        alice = person('alice', timezone='posix/Europe/Berlin' if _is_known('posix/Europe/Berlin') else 'GMT0')
    browser = browser_of(site)
    browser.log_in(alice)
    form = form_with(browser.get('/settings'), 'timezone')
    assert form['timezone'].value == alice.timezone
    form.submit('action', value='profile', status=303)


def _is_known(zone):
    return dates.find_zone(zone).key == zone


def test_a_year_of_the_archive_is_one_even_when_the_clocks_went_back_at_new_year(site, connection):
    """In Dhaka summer time ended with the year 2009: its last hour came twice."""
    with connection():
        alice = person('alice')
        for minutes in range(0, 180, 20):
            write(alice, f'Post {minutes}', at=utc(2009, 12, 31, 16, 10) + timedelta(minutes=minutes))
    years = browser_of(site, timezone='Asia/Dhaka').get('/archive').html.select('section.year')
    assert [(year.h2.text, len(year.select('li'))) for year in years] == [('2010', 3), ('2009', 6)]


@pytest.mark.parametrize(('zone', 'when', 'expected'), [
    ('UTC', datetime(2026, 1, 1), '2026-01-01T00:00:00Z'),
    ('Asia/Kathmandu', datetime(2026, 1, 1), '2026-01-01T05:45:00+05:45'),
    ('America/St_Johns', datetime(2026, 7, 1, 0, 0, 0, 999), '2026-06-30T21:30:00-02:30'),
    ('Europe/Berlin', datetime(1850, 1, 1), '1850-01-01T00:00:00Z'),  # its offset then is no offset of RFC 3339
    ('Pacific/Kiritimati', datetime.max, '9999-12-31T23:59:59Z'),
    ('America/Adak', datetime.min, '0001-01-01T00:00:00Z'),
    ('Europe/Berlin', datetime(2026, 10, 25, 0, 30), '2026-10-25T02:30:00+02:00'),
    ('Europe/Berlin', datetime(2026, 10, 25, 1, 30), '2026-10-25T02:30:00+01:00'),
    ('Europe/London', datetime(2026, 1, 1), '2026-01-01T00:00:00Z'),
])
def test_moments_for_programs_are_exact_and_valid(zone, when, expected):
    assert dates.iso(when, zone) == expected
    assert re.fullmatch(r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(Z|[+-]\d\d:\d\d)', expected)
    assert dates.day(when, zone) and dates.clock(when, zone) and dates.local(when, zone)
