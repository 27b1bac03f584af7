"""The page of an image with a place: upload, choose, move the focal point, remove."""

import pytest
from conftest import drain, write
from images import PDF, picture
from sites import form_with

from quickpub import db
from quickpub.media import placing


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
