"""The language of posts and pages: chosen by the author, or the one that the site had when they were published."""

from conftest import write
from playhouse.migrations import Runner

from quickpub import data_folder, db, migrating, opening
from quickpub.content import posts, publishing, rerendering
from quickpub.content.post_input import PostInput, as_form
from quickpub.models import Post, Site

YES = {'title': 'About', 'slug': '', 'body': '"Ja"', 'tags': '', 'summary': ''}


def test_a_published_text_keeps_the_language_that_the_site_had(alice, olga, browse, connection):
    with connection():
        Site.change(language='de')
        write(alice, 'Public', body='"Ja"')
        publishing.publish(posts.save(None, olga, PostInput.from_form(YES), db.now(), is_page=True), db.now())
        publishing.unpublish(write(alice, 'Taken back', body='"Ja"'), db.now())
        draft = write(alice, 'Draft', body='"Ja"', published=False)
        own = write(alice, 'Own', body='"Ja"', language='fr')
        Site.change(language='en')
        rerendering.render_outdated()
        assert {post.title: (post.language, post.html[3:7]) for post in Post.select()} == {
            'Public': ('de', '„Ja“'), 'About': ('de', '„Ja“'), 'Taken back': ('de', '„Ja“'), 'Draft': (None, '“Ja”'),
            'Own': ('fr', own.html[3:7])}
        publishing.publish(draft, db.now())
        assert Post.get_by_id(draft.id).language == 'en'
    for path in ('/p/public', '/about'):
        page = browse().get(path)
        words = page.html.find(string='„Ja“')
        assert page.html.html['lang'] == 'en' and words.find_parent(lang=True)['lang'] == 'de', path


def test_saving_a_published_text_keeps_its_language_or_takes_the_chosen_one(site, alice):
    post = write(alice, 'Public', body='"Yes"')
    Site.change(language='de')
    for chosen, expected in (({}, 'en'), ({'language': ''}, 'de'), ({'language': 'fr'}, 'fr')):
        typed = as_form(post) | {'summary': f'In {expected}'} | chosen
        post = posts.save(post, alice, PostInput.from_form(typed), db.now())
        assert post.language == expected


def test_texts_that_were_published_before_get_the_language_that_the_site_has(config):
    data_folder.create(config.paths)
    db.bind(config, 1)
    with db.db.connection_context():
        Runner(db.db, str(migrating.MIGRATIONS)).up('0026_invitations')
    columns = {'public': {'published_at': '2026-01-01 00:00:00'}, 'page': {'is_page': 1, 'place': 2},
               'taken back': {'was_public': 1}, 'draft': {}, 'own': {'published_at': '2026-01-01', 'language': 'fr'}}
    with db.db.connection_context():
        db.db.execute_sql("INSERT INTO site (id, title, tagline, hue, language) VALUES (1, 'Voice', '', 215, 'de')")
        db.db.execute_sql('INSERT INTO user (id, name, handle, role, bio, timezone, report, reported_until, '
                          "created_at) VALUES (1, 'Alice', 'alice', 'author', '', 'UTC', 'daily', '2026', '2026')")
        for slug, more in columns.items():
            row = {'author_id': 1, 'title': slug, 'slug': slug, 'body': 'x', 'html': 'x', 'summary': '', 'excerpt': '',
                   'words': 1, 'created_at': '2026', 'updated_at': '2026', 'feed_id': slug} | more
            db.db.execute_sql(f'INSERT INTO post ({", ".join(row)}) VALUES ({", ".join("?" * len(row))})',
                              tuple(row.values()))
    migrating.migrate(config)
    opening.open_site(config)
    with db.db.connection_context():
        assert {post.slug: post.language for post in Post.select(Post.slug, Post.language)} == {
            'public': 'de', 'page': 'de', 'taken back': 'de', 'draft': None, 'own': 'fr'}
