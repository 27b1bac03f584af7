"""What readers see."""

import logging
from urllib.parse import quote

from bottle import HTTPError, HTTPResponse, request, response
from peewee import fn

from .. import dates
from ..audience import counting
from ..content import posts, redirects, related
from ..db import is_out_of_reach, now, rows
from ..markup import markdown
from ..models import Content, Post, PostTag, Site, Tag, User
from ..upkeep import health
from ..wsgi.authentication import current_user
from ..wsgi.forms import number
from ..wsgi.responses import (
    STATIC,
    YEAR,
    absolute,
    bare_page,
    let_keep,
    not_found,
    page_of,
    prose,
    public_json,
    redirect,
    render,
    render_public,
    static_digest,
    url,
)

log = logging.getLogger('quickpub.web')

PER_FEED, PER_ARCHIVE, PER_SITEMAP = 20, 200, 2000
TYPES = {'css': 'text/css', 'js': 'text/javascript', 'svg': 'image/svg+xml', 'txt': 'text/plain'}


def home():
    at = now()
    found, older, is_first = page_of(Post.listed(at), '/', within=Post.published(at))
    pinned, found = _pinned_first(Site.this(), found, is_first)
    return render_public('home.html', posts=found, older=older, is_first=is_first, pinned=pinned)


def _pinned_first(where, found, is_first):
    """The post that stands first on this page's beginning, if any, and the others."""
    pinned = posts.pinned_on(where, now()) if is_first else None
    return pinned, [each for each in found if each != pinned]


def post(slug):
    at = now()
    found = Post.published(at).where(Post.slug == slug).get_or_none()
    if found is None:
        return not_found()
    if counting.counts_for(current_user(), found):
        request.environ['quickpub.view_of'] = found.id
    newer, older = related.newer(found, at), related.older(found, at)
    parts, tags = related.parts_of(found.series, at), posts.tags_of(found)
    return _whole(found, tags, newer=newer, older=older, parts=parts, written=related.count_by(found.author, at),
                  related=related.related(found, tags, at, but=[newer, older, *parts]))


def page(slug):
    """A page that the owner wrote."""
    found = Post.get_or_none(Post.slug == slug, Post.place.is_null(False), Post.deleted_at.is_null())
    if found is None:
        return not_found()
    return _whole(found, posts.tags_of(found), newer=None, older=None, parts=[], related=[], written=0)


def _whole(post, tags, **context):
    return render_public('post.html', post=post, author=post.author, content=prose(post.html), tags=tags,
                         canonical=post.canonical or absolute(post.path), draft_note=None,
                         may_edit=False, **context)


def author(handle):
    found = _author(handle)
    at = now()
    listed, older, is_first = page_of(Post.listed(at).where(Post.author == found), found.path,
                                      within=Post.published(at))
    pinned, listed = _pinned_first(found, listed, is_first)
    return render_public('author.html', author=found, posts=listed, older=older, is_first=is_first, pinned=pinned)


def _author(handle):
    """The author whose page readers find there; the owner, and they themselves, find it earlier. Raises 404."""
    found = User.with_public_page(now()).where(User.handle == handle).get_or_none()
    reader = current_user() if found is None else None
    if reader and (reader.is_owner or reader.handle == handle):
        found = User.get_or_none(User.handle == handle)
    if found is None:
        raise not_found()
    return found


def tag(slug):
    found = _tag(slug)
    at = now()
    listed, older, is_first = page_of(Post.tagged(found, at), found.path, by=(PostTag.published_at, PostTag.post),
                                      within=Post.published(at))
    return render_public('tag.html', tag=found, posts=listed, older=older, is_first=is_first)


def _tag(slug):
    """The tag with this slug, if a public post has it; who may edit a post that has it finds it earlier, for previews
    link to it. Raises 404."""
    found = Tag.public(now()).where(Tag.slug == slug).get_or_none()
    if found is None and (reader := current_user()):
        found = Tag.known_to(reader).where(Tag.slug == slug).get_or_none()
    if found is None:
        raise not_found()
    return found


def archive():
    at = now()
    found, older, _ = page_of(Post.listed(at), '/archive', PER_ARCHIVE, within=Post.published(at))
    years: dict[int, list[Post]] = {}
    for each in found:
        years.setdefault(dates.at(each.published_at).year, []).append(each)
    return render_public('archive.html', years=years.items(), older=older)


def feed():
    return _atom(*_of_site())


def json_feed():
    return _json(*_of_site())


def author_feed(handle):
    return _atom(*_of_author(handle))


def author_json_feed(handle):
    return _json(*_of_author(handle))


def tag_feed(slug):
    return _atom(*_of_tag(slug))


def tag_json_feed(slug):
    return _json(*_of_tag(slug))


def _of_site():
    """What a feed is made of: the posts, whose page it belongs to, its title, a sentence about it, its permanent id."""
    site = Site.this()
    return Post.published(now()), '/', site.title, site.tagline, Content.get().feed_id


def _of_author(handle):
    found = _author(handle)
    return (Post.published(now()).where(Post.author == found), found.path, f'{found.name} - {Site.this().title}',
            found.bio, found.feed_id)


def _of_tag(slug):
    found = _tag(slug)
    return (Post.tagged(found, now()).select_extend(Post.html, Post.summary, Post.feed_id), found.path,
            f'{found.name} - {Site.this().title}', '', found.feed_id)


def _atom(query, home, title, subtitle, feed_id):
    entries = _entries(query)
    updated = max((entry['updated'] for entry in entries), default=now())
    response.content_type = 'application/atom+xml; charset=utf-8'
    return render_public('feed.xml', title=title, subtitle=subtitle, feed_id=feed_id,
                         self_url=_beside(home, 'feed.xml'), home_url=absolute(home), updated=updated, entries=entries)


def _json(query, home, title, subtitle, feed_id):
    """JSON Feed 1.1 (jsonfeed.org)."""
    found = {'version': 'https://jsonfeed.org/version/1.1', 'title': title, 'home_page_url': absolute(home),
             'language': Site.this().language,
             'feed_url': _beside(home, 'feed.json'), 'items': [{
                 'id': entry['id'], 'url': entry['url'],
                 'content_html': entry['content'], 'date_published': dates.iso(entry['post'].published_at),
                 'date_modified': dates.iso(entry['updated']), 'tags': [tag.name for tag in entry['tags']],
                 'authors': [{'name': entry['post'].author.name, 'url': absolute(entry['post'].author.path)}],
             } | {name: entry[name] for name in ('title', 'summary', 'language') if entry[name]}
                 for entry in _entries(query)]}
    return public_json(found | ({'description': subtitle} if subtitle else {}), 'application/feed+json')


def _beside(home, name):
    return absolute(f'{home.rstrip("/")}/{name}')


def _entries(query):
    found = list(query.limit(PER_FEED))
    tags = posts.tags_of_all(found)
    # A post without a title has none here either (in Atom an empty one), and no summary that only repeats how its text
    # begins: programs that read feeds show such posts by their text.
    return [{'post': post, 'title': posts.typed_title(post), 'language': post.language,
             'summary': post.excerpt if post.is_titled else post.summary,
             'id': post.feed_id, 'url': absolute(post.path),
             'updated': max(post.published_at, post.updated_at), 'tags': tags.get(post.id, []),
             'content': markdown.absolute(post.html, absolute(''), post.path)} for post in found]


def sitemap():
    """All there is, or where that is much, the addresses of its parts."""
    newest = _newest_id()
    if newest < PER_SITEMAP:
        return _sitemap([*_places(), *_posts(0)])
    parts = ['places', *range(newest // PER_SITEMAP + 1)]
    return _sitemap([(absolute(f'/sitemap-{part}.xml'), None) for part in parts], is_index=True)


def sitemap_part(part):
    if part == 'places':
        return _sitemap(_places())
    wanted = number(part)
    if wanted is None or wanted > _newest_id() // PER_SITEMAP:
        return not_found()
    return _sitemap(_posts(wanted))


def _newest_id():
    """The highest id of a public post: how many are hidden, no address tells."""
    newest = Post.select(Post.id).where(Post.public_at(now())).order_by(Post.id.desc()).limit(1)
    return newest.scalar() or 0


def _places():
    writes = Post.select(Post.id).where(Post.author == User.id, Post.public_at(now()))
    authors = User.select(User.handle).where(fn.EXISTS(writes))
    paths = ['/', '/archive', *(page.path for page in Post.pages()), *(author.path for author in authors)]
    return [(absolute(path), None) for path in paths]


def _posts(part):
    """A part has the posts with so many ids in a row: each stays in its part, whatever is published later."""
    within = Post.id.between(part * PER_SITEMAP, (part + 1) * PER_SITEMAP - 1)
    found = rows(Post.select(Post.slug, Post.updated_at).where(within, Post.public_at(now())).order_by(Post.id.desc()))
    return [(absolute(Post.path_of(slug)), changed) for slug, changed in found]


def _sitemap(entries, is_index=False):
    response.content_type = 'application/xml; charset=utf-8'
    return render_public('sitemap.xml', entries=entries, is_index=is_index)


def robots():
    response.content_type = 'text/plain; charset=utf-8'
    let_keep()
    paths = ('/studio', '/admin', '/settings', '/verify', '/reset', '/search', '/draft')
    closed = ''.join(f'Disallow: {url(path)}\n' for path in paths)
    return f'User-agent: *\n{closed}Sitemap: {absolute("/sitemap.xml")}\n'


def static(name):
    if name not in {path.name for path in STATIC.iterdir()}:
        return not_found()
    return _static((STATIC / name).read_text('utf-8'), TYPES[name.rpartition('.')[2]], static_digest(name))


def site_css():
    hue = Site.this().hue
    return _static((STATIC / 'style.css').read_text('utf-8') + f'\n:root {{ --hue: {hue}; }}\n', 'text/css',
                   f'{static_digest("style.css")}-{hue}')


def _static(text, content_type, version):
    """A file that never changes under the address that holds its version, and may change under any other."""
    response.content_type = f'{content_type}; charset=utf-8'
    let_keep(YEAR if request.query.get('v') == version else 0)
    return text


def healthz():
    """Each check by name: true, or why not."""
    status, said = health.verdict(now())
    return HTTPResponse(said, status, {'Content-Type': 'application/json', 'Cache-Control': 'no-store'})


# What went wrong, in words.
ERRORS = {
    400: ('We did not understand that', 'The address or the form is broken. If you followed a link, tell whoever put '
                                        'it there.'),
    403: ('That came from another site', 'This form was not sent from a page of this site, so nothing was changed. '
                                         'Open the page here and send it again.'),
    404: ('There is nothing here', 'The page may have moved or been taken back, or the address has a typing mistake.'),
    405: ('That does not work this way', 'This page cannot be asked like that.'),
    413: ('That is too much at once', 'This is more than a form can carry. Nothing was saved.'),
    429: ('Too many tries', 'Please wait a quarter of an hour.'),
    500: ('Something broke on our side', 'It is written down, and not your fault. Please try again in a while.'),
    507: ('There is no room left', 'The disk of this site is full. Nothing was saved.'),
    503: ('Busy just now', 'The site cannot save anything at this moment. Nothing was changed. Go back, and send it '
                           'again in a minute: what you typed is still in the form.'),
}


def error(problem: HTTPError) -> str | HTTPResponse:
    """The page for any answer that is not a page."""
    status, (said, words) = problem.status_code, request.environ.get('quickpub.problem') or (0, '')
    if status == 404 and not said and request.method in ('GET', 'HEAD') and (target := _meant()):
        return redirect(quote(target, safe='/@') + (f'?{request.query_string}' if request.query_string else ''),
                        status=301)
    heading, sentence = ERRORS.get(status) or ERRORS[400 if status < 500 else 500]
    if status == 503:
        problem.set_header('Retry-After', '30')
    problem.content_type = 'text/html; charset=utf-8'
    sentence = words if said == status else sentence
    try:
        return render('error.html', status=status, heading=heading, sentence=sentence)
    except Exception as error:  # what broke the page, such as a database that is gone, breaks this one too
        log.error('%s %s: the page that says so cannot be made either: %s', status, request.path, error)
        status = 503 if is_out_of_reach(error) else status
        return HTTPResponse(bare_page(status), status,
                            {'Content-Type': 'text/html; charset=utf-8', 'Retry-After': '30'})


def _meant():
    """Return the path of the page that was asked for in another spelling, or has moved; None where there is none."""
    bare = '/' + request.path.strip('/')
    fixed = {route.rule for route in request.app.routes if route.method == 'GET' and '<' not in route.rule}
    found = bare.lower() if bare.lower() in fixed else redirects.find_target(bare, now()) or bare
    return found if found != request.environ['PATH_INFO'] else None
