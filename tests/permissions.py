"""The table of permissions: for each URL, its path and what each kind of visitor gets."""

from datetime import timedelta

from conftest import PASSWORD, person, write
from sites import keep
from webtest import Upload as Sent

from quickpub import db, models, signing, tasks
from quickpub.accounts import email_change, invitations, links, password_reset, registration
from quickpub.content import autosave, pins, posts, publishing, reviews
from quickpub.content.post_input import PostInput
from quickpub.exchange import exports
from quickpub.look import sharing
from quickpub.models import Post, Site
from quickpub.permissions import Permission, is_allowed

MAY, LOG_IN, CONFIRM, NOTHING = 'the page', 'log in first', 'confirm your address first', 'there is nothing here'
SUBMIT = 'submit it for review'  # and an editor publishes it

# The kinds of visitors, in the order of each row. "Its" contributor is the one whose post, file or export it is; a
# suspended member is a stranger.
COLUMNS = ('stranger', 'another author', 'its author', 'owner', 'unconfirmed', 'editor', 'its contributor',
           'another contributor')
ROLE_OF = {'another author': 'author', 'its author': 'author', 'owner': 'owner', 'unconfirmed': 'author',
           'editor': 'editor', 'its contributor': 'contributor', 'another contributor': 'contributor'}


def row_of(unlike=None, **answers):
    """Return a row: LOG_IN for strangers, MAY for members, but `unlike` for those not named. `answers` are by kind of
    visitor, with _ for spaces."""
    answers = {name.replace('_', ' '): answer for name, answer in answers.items()}
    assert answers.keys() <= set(COLUMNS)
    return tuple(answers.get(name, LOG_IN if name == 'stranger' else unlike or MAY) for name in COLUMNS)


def row_for(permission):
    """Return the row of what needs a permission: for others it does not exist."""
    return row_of(**{name.replace(' ', '_'): MAY if is_allowed(role, name != 'unconfirmed', permission) else NOTHING
                     for name, role in ROLE_OF.items()})


ANYBODY = (MAY,) * len(COLUMNS)
AUTHORS = row_of()
CONFIRMED = row_of(unconfirmed=CONFIRM)
PUBLISHERS = row_of(unconfirmed=CONFIRM, its_contributor=SUBMIT, another_contributor=SUBMIT)
ITS_AUTHOR = row_of(NOTHING, its_author=MAY, owner=MAY, editor=MAY, its_contributor=MAY)
ITS_PUBLISHER = row_of(NOTHING, its_author=MAY, owner=MAY, editor=MAY, its_contributor=SUBMIT)
ONLY_ITS_AUTHOR = row_of(NOTHING, its_author=MAY, its_contributor=MAY)
WRITERS = ONLY_ITS_AUTHOR  # who has published something
EDITORS = row_for(Permission.EDIT_ALL)
OWNER = row_for(Permission.MANAGE_SITE)
POST = {'title': 'Changed', 'slug': '', 'body': 'Changed.', 'tags': 'Changed', 'summary': '', 'action': 'publish'}
PROFILE = {'action': 'profile', 'name': 'Changed', 'handle': 'changed', 'bio': '', 'timezone': 'UTC', 'report': 'never'}
NEWCOMER = {'name': 'Zoe', 'email': 'zoe@example.org', 'password': PASSWORD, 'site_title': 'Changed'}

# Method and path as in the URL table: who, an example of the path, and a form that changes something.
TABLE = {
    'GET /': (ANYBODY, '/'),
    'GET /p/<slug>': (ANYBODY, '/p/public'),
    'GET /@<handle>': (ANYBODY, '/@alice'),
    'GET /t/<slug>': (ANYBODY, '/t/hills'),
    'GET /archive': (ANYBODY, '/archive'),
    'GET /search': (ANYBODY, '/search?q=public'),
    'GET /follow': (ANYBODY, '/follow'),
    'GET /feed.xml': (ANYBODY, '/feed.xml'),
    'GET /feed.json': (ANYBODY, '/feed.json'),
    'GET /@<handle>/feed.xml': (ANYBODY, '/@alice/feed.xml'),
    'GET /@<handle>/feed.json': (ANYBODY, '/@alice/feed.json'),
    'GET /t/<slug>/feed.xml': (ANYBODY, '/t/hills/feed.xml'),
    'GET /t/<slug>/feed.json': (ANYBODY, '/t/hills/feed.json'),
    'GET /sitemap.xml': (ANYBODY, '/sitemap.xml'),
    'GET /sitemap-<part>.xml': (ANYBODY, '/sitemap-places.xml'),
    'GET /robots.txt': (ANYBODY, '/robots.txt'),
    'GET /media/<digest>/<name>': (ANYBODY, '{media}'),
    'GET /card/<digest>.png': (ANYBODY, '{card}'),
    'GET /oembed': (ANYBODY, '/oembed?format=json&url=http://localhost:8000/p/public'),
    'GET /healthz': (ANYBODY, '/healthz'),
    'GET /static/site.css': (ANYBODY, '/static/site.css'),
    'GET /static/own.css': (ANYBODY, '/static/own.css'),
    'GET /static/<name>': (ANYBODY, '/static/style.css'),
    'GET /static/fonts/<name>': (ANYBODY, '/static/fonts/inter.css'),
    'GET /static/icons/<name>': (ANYBODY, '/static/icons/icon.svg'),
    'GET /favicon.ico': (ANYBODY, '/favicon.ico'),
    'GET /apple-touch-icon.png': (ANYBODY, '/apple-touch-icon.png'),
    'GET /site.webmanifest': (ANYBODY, '/site.webmanifest'),

    'GET /setup/<token>': (ANYBODY, '/setup/{setup}'),
    'POST /setup/<token>': (ANYBODY, '/setup/{setup}', NEWCOMER),
    'GET /signup': (ANYBODY, '/signup'),
    'POST /signup': (ANYBODY, '/signup', NEWCOMER),
    'GET /verify': (ANYBODY, '/verify'),
    'POST /verify': (ANYBODY, '/verify', {'email': 'victor@example.org'}),
    'GET /verify/<token>': (ANYBODY, '/verify/{verify}'),
    'POST /verify/<token>': (ANYBODY, '/verify/{verify}', {'password': 'changed, not more'}),
    'GET /login': (ANYBODY, '/login'),
    'POST /login': (ANYBODY, '/login', {'email': 'alice@example.org', 'password': PASSWORD}),
    'GET /login/confirm': (ANYBODY, '/login/confirm'),
    'POST /login/confirm': (ANYBODY, '/login/confirm', {'code': '123456'}),
    'POST /login/passkey/options': (ANYBODY, '/login/passkey/options', {}),
    'POST /login/passkey': (ANYBODY, '/login/passkey', {}),
    'POST /logout': (ANYBODY, '/logout', {}),
    'GET /forgot': (ANYBODY, '/forgot'),
    'POST /forgot': (ANYBODY, '/forgot', {'email': 'alice@example.org'}),
    'GET /reset/<token>': (ANYBODY, '/reset/{reset}'),
    'POST /reset/<token>': (ANYBODY, '/reset/{reset}', {'password': 'changed, not more'}),
    'GET /settings': (AUTHORS, '/settings'),
    'POST /settings': (AUTHORS, '/settings', PROFILE),
    'GET /settings/delete': (AUTHORS, '/settings/delete'),
    'POST /settings/delete': (AUTHORS, '/settings/delete', {'password': PASSWORD, 'posts': 'delete'}),
    'GET /settings/security': (AUTHORS, '/settings/security'),
    'POST /settings/security': (CONFIRMED, '/settings/security',
                                {'action': 'app_start', 'identity_password': PASSWORD}),
    'POST /settings/security/passkeys/options': (AUTHORS, '/settings/security/passkeys/options', {}),
    'POST /settings/security/passkeys': (AUTHORS, '/settings/security/passkeys', {}),
    'POST /settings/confirm/options': (AUTHORS, '/settings/confirm/options', {}),
    'POST /settings/confirm': (AUTHORS, '/settings/confirm', {}),
    'GET /unsubscribe/<token>': (ANYBODY, '/unsubscribe/{unsubscribe}'),
    'POST /unsubscribe/<token>': (ANYBODY, '/unsubscribe/{unsubscribe}', {'List-Unsubscribe': 'One-Click'}),

    'GET /studio': (AUTHORS, '/studio'),
    'POST /studio': (ITS_AUTHOR, '/studio', {'post': '{draft}', 'action': 'tag', 'tag': 'Changed'}),
    'GET /studio/dashboard': (AUTHORS, '/studio/dashboard'),
    'GET /studio/pages': (OWNER, '/studio/pages'),
    'POST /studio/pages': (OWNER, '/studio/pages', {'post': '{draft}', 'action': 'tag', 'tag': 'Changed'}),
    'GET /studio/posts/new': (AUTHORS, '/studio/posts/new'),
    'POST /studio/posts/new': (PUBLISHERS, '/studio/posts/new', POST),
    'GET /studio/posts/<post_id>': (ITS_AUTHOR, '/studio/posts/{draft}'),
    'POST /studio/posts/<post_id>': (ITS_PUBLISHER, '/studio/posts/{draft}', POST),
    'GET /studio/posts/<post_id>/preview': (ITS_AUTHOR, '/studio/posts/{draft}/preview'),
    'GET /studio/posts/<post_id>/authors': (ITS_AUTHOR, '/studio/posts/{draft}/authors'),
    'POST /studio/posts/<post_id>/authors': (
        ITS_AUTHOR, '/studio/posts/{draft}/authors', {'action': 'add', 'seen': '{author}', 'member': '{other}'}),
    'GET /studio/posts/<post_id>/hold': (EDITORS, '/studio/posts/{draft}/hold'),
    'POST /studio/posts/<post_id>/hold': (EDITORS, '/studio/posts/{draft}/hold', {'action': 'trash', 'reason': 'x'}),
    'GET /studio/posts/<post_id>/history': (ITS_AUTHOR, '/studio/posts/{draft}/history'),
    'POST /studio/posts/<post_id>/history': (ITS_AUTHOR, '/studio/posts/{draft}/history', {'version': '1'}),
    'POST /studio/preview': (AUTHORS, '/studio/preview', {'body': 'x'}),
    'POST /studio/unsaved': (AUTHORS, '/studio/unsaved', POST | {'tab': 'tab-of-a-window1'}),
    'GET /studio/review': (EDITORS, '/studio/review'),
    'POST /studio/review': (EDITORS, '/studio/review', {
        'action': 'send_back', 'post': '{asked}', 'seen': '{seen}', 'reason': 'x'}),
    'GET /studio/trash': (AUTHORS, '/studio/trash'),
    'GET /draft/<token>': (ANYBODY, '/draft/{shared}'),
    'GET /studio/media': (AUTHORS, '/studio/media'),
    'POST /studio/media': (CONFIRMED, '/studio/media', {'files': Sent('new.pdf', b'%PDF-1.7 and more')}),
    'GET /studio/media/<upload_id>': (ONLY_ITS_AUTHOR, '/studio/media/{upload}'),
    'POST /studio/media/<upload_id>': (ONLY_ITS_AUTHOR, '/studio/media/{upload}', {'action': 'describe', 'alt': 'New'}),

    'GET /studio/images/<where>/<owner_id>': (ITS_AUTHOR, '/studio/images/cover/{draft}'),
    'POST /studio/images/<where>/<owner_id>': (
        ITS_AUTHOR, '/studio/images/cover/{draft}', {'action': 'move', 'point': '10-90', 'alt': 'Changed'}),
    'POST /studio/images/<where>/<owner_id>/upload': (
        ITS_AUTHOR, '/studio/images/cover/{draft}/upload', {'file': Sent('new.png', b'\x89PNG\r\n\x1a\n and more')}),

    'GET /studio/stats': (AUTHORS, '/studio/stats'),
    'GET /studio/stats/<post_id>': (ITS_AUTHOR, '/studio/stats/{draft}'),
    'GET /studio/report': (AUTHORS, '/studio/report'),
    'POST /studio/report': (AUTHORS, '/studio/report', {}),
    'GET /studio/report/letter': (WRITERS, '/studio/report/letter'),
    'GET /studio/exports': (AUTHORS, '/studio/exports'),
    'POST /studio/exports': (AUTHORS, '/studio/exports', {'kind': 'numbers'}),
    'GET /studio/exports/<export_id>': (ONLY_ITS_AUTHOR, '/studio/exports/{export}'),

    'GET /admin': (OWNER, '/admin'),
    'GET /admin/jobs': (OWNER, '/admin/jobs'),
    'POST /admin/jobs': (OWNER, '/admin/jobs', {'action': 'pause'}),
    'GET /admin/backups': (OWNER, '/admin/backups'),
    'POST /admin/backups': (OWNER, '/admin/backups', {'action': 'make'}),
    'GET /admin/audit': (OWNER, '/admin/audit'),
    'GET /admin/mail': (OWNER, '/admin/mail'),
    'GET /admin/mail/<message_id>': (OWNER, '/admin/mail/{message}'),
    'POST /admin/mail/<message_id>': (OWNER, '/admin/mail/{message}', {'action': 'send'}),
    'GET /admin/members': (OWNER, '/admin/members'),
    'POST /admin/members': (OWNER, '/admin/members', {'email': 'zoe@example.org'}),
    'POST /admin/members/selected': (OWNER, '/admin/members/selected', {
        'action': 'suspend', 'member': '{member}', 'identity': 'asked', 'identity_password': PASSWORD}),
    'GET /admin/members/<member_id>': (OWNER, '/admin/members/{member}'),
    'POST /admin/members/<member_id>': (
        OWNER, '/admin/members/{member}', {'action': 'suspend', 'identity_password': PASSWORD}),
    'GET /admin/invitations': (OWNER, '/admin/invitations'),
    'POST /admin/invitations': (OWNER, '/admin/invitations', {'email': 'yan@example.org'}),
    'GET /admin/blocked-domains': (OWNER, '/admin/blocked-domains'),
    'POST /admin/blocked-domains': (OWNER, '/admin/blocked-domains', {'action': 'block', 'domains': 'spam.example'}),
    'GET /admin/people': (OWNER, '/admin/people'),
    'POST /admin/people': (OWNER, '/admin/people', {'email': 'zoe@example.org'}),
    'GET /admin/settings/look': (OWNER, '/admin/settings/look'),
    'POST /admin/settings/look': (OWNER, '/admin/settings/look', {'hue': '1', 'fonts': 'plain', 'layout': 'list'}),
    'GET /admin/look': (OWNER, '/admin/look'),
    'POST /admin/look': (OWNER, '/admin/look', {'hue': '1', 'fonts': 'plain', 'layout': 'list'}),
    'GET /admin/look/preview': (OWNER, '/admin/look/preview?layout=letters&fonts=plain&hue=7'),
    'GET /admin/settings': (OWNER, '/admin/settings'),
    'GET /admin/settings/mail': (OWNER, '/admin/settings/mail'),
    'POST /admin/settings/mail': (OWNER, '/admin/settings/mail', {'action': 'test'}),
    'GET /admin/settings/<group>': (OWNER, '/admin/settings/general'),
    'POST /admin/settings/<group>': (OWNER, '/admin/settings/membership', {'signup': 'closed'}),
    'GET /admin/site': (OWNER, '/admin/site'),
    'POST /admin/site': (OWNER, '/admin/site', {'title': 'Changed', 'tagline': '', 'hue': '1'}),

    'GET /<slug>': (ANYBODY, '/about'),
}

# The buttons of the editor and of the list of posts, and the permission that each needs besides that to edit the post.
WRITING = ('save', 'overwrite', 'restore', 'submit', 'withdraw', 'pin', 'unpin', 'duplicate', 'unpublish', 'unshare',
           'delete', 'merge', 'preview', 'cover')
EDITOR_ACTIONS = dict.fromkeys(WRITING) | dict.fromkeys(
    ('publish', 'publish-now', 'schedule', 'share'), Permission.PUBLISH) | dict.fromkeys(
    ('feature', 'stop-featuring', 'pin-home', 'unpin-home'), Permission.FEATURE)
LIST_ACTIONS = dict.fromkeys(('unpublish', 'delete', 'restore', 'tag'))


def place_card(author):
    """Return the path of a card of theirs."""
    sharing.folder().mkdir(exist_ok=True)
    (sharing.folder() / f'{"c" * 32}.png').write_bytes(b'\x89PNG and so on')
    models.Card.replace(kind='author', owner_id=author.id, digest='c' * 32).execute()
    return sharing.find_path('author', author.id)


def furnish(olga, alice, bob):
    """Links and mails of every kind, for the paths of TABLE; call it on an open database."""
    at = db.now()
    places = {'unsubscribe': signing.sign('unsubscribe', alice.id), 'draft': 0, 'message': 0, 'member': alice.id,
              'author': alice.id, 'other': bob.id, 'oldest': 0, 'shared': 0, 'asked': 0, 'seen': '',
              'export': 0, 'upload': 0, 'media': '/media/nothing/x', 'card': '/card/nothing.png'}
    if draft := Post.get_or_none(Post.title == 'Only a draft'):
        _use_the_desk(olga, alice, draft, at)
        places['shared'] = Post.get_by_id(draft.id).draft_token
        models.PlacedImage.create(place='cover', owner_id=draft.id, digest='a' * 32)
        places |= {'draft': draft.id, 'oldest': Post.select().where(Post.published_at.is_null(False)).get().id}
    if Post.select().exists():
        kept = keep(alice)
        keep(alice, 'hill.jpg', b'\xff\xd8\xff and so on')
        models.MediaFile.update(state='failed', error='No <picture>').where(models.MediaFile.kind == 'image').execute()
        keep(alice, 'waits.png', b'\x89PNG\r\n\x1a\n')
        places |= {'upload': kept.id, 'media': kept.path, 'card': place_card(alice)}
        registration.sign_up(bob.name, bob.email, 'x', at)
        password_reset.request_reset(alice.email, at)
        email_change.request_change(alice, 'new@example.org', at)
        invitations.invite('zoe@example.org', at)
        failed = models.Message.get(models.Message.kind == 'reset')
        failed.state, failed.answer = 'failed', '550 <No> such "user"'
        failed.save()
        places['message'] = failed.id
        places['export'] = exports.request(alice, 'numbers', at).id
        tasks.make_export.call_local(places['export'])
    newcomer = person('newcomer', verified=False)
    for purpose, user in (('setup', None), ('verify', newcomer), ('reset', alice)):
        places[purpose] = links.create_link(purpose, timedelta(days=1), at, user=user, email=user and user.email).text
    return places


def _use_the_desk(olga, alice, draft, at):
    """Versions, a series, a page, pins, something not saved, a shared draft."""
    typed = {'title': 'Only a draft', 'slug': '', 'body': 'Other <b>words</b>.', 'tags': 'Secret plans', 'summary': 'S'}
    posts.save(draft, olga, PostInput.from_form(typed), at)
    publishing.share(draft, at)
    for title in ('First "part"', 'Second <part>'):
        part = write(alice, title, series='A "series" & more', canonical="https://example.org/?a='b'&c")
        pins.pin(part, alice)
        pins.pin(part, Site.get())
    carl = person('carl', role='contributor')
    for title in ('Asked for "this"', 'And <that>'):
        reviews.submit(carl, write(carl, title, published=False), at)
    for is_trashed in (False, True):
        reviews.hold(olga, write(alice, 'Held "back"'), 'For <reasons>', at, is_trashed)
    page = posts.save(None, olga, PostInput.from_form(typed | {'title': 'About'}), at, is_page=True)
    publishing.publish(page, at)
    for post in (None, draft):
        autosave.keep(alice, f'tab-of-a-window{1 if post else 2}', post, typed | {'body': '</textarea>'}, at)
