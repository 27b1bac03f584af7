"""The buttons of the editor: what each does to the post once its form is saved."""

from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from .. import tasks
from ..codes import Rejected
from ..content import authorship, featured, pins, posts, publishing, reviews, trash
from ..db import db, now
from ..models import Post, Site, User
from ..permissions import Permission
from ..translations.messages import gettext

PUBLISHED = '/studio/posts/%d?published'


def publish(user: User, post: Post, due: datetime | None) -> None:
    with db.atomic():
        tasks.deliver_soon(reviews.publish(user, post, now(), due))
        tasks.draw_cards()


def _move_to_trash(user: User, post: Post, due: datetime | None) -> None:
    authorship.check_may_trash(user, post)
    trash.move_to_trash(post, now())


def _submit(user: User, post: Post, due: datetime | None) -> None:
    with db.atomic():
        tasks.deliver_soon(reviews.submit(user, post, now()))


def _share(user: User, post: Post, due: datetime | None) -> None:
    with db.atomic():
        reviews.check_may_publish(user, post)
        publishing.share(post, now())


def _duplicate(user: User, post: Post) -> Post:
    if reviews.is_held(post) and not reviews.may_release(user, post):
        raise Rejected('duplicate.held', field='title')
    title = gettext('%(title)s (copy)', title=post.title) if post.is_titled else ''
    return posts.duplicate(post, user, title, now())


def _do_nothing(user: User, post: Post, due: datetime | None) -> None:
    """The text was saved before, and that is all."""


class Action(NamedTuple):
    """The effect of a button once the form is saved."""
    notice: str  # on the next page
    do: Callable[[User, Post, datetime | None], Post | None] = _do_nothing
    is_writing: bool = False  # a new text can be saved with it, and an empty one is rejected
    is_taking_back: bool = False  # it works even if the form cannot be saved
    next_page: str = '/studio/posts/%d'
    needs: Permission | None = None

    @property
    def is_publishing(self) -> bool:
        return self.do is publish


SAVE = Action('saved', is_writing=True)
PUBLISH = Action('published', publish, is_writing=True, next_page=PUBLISHED)
TRASH = Action('trashed', _move_to_trash, is_taking_back=True)
ACTIONS = {
    'save': SAVE,
    'overwrite': SAVE,
    'publish': PUBLISH,
    'publish-now': PUBLISH,
    'schedule': Action('scheduled', publish, is_writing=True, next_page=PUBLISHED),
    'cover': Action('saved', is_writing=True, next_page='/studio/images/cover/%d'),
    'restore': Action('restored'),
    'submit': Action('submitted', _submit, is_writing=True),
    'withdraw': Action('withdrawn', lambda user, post, due: reviews.withdraw(post), is_taking_back=True),
    'share': Action('shared', _share),
    'pin': Action('pinned', lambda user, post, due: pins.pin(post, pins.page_of(user, post))),
    'unpin': Action('unpinned', lambda user, post, due: pins.unpin(post, pins.page_of(user, post))),
    'pin-home': Action('pinned', lambda user, post, due: pins.pin(post, Site.this()), needs=Permission.FEATURE),
    'unpin-home': Action('unpinned', lambda user, post, due: pins.unpin(post, Site.this()), needs=Permission.FEATURE),
    'feature': Action('featured', lambda user, post, due: featured.feature(post, now()), needs=Permission.FEATURE),
    'stop-featuring': Action('not-featured', lambda user, post, due: featured.stop_featuring(post),
                             needs=Permission.FEATURE),
    'duplicate': Action('duplicated', lambda user, post, due: _duplicate(user, post)),
    'unpublish': Action('unpublished', lambda user, post, due: publishing.unpublish(post, now()), is_taking_back=True),
    'unshare': Action('unshared', lambda user, post, due: publishing.unshare(post), is_taking_back=True),
    'delete': TRASH,
}
