"""Members say who they are: on their page, below their posts, and with their images in the settings."""

import json

import pytest
from conftest import write
from images import picture, prepared
from sites import form_with
from test_look import place

from quickpub import db, text
from quickpub.models import Site, Upload, User

BIO = 'I walk. **Often**, see [my maps](https://maps.example).\n\n<script>alert(1)</script> ![x](https://spy.example/x.png)'


@pytest.fixture
def hills(alice):
    return write(alice, 'On hills')


def change(browser, **fields):
    form = form_with(browser.get('/settings'), 'fediverse')
    for name, value in fields.items():
        form[name] = value
    return form.submit('action', value='profile', status='*')


def test_a_bio_is_markdown_on_pages_and_plain_elsewhere(studio, hills, browse):
    assert change(studio, bio=BIO).status_int == 303
    for path, place_of_it in (('/@alice', '.standfirst.bio'), (hills.path, '.writer .bio')):
        page = browse().get(path)
        [bio] = page.html.select(place_of_it)
        assert bio.strong.text == 'Often' and bio.a['href'] == 'https://maps.example'
        assert not bio.find('script') and not page.html.select('img[src*=spy]')
    page = browse().get('/@alice')
    for name in ('meta[name=description]', 'meta[property="og:description"]'):
        words = page.html.select_one(name)['content']
        assert words.startswith('I walk. Often, see my maps.') and '**' not in words and '\n' not in words
    assert '<subtitle>I walk. Often, see my maps.' in browse().get('/@alice/feed.xml')
    assert json.loads(browse().get('/@alice/feed.json').body)['description'].startswith('I walk. Often')
    assert form_with(studio.get('/settings'), 'bio')['bio'].value.replace('\r\n', '\n') == BIO


@pytest.mark.parametrize('mark', ['\u202e', '&#x202e;', '\u2067', '\u202b'])
def test_nothing_in_a_bio_or_the_footer_turns_the_words_around_it(studio, hills, browse, mark):
    change(studio, bio=f'Bad{mark} [words{mark}](https://maps.example)')
    with db.db.connection_context():
        Site.change(footer=f'Foot{mark} [words{mark}](https://maps.example)')
    for path in ('/@alice', hills.path, '/@alice/feed.xml', '/@alice/feed.json', '/'):
        answer = browse().get(path)
        assert 'words' in answer.text
        assert not text.LASTING_MARK.search(answer.text) and r'\u202e' not in answer.text.lower(), path


def test_images_of_other_sites_are_their_descriptions_on_every_page(alice, olga, studio, browse, connection):
    there = '![A map](https://spy.example/x.png)'
    here = '![Hill](http://localhost:8000/media/x.png) ![Lake](/lake.png)'
    with connection():
        body = f'{there} ![](//spy.example/y.png) [![Badge](https://spy.example/z.png)](/a) {here}'
        post = write(alice, 'With images', body=body)
        Site.change(footer=there)
    change(studio, bio=there)
    for path, places in ((post.path, ('.prose', '.writer .bio', '.footer-text')),
                         ('/@alice', ('.bio', '.footer-text'))):
        page = browse().get(path)
        assert 'spy.example' not in page.html.select_one('body').decode()
        assert all('A map' in page.html.select_one(each).text for each in places)
    page = browse().get(post.path)
    assert [image['alt'] for image in page.html.select('.prose img')] == ['Hill', 'Lake']
    assert page.html.select_one('.prose a[href="/a"]').text == 'Badge'
    preview = studio.post('/studio/preview', {'body': f'{there} {here}'})
    assert [image['alt'] for image in preview.html.select('img')] == ['Hill', 'Lake'] and 'A map' in preview


def test_a_bio_that_is_too_long_is_rejected(studio):
    answer = change(studio, bio='x' * 501)
    assert answer.status_int == 400 and 'within 500 characters' in answer


def test_links_are_shown_on_the_first_page_of_an_author(studio, hills, browse):
    before = browse().get('/@alice')
    assert not before.html.select('.contacts a[rel]')
    assert change(studio, links='www.example.org/\r\nanna@example.org',
                  fediverse='anna@example.social').status_int == 303
    links = browse().get('/@alice').html.select('.contacts a[rel]')
    assert [(link['href'], link.text) for link in links] == [
        ('https://www.example.org/', 'example.org'), ('mailto:anna@example.org', 'anna@example.org'),
        ('https://example.social/@anna', '@anna@example.social')]
    assert all(link['rel'] == ['me', 'nofollow', 'noopener'] for link in links)
    with db.db.connection_context():
        assert User.get(User.handle == 'alice').fediverse == '@anna@example.social'


def test_wrong_links_and_handles_are_named_beside_their_fields(studio):
    answer = change(studio, links='javascript:alert(1)', fediverse='anna')
    assert answer.status_int == 400
    assert 'javascript:alert(1)' in answer.html.select_one('#links-error').text
    assert '@anna@example.social' in answer.html.select_one('#fediverse-error').text
    assert form_with(answer, 'links')['links'].value.strip() == 'javascript:alert(1)'


def test_the_end_of_a_post_shows_portrait_name_and_bio(alice, hills, browse):
    page = browse().get(hills.path)
    assert page.html.select_one('.writer .face.initial').text == 'A' and not page.html.select('.writer .bio')
    place('avatar', alice.id)
    with db.db.connection_context():
        User.update(bio='Walks.').where(User.id == alice.id).execute()
    writer = browse().get(hills.path).html.select_one('.writer')
    assert writer.select('.face img') and writer.select_one('p a')['href'] == '/@alice'
    assert writer.select_one('.bio').text.strip() == 'Walks.'


def test_settings_lead_to_the_images_of_a_member(studio, alice):
    assert not studio.get('/settings').html.select('.own-images img')
    prepared(studio, picture())
    with db.db.connection_context():
        upload = Upload.get()
    for where in ('avatar', 'banner'):
        studio.post(f'/studio/images/{where}/{alice.id}', {'action': 'choose', 'upload': upload.id}, status=303)
    page = studio.get('/settings')
    assert len(page.html.select('.own-images img')) == 2
    for link in page.html.select('.own-images a'):
        assert studio.get(link['href']).status_int == 200
