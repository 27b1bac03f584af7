"""Images with a place of their own: they stay while they are used, go with what they belong to, and change pages."""

from datetime import timedelta

import pytest
from conftest import write
from images import picture, prepared

from quickpub import db
from quickpub.codes import Rejected
from quickpub.db import now
from quickpub.media import cleaning, placing
from quickpub.models import Content, MediaFile, PlacedImage, Post, Site, Upload, User

DIGEST = 'a' * 32


@pytest.fixture
def upload(site, alice):
    """An image of alice's, whose variants are made."""
    MediaFile.create(digest=DIGEST, kind='image', ending='jpg', state='ready',
                     made={'width': 1600, 'height': 900, 'colour': '#6b7f4c', 'moving': [],
                           'widths': {'avif': [480, 960, 1600], 'jpg': [480, 960, 1600]}})
    return Upload.create(user=alice, file=DIGEST, name='hills.jpg', bytes=1)


@pytest.fixture
def hills(alice):
    return write(alice, 'On hills')


def test_an_image_is_found_with_what_a_page_needs(upload, alice):
    placing.place('avatar', alice.id, upload, db.now(), alt='Alice on a hill', x=20, y=80)
    found = placing.find('avatar', [alice.id, 99])
    assert list(found) == [alice.id] and placing.find('banner', [alice.id]) == placing.find('avatar', []) == {}
    image = found[alice.id]
    assert (image.alt, image.x, image.y, image.width, image.is_transparent) == ('Alice on a hill', 20, 80, 1600, False)
    assert image.path(500) == f'/media/{DIGEST}/960.jpg' and image.path(5000) == f'/media/{DIGEST}/1600.jpg'
    assert image.srcset('avif', '/blog') == ', '.join(f'/blog/media/{DIGEST}/{width}.avif {width}w'
                                                      for width in (480, 960, 1600))


def test_what_is_no_image_is_refused(upload, alice):
    for change in ({'kind': 'document'}, {'kind': 'image', 'state': 'failed'}):
        MediaFile.update(**change).execute()
        with pytest.raises(Rejected) as refused:
            placing.place('avatar', alice.id, Upload.get(), db.now(), alt='')
        assert list(refused.value.errors) == ['avatar']
    assert not PlacedImage.select().exists()


def test_it_is_shown_once_its_variants_are_made_and_pages_change_then(upload, alice):
    MediaFile.update(state='waiting').execute()
    before = Content.get().version
    placing.place('avatar', alice.id, Upload.get(), db.now())
    placed = Content.get().version
    assert placed > before and not placing.find('avatar', [alice.id])
    MediaFile.update(state='ready').execute()
    assert Content.get().version > placed and placing.find('avatar', [alice.id])
    ready = Content.get().version
    placing.move('avatar', alice.id, 10, 10, 'Alice')
    assert Content.get().version > ready
    moved = Content.get().version
    placing.remove('avatar', alice.id, db.now())
    assert Content.get().version > moved and not placing.find('avatar', [alice.id])


@pytest.mark.parametrize(('where', 'role', 'is_kept'), [
    ('logo', 'author', False), ('logo', 'owner', True), ('avatar', 'author', True), ('cover', 'author', True)])
def test_an_image_that_its_owner_has_placed_is_not_deleted(upload, alice, hills, where, role, is_kept):
    User.update(role=role).execute()
    placing.place(where, {'logo': placing.SITE, 'avatar': alice.id, 'cover': hills.id}[where], upload, db.now())
    if is_kept:
        with pytest.raises(Rejected) as refused:
            cleaning.delete(Upload.get())
        assert list(refused.value.errors) == ['file']
    else:
        cleaning.delete(Upload.get())
    assert MediaFile.select().exists(), 'what is in a place stays, whoever has uploaded it'


def test_the_clean_up_keeps_what_is_placed(upload, alice):
    placing.place('avatar', alice.id, upload, db.now())
    cleaning.clean_up(now() + timedelta(days=90))
    assert Upload.select().exists()
    placing.remove('avatar', alice.id, db.now())
    cleaning.clean_up(now() + timedelta(days=90))
    assert not Upload.select().exists() and not MediaFile.select().exists()


@pytest.mark.parametrize('leave', [
    lambda alice: placing.remove('avatar', alice.id, now()),
    lambda alice: placing.place('avatar', alice.id, Upload.get(Upload.name == 'other.jpg'), now())],
    ids=['removed', 'replaced'])
def test_an_image_that_leaves_its_place_is_kept_for_thirty_days_from_then(upload, alice, leave):
    MediaFile.create(digest='b' * 32, kind='image', ending='jpg', state='ready', made=MediaFile.get().made)
    Upload.create(user=alice, file='b' * 32, name='other.jpg', bytes=1)
    placing.place('avatar', alice.id, upload, now() - timedelta(days=60))
    leave(alice)
    cleaning.clean_up(now() + timedelta(days=29))
    assert Upload.select().where(Upload.name == 'hills.jpg').exists()
    cleaning.clean_up(now() + timedelta(days=31))
    assert not Upload.select().where(Upload.name == 'hills.jpg').exists()


@pytest.mark.parametrize('use', [
    lambda line: Site.change(footer=line), lambda line: Site.change(css=f'body {{ background: url({line}) }}'),
    lambda line: User.update(bio=line).execute()], ids=['footer', 'css', 'bio'])
def test_the_clean_up_keeps_what_the_site_and_its_members_show(upload, use):
    use(f'/media/{DIGEST}/hills.jpg')
    cleaning.clean_up(now() + timedelta(days=90))
    assert Upload.select().exists()
    use('')
    cleaning.clean_up(now() + timedelta(days=90))
    assert not Upload.select().exists()


def test_images_go_with_what_they_belong_to(upload, alice, hills):
    for where, owner in (('avatar', alice.id), ('banner', alice.id), ('cover', hills.id), ('logo', placing.SITE)):
        placing.place(where, owner, upload, db.now())
    User.update(deleted_at=now(), links='https://example.org', fediverse='@a@example.org').execute()
    assert {each.place for each in PlacedImage.select()} == {'cover', 'logo'}
    Post.delete().execute()
    assert {each.place for each in PlacedImage.select()} == {'logo'}


def test_a_portrait_has_a_small_variant_that_texts_do_not_offer(studio, alice, browse):
    upload = prepared(studio, picture())
    studio.post(f'/studio/images/avatar/{alice.id}', {'action': 'choose', 'upload': upload.id}, status=303)
    with db.db.connection_context():
        post = write(alice, 'Hills', body=f'![A hill]({upload.path})')
    page = browse().get(post.path).html
    assert page.select_one('.byline .face img')['src'].endswith('/160.jpg')
    assert '/160.' not in str(page.select_one('.prose')) and '/480.avif 480w' in str(page.select_one('.prose'))
    assert '/480.jpg' in str(studio.get('/studio/media').html.select_one('img[src*="/media/"]'))
