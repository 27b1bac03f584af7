"""The look of the site: an owner chooses it with a preview, and readers see it on the next page."""

import pytest
from conftest import person, write
from sites import form_with

from quickpub import db
from quickpub.content import publishing
from quickpub.look import fonts, layouts
from quickpub.models import FeaturedPost, MediaFile, PlacedImage, Post, Site
from quickpub.pages import errors
from quickpub.web import URLS

DIGEST = 'a' * 32


@pytest.fixture
def owner(olga, browse):
    return browse(olga)


def choose(owner, **fields):
    form = form_with(owner.get('/admin/settings/look'), 'hue')
    for name, value in fields.items():
        form[name] = value
    return form.submit()


def set_footer(owner, footer, status=303):
    form = form_with(owner.get('/admin/settings/navigation'), 'footer')
    form['footer'] = footer
    return form.submit(status=status)


def place(where, owner_id, height=900):
    """An image in a place, with variants made."""
    with db.db.connection_context():
        MediaFile.insert(digest=DIGEST, kind='image', ending='jpg', state='ready', made={
            'width': 1600, 'height': height, 'colour': '#6b7f4c', 'moving': [],
            'widths': {'avif': [480, 960], 'jpg': [480, 960]}}).on_conflict_ignore().execute()
        PlacedImage.replace(place=where, owner_id=owner_id, digest=DIGEST, alt='Our hills', x=20).execute()


def put(alice, *titles):
    from conftest import write
    with db.db.connection_context():
        return [write(alice, title) for title in titles]


@pytest.mark.parametrize('layout', layouts.LAYOUTS)
def test_a_layout_is_seen_on_the_next_page(owner, alice, browse, layout):
    put(alice, 'First', 'Second', 'Third')
    browse().get('/')
    choose(owner, layout=layout).follow(status=200)
    page = browse().get('/').html
    assert page.body['class'] == ['front', layout]
    assert {'magazine': 'card', 'list': 'entry', 'letters': 'letter-entry'}[layout] in str(page.main)
    assert [link.text for link in page.select('main h2 a')] == ['Third', 'Second', 'First']


@pytest.mark.parametrize('layout', layouts.LAYOUTS)
def test_covers_faces_and_the_front_image_are_shown_and_hidden_from_screen_readers(
        owner, alice, browse, layout):
    [post] = put(alice, 'Hills')
    place('cover', post.id)
    place('avatar', alice.id)
    place('front', 1)
    choose(owner, layout=layout)
    page = browse().get('/').html
    cover = page.select_one('a.cover')
    assert cover['href'] == post.path and cover['aria-hidden'] == 'true' and cover['tabindex'] == '-1'
    assert cover.img['alt'] == '' and 'x2' in cover.img['class'] and cover.img['width'] == '1600'
    assert f'/media/{DIGEST}/480.avif 480w' in cover.source['srcset']
    assert page.select_one('.front-image img')['alt'] == 'Our hills'
    assert bool(page.select('.face img')) == (layout != 'list')


def test_a_post_and_an_author_show_their_images(alice, browse):
    [post] = put(alice, 'Hills')
    for where, owner_id in (('cover', post.id), ('avatar', alice.id), ('banner', alice.id)):
        place(where, owner_id)
    page, author = browse().get(post.path).html, browse().get('/@alice').html
    assert page.select_one('.cover-image img')['fetchpriority'] == 'high' and page.select('.byline .face img')
    assert author.select('.front-image img') and author.select('.face.portrait img')
    # A face beside a name takes the smallest variant, also where a pixel of CSS is two or three of the screen.
    assert page.select_one('.byline .face source')['sizes'] == '2.6rem'
    assert author.select_one('.face.portrait source')['sizes'] == '6rem'


def test_without_images_an_initial_stands_for_a_face(alice, browse):
    [post] = put(alice, 'Hills')
    face = browse().get(post.path).html.select_one('.face')
    assert face.text == 'A' and face['aria-hidden'] == 'true'


def test_the_logo_takes_the_place_of_the_name_and_says_it(alice, browse):
    place('logo', 1)
    assert [each['type'] for each in browse().get('/archive').html.select('.name source')] == ['image/avif']
    place('logo_dark', 1)
    page = browse().get('/archive').html
    assert page.select_one('.name img')['alt'] == 'The Village Voice'
    sources = page.select('.name source')
    assert [(each.get('media'), each['type'], each['srcset'].rpartition('/')[2]) for each in sources] == [
        ('(prefers-color-scheme: dark)', 'image/avif', '480.avif'),
        ('(prefers-color-scheme: dark)', 'image/jpeg', '480.jpg'), (None, 'image/avif', '480.avif')]
    heading = browse().get('/').html.h1
    assert heading.img['alt'] == 'The Village Voice' and heading.text.strip() == ''


def test_a_mark_stands_before_the_name_of_the_site(browse):
    place('logo', 1, height=1600)
    for page, found in (('/archive', '.name'), ('/', 'h1')):
        name = browse().get(page).html.select_one(found)
        assert name.img['alt'] == '' and name.text.strip() == 'The Village Voice'


def test_related_posts_have_covers_and_faces(bob, browse):
    with db.db.connection_context():
        from conftest import write
        other, _, post = [write(bob, title, tags=tags) for title, tags in (
            ('Old hills', 'Hills'), ('A town', ''), ('New hills', 'Hills'))]
    place('cover', other.id)
    place('avatar', bob.id)
    related = browse().get(post.path).html.select_one('.related')
    assert related.select_one('a.cover')['href'] == other.path and related.select('.cover img, .face img')[1:]
    assert related.select_one('.facts time') and related.select_one('.lines a').text == 'Bob'


def test_featured_posts_come_first(owner, alice, browse):
    posts = put(alice, 'First', 'Second', 'Third')
    with db.db.connection_context():
        FeaturedPost.create(post=posts[0])
    for layout, order in (('magazine', ['Third', 'First', 'Second']), ('list', ['First', 'Third', 'Second'])):
        choose(owner, layout=layout)
        assert [link.text for link in browse().get('/').html.select('main article h2 a')] == order
    with db.db.connection_context():
        Post.update(deleted_at=db.now()).where(Post.id == posts[0].id).execute()
    assert 'First' not in browse().get('/')


def test_fonts_and_colour_are_in_the_style_sheet_at_once(owner, browse):
    before = browse().get('/').html.select_one('link[rel=stylesheet]')['href']
    choose(owner, fonts='plain', hue='30')
    after = browse().get('/').html.select_one('link[rel=stylesheet]')['href']
    assert before != after
    text = browse().get(after).text
    assert '--hue: 30' in text and '--reading: "Inter"' in text and 'Source Serif' not in text
    assert 'max-age' in browse().get(after).headers['Cache-Control']
    assert 'max-age' not in browse().get(after.replace('-30-', '-31-')).headers['Cache-Control']
    for version in ('x', '000000000000-999-book', '000000000000-30-nothing', ''):
        assert '--hue: 30' in browse().get(f'/static/site.css?v={version}')


def test_a_preview_shows_other_choices_and_saves_nothing(owner, alice, browse):
    put(alice, 'Hills')
    page = owner.get('/admin/look/preview?layout=letters&fonts=plain&hue=7')
    assert page.html.body['class'] == ['front', 'letters'] and '-7-plain' in page
    assert "frame-ancestors 'self'" in page.headers['Content-Security-Policy']
    assert page.headers['X-Frame-Options'] == 'SAMEORIGIN' and 'no-store' in page.headers['Cache-Control']
    assert browse().get('/').html.body['class'] == ['front', 'magazine']
    odd = owner.get('/admin/look/preview?layout=../x&fonts=%00&hue=9999999999999999999')
    assert odd.html.body['class'] == ['front', 'magazine']


def test_the_owners_css_is_for_readers_alone(owner, olga, alice, browse, connection):
    choose(owner, css='main { color: teal } @import url(https://example.org/x.css);')
    links = [each['href'] for each in browse().get('/').html.select('link[rel=stylesheet]')]
    assert len(links) == 2 and links[1].startswith('/static/own.css?v=')
    answer = browse().get(links[1])
    assert 'color: teal' in answer and answer.content_type == 'text/css'
    assert "default-src 'self'" in answer.headers['Content-Security-Policy']
    with connection():
        post, draft = write(alice, 'Hills', tags='Walks'), write(olga, 'Draft', published=False)
        publishing.share(draft, db.now())
        shared = Post.get_by_id(draft.id).draft_token
    shown = [post.path, '/@alice', '/t/walks', '/archive', '/follow', '/search', '/search?q=hills', '/search?q=nothing',
             '/search?q=hills&page=9', '/p/none', '/no/such/page', '/@nobody', f'/draft/{shared}',
             f'/studio/posts/{draft.id}/preview', '/admin/look/preview']
    for path in shown:
        assert links[1] in owner.get(path, status='*'), path
    own = [first for _, path, _ in URLS if (first := path.split('/')[1]) in errors.OF_MEMBERS]
    assert set(own) == errors.OF_MEMBERS
    for path in ('/studio', '/admin/settings/look', '/settings', '/login', '/signup', '/studio/posts/new',
                 *(f'/{first}/no/such/page' for first in own)):
        assert '/static/own.css' not in owner.get(path, status='*'), path


def test_the_footer_is_safe_markdown(owner, browse):
    set_footer(owner, '[Imprint](https://example.org) <script>alert(1)</script>')
    footer = browse().get('/').html.select_one('.footer-text')
    assert footer.a['href'] == 'https://example.org' and not footer.select('script')


def test_a_footer_that_is_too_long_is_refused_and_stays_in_the_form(owner):
    page = set_footer(owner, 'x' * 2001, status=400)
    assert 'Keep the footer within 2 000 characters.' in page.html.text.replace('\u202f', ' ')
    assert form_with(page, 'footer')['footer'].value == 'x' * 2001


def test_the_old_url_leads_to_the_look_and_still_takes_what_a_script_sends(owner):
    assert owner.get('/admin/look', status=301).location.endswith('/admin/settings/look')
    sent = {'hue': '9', 'fonts': 'plain', 'layout': 'list', 'footer': 'Imprint', 'css': ''}
    owner.post('/admin/look', sent, status=303)
    with db.db.connection_context():
        site = Site.this()
        assert (site.hue, site.fonts, site.layout, site.footer) == (9, 'plain', 'list', 'Imprint')


def test_two_owners_who_choose_another_look_at_once_see_both(owner, browse):
    with db.db.connection_context():
        other = browse(person('bob', role='owner'))
    theirs = form_with(other.get('/admin/settings/look'), 'hue')
    choose(owner, layout='letters', css='p { color: teal }\n\np { margin: 0 }')
    theirs['layout'], theirs['hue'] = 'list', '9'
    page = theirs.submit(status=409)
    assert '“Letters”' in page.html.text and 'color: teal' in form_with(page, 'hue')['css'].value
    form_with(page, 'hue').submit(status=303)
    with db.db.connection_context():
        assert (Site.this().layout, Site.this().hue, Site.this().css[:5]) == ('list', 9, 'p { c')


@pytest.mark.parametrize(('field', 'value', 'said'), [
    ('css', 'x' * 20_001, 'Keep your CSS within 20 000 characters.'), ('hue', '360', 'from 0 to 359'),
    ('layout', 'cards', 'Choose one of these.'), ('fonts', 'comic', 'Choose one of these.')])
def test_what_cannot_be_used_is_refused_and_stays_in_the_form(owner, field, value, said):
    form = form_with(owner.get('/admin/settings/look'), 'hue')
    form[field].force_value(value)
    page = form.submit(status=400)
    assert said in page.html.text.replace('\u202f', ' ')
    assert field in ('layout', 'fonts') or form_with(page, 'hue')[field].value == value
    with db.db.connection_context():
        assert getattr(Site.this(), field) == getattr(Site(), field)


def test_every_choice_has_words():
    from quickpub.pages import look
    assert look.PAIRS.keys() == fonts.PAIRS.keys() and tuple(look.LAYOUTS) == layouts.LAYOUTS


def test_the_colour_is_on_this_page_alone_but_scripts_may_still_send_it_with_the_name(owner):
    assert not owner.get('/admin/settings/general').html.select('[name=hue]')
    owner.post('/admin/site', {'title': 'Walks', 'tagline': '', 'hue': '77'}, status=303)
    form_with(owner.get('/admin/settings/general'), 'title').submit(status=303)
    with db.db.connection_context():
        assert (Site.this().title, Site.this().hue) == ('Walks', 77)
    refused = owner.post('/admin/site', {'title': 'Other', 'tagline': '', 'hue': '360'}, status=400)
    assert 'from 0 to 359' in refused and not refused.html.select('a[href="#hue"]')


def test_an_owner_features_a_post_and_stops(owner, studio, alice, browse):
    [post] = put(alice, 'Hills')
    editor = f'/studio/posts/{post.id}'
    studio.post(editor, {'action': 'feature'}, status=404)
    assert not studio.get(editor).html.select('[value=feature]')
    page = form_with(owner.get(editor), 'body').submit('action', value='feature').follow()
    assert 'Featured on the home page.' in page
    with db.db.connection_context():
        assert FeaturedPost.get().post_id == post.id
    page = form_with(owner.get(editor), 'body').submit('action', value='stop-featuring').follow()
    assert 'No longer featured.' in page and page.html.select('[value=feature]')
    with db.db.connection_context():
        assert not FeaturedPost.select().exists()


def test_the_editor_leads_to_the_cover_of_a_published_post(studio, alice):
    [post] = put(alice, 'Hills')
    link = studio.get(f'/studio/posts/{post.id}').html.select_one('#cover-way a')
    assert link.text == 'Add a cover' and studio.get(link['href']).html.h1.text == 'Cover'
    place('cover', post.id)
    assert studio.get(f'/studio/posts/{post.id}').html.select_one('#cover-way a').text == 'Change the cover'


def test_the_audit_log_names_what_was_changed(owner):
    choose(owner, fonts='plain', layout='list', css='p { margin: 0 }')
    assert 'changed the settings of the site: fonts, front page and CSS.' in owner.get('/admin/audit').html.text
