"""Reviews: posts that wait for an editor, go back to their author with a reason, or are held by an editor.

The row of a post says where it is: asked for (`asked_at`), sent back (`reason`), held (`is_held`). Triggers keep a held
post unpublished, whoever writes, and delete the row when a post is published.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from peewee import Value, fn

from .. import text
from ..accounts import audit
from ..codes import Code, Rejected
from ..db import among, db
from ..mail import budgets, ledger
from ..models import Autosave, Post, Review, User
from ..permissions import Permission, roles_with
from ..settings import current
from ..throttle import Throttled
from . import publishing, submissions, trash

MAX_REASON = 500  # characters
LISTED = 100  # posts
TITLE_LENGTH = 100  # characters, in emails


# Publishing, holding and releasing: the rights of a member who may edit the post

def may_publish(user: User, post: Post | None) -> bool:
    """Return whether this user may publish a post that they may edit, or a new one."""
    return may_publish_after(user, post, find([post.id]).get(post.id) if post else None)


def may_publish_after(user: User, post: Post | None, review: Review | None) -> bool:
    """Return the same where the review of the post is known."""
    is_free = post is None or review is None or not review.is_held or may_release(user, post)
    return user.may(Permission.PUBLISH) and is_free


def may_release(user: User, post: Post) -> bool:
    """Return whether this user may end the hold of a post: editors, but only owners for their own posts."""
    return user.may(Permission.EDIT_ALL) and (not post.has_author(user) or user.may(Permission.MANAGE_SITE))


def may_hold(user: User, post: Post) -> bool:
    """Return whether this user may hold a post: editors those of others."""
    return user.may(Permission.EDIT_ALL) and not post.has_author(user) and not post.is_page


def may_reassign(user: User, post: Post) -> bool:
    """Return whether a hold lets this user change the authors of a post: only those who may end the hold, since an
    editor who is no longer an author could."""
    return not is_held(post) or may_release(user, post)


def is_held(post: Post) -> bool:
    return Review.select().where(Review.post == post, Review.is_held).exists()


def check_may_publish(user: User, post: Post) -> None:
    """Raise Rejected if this user may not publish a post, nor share it with strangers."""
    if not user.may(Permission.PUBLISH):
        raise Rejected('publish.needs_review', field='title')
    if not may_publish(user, post):
        raise Rejected('publish.held', field='title')


# For authors

def submit(user: User, post: Post, at: datetime) -> list[int]:
    """Ask for the review of a post, in the caller's transaction. Return the ids of the emails to editors: none if it is
    asked for already. Raises Rejected."""
    post = Post.get_by_id(post.id)
    if not post.author.is_verified:
        raise Rejected('publish.unconfirmed', field='title')
    if not post.body.strip():
        raise Rejected('publish.empty', field='body')
    if post.published_at or post.is_page or (post.deleted_at and not is_held(post)):
        raise Rejected('review.not_now', field='title')
    if Review.select().where(Review.post == post, Review.asked_at.is_null(False)).exists():
        return []
    Review.insert(post=post, asked_at=at).on_conflict(
        conflict_target=[Review.post], update={Review.asked_at: at}).execute()
    return _tell_editors(user, post, at)


def withdraw(post: Post) -> None:
    """Take back the wish for a review. A hold stays."""
    Review.delete().where(Review.post == post, ~Review.is_held, Review.answered_at.is_null()).execute()
    Review.update(asked_at=None).where(Review.post == post).execute()


# For editors

def publish(user: User, post: Post, at: datetime, due: datetime | None = None) -> list[int]:
    """Publish a post as `publishing.publish` does, and end its review and hold, in one transaction. Return the ids of
    the email to its author, if they asked for it. Raises Rejected."""
    with db.atomic():
        check_may_publish(user, post)
        asked = Review.get_or_none(Review.post == post, Review.asked_at.is_null(False))
        _release(user, post, at)
        publishing.publish(post, at, due)
        if asked is None or post.author_id == user.id:
            return []
        audit.record('post_approved', at, user, post)
        return _tell_author(post, at, 'published')


def publish_asked(user: User, post: Post, seen: str, at: datetime) -> list[int]:
    """Publish a post that waits for review, as this editor has read it (`submissions.as_seen`), also out of the trash.
    Return the ids of emails. Raises Rejected if it does not wait, or was changed."""
    with db.atomic():
        post = _find_asked(post, seen)
        restore(user, post, at, is_asked=True)
        return publish(user, Post.get_by_id(post.id), at)


def send_back(user: User, post: Post, seen: str, reason: str, at: datetime) -> list[int]:
    """Send a post that waits for review back to its author, with a reason. Return the ids of emails. Raises
    Rejected."""
    reason = clean_reason(reason)
    with db.atomic():
        post = _find_asked(post, seen)
        Review.update(asked_at=None, editor=user, answered_at=at, reason=reason).where(Review.post == post).execute()
        audit.record('post_sent_back', at, user, post)
        return _tell_author(post, at, 'sent_back', reason)


def hold(user: User, post: Post, reason: str, at: datetime, is_trashed: bool = False) -> None:
    """Unpublish a post, or move it to the trash, so that its author cannot undo it. Raises Rejected."""
    reason = clean_reason(reason)
    with db.atomic():
        post = Post.get_by_id(post.id)
        publishing.unpublish(post, at)
        publishing.unshare(post)
        if is_trashed:
            trash.move_to_trash(post, at)
        held = {'is_held': True, 'asked_at': None, 'editor': user.id, 'answered_at': at, 'reason': reason}
        Review.insert(post=post, **held).on_conflict(conflict_target=[Review.post], update=held).execute()
        audit.record('post_held', at, user, post)


def release(user: User, post: Post, at: datetime) -> None:
    """End the hold of a post, which its author can publish again, in one transaction."""
    with db.atomic():
        _release(user, post, at)


def restore(user: User, post: Post, at: datetime, is_asked: bool = False) -> None:
    """Take a post out of the trash. A hold ends, which needs the right to end it. `is_asked`: its review goes on.
    Raises Rejected."""
    with db.atomic():
        if is_held(post):
            if not may_release(user, post):
                raise Rejected('restore.held', field='title')
            if is_asked:
                Review.update(is_held=False).where(Review.post == post).execute()
            else:
                _release(user, post, at)
        trash.restore(post)


def _release(user: User, post: Post, at: datetime) -> None:
    was_held = is_held(post)
    Review.delete().where(Review.post == post).execute()
    if was_held:
        audit.record('post_released', at, user, post)


def _find_asked(post: Post, seen: str) -> Post:
    """Return the post as it is now. Raises Rejected if it does not wait for review, or is not as `seen`."""
    if not Review.select().where(Review.post == post, Review.asked_at.is_null(False)).exists():
        raise Rejected('review.answered', field='')
    now = Post.get_by_id(post.id)
    if now.deleted_at and not is_held(now):  # by its author
        raise Rejected('review.answered', field='')
    if submissions.as_seen([now])[now.id] != seen:
        raise Rejected('review.changed', field='', title=now.title)
    return now


def clean_reason(typed: str) -> str:
    """Return a reason, cleaned. Raises Rejected if it is missing or too long."""
    reason = text.whole_line(typed, MAX_REASON)
    if reason is None:
        raise Rejected('reason.too_long', field='reason', limit=MAX_REASON)
    if not reason:
        raise Rejected('reason.missing', field='reason')
    return reason


# Lists

def find(posts: Iterable[int]) -> dict[int, Review]:
    """Return the reviews of these posts that have one, with their editors, by the ids of the posts."""
    return {each.post_id: each for each in Review.select().where(Review.post.in_(among(posts)))}


def list_waiting() -> list[Review]:
    """Return the reviews of posts that wait for an editor, with posts and authors, the first asked first."""
    return list(_select().where(_is_waiting()).order_by(Review.asked_at, Review.post).limit(LISTED))


def list_held() -> list[Review]:
    """Return the reviews of posts that are held and that nobody has asked for, the last held first."""
    return list(_select().where(Review.is_held, Review.asked_at.is_null())
                .order_by(Review.answered_at.desc(), Review.post).limit(LISTED))


def count_texts(user: User, most: int) -> dict[str, int]:
    """Return how many texts of a user are not saved, and how many posts wait for their review, counting those no
    further than `most`. It is one statement, because every page of the studio shows both."""
    unsaved = Autosave.select(fn.COUNT()).where(Autosave.user == user)
    waiting = Review.select(fn.COUNT()).from_(Review.select(Review.post).join(Post).where(_is_waiting()).limit(most))
    counts = [unsaved, waiting] if user.may(Permission.EDIT_ALL) else [unsaved, Value(0)]
    return dict(zip(('unsaved', 'waiting'), User.select(*counts).where(User.id == user.id).scalar(as_tuple=True),
                    strict=True))


def _select() -> Any:
    return Review.select(Review, Post, User).join(Post).join(User)


def _is_waiting() -> Any:
    return Review.asked_at.is_null(False) & (Post.deleted_at.is_null() | Review.is_held)


# Emails: only where there is a mail server, because the studio shows the same

def _tell_editors(user: User, post: Post, at: datetime) -> list[int]:
    """Compose the emails about a post that waits. Those who submit very often cause no more of them."""
    if not current().smtp:
        return []
    try:
        budgets.admit(budgets.ASK_REVIEW, budgets.Cause('', user.id), at)
    except Throttled:
        return []
    editors = User.select().where(User.role.in_(roles_with(Permission.EDIT_ALL)), User.verified_at.is_null(False),
                                  User.active(), User.mail_trouble.is_null(), User.id != post.author_id)
    title = post.title[:TITLE_LENGTH]
    payload = {'title': title, 'author': post.author.name, 'review_url': f'{current().url}/studio/review'}
    return ledger.compose_many([
        ledger.row('review_asked', editor.email or '', key=f'review_asked:{post.id}:{editor.id}:{at}', user=editor,
                   payload=payload, subject=Code('subject.review_asked', title=title))
        for editor in editors])


def _tell_author(post: Post, at: datetime, outcome: str, reason: str = '') -> list[int]:
    """Compose the email with the outcome of a review: published or sent_back."""
    author = User.get_by_id(post.author_id)
    if not (current().smtp and author.is_active and author.is_verified and author.mail_trouble is None):
        return []
    title = post.title[:TITLE_LENGTH]
    path = post.path if outcome == 'published' else f'/studio/posts/{post.id}'
    found = ledger.compose('review_answered', author.email or '', key=f'review_answered:{post.id}:{at}', user=author,
                           payload={'title': title, 'outcome': outcome, 'reason': reason,
                                    'post_url': f'{current().url}{path}'},
                           subject=Code(f'subject.review_{outcome}', title=title))
    return [found] if found else []
