"""The page of an image with a place: upload, choose, move the focal point, remove."""

import pytest
from conftest import drain, write
from images import PDF, picture
from sites import form_with

from quickpub import db
from quickpub.media import placing
from quickpub.models import PlacedImage, User


def placed(where, owner_id):
    with db.db.connection_context():
        return placing.find_row(where, owner_id)


def upload(browser, path, name='me.jpg', content=None, **options):
    return browser.post(f'{path}/upload', upload_files=[('file', name, content or picture())], **options)


@pytest.fixture
def path(alice):
    return f'/studio/images/avatar/{alice.id}'


def test_an_uploaded_image_is_processed_and_shown(studio, alice, path, browse):
    page = upload(studio, path).follow()
    assert 'Processing.' in page
    drain()
    page = studio.get(path)
    assert page.html.select('.focus img') and 'Processing.' not in page
    with db.db.connection_context():
        write(alice, 'Hills')
    assert browse().get('/@alice').html.select('.portrait img')


def test_the_focal_point_and_the_description_are_saved(studio, alice, path):
    upload(studio, path)
    drain()
    form = form_with(studio.get(path), 'point')
    form['point'], form['alt'] = '25-100', 'Alice on a hill'
    form.submit('action', value='move').follow(status=200)
    row = placed('avatar', alice.id)
    assert (row.x, row.y, row.alt) == (25, 100, 'Alice on a hill')
    assert form_with(studio.get(path), 'point')['point'].value == '25-100'
    studio.post(path, {'action': 'move', 'point': 'x-999', 'alt': ''}, status=303)
    row = placed('avatar', alice.id)
    assert (row.x, row.y) == (50, 100)


def test_one_of_my_images_is_chosen_and_removed(studio, alice, path):
    studio.post('/studio/media', upload_files=[('files', 'a.png', picture('PNG'))])
    drain()
    form = form_with(studio.get(path), 'upload')
    form['upload'] = form['upload'].options[0][0]
    form.submit('action', value='choose').follow(status=200)
    assert placed('avatar', alice.id)
    studio.post(path, {'action': 'remove'}).follow(status=200)
    assert placed('avatar', alice.id) is None and 'No image yet.' in studio.get(path)


@pytest.mark.parametrize(('content', 'said'), [
    (PDF, 'Choose an image, such as a JPEG or a PNG file.'), (b'nonsense', 'is not in a format that you can upload')])
def test_what_is_no_image_is_refused_with_a_sentence(studio, alice, path, content, said):
    page = upload(studio, path, 'me.jpg', content, status=400)
    assert said in page and placed('avatar', alice.id) is None
    empty = studio.post(f'{path}/upload', upload_files=[('file', '', b'')], status=400)
    assert 'Choose a file first.' in empty or 'is empty' in empty


def test_nobody_changes_what_is_not_theirs(studio, olga, alice, bob, browse):
    with db.db.connection_context():
        post = write(bob, 'Of bob')
    owner = browse(olga)
    for where, owner_id, mine, owners in (
            ('avatar', alice.id, 200, 404), ('avatar', bob.id, 404, 404), ('banner', bob.id, 404, 404),
            ('cover', post.id, 404, 200), ('logo', 1, 404, 200), ('front', 1, 404, 200), ('logo', 2, 404, 404),
            ('nothing', 1, 404, 404), ('cover', 'x', 404, 404)):
        target = f'/studio/images/{where}/{owner_id}'
        studio.get(target, status=mine)
        owner.get(target, status=owners)
        studio.post(target, {'action': 'remove'}, status=303 if mine == 200 else 404)
        upload(studio, target, status=303 if mine == 200 else 404)
    browse().get(f'/studio/images/avatar/{alice.id}', status=303)


def test_another_members_upload_cannot_be_chosen(studio, bob, browse, path, alice):
    browse(bob).post('/studio/media', upload_files=[('files', 'a.png', picture('PNG'))])
    drain()
    studio.post(path, {'action': 'choose', 'upload': '1'}, status=404)
    assert placed('avatar', alice.id) is None


def test_settings_and_the_editor_lead_there(studio, alice, path):
    with db.db.connection_context():
        post = write(alice, 'Hills')
    settings, editor = studio.get('/settings').html, studio.get(f'/studio/posts/{post.id}').html
    for page, target in ((settings, path), (settings, f'/studio/images/banner/{alice.id}'),
                         (editor, f'/studio/images/cover/{post.id}')):
        assert page.select(f'main a[href="{target}"]'), target
        studio.get(target, status=200)


def test_the_media_page_names_the_places_of_an_image_and_does_not_offer_to_delete_it(studio, alice, path):
    with db.db.connection_context():
        hills = write(alice, 'Hills')
    for each in path, f'/studio/images/cover/{hills.id}':
        upload(studio, each)
    page = studio.get('/studio/media')
    about, = page.html.select('.about')
    words = ' '.join(about.text.split())
    assert 'Used as: Portrait' in words and 'Cover of: Hills' in words and 'Not used' not in words
    assert about.select_one('a')['href'] == f'/studio/posts/{hills.id}' and not about.select('[value=delete]')
    for each in path, f'/studio/images/cover/{hills.id}':
        studio.post(each, {'action': 'remove'}, status=303)
    about, = studio.get('/studio/media').html.select('.about')
    assert 'Not used in any post.' in about.text and about.select('[value=delete]')


def test_a_logo_has_no_part_that_stays_in_view_because_it_is_never_cropped(olga, browse):
    owner = browse(olga)
    upload(owner, '/studio/images/logo/1')
    drain()
    page = owner.get('/studio/images/logo/1')
    assert page.html.select('.shown img') and not page.html.select('.focus')
    form = form_with(page, 'point')
    form['alt'] = 'The Village Voice'
    form.submit('action', value='move').follow(status=200)
    row = placed('logo', 1)
    assert (row.x, row.y, row.alt) == (50, 50, 'The Village Voice')


def test_an_image_that_cannot_be_shown_says_why(studio, path):
    upload(studio, path, 'broken.png', b'\x89PNG\r\n\x1a\n' + bytes(500), status=303)
    drain()
    page = studio.get(path)
    assert 'Processing' not in page and 'cannot be read' in page.html.select_one('[role=alert]').text
    assert page.html.select('[value=remove]')


BROKEN = b'\x89PNG\r\n\x1a\n' + bytes(500)


@pytest.fixture
def portrait(studio, alice, path):
    """The portrait that alice has, and a post that shows it to readers."""
    upload(studio, path)
    drain()
    with db.db.connection_context():
        write(alice, 'Hills')
        return placing.find('avatar', [alice.id])[alice.id]


def shown(browser):
    found, = browser.get('/@alice').html.select('.portrait img')
    return found['src']


def test_the_old_image_is_shown_until_the_new_one_is_ready(studio, alice, path, portrait, browse):
    before = shown(browse())
    page = upload(studio, path, 'new.png', picture('PNG', colour='red')).follow()
    assert portrait.digest in before and shown(browse()) == before
    assert 'is shown until the new one is ready' in page and page.html.select('.focus img')
    assert page.html.select('script[src*=live]')
    drain()
    page, after = studio.get(path), shown(browse())
    assert portrait.digest not in after and 'until the new one' not in page and not page.html.select('[value=keep]')
    assert placed('avatar', alice.id).digest in after


@pytest.mark.parametrize('place', ['logo', 'cover', 'banner', 'front'])
def test_every_place_keeps_the_old_image_meanwhile(olga, browse, place):
    owner = browse(olga)
    with db.db.connection_context():
        owner_id = {'cover': write(olga, 'Hills').id, 'banner': olga.id}.get(place, 1)
    target = f'/studio/images/{place}/{owner_id}'
    upload(owner, target)
    drain()
    old = placed(place, owner_id).digest
    upload(owner, target, 'new.png', picture('PNG', colour='red'))
    with db.db.connection_context():
        assert placing.find(place, [owner_id])[owner_id].digest == old
    drain()
    with db.db.connection_context():
        assert placing.find(place, [owner_id])[owner_id].digest != old


def test_the_old_image_stays_if_the_new_one_fails_and_the_page_says_why(studio, alice, path, portrait, browse):
    upload(studio, path, 'broken.png', BROKEN)
    drain()
    assert portrait.digest in shown(browse())
    page = studio.get(path)
    said = page.html.select_one('[role=alert]').text
    assert 'The new image was not used.' in said and 'cannot be read' in said and page.html.select('.focus img')
    media = studio.get('/studio/media').html
    failed, = [each for each in media.select('.about') if 'cannot be read' in each.text]
    assert failed.select('[value=delete]') and 'Used as' not in failed.text
    studio.post(path, {'action': 'keep'}, status=303)
    assert not studio.get(path).html.select('[role=alert]') and portrait.digest in shown(browse())
    assert 'cannot be read' not in studio.get('/studio/media')


def test_one_who_changes_their_mind_keeps_the_old_image(studio, path, portrait, browse):
    upload(studio, path, 'new.png', picture('PNG', colour='red'))
    studio.post(path, {'action': 'keep'}, status=303)
    drain()
    assert portrait.digest in shown(browse())


@pytest.mark.parametrize('action', ['remove', 'upload', 'delete'])
def test_an_image_that_failed_goes_with_the_next_choice(studio, alice, path, action):
    upload(studio, path, 'broken.png', BROKEN)
    drain()
    if action == 'remove':
        studio.post(path, {'action': 'remove'}, status=303)
    elif action == 'upload':
        upload(studio, path, 'new.png', picture('PNG'))
    else:
        studio.post('/studio/media/1', {'action': 'delete'}, status=303)
    assert 'broken' not in studio.get('/studio/media') and not studio.get(path).html.select('[role=alert]')


def test_a_file_that_is_no_image_is_not_stored(studio, path):
    upload(studio, path, 'me.jpg', PDF, status=400)
    assert not studio.get('/studio/media').html.select('.about')


def test_an_image_that_waits_goes_with_a_deleted_account(studio, alice, path, portrait):
    upload(studio, path, 'new.png', picture('PNG', colour='red'))
    with db.db.connection_context():
        User.update(deleted_at=db.now()).where(User.id == alice.id).execute()
    drain()
    with db.db.connection_context():
        assert not PlacedImage.select().exists()
