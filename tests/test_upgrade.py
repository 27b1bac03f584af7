"""A site of an old version goes on with this one: nothing that it holds or that waits in it is lost or done twice."""

import sys
from collections import Counter
from pathlib import Path

import pytest
from conftest import PASSWORD
from make_schema import schema_of
from old_sites import unpack
from rig import ROOT, Visitor, numbers_in, wait_for

from quickpub import db, migrating, schema
from quickpub.jobs.tables import Job
from quickpub.models import DailyViews, Export, MediaFile, Message, Post, Report, Revision, User

OLD = '0bad7ba'  # a commit of the time before releases; make_old_site.py says how its site was made
CONSUMERS = {
    'quickpub consumer': ['consumer'],
    'run_consumer.py': [sys.executable, ROOT / 'run_consumer.py'],
    'huey_consumer': [Path(sys.executable).with_name('huey_consumer'), 'quickpub.tasks.huey'],
}
UNSENT = ['queued', 'sending', 'deferred']
SENT_BEFORE = ['old:sent']
OLD_SESSION = 'quickpub=the-token-in-the-cookie-of-alice'


@pytest.fixture
def old_site(rig, mail_server):
    """The rig of a site that was made by the old version and stopped."""
    unpack(OLD, rig.data)
    rig.settings['smtp'] = mail_server.url
    return rig


def test_migrate_brings_the_old_tables_up_to_date(old_site):
    done = old_site.run('migrate')
    assert (done.returncode, done.stderr) == (0, '')
    with old_site.database():
        assert schema.to_text(schema_of(migrating.MIGRATIONS)) == schema.FILE.read_text('utf-8')
        assert db.db.execute_sql('PRAGMA integrity_check').fetchall() == [('ok',)]
        assert db.db.execute_sql('PRAGMA foreign_key_check').fetchall() == []


def test_a_process_refuses_tables_that_are_not_migrated(old_site):
    for command in (['web'], CONSUMERS['run_consumer.py'], CONSUMERS['huey_consumer']):
        refused = old_site.run(*command)
        assert refused.returncode != 0 and 'quickpub migrate' in refused.stderr


@pytest.mark.parametrize('consumer', CONSUMERS.values(), ids=CONSUMERS.keys())
def test_everything_that_waited_is_done_once(old_site, mail_server, consumer):
    assert old_site.run('migrate').returncode == 0
    started = old_site.start(*consumer)
    wait_for(lambda: not unfinished(old_site), 'everything to be done')
    retry_the_buried_job(old_site)
    wait_for(lambda: not unfinished(old_site), 'the export to be made')
    started.stop()

    sent_once(old_site, mail_server)
    with old_site.database():
        assert [job.name for job in Job.select()] == []
        assert [export.state for export in Export.select().order_by(Export.id)] == ['ready', 'ready']
        assert all((old_site.data / 'exports' / export.file).stat().st_size for export in Export.select())
        image = MediaFile.get()
        assert (image.state, image.error) == ('ready', '') and image.made
        assert f'/media/{image.digest}/' in Post.get(Post.title == 'With an image').html
        every_view_is_counted_once()


def unfinished(site):
    """Return the jobs and emails that still wait; jobs that a person has to retry, and emails held, do not."""
    with site.database():
        jobs = [job.name for job in Job.select().where(Job.state != 'dead')
                if not job.name.endswith(('.wake_mail', '.close_periods'))]
        mails = [mail.recipient for mail in Message.select().where(Message.state.in_(UNSENT))]
        views = Post.get(Post.slug == 'green-hills').views
    return jobs + mails or views < 9


def retry_the_buried_job(site):
    with site.database():
        buried = Job.get(Job.state == 'dead')
        assert buried.reason == 'OSError: disk full'
        assert Export.get(Export.id == int(buried.subject_id)).state == 'failed'
    assert site.run('jobs', 'retry', str(buried.id)).returncode == 0


def sent_once(site, mail_server):
    """Check that the server got each email of the ledger once that had to be sent, and no other."""
    got = sorted(mail['Message-ID'] for mail in mail_server.mails)
    with site.database():
        old = dict(Message.select(Message.key, Message.state).where(Message.key.startswith('old:')).tuples())
        sent = list(Message.select().where(Message.state == 'sent', Message.key.not_in(SENT_BEFORE)))
    assert old == {'old:queued': 'sent', 'old:sending': 'sent', 'old:deferred': 'sent', 'old:sent': 'sent',
                   'old:held': 'held', 'old:failed': 'failed'}
    reports_before = [mail for mail in sent if mail.message_id not in got]
    assert [mail.kind for mail in reports_before] == ['report']  # the one that the old version had sent
    assert got == sorted(mail.message_id for mail in sent if mail not in reports_before)
    causes = Counter((mail.kind, mail.recipient) for mail in sent if not mail.key.startswith('old:'))
    for cause in [('verify', 'carol@example.org'), ('export', 'alice@example.org'), ('export', 'bob@example.org')]:
        assert causes[cause] == 1
    so_far = [mail for mail in sent if mail.kind == 'report' and mail not in reports_before]
    assert {'alice@example.org', 'bob@example.org'} <= {mail.recipient for mail in so_far}
    assert max(numbers_in(mail)['Green hills'][1] for mail in mail_server.to('alice@example.org')
               if 'Green hills' in numbers_in(mail)) == 9


def every_view_is_counted_once():
    """Five views were counted before and four recorded; the earlier report included three of them."""
    post = Post.get(Post.slug == 'green-hills')
    assert post.views == sum(day.views for day in DailyViews.select().where(DailyViews.post == post)) == 9
    reported = sum(report.views for report in Report.select().join(User).where(User.handle == 'alice'))
    assert reported == post.reported_views >= 3


def test_serve_shows_all_that_was_there(old_site, mail_server):
    served = old_site.serve()
    reader, alice, bob = (Visitor(old_site.url) for _ in range(3))
    assert 'Hills, with <em>stress</em>.' in reader.get('/p/hills').text
    assert reader.get('/p/hills').url == f'{old_site.url}/p/green-hills'
    for path in ('/', '/@alice', '/t/food', '/feed.xml', '/p/bread', '/about'):
        assert reader.get(path).status == 200, path
    for path in ('/p/draft', '/p/scheduled', '/p/trash'):
        assert reader.get(path).status == 404, path
    with old_site.database():
        shared = Post.get(Post.title == 'Shared')
        assert 'Shared, with' in reader.get(f'/draft/{shared.draft_token}').text
        assert {user.handle: user.is_verified for user in User.select()} == {
            'olga': True, 'alice': True, 'bob': True, 'carol': False}
        assert Post.get(Post.title == 'Scheduled').published_at > db.now()
        assert Revision.select().count()
        assert 'Half a sent' in db.db.execute_sql('SELECT fields FROM autosave').fetchone()[0]
    assert 'Scheduled' in alice.get('/studio', Cookie=OLD_SESSION).text
    assert bob.post('/login', email='bob@example.org', password=PASSWORD).url == f'{old_site.url}/studio/dashboard'
    served.stop()
