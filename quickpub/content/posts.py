"""Posts and pages: saving what was typed, publishing, the trash. Every function leaves the row and all that hangs on
it right."""

import logging
import re
from collections.abc import Hashable, Iterable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from peewee import Select, fn

from .. import batches, formats, text
from ..db import among, db, give_way, is_transient, now, rows
from ..markup import excerpts, markdown
from ..media import files as media
from ..models import OldSlug, OldTag, Post, PostFile, PostTag, Series, Site, Tag, User
from ..text import Rejected
from ..translations import languages
from ..translations.messages import N_, Words
from . import quota, rendering, revisions

log = logging.getLogger('quickpub.posts')

MAX_TITLE, MAX_SUMMARY, MAX_BODY, MAX_SERIES, MAX_ADDRESS = 300, 500, 500_000, 100, 500  # characters
MAX_PLACE = 999
MAX_TAGS, MAX_TAG = 12, 40  # of a post, characters of one
HASHTAG = re.compile('^#+(?![\ufe0f\u20e3#]|$)')  # a keycap, and the sign alone, are tags themselves
KEPT_IN_TRASH = timedelta(days=30)
BATCH = 20  # posts deleted at once: each may have a thousand days of counts
REMOVAL = 'removal of post'

# What a page cannot be called: the site's own pages begin so (a test compares it with all URLs).
RESERVED = frozenset('admin archive draft forgot healthz login logout media p reset search settings setup signup '
                     'static studio t unsubscribe verify'.split())


class Conflict(Exception):
    """The post was saved in another window, or by somebody else, since this text was begun; `post` is what it is."""

    def __init__(self, post: Post):
        super().__init__('This post was changed meanwhile.')
        self.post = post


def save(post: Post | None, editor: User, typed: dict[str, str], at: datetime, based_on: int | None = None,
         is_page: bool = False, tab: str | None = None) -> Post:
    """Save what was typed (title, slug, body, tags, summary, language, canonical, series, part, place) as a new post or
    page of `editor`, or over this one. What it was before is kept. A new one is made once in each window (`tab`).

    Raises Rejected with a sentence for each field that cannot be saved, budget.Busy, or Conflict where the version that
    is there is not the one it is `based_on`; nothing is changed then.
    """
    values = _clean(typed)
    files = media.known_in(values['body'])
    # Not in the transaction.
    values |= _rendered(values, files, quota.waits_as(editor))
    tags = _clean_tags(typed['tags'])
    with db.atomic():
        if post is None and tab:
            post = Post.get_or_none(Post.author == editor, Post.first_tab == tab)
            based_on = 1 if post else None
        elif post:
            post = Post.get_by_id(post.id)
        is_page = post.is_page if post else is_page
        author = post.author if post else editor
        values['slug'] = _choose_slug(post, author, text.line(typed['slug'], 200), values['title'], is_page, at)
        values |= _place_in(post, typed) if is_page else _part_of(post, author, typed)
        size = quota.size_of(values['body'], values['summary'])
        if post is None:
            quota.check(author, None, size)
            post = Post.create(author=editor, editor_id=editor.id, is_page=is_page, created_at=at, updated_at=at,
                               first_tab=tab, **values)
            _set_tags(post, tags)
        elif _is_changed(post, values, tags):
            if based_on not in (None, post.version):
                raise Conflict(post)
            quota.check(author, post, size)
            _change(post, editor, values, tags, at)
        media.refer(post, values['body'], at)
        if media.known_in(values['body']) != files:  # a picture was ready just now, and did not know of this post
            _render_again(Post.get_by_id(post.id), at)
    return Post.get_by_id(post.id)


def _change(post: Post, editor: User, values: dict[str, Any], tags: list[tuple[str, str]], at: datetime) -> None:
    """Make the next version of a post, in the caller's transaction; the one before is kept, and so is its address."""
    revisions.keep(post, as_typed(post))
    _keep_address(post, values['slug'], at)
    Post.update(version=Post.version + 1, editor_id=editor.id, updated_at=at, **values).where(
        Post.id == post.id).execute()
    _set_tags(post, tags)


def _clean(typed: dict[str, str]) -> dict[str, Any]:
    """The columns that are as typed. Raises Rejected with all sentences at once."""
    title, body = text.whole_line(typed['title'], MAX_TITLE), text.body(typed['body'])
    summary, canonical = text.whole_line(typed['summary'], MAX_SUMMARY), typed.get('canonical', '').strip()
    errors: dict[str, Words] = {}
    if title == '' and not body.strip():
        errors['title'] = 'There is nothing to save yet. Give it a title, or write something.'
    if title is None:
        errors['title'] = f'Please keep the title within {MAX_TITLE} characters.'
    if summary is None:
        errors['summary'] = f'Please keep the summary within {MAX_SUMMARY} characters.'
    if len(body) > MAX_BODY:
        errors['body'] = f'This text has {formats.number(len(body))} characters; a post can have ' \
                         f'{formats.number(MAX_BODY)}. Please make two posts of it.'
    if canonical and not _is_address(canonical):
        errors['canonical'] = 'This is not an address of the web. It looks like https://example.org/my-post.'
    language = typed.get('language', '')
    if language and language not in languages.WRITTEN:
        errors['language'] = N_('Choose a language from the list.')
    if errors:
        raise Rejected(**errors)
    return {'title': title, 'body': body, 'summary': summary, 'canonical': canonical, 'language': language or None}


def _clean_tags(typed: str) -> list[tuple[str, str]]:
    """Return (name, key) of each tag in 'Gardening, slow food', in the order typed; tags that differ in case and spaces
    alone are one, spelled as they were typed first. Raises Rejected where something would be left out without a word.
    """
    found: dict[str, str] = {}
    for part in typed.split(','):
        name = text.whole_line(HASHTAG.sub('', part.strip()), MAX_TAG)
        if name is None:
            raise Rejected(tags=f'Please keep each tag within {MAX_TAG} characters, with commas between them.')
        if name:
            found.setdefault(text.caseless(name), name)
    if len(found) > MAX_TAGS:
        raise Rejected(tags=f'A post can have {MAX_TAGS} tags. Please take some out.')
    return [(name, key) for key, name in found.items()]


def _is_address(typed: str) -> bool:
    try:
        parts = urlsplit(typed)
    except ValueError:
        return False
    return (parts.scheme in ('http', 'https') and bool(parts.hostname) and len(typed) <= MAX_ADDRESS
            and typed == text.line(typed, MAX_ADDRESS + 1) and not set(typed) & set(' "<>\\^`{|}'))


def as_typed(post: Post) -> dict[str, str]:
    """What a form has to hold so that saving it changes nothing."""
    return {'title': typed_title(post), 'summary': post.summary, 'tags': tag_line(post), 'body': post.body,
            'slug': post.slug, 'language': post.language or '', 'canonical': post.canonical,
            'series': post.series.name if post.series else '', 'part': str(post.part or ''),
            'place': str(post.place or '')}


def typed_title(post: Post) -> str:
    return post.title if post.is_titled else ''


# Rendering

FOR_EVER = 0.0  # the patience of background work
RENDERED = frozenset({'html', 'words', 'excerpt', 'rendered_by'})


def _rendered(clean: dict[str, Any], files: dict[str, markdown.File], who: Hashable,
              patience: float | None = None) -> dict[str, Any]:
    """Return the columns that follow from title, summary, body and language. `who` and `patience`: see
    budget.Gate.entered. Raises Rejected where that takes too long, or Busy."""
    title, summary, is_titled = clean['title'], clean['summary'], bool(clean['title'])
    language = clean['language'] or Site.this().language
    found = rendering.render(clean['body'], files, is_titled, who, patience, language)
    return {'title': title or found.beginning or 'Untitled', 'is_titled': is_titled, 'html': found.html,
            'words': found.words, 'excerpt': summary or found.excerpt, 'rendered_by': markdown.VERSION}


def show_file(digest: str) -> None:
    """Render the posts again that use this file, because there is more to see of it than before."""
    for post in list(Post.select().join(PostFile).where(PostFile.digest == digest)):
        _try_to_render_again(post, now())


def _try_to_render_again(post: Post, at: datetime | None = None) -> None:
    """Render a post again; one that cannot be rendered is logged and stays as it was. Raises what is transient."""
    try:
        _render_again(post, at, patience=FOR_EVER)  # nobody watches
    except Exception as error:
        if is_transient(error):
            raise
        log.exception('Post %s cannot be rendered again; it stays as it was', post.id)


def _render_again(post: Post, at: datetime | None = None, patience: float | None = None) -> None:
    """Render what is saved. With a time, a post that looks different now counts as changed at that time, so that
    programs that read its feed ask for it once more. `patience`: see budget.Gate.entered."""
    saved = {'title': '' if _has_made_title(post) else typed_title(post), 'summary': post.summary, 'body': post.body,
             'language': post.language}
    values = _rendered(saved, media.known_in(post.body), None, patience)
    changed = {name: value for name, value in values.items() if getattr(post, name) != value}
    if at and 'html' in changed:
        changed['updated_at'] = at
    if changed:
        Post.update(**changed).where(Post.id == post.id, Post.version == post.version, Post.html == post.html).execute()


def is_any_outdated() -> bool:
    """Whether an older version of this program has rendered any post."""
    return _outdated().exists()


def render_outdated() -> None:
    """Render every post again that an older version of this program has rendered. One that cannot be rendered stays
    as it is, and is logged."""
    while found := list(_outdated().limit(BATCH)):
        for post in found:
            _try_to_render_again(post)
            Post.update(rendered_by=markdown.VERSION).where(Post.id == post.id, Post.version == post.version).execute()
        give_way()


def _outdated() -> Select:
    return Post.select().where(Post.rendered_by < markdown.VERSION)


def _has_made_title(post: Post) -> bool:
    """Before versions were counted, a post without a title was given the beginning of its text as if it was typed."""
    made = text.shorten(text.line(excerpts.plain(post.html), MAX_TITLE), rendering.MAX_CALLED) or 'Untitled'
    return post.rendered_by == 0 and post.title == made


def _is_changed(post: Post, values: dict[str, Any], tags: list[tuple[str, str]]) -> bool:
    """Whether anything else was typed."""
    return tag_line(post) != ', '.join(name for name, _ in tags) or any(
        getattr(post, name) != value for name, value in values.items() if name not in RENDERED)


# Addresses

def _choose_slug(post: Post | None, author: User, typed: str, title: str, is_page: bool, at: datetime) -> str:
    """Return the slug of a post, in the transaction that saves it. Raises Rejected where another one has what was
    typed. What others have not published does not count, or its slug would tell that it is there: it gets another."""
    slug = _wanted_slug(post, author, typed, title, is_page, at)
    if hidden := Post.get_or_none(Post.slug == slug, Post.id != (post.id if post else 0)):
        taken = {found for (found,) in rows(_same_or_numbered(Post, slug).union_all(_same_or_numbered(OldSlug, slug)))}
        Post.update(slug=text.free(slug, slug, taken)).where(Post.id == hidden.id).execute()
    return slug


def _wanted_slug(post: Post | None, author: User, typed: str, title: str, is_page: bool, at: datetime) -> str:
    is_made_from_title = post is not None and not post.was_public and typed == post.slug == _from_title(post.title)
    if not typed or is_made_from_title:
        if post is not None and post.slug == _from_title(title):
            return post.slug
        return _free_slug(_from_title(title), post, author, is_page, at)
    slug = text.slug(typed, '')
    if not slug:
        raise Rejected(slug='An address needs letters or digits, such as my-first-post.')
    if (free := _free_slug(slug, post, author, is_page, at)) != slug:
        raise Rejected(slug=f'This address is taken. Try {free}.')
    return slug


def _from_title(title: str) -> str:
    return text.slug(title, 'post')


def _free_slug(slug: str, post: Post | None, author: User, is_page: bool, at: datetime) -> str:
    """This one, or where a post that its author knows of has it or had it, the next one with a number."""
    own = post.id if post else 0
    is_known = Post.seen_by_all(at) | Post.was_public | (Post.author == author)
    taken = _same_or_numbered(Post, slug).where(Post.id != own, is_known)
    kept = _same_or_numbered(OldSlug, slug).where(OldSlug.post != own)
    reserved = RESERVED if is_page else frozenset()
    return text.free(slug, slug, {found for (found,) in rows(taken.union_all(kept))} | reserved)


def _same_or_numbered(model: Any, slug: str) -> Any:
    return model.select(model.slug).where((model.slug == slug) | (model.slug % f'{slug}-[0-9]*'))


def _keep_address(post: Post, slug: str, at: datetime) -> None:
    """A post that was public stays reachable where it was."""
    OldSlug.delete().where(OldSlug.slug == slug).execute()
    if slug != post.slug and (post.was_public or post.is_public(at)):
        OldSlug.insert(slug=post.slug, post=post).on_conflict_replace().execute()


# What a post belongs to

def _set_tags(post: Post, tags: list[tuple[str, str]]) -> None:
    """Only what changes is touched, for with each tag that comes or goes a public post is indexed anew."""
    wanted = [(_find_or_create_tag(name, key), name) for name, key in tags]
    PostTag.delete().where(PostTag.post == post, PostTag.tag.not_in([tag for tag, _ in wanted])).execute()
    for position, (tag, name) in enumerate(wanted):
        place = {'position': position, 'spelling': name if name != tag.name else None}
        PostTag.insert(post=post, tag=tag, **place).on_conflict(
            conflict_target=(PostTag.post, PostTag.tag), update=place).execute()


def _find_or_create_tag(name: str, key: str) -> Tag:
    return Tag.get_or_none(Tag.key == key) or Tag.create(name=name, slug=_free_tag_slug(text.slug(name, 'tag')))


def _free_tag_slug(slug: str) -> str:
    """This one, or where another tag has it or had it, the next one with a number."""
    taken = [model.select(model.slug).where((model.slug == slug) | (model.slug % f'{slug}-[0-9]*'))
             for model in (Tag, OldTag)]
    return text.free(slug, slug, {found for query in taken for (found,) in rows(query)})


def add_tags(post: Post, typed: str) -> None:
    """Add what was typed to the tags of a post. Raises Rejected where there is none, it is no tag, or it gets too
    many."""
    have, new = _clean_tags(tag_line(post)), _clean_tags(typed)
    if not new:
        raise Rejected(tags='Type a tag first, such as gardening.')
    wanted = have + [each for each in new if each[1] not in {key for _, key in have}]
    if len(wanted) > MAX_TAGS:
        raise Rejected(tags=f'Nothing was changed: “{post.title}” would have more than {MAX_TAGS} tags.')
    _set_tags(post, wanted)


def tags_of(post: Post) -> list[Tag]:
    """Return the tags of a post in its author's order and spelling."""
    return tags_of_all([post]).get(post.id, [])


def tags_of_all(found: Iterable[Post]) -> dict[int, list[Tag]]:
    """The same for many posts, by their ids."""
    tags: dict[int, list[Tag]] = {}
    query = (PostTag.select(PostTag.post, Tag.id, Tag.slug, fn.COALESCE(PostTag.spelling, Tag.name)).join(Tag)
             .where(PostTag.post.in_([post.id for post in found])).order_by(PostTag.position))
    for post_id, tag_id, slug, name in rows(query):
        tags.setdefault(post_id, []).append(Tag(id=tag_id, slug=slug, name=name))
    return tags


def tag_line(post: Post) -> str:
    """The tags as they are typed."""
    return ', '.join(tag.name for tag in tags_of(post))


def _part_of(post: Post | None, author: User, typed: dict[str, str]) -> dict[str, Any]:
    """The series that was typed, and the place in it: the last one where none was."""
    name, part = text.whole_line(typed.get('series', ''), MAX_SERIES), typed.get('part', '').strip()
    if name is None:
        raise Rejected(series=f'Please keep the name of the series within {MAX_SERIES} characters.')
    if not name:
        return {'series': None, 'part': None}
    series, _ = Series.get_or_create(author=author, name=name)
    if part:
        return {'series': series, 'part': _place(part, 'part')}
    if post and post.series_id == series.id:
        return {'series': series, 'part': post.part}
    last = Post.select(fn.MAX(Post.part)).where(Post.series == series).scalar()
    return {'series': series, 'part': min((last or 0) + 1, MAX_PLACE)}


def _place_in(post: Post | None, typed: dict[str, str]) -> dict[str, Any]:
    """The place of a public page in the navigation; a draft has none."""
    place = typed.get('place', '').strip()
    return {'place': _place(place, 'place')} if place and post and post.place is not None else {}


def _place(typed: str, field: str) -> int:
    if not (typed.isascii() and typed.isdigit() and len(typed) < 10 and 1 <= int(typed) <= MAX_PLACE):
        raise Rejected(**{field: f'This is a number from 1 to {MAX_PLACE}.'})
    return int(typed)


# Who sees it

def publish(post: Post, at: datetime, due: datetime | None = None) -> None:
    """Make it public from now on, or from the time it is `due`; what is public already keeps its date. A page gets the
    last place in the navigation. Raises Rejected."""
    if not post.author.is_verified:
        raise Rejected(title='Your draft is saved. To publish it, first confirm your address: the link is in the mail '
                             'we sent you.')
    if not post.body.strip():
        raise Rejected(body='There is nothing to read yet. Write something, then publish.')
    if post.deleted_at:
        raise Rejected(title='This post is in the trash. Your text is saved; put the post back, then publish it.')
    if due and due <= at:
        raise Rejected(publish_at='This time has passed already. Choose a later one, or publish now. Your text is '
                                  'saved.')
    if post.is_page:
        last = Post.select(fn.MAX(Post.place)).where(Post.place.is_null(False)).scalar()
        changes = {'place': post.place or min((last or 0) + 1, MAX_PLACE), 'was_public': True}
    elif post.is_public(at):
        return
    else:
        changes = {'published_at': due or at, 'was_public': post.was_public or not due}
    Post.update(**changes).where(Post.id == post.id).execute()


def unpublish(post: Post, at: datetime) -> None:
    """Make it a draft again."""
    Post.update(published_at=None, place=None, was_public=post.was_public or post.is_public(at)).where(
        Post.id == post.id).execute()


def share(post: Post, at: datetime) -> None:
    """Let everybody read the draft who has the link; a link that was given away before does not work any more. Raises
    Rejected for an author without a confirmed address: strangers would show here what they like."""
    if not post.author.is_verified:
        raise Rejected(title='Your draft is saved. To share it, first confirm your email address: the link is in the '
                             'email we sent you.')
    Post.update(shared_at=at).where(Post.id == post.id).execute()


def unshare(post: Post) -> None:
    Post.update(shared_at=None).where(Post.id == post.id).execute()


def pin(post: Post, on: User | Site) -> None:
    """Let it stand first on the author's page, or on the home page: one post each."""
    if isinstance(on, Site):
        Site.change(pinned_id=post.id)
    else:
        User.update(pinned_id=post.id).where(User.id == on.id).execute()


def unpin(post: Post, on: User | Site) -> None:
    type(on).update(pinned_id=None).where(type(on).id == on.id, type(on).pinned_id == post.id).execute()


def pinned_on(where: User | Site, at: datetime) -> Post | None:
    """What stands first there, if it is public."""
    return Post.listed(at).where(Post.id == where.pinned_id).first() if where.pinned_id else None


def duplicate(post: Post, author: User, at: datetime) -> Post:
    """A draft of `author` with the same text."""
    title = text.line(f'{post.title} (copy)', MAX_TITLE) if post.is_titled else ''
    typed = {'title': title, 'slug': '', 'body': post.body,
             'tags': tag_line(post), 'summary': post.summary, 'language': post.language or ''}
    return save(None, author, typed, at, is_page=post.is_page)


# The trash

def delete(post: Post, at: datetime) -> None:
    """Move it to the trash, from where `restore` brings it back as it was."""
    Post.update(deleted_at=at).where(Post.id == post.id, Post.deleted_at.is_null()).execute()


def restore(post: Post) -> None:
    Post.update(deleted_at=None).where(Post.id == post.id).execute()


def _old_trash(at: datetime) -> list[int]:
    old = Post.select(Post.id).where(Post.deleted_at <= at - KEPT_IN_TRASH,
                                     Post.id.not_in(among(batches.items(REMOVAL, at))))
    return [post_id for (post_id,) in rows(old.limit(BATCH))]


def clean_up(at: datetime) -> None:
    """Delete for good what was in the trash long enough, and the names that only this had."""
    while ids := _old_trash(at):
        batches.handle(REMOVAL, ids, lambda ids: Post.delete().where(Post.id.in_(among(ids))).execute(), at)
        give_way()
    forget_unused_names()


def forget_unused_names() -> None:
    """Delete tags and series that nothing has any more."""
    Tag.delete().where(~fn.EXISTS(PostTag.select(PostTag.tag).where(PostTag.tag == Tag.id))).execute()
    Series.delete().where(~fn.EXISTS(Post.select(Post.id).where(Post.series == Series.id))).execute()
