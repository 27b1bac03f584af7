"""Posts: saving what was typed, publishing, the trash. Every function leaves the row and all that hangs on it right."""

from datetime import datetime

from peewee import fn

from . import text
from .accounts import Rejected
from .db import db, give_way, rows
from .models import KEPT_IN_TRASH, OldSlug, Post, PostTag, Tag, User

MAX_TITLE, MAX_SUMMARY, MAX_BODY = 300, 500, 500_000  # characters
BATCH = 20  # posts deleted at once: each may have a thousand days of counts


def save(post: Post | None, author: User, typed: dict[str, str], at: datetime) -> Post:
    """Save what was typed (title, slug, body, tags, summary) as a new post or over this one.

    Raises Rejected with a sentence for each field that cannot be saved; nothing is changed then.
    """
    title, body = text.line(typed['title'], MAX_TITLE + 1), text.body(typed['body'])
    summary = text.line(typed['summary'], MAX_SUMMARY + 1)
    errors = {}
    if not title and not body.strip():
        errors['title'] = 'There is nothing to save yet. Give the post a title.'
    if len(title) > MAX_TITLE:
        errors['title'] = f'Please keep the title within {MAX_TITLE} characters.'
    if len(summary) > MAX_SUMMARY:
        errors['summary'] = f'Please keep the summary within {MAX_SUMMARY} characters.'
    if len(body) > MAX_BODY:
        errors['body'] = f'This text has {text.number(len(body))} characters; a post can have ' \
                         f'{text.number(MAX_BODY)}. Please make two posts of it.'
    if errors:
        raise Rejected(**errors)

    html = text.markdown(body)  # before the transaction: nobody waits for it
    title = title or text.shorten(text.line(text.plain(html), MAX_TITLE), 80) or 'Untitled'
    with db.atomic():
        slug = _choose_slug(post, text.line(typed['slug'], 200), title)
        fields = dict(title=title, slug=slug, body=body, html=html, summary=summary, words=text.words(html),
                      excerpt=summary or text.excerpt(html), updated_at=at)
        if post is None:
            post = Post.create(author=author, created_at=at, **fields)
        else:
            _keep_address(post, slug)
            Post.update(**fields).where(Post.id == post.id).execute()
            post = Post.get_by_id(post.id)
        _set_tags(post, text.tags(typed['tags']))
    return post


def _choose_slug(post: Post | None, typed: str, title: str) -> str:
    is_made_from_title = post is not None and not post.was_public and typed == post.slug == _from_title(post.title)
    if not typed or is_made_from_title:
        if post is not None and post.slug == _from_title(title):
            return post.slug
        return _free_slug(_from_title(title), post)
    slug = text.slug(typed, '')
    if not slug:
        raise Rejected(slug='An address needs letters or digits, such as my-first-post.')
    if (free := _free_slug(slug, post)) != slug:
        raise Rejected(slug=f'This address is taken. Try {free}.')
    return slug


def _from_title(title: str) -> str:
    return text.slug(title, 'post')


def _free_slug(slug: str, post: Post | None) -> str:
    """This one, or where another post has it or had it, the next one with a number."""
    own, numbered = post.id if post else 0, f'{slug}-[0-9]*'
    taken = Post.select(Post.slug).where((Post.slug == slug) | (Post.slug % numbered), Post.id != own)
    kept = OldSlug.select(OldSlug.slug).where((OldSlug.slug == slug) | (OldSlug.slug % numbered), OldSlug.post != own)
    return text.free(slug, slug, {found for (found,) in rows(taken.union_all(kept))})


def _keep_address(post: Post, slug: str) -> None:
    """A post that was public stays reachable where it was."""
    OldSlug.delete().where(OldSlug.slug == slug).execute()
    if slug != post.slug and post.was_public:
        OldSlug.insert(slug=post.slug, post=post).on_conflict_replace().execute()


def _set_tags(post: Post, tags: list[tuple[str, str]]) -> None:
    PostTag.delete().where(PostTag.post == post).execute()
    for position, (name, slug) in enumerate(tags):
        tag, _ = Tag.get_or_create(slug=slug, defaults={'name': name})
        PostTag.create(post=post, tag=tag, position=position)


def tags_of(post: Post) -> list[Tag]:
    return list(Tag.select().join(PostTag).where(PostTag.post == post).order_by(PostTag.position))


def publish(post: Post, at: datetime) -> None:
    """Make it public from now on; what is public already keeps its date. Raises Rejected."""
    if not post.author.is_verified:
        raise Rejected(title='Your draft is saved. To publish it, first confirm your address: the link is in the mail '
                             'we sent you.')
    if not post.body.strip():
        raise Rejected(body='There is nothing to read yet. Write something, then publish.')
    if post.deleted_at:
        raise Rejected(title='This post is in the trash. Your text is saved; put the post back, then publish it.')
    if not post.is_public(at):  # a scheduled one does not wait any longer
        Post.update(published_at=at, was_public=True).where(Post.id == post.id).execute()


def unpublish(post: Post) -> None:
    Post.update(published_at=None).where(Post.id == post.id).execute()


def delete(post: Post, at: datetime) -> None:
    """Move it to the trash, from where `restore` brings it back as it was."""
    Post.update(deleted_at=at).where(Post.id == post.id, Post.deleted_at.is_null()).execute()


def restore(post: Post) -> None:
    Post.update(deleted_at=None).where(Post.id == post.id).execute()


def clean_up(at: datetime) -> None:
    """Delete for good what was in the trash long enough, and tags that nothing has any more."""
    old = Post.select(Post.id).where(Post.deleted_at <= at - KEPT_IN_TRASH).limit(BATCH)
    while Post.delete().where(Post.id.in_(old)).execute():
        give_way()
    Tag.delete().where(~fn.EXISTS(PostTag.select(PostTag.tag).where(PostTag.tag == Tag.id))).execute()
