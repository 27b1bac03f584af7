"""What people delete leaves nothing: no file of the site holds it any more once the database is written back."""

import io
import os
from base64 import b64encode
from datetime import timedelta
from quopri import encodestring
from urllib.parse import quote

import pytest
from conftest import PASSWORD, clean_up, drain, person, write
from PIL import Image
from sites import form_with, keep

from quickpub import db, tasks, text
from quickpub.accounts import (
    invitations,
    links,
    notifications,
    password_reset,
    passwords,
    registration,
    suspensions,
    users,
)
from quickpub.content import autosave, posts, publishing, search, trash
from quickpub.content.post_input import PostInput, as_form
from quickpub.exchange import exports
from quickpub.look import sharing
from quickpub.mail import delivery, ledger
from quickpub.markup import folding
from quickpub.media import cleaning, files
from quickpub.models import Erasure, Export, MediaFile, Message, Post, Revision, Session, Tag, Token, Upload, User
from quickpub.sqlite import connection
from quickpub.upkeep import erasure

EMAIL, OLD_EMAIL = 'wladimir.quastenflosser@mailbox.example', 'former.zwiebelturm@mailbox.example'
STARTS = {0: 0, 1: 2, 2: 3}  # in Base64, where the first whole character is after so many other bytes


def canary(place):
    """A word that stands in this place alone. No two begin alike: an index keeps what differs from the word before."""
    return f'{place[::-1].replace(" ", "")}ézq'


def spellings(word):
    """How a word may be written in a file."""
    for form in {word, word.lower(), folding.fold(word), word.encode('ascii', 'backslashreplace').decode(),
                 text.slug(word, '')}:
        for coding in ('utf-8', 'utf-16-le', 'utf-16-be', 'latin-1'):
            yield form.encode(coding)
        yield from (quote(form).encode(), encodestring(form.encode()))
        yield from (b64encode(b' ' * shift + form.encode())[start:-4] for shift, start in STARTS.items())


def left_behind(site, words):
    """The words that any file of the site holds once the database is written back."""
    with db.db.connection_context():
        assert db.db.execute_sql('PRAGMA wal_checkpoint(TRUNCATE)').fetchone()[0] == 0
    whole = b'\n'.join(str(path.relative_to(site.data)).encode() + path.read_bytes()
                       for path in site.data.rglob('*') if path.is_file())
    lower = whole.lower()
    return {word for word in words if any(each in whole or each in lower for each in spellings(word))}


def folders(site):
    return [path.name for name in ('media', 'exports') for path in (site.data / name).iterdir()]


def jpeg(comment):
    file = io.BytesIO()
    Image.new('RGB', (40, 30), 'teal').save(file, 'JPEG', comment=comment.encode())
    return file.getvalue()


EVERYWHERE = ('title', 'body', 'summary', 'tag', 'series', 'draft', 'scheduled', 'trash', 'version', 'typed',
              'beginning', 'file', 'pdf', 'picture', 'alt', 'name', 'bio', 'links', 'fediverse',
              'agent', 'trouble', 'handle', 'subject')


@pytest.fixture
def author(site, olga):
    """Somebody who has left a canary in every place there is."""
    words, at = {place: canary(place) for place in EVERYWHERE}, db.now()
    user = users.create(words['handle'], OLD_EMAIL, passwords.hash_password(PASSWORD), at)
    with db.db.atomic():
        registration.resend_verification(user, at)
        invitations.invite(OLD_EMAIL, at)
        invitations.invite(EMAIL.upper(), at)
    send_all()  # before the account is confirmed, which ends the invitations
    User.update(verified_at=at, name=words['handle']).where(User.id == user.id).execute()
    changed = dict(name=words['name'], handle=text.slug(words['name'], ''), bio=words['bio'],
                   links=f'https://{words["links"]}.example', fediverse=f'@{words["fediverse"]}@a.example')
    users.change_profile(User.get_by_id(user.id), changed, at)
    with db.db.atomic():
        links.create_link('address', timedelta(hours=1), at, user=user, email=EMAIL)
        User.update(email=EMAIL, mail_trouble=f'550 <{EMAIL}> {words["trouble"]}').where(User.id == user.id).execute()
        user = User.get_by_id(user.id)
        notifications.notify_email_changed(user, OLD_EMAIL, at)
        password_reset.request_reset(EMAIL, at)
        ledger.compose('export', EMAIL, key='export:0', user=user, subject=words['subject'],
                     payload={'exports_url': f'https://example.org/{words["name"]}', 'days': 7})
    Session.create(digest='x' * 64, user=user, agent=words['agent'], expires_at=at + timedelta(days=1))
    published = write(user, words['version'], body=words['body'], summary=words['summary'], tags=words['tag'],
                      series=words['series'], part='')
    posts.save(published, user, PostInput.from_form(as_form(published) | {'title': words['title']}), at)
    write(user, 'A draft', body=words['draft'], published=False)
    publishing.publish(write(user, words['scheduled'], published=False), at, at + timedelta(days=1))
    trash.move_to_trash(write(user, words['trash'], tags=words['tag']), at)
    autosave.keep(user, 'a' * 16, None, {'title': words['beginning'], 'body': words['typed']}, at)
    keep(user, f'{text.slug(words["file"], "")}.pdf', b'%PDF-1.7 ' + words['pdf'].encode())
    picture = keep(user, 'hill.jpg', jpeg(words['picture']), tasks.prepare_pictures)
    Upload.update(alt=words['alt']).where(Upload.id == picture.id).execute()
    with db.db.atomic():
        tasks.make_export(exports.request(user, 'numbers', at).id)
    drain()
    send_all()
    assert len(list((site.data / 'outbox' / 'new').iterdir())) == Message.select().count() == 6
    db.db.close()
    return user


def send_all():
    for urgent in (True, False):
        delivery.deliver(urgent)


def leave(browse, user, choice):
    form = form_with(browse(user).get('/settings/delete'), 'posts')
    form['posts'], form['password'] = choice, PASSWORD
    form.submit(status=303)


def everything():
    return {*map(canary, EVERYWHERE), EMAIL, OLD_EMAIL}


def test_who_leaves_with_all_posts_leaves_nothing(site, author, browse):
    assert left_behind(site, everything()) == everything(), 'each can be found as long as it is there'
    with db.db.connection_context():
        paths = [upload.path for upload in Upload.select()]
        digest = MediaFile.get(MediaFile.kind == 'image').digest
    variants = [f'/media/{digest}/{path.name}' for path in (files.folder() / digest / 'shown').iterdir()]
    assert variants and len(folders(site)) == 3
    for path in paths + variants:
        browse().get(path, status=200)
    leave(browse, author, 'delete')
    assert left_behind(site, everything()) == set()
    assert folders(site) == []
    for path in [*paths, *variants, '/p/' + text.slug(canary('title'), ''), '/t/' + text.slug(canary('tag'), '')]:
        browse().get(path, status=404)
    with db.db.connection_context():
        assert [user.name for user in User.select()] == ['Olga']
        assert not (Token.select().exists() or Message.select().exists() or Tag.select().exists())


@pytest.mark.parametrize(('choice', 'stays'), [
    ('keep', {'title', 'body', 'summary', 'tag', 'series', 'draft', 'scheduled', 'version', 'name'}),
    ('published', {'title', 'body', 'summary', 'tag', 'series', 'scheduled', 'version', 'name'})])
def test_who_leaves_posts_leaves_those_and_nothing_else(site, author, browse, choice, stays):
    with db.db.connection_context():
        picture = Upload.get(Upload.name == 'hill.jpg')
        post = Post.get(Post.title == canary('title'))
        changed = as_form(post) | {'body': f'{post.body} {picture.markdown}'}
        posts.save(post, author, PostInput.from_form(changed), db.now())
        clean_up()  # the version before had no picture
        stays = {canary(place) for place in (*stays, 'alt', 'picture')}
    leave(browse, author, choice)
    with db.db.connection_context():
        clean_up()
    assert left_behind(site, everything()) == stays
    browse().get(picture.path, status=200)
    assert folders(site) == [picture.file_id]


@pytest.mark.parametrize('is_hidden', [False, True])
def test_a_member_whose_posts_are_given_away_leaves_the_posts_and_nothing_else(site, author, olga, browse, is_hidden):
    with db.db.connection_context():
        suspensions.suspend(author, db.now(), olga, reason=canary('reason'), hides_posts=is_hidden)
    browse(olga).post(f'/admin/members/{author.id}', {
        'action': 'remove', 'posts': 'give', 'heir': str(olga.id), 'identity': 'asked', 'identity_password': PASSWORD},
        status=303)
    of_the_account = {'name', 'bio', 'links', 'fediverse', 'agent', 'trouble', 'handle', 'subject'}
    of_the_posts = {canary(place) for place in {*EVERYWHERE} - of_the_account}
    assert left_behind(site, {*everything(), canary('reason')}) == of_the_posts
    with db.db.connection_context():
        assert [user.name for user in User.select()] == ['Olga']


def test_the_pages_of_an_owner_who_leaves_keep_their_pictures(site, olga, browse):
    otto = person('otto', role='owner')
    picture = keep(otto, 'house.pdf')
    page = posts.save(None, otto, PostInput(title='About', body=picture.markdown),
                      db.now(), is_page=True)
    publishing.publish(page, db.now())
    keep(otto, 'other.pdf', b'%PDF-1.7 other')
    db.db.close()
    browse(otto).post('/settings/delete', {'password': PASSWORD, 'posts': 'delete'}, status=303)
    browse().get(picture.path, status=200)
    with db.db.connection_context():
        assert [(upload.user.name, upload.name) for upload in Upload.select()] == [('Olga', 'house.pdf')]
    assert folders(site) == [picture.file_id]


# Without anybody who waits

def die(*args, **options):
    raise KeyboardInterrupt


@pytest.mark.parametrize('dies_at', [
    (erasure, 'erase_now'), (cleaning, 'sweep'), (sharing, 'sweep'), (exports, 'sweep'),
    (ledger, 'empty_outbox_of_deleted'), (search, 'forget_deleted_words'), (os, 'rename'),
    (cleaning.shutil, 'rmtree'), (erasure, 'empty_wal')])
def test_a_process_that_dies_on_the_way_leaves_it_to_the_next(site, author, browse, monkeypatch, dies_at):
    browser = browse(author)
    form = form_with(browser.get('/settings/delete'), 'posts')
    form['posts'], form['password'] = 'delete', PASSWORD
    with monkeypatch.context() as broken:
        broken.setattr(*dies_at, die)
        with pytest.raises(KeyboardInterrupt):
            form.submit()
    db.db.close()
    with db.db.connection_context():
        tasks.erase_deleted.call_local()
    assert left_behind(site, everything()) == set() and folders(site) == []


def test_a_reader_in_the_middle_delays_the_end(site, alice):
    autosave.keep(alice, 'a' * 16, None, {'title': canary('typed'), 'body': ''}, db.now())
    autosave.forget(alice, 'a' * 16)
    reader = connection.connect(site.paths.database, 'rw', isolation_level=None)
    reader.execute('BEGIN')
    reader.execute('SELECT count(*) FROM user').fetchone()
    person('bob')
    erasure.erase()  # no failure: there is a next time each minute
    assert any(row.done < row.wanted for row in Erasure.select())
    erasure.erase_now()  # nobody who waits for a page is told
    reader.close()
    erasure.erase()
    assert all(row.done == row.wanted for row in Erasure.select())
    assert site.paths.database.with_name('quickpub.db-wal').stat().st_size < 20_000  # only that it is done


def test_nothing_is_written_where_nothing_was_deleted(site, alice):
    erasure.erase()
    before = db.db.connection().total_changes
    erasure.erase()
    assert db.db.connection().total_changes == before


# One by one

def trashed_post(site, user):
    fields = {name: canary(name) for name in ('title', 'body', 'tags', 'series')}
    trash.move_to_trash(write(user, **fields), db.now())
    Post.update(deleted_at=db.now() - trash.KEPT_IN_TRASH).execute()
    return tuple(fields)


def thinned_versions(site, user):
    post, at = write(user, 'Post'), db.now()
    for title in (canary('version'), 'Later', 'Last'):
        post = posts.save(post, user, PostInput.from_form(as_form(post) | {'title': title}), at)
    Revision.update(saved_at=at - timedelta(days=400)).execute()
    return ('version',)


def old_autosave(site, user):
    autosave.keep(user, 'a' * 16, None, {'title': canary('beginning'), 'body': canary('typed')},
                 db.now() - autosave.KEPT)
    return 'beginning', 'typed'


def old_export(site, user):
    write(user, canary('title'))
    Export.create(user=user, kind='numbers', file='x.csv', state='ready', created_at=db.now() - timedelta(days=8))
    (site.data / 'exports' / 'x.csv').write_text(canary('export'))
    return ('export',)


def unconfirmed_account(site, user):
    newcomer = users.create(canary('name'), EMAIL, None, db.now())
    registration.resend_verification(newcomer, db.now())
    invitations.invite(EMAIL, db.now())
    send_all()
    autosave.keep(newcomer, 'b' * 16, None, {'title': canary('beginning'), 'body': canary('typed')}, db.now())
    User.update(created_at=db.now() - users.UNCONFIRMED_LIFETIME).where(User.id == newcomer.id).execute()
    return 'name', 'beginning', 'typed', EMAIL


def ended_session(site, user):
    Session.create(digest='x' * 64, user=user, agent=canary('agent'), expires_at=db.now())
    return ('agent',)


def unused_upload(site, user):
    keep(user, f'{text.slug(canary("file"), "")}.pdf', b'%PDF-1.7 ' + canary('pdf').encode())
    Upload.update(touched_at=db.now() - 2 * cleaning.KEPT_UNUSED).execute()
    return 'file', 'pdf'


@pytest.mark.parametrize('leave_to_the_night', [
    trashed_post, thinned_versions, old_autosave, old_export, unconfirmed_account, ended_session, unused_upload])
def test_what_goes_by_night_is_gone(site, alice, leave_to_the_night):
    words = {place if '@' in place else canary(place) for place in leave_to_the_night(site, alice)}
    assert left_behind(site, words) == words
    with db.db.connection_context():
        clean_up()
    assert left_behind(site, words) == set()


def discarded_autosave(browser, user):
    fields = {'tab': 'a' * 16, 'title': canary('beginning'), 'body': canary('typed'), 'post': ''}
    browser.post('/studio/unsaved', fields, status=204)
    yield {canary('beginning'), canary('typed')}
    browser.post('/studio/unsaved', {'tab': 'a' * 16, 'action': 'discard'}, status=303)


def removed_upload(browser, user):
    with db.db.connection_context():
        upload = keep(user, f'{text.slug(canary("file"), "")}.pdf', b'%PDF-1.7 ' + canary('pdf').encode())
    yield {canary('file'), canary('pdf')}
    browser.post(f'/studio/media/{upload.id}', {'action': 'delete'}, status=303)
    assert not (files.folder() / upload.file_id).exists()


def ended_device(browser, user):
    with db.db.connection_context():
        Session.create(digest='x' * 64, user=user, agent=canary('agent'), expires_at=db.now() + timedelta(days=1))
    yield {canary('agent')}
    browser.post('/settings', {'action': 'end_session', 'digest': 'x' * 64}, status=303)


@pytest.mark.parametrize('delete', [discarded_autosave, removed_upload, ended_device])
def test_what_is_deleted_by_a_button_is_gone_within_a_minute(site, alice, browse, delete):
    steps = delete(browse(alice), alice)
    words = next(steps)
    assert left_behind(site, words) == words
    assert next(steps, None) is None
    with db.db.connection_context():
        tasks.erase_deleted.call_local()
    wal = site.paths.database.with_name('quickpub.db-wal').read_bytes()
    assert not any(each in wal for word in words for each in spellings(word)), 'the job has emptied the WAL itself'
    assert left_behind(site, words) == set()


def test_what_people_search_for_is_kept_nowhere(site, alice, browse):
    for browser in (browse(), browse(alice)):
        browser.get('/search', {'q': canary('search')}, status=200)
    assert left_behind(site, {canary('search')}) == set()


def test_mail_to_others_stays(site, olga, alice, bob, browse):
    for user in (alice, bob):
        with db.db.atomic():
            password_reset.request_reset(user.email, db.now())
            invitations.invite(f'friend-of-{user.email}', db.now())
    send_all()
    db.db.close()
    browse(alice).post('/settings/delete', {'password': PASSWORD, 'posts': 'delete'}, status=303)
    with db.db.connection_context():
        assert sorted(row.recipient for row in Message.select()) == sorted(
            [bob.email, f'friend-of-{alice.email}', f'friend-of-{bob.email}'])
        assert Token.select().count() == 3
    assert len(list((site.data / 'outbox' / 'new').iterdir())) == 3


def test_a_link_that_an_owner_made_names_nobody_any_more(site, olga, alice, browse):
    otto = person('otto', role='owner')
    User.update(name=canary('name')).where(User.id == otto.id).execute()
    otto = User.get_by_id(otto.id)
    for number in range(2):
        password_reset.create_handover_link(alice, otto, db.now() + timedelta(seconds=number))
        if number == 0:
            send_all()
    db.db.close()
    browse(otto).post('/settings/delete', {'password': PASSWORD, 'posts': 'delete'}, status=303)
    assert left_behind(site, {canary('name')}) == set()
    with db.db.connection_context():
        assert [row.payload for row in Message.select()] == [{'owner': ''}]


def test_the_search_index_goes_on_working(site, alice):
    for number in range(30):
        write(alice, f'Hills number {number}', body=f'Word{number} and others')
    write(alice, canary('title'))
    Post.delete().where(Post.title == canary('title')).execute()
    while not search.forget_deleted_words(steps=1):
        pass
    assert search.forget_deleted_words(steps=0)
    assert len(search.find_posts(search.Query.of('hills'), db.now())) == 30
    assert len(search.find_posts(search.Query.of('word7'), db.now())) == 1
    assert search.find_posts(search.Query.of(canary('title')), db.now()) == []
    write(alice, 'Hills once more')
    assert len(search.find_posts(search.Query.of('hills'), db.now())) == 31
