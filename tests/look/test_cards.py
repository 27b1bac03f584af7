"""Cards, which other sites show beside links: what is on them, when they are drawn, and when they go."""

import base64
import io
from datetime import timedelta

import pytest
from conftest import PASSWORD, drain, person, write
from PIL import Image
from sites import set_modified

from quickpub import db, tasks
from quickpub.content import posts, publishing, trash
from quickpub.content.post_input import PostInput, as_form
from quickpub.gates import TooMuch
from quickpub.look import card_text, cards, lettering, sharing
from quickpub.models import Card, Content, Erasure, MediaFile, PlacedImage, Post, Site, Tag, User

HOSTILE = {
    'quotes': '"Quotes" & \'more\' <b>',
    'markup': '</script><script>alert(1)</script><!--',
    'Arabic': 'مرحبا بالعالم: كيف نكتب (لا) Wiki 123',
    'Hebrew': 'שָׁלוֹם עולם: מסע אל "ההרים" 45',
    'Greek, Cyrillic, Vietnamese': 'Ελλάδα, Ёлка, Việt Nam ắ',
    'emoji': '😀 Hills 👩‍👩‍👧 and 🏳️‍🌈 valleys',
    'only emoji': '😀😀😀',
    'Japanese': '日本語のタイトル',
    'one long word': 'W' * 300,
    'many words': 'Lorem ipsum dolor, ' * 16,
    'a mark on nothing': '\u0301' * 300,
    'turned around': '\u202eabc\u202c \u2066def',
    'null and others': 'a\x00b\x07c\ufffe\U000e0001',
    'nothing': '',
}


def opened(png):
    return Image.open(io.BytesIO(base64.b64decode(png))).convert('RGB')


def ink(image, box):
    """The part of a box that differs from the paper, as a box, or None."""
    from PIL import ImageChops
    part = image.crop(box)
    return ImageChops.difference(part, Image.new('RGB', part.size, image.getpixel((600, 4)))).getbbox()


# Drawing

@pytest.mark.parametrize('name', HOSTILE)
def test_no_title_overflows(name):
    image = opened(cards.draw(HOSTILE[name], 'Alice', 'The Village Voice', 215))
    assert image.size == card_text.SIZE
    is_rtl = image.getpixel((1199, 300)) != image.getpixel((600, 4))
    near, far = (1, 1199 - cards.BAR) if is_rtl else (cards.BAR + 1, 1199)
    margin = cards.MARGIN - 12
    assert ink(image, (far - margin + (1199 - far if is_rtl else 0), 0, far, 630)) is None or is_rtl
    assert ink(image, (near, 0, far, 60)) is None and ink(image, (near, 580, far, 630)) is None, 'above and below'
    assert ink(image, (near, 0, far, 630)) is not None, 'something is written'
    if not is_rtl:
        left = ink(image, (near, 0, far, 630))
        assert left[0] + near >= cards.MARGIN - 12 and left[2] + near <= cards.WIDTH - cards.MARGIN + 12


@pytest.mark.parametrize(('title', 'text', 'direction'), [
    (HOSTILE['emoji'], 'Hills and valleys', 'ltr'), (HOSTILE['Hebrew'], HOSTILE['Hebrew'], 'rtl'),
    (HOSTILE['Arabic'], HOSTILE['Arabic'], 'rtl'), ('Wiki مرحبا', 'Wiki مرحبا', 'ltr'),
    (HOSTILE['Greek, Cyrillic, Vietnamese'], HOSTILE['Greek, Cyrillic, Vietnamese'], 'ltr'),
    (HOSTILE['Japanese'], '', None), ('Hills 日本', '', None), (HOSTILE['only emoji'], '', None)])
def test_symbols_that_the_font_lacks_are_left_out_and_words_only_as_a_whole(title, text, direction):
    assert lettering.keep_drawable(title) == (text, direction)


def test_titles_are_smaller_the_longer_they_are_and_lines_are_of_about_the_same_width():
    found = [cards.fit(lettering.keep_drawable(title), 300) for title in (
        'On hills', 'On hills and the people who walk them', 'On hills and the people who walk them, ' * 3)]
    assert [size for size, _ in found] == sorted((size for size, _ in found), reverse=True)
    assert len({size for size, _ in found}) == 3
    _, lines = found[2]
    widths = [len(line) for line in lines]
    assert len(lines) == 4 and min(widths) > 0.6 * max(widths)
    size, lines = cards.fit(lettering.keep_drawable('Lorem ipsum dolor, ' * 20), 300)
    assert size == cards.SIZES[-1] and lines[-1].endswith(lettering.ELLIPSIS)
    font = lettering.font_of(size)
    assert all(font.getlength(line) <= cards.MEASURE for line in lines)


def test_where_the_font_lacks_all_words_the_card_has_the_colour_of_the_site():
    plain = opened(cards.draw('日本語', '山田', '日本', 120))
    assert plain.getpixel((600, 300)) == plain.getpixel((5, 5)) != (253, 251, 247)
    named = opened(cards.draw('日本語', 'Yamada', 'The Village Voice', 120))
    assert named.tobytes() == opened(cards.draw('The Village Voice', 'Yamada', '', 120)).tobytes()


# Which ones there are

@pytest.fixture
def hills(site, alice):
    Site.change(title='The Village Voice', tagline='News from the hill', hue=30)
    return write(alice, 'On hills', tags='Walks')


def draw_all():
    db.db.connect(reuse_if_open=True)
    while sharing.draw_missing(db.now()):
        pass


def drawn():
    return {(card.kind, card.owner_id) for card in Card.select()}


def test_all_that_readers_see_gets_a_card_and_drafts_get_none(hills, alice):
    bob = person('bob')
    draft = write(bob, 'A draft', published=False, tags='Secret')
    publishing.publish(write(bob, 'Later', published=False, tags='Secret'), db.now(), db.now() + timedelta(days=1))
    trash.move_to_trash(write(bob, 'Gone'), db.now())
    before = Content.get().version
    assert sharing.is_any_missing(db.now())
    draw_all()
    assert drawn() == {('site', 1), ('post', hills.id), ('author', alice.id), ('tag', Tag.get(Tag.name == 'Walks').id)}
    assert not sharing.is_any_missing(db.now()) and Content.get().version > before
    assert len(list(sharing.folder().iterdir())) == 4
    assert sharing.is_any_missing(db.now() + timedelta(days=2)), 'once it is published'
    assert sharing.find_path('post', draft.id) is None


def test_publishing_enqueues_it_and_pages_show_it_when_it_is_drawn(hills, studio, browse, alice):
    draft = write(alice, 'On rivers', published=False)
    db.db.close()
    studio.post(f'/studio/posts/{draft.id}', {'action': 'publish', 'title': 'On rivers', 'body': 'Some.', 'slug': '',
                                              'version': str(draft.version)}, status=303)
    assert 'og:image' not in browse().get('/p/on-rivers')
    drain()
    for path in ('/', '/p/on-rivers', '/@alice', '/t/walks'):
        page = browse().get(path)
        found = page.html.find('meta', property='og:image')['content']
        assert page.html.find('meta', property='og:image:width')['content'] == '1200'
        assert page.html.find('meta', property='og:image:alt')['content']
        assert page.html.find('meta', attrs={'name': 'twitter:card'})['content'] == 'summary_large_image'
        image = browse().get(found.removeprefix('http://localhost:8000'))
        assert image.content_type == 'image/png' and 'immutable' in image.headers['Cache-Control']
        assert "default-src 'none'" in image.headers['Content-Security-Policy']
        assert image.headers['Cross-Origin-Resource-Policy'] == 'cross-origin'


def change_title(post):
    posts.save(post, post.author, PostInput.from_form(as_form(post) | {'title': 'On valleys'}), db.now())


CHANGES = {
    'the title': (change_title, {'post'}),
    'unpublished': (lambda post: publishing.unpublish(post, db.now()), {'post'}),
    'in the trash': (lambda post: trash.move_to_trash(post, db.now()), {'post'}),
    'deleted': (lambda post: Post.delete().execute(), {'post'}),
    "the author's name": (lambda post: User.update(name='Alicia').execute(), {'post', 'author'}),
    'the author left': (lambda post: User.update(deleted_at=db.now()).execute(), {'author'}),
    'the name of the tag': (lambda post: Tag.update(name='Hikes').execute(), {'tag'}),
    'the tag': (lambda post: Tag.delete().execute(), {'tag'}),
    'the title of the site': (lambda post: Site.change(title='Other'), {'site', 'post', 'author', 'tag'}),
    'the tagline': (lambda post: Site.change(tagline='Other'), {'site'}),
    'the colour': (lambda post: Site.change(hue=9), {'site', 'post', 'author', 'tag'}),
    'the text': (lambda post: Post.update(body='Other', views=9).execute(), set()),
    'the biography': (lambda post: User.update(bio='Other').execute(), set()),
}


@pytest.mark.parametrize('name', CHANGES)
def test_a_card_goes_when_it_would_look_different(hills, name):
    change, kinds = CHANGES[name]
    draw_all()
    before, version, asked = {card.kind: card.digest for card in Card.select()}, Content.get().version, wanted()
    change(hills)
    assert {'site', 'post', 'author', 'tag'} - {card.kind for card in Card.select()} == kinds
    assert (Content.get().version > version and wanted() > asked) or not kinds
    sharing.sweep()
    assert {path.stem for path in sharing.folder().iterdir()} == {card.digest for card in Card.select()}
    draw_all()
    after = {card.kind: card.digest for card in Card.select()}
    assert name == 'the author left' or all(after[kind] != before[kind] for kind in kinds & set(after))


def wanted():
    return sum(row.wanted for row in Erasure.select())


def test_a_title_that_changes_while_it_is_drawn_gets_no_old_card(hills, monkeypatch):
    def change_meanwhile(*args):
        Post.update(title='On valleys').execute()
        return cards.draw(*args[1:])
    monkeypatch.setattr(sharing.pool, 'call', change_meanwhile)
    sharing._draw('post', hills.id, sharing._find_text('post', hills.id, db.now()), db.now())
    assert not drawn()


def test_what_cannot_be_drawn_in_time_is_left_without(hills, monkeypatch, browse):
    def take_too_long(*args):
        raise TooMuch('too_much.time')
    monkeypatch.setattr(sharing.pool, 'call', take_too_long)
    draw_all()
    assert {card.digest for card in Card.select()} == {''} and not sharing.is_any_missing(db.now())
    assert sharing.find_path('post', hills.id) is None
    db.db.close()
    browse().get('/card/.png', status=404)


def test_a_page_with_a_picture_shows_that_and_needs_no_card(hills, browse):
    draw_all()
    MediaFile.create(digest='a' * 32, kind='image', ending='jpg', state='ready', made={
        'width': 1600, 'height': 900, 'colour': '#6b7f4c', 'moving': [],
        'widths': {'avif': [480, 1440, 1600], 'jpg': [480, 1440, 1600]}})
    PlacedImage.create(place='cover', owner_id=hills.id, digest='a' * 32, alt='Hills')
    tasks.clean_up_cards.call_local()
    assert {kind for kind, _ in drawn()} == {'site', 'author', 'tag'} and not sharing.is_any_missing(db.now())
    assert len(list(sharing.folder().iterdir())) == 3
    page = browse().get('/p/on-hills').html
    shown = {name: page.find('meta', property=f'og:image{name}')['content']
             for name in ('', ':width', ':height', ':alt')}
    assert shown == {'': f'http://localhost:8000/media/{"a" * 32}/1440.jpg', ':width': '1440', ':height': '810',
                     ':alt': 'Hills'}


def test_the_night_removes_what_no_page_shows_and_notices_lost_files(hills):
    draw_all()
    (lost := sharing.folder() / f'{Card.get(Card.kind == "post").digest}.png').unlink()
    (stray := sharing.folder() / f'{"b" * 32}.png').write_bytes(b'')
    (unfinished := sharing.folder() / '.new-1').write_bytes(b'')
    at = db.now()
    set_modified(unfinished, at)
    sharing.clean_up(at)
    assert not stray.exists() and unfinished.exists() and 'post' not in {kind for kind, _ in drawn()}
    sharing.clean_up(at + timedelta(days=1))
    draw_all()
    assert lost.exists() and not unfinished.exists()


def test_a_card_is_gone_within_a_minute_of_its_post(hills, alice, studio, browse):
    draw_all()
    path = sharing.find_path('post', hills.id)
    db.db.close()
    browse().get(path, status=200)
    studio.post('/settings/delete', {'password': PASSWORD, 'posts': 'delete'}, status=303)
    browse().get(path, status=404)
    with db.db.connection_context():
        tasks.erase_deleted.call_local()
        assert {path.stem for path in sharing.folder().iterdir()} == {
            card.digest for card in Card.select() if card.kind == 'site'}


@pytest.mark.parametrize('digest', ['a' * 32, '..%2fquickpub', '', 'x'])
def test_other_names_lead_nowhere(hills, browse, digest):
    draw_all()
    db.db.close()
    browse().get(f'/card/{digest}.png', status=404)
