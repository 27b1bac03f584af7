"""Dates that an old tool or a bad disk has left in the tables and that are none: everything else is still shown."""

from datetime import date, datetime

import pytest
from conftest import write
from sites import fill, keep

from quickpub import db
from quickpub.accounts import invitations
from quickpub.jobs.fields import EARLIEST, LATEST, DateField, DateTimeField
from quickpub.jobs.tables import Job, Pause
from quickpub.models import TABLES, Session

GARBAGE = {'next week': LATEST, '': EARLIEST, '2020-13-45 00:00:00': EARLIEST, '0001-01-01 00:00:00': EARLIEST,
           '0001-01-01 00:00:00+14:00': EARLIEST, '9999-12-31 23:59:59': LATEST, '12345': EARLIEST}
READABLE = {'2026-11-29 08:00:00.123456': datetime(2026, 11, 29, 8, 0, 0, 123456),
            '2026-11-29 08:00:00': datetime(2026, 11, 29, 8), '2026-11-29': datetime(2026, 11, 29),
            '2026-11-29 08:00:00+02:00': datetime(2026, 11, 29, 6), '2026-11-29T08:00:00Z': datetime(2026, 11, 29, 8)}
DATES = [(table, field.name) for table in (*TABLES, Job, Pause) for field in table._meta.sorted_fields
         if field.field_type in ('DATETIME', 'DATE')]
PAGES = ('/studio', '/studio/dashboard', '/studio/trash', '/studio/media', '/studio/stats', '/studio/exports',
         '/studio/report', '/studio/posts/1', '/studio/posts/1/history', '/settings', '/settings/security', '/admin',
         '/admin/members', '/admin/members/1', '/admin/invitations', '/admin/mail', '/admin/jobs', '/admin/audit')


def test_what_is_no_date_is_read_as_sqlite_sorts_it():
    for stored, moment in (GARBAGE | {12345: EARLIEST, b'\xff': EARLIEST}).items():
        assert DateTimeField().python_value(stored) == moment
        assert DateField().python_value(stored) == moment.date()


def test_dates_are_read_as_they_were_written():
    for stored, moment in READABLE.items():
        assert DateTimeField().python_value(stored) == moment
    assert DateField().python_value('2026-11-29') == date(2026, 11, 29)
    assert DateTimeField().python_value(None) is None and DateField().python_value(None) is None


def test_all_columns_with_dates_are_read_like_this():
    assert len(DATES) > 50
    assert all(isinstance(table._meta.fields[name], (DateTimeField, DateField)) for table, name in DATES)


@pytest.mark.parametrize('column', ['created_at', 'updated_at', 'published_at', 'shared_at', 'deleted_at'])
def test_a_post_with_a_date_that_is_none_hides_no_other(site, olga, browse, column):
    sound = write(olga, 'Sound', tags='Hills')
    broken = [write(olga, 'Broken', tags='Hills') for _ in GARBAGE]
    for post, stored in zip(broken, GARBAGE, strict=True):
        db.db.execute_sql(f'UPDATE post SET {column} = ? WHERE id = ?', (stored, post.id))
    db.db.close()
    owner, reader = browse(olga), browse()
    for browser, path in ((owner, '/studio'), (reader, '/'), (reader, '/t/hills'), (reader, '/archive'),
                          (reader, '/@olga'), (reader, '/feed.xml')):
        assert 'Sound' in browser.get(path), path
    assert sound.path in reader.get('/sitemap.xml')
    for path in ('/studio/dashboard', '/studio/trash', '/studio/stats'):
        owner.get(path)
    for post in broken:
        owner.get(f'/studio/posts/{post.id}')
        assert reader.get(post.path, status='*').status_int in (200, 404)


@pytest.mark.parametrize('stored', ['next week', ''])
def test_no_page_of_the_studio_fails_where_all_dates_are_none(site, browse, stored):
    olga, _, _ = fill()
    invitations.invite('zoe@example.org', db.now(), olga)
    keep(olga)
    owner = browse(olga)
    db.db.connect(reuse_if_open=True)
    for table, column in DATES:
        if table is not Session:
            db.db.execute_sql(f'UPDATE {table._meta.table_name} SET "{column}" = ? WHERE "{column}" IS NOT NULL',
                              (stored,))
    db.db.close()
    for path in PAGES:
        owner.get(path)


def test_a_post_whose_date_of_publication_is_none_can_be_published_anew(site, olga, browse):
    post = write(olga)
    db.db.execute_sql("UPDATE post SET published_at = 'next week'")
    db.db.close()
    reader, owner = browse(), browse(olga)
    reader.get(post.path, status=404)
    page = owner.get(f'/studio/posts/{post.id}')
    assert 'This post is scheduled for' in page
    page.forms['editor'].submit('action', value='publish-now', status=303)
    reader.get(post.path)
