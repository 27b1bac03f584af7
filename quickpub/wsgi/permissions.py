"""Decide who may see a page. The attribute `needs` of a page is LOG_IN or a permission; a page for
everybody has none."""

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import quote

from bottle import request

from ..accounts import roles
from ..models import User
from ..permissions import Permission
from .authentication import current_user
from .inline_login import log_in_and_retry
from .responses import not_found, redirect

LOG_IN = 'log in'


def login_required(page: Callable) -> Callable:
    """Pass the logged-in user to the page as its first argument. Others are sent to the log-in page; if they have sent
    a post, they can log in on the spot and keep what they wrote."""
    @wraps(page)
    def wrapped(**parts: str) -> Any:
        user = current_user()
        if user is not None:
            return page(user, **parts)
        if request.method == 'POST' and request.path.startswith('/studio/posts/'):
            return log_in_and_retry(page, parts)
        if request.method == 'POST':
            return redirect('/login?next=/studio', 'log-in-first')
        back = request.path + (f'?{request.query_string}' if request.query_string else '')
        return redirect('/login?next=' + quote(back, safe='/'))
    wrapped.needs = LOG_IN  # type: ignore[attr-defined]  # the type of functions has no attributes of ours
    return wrapped


def permission_required(permission: Permission) -> Callable[[Callable], Callable]:
    """Let only members with this permission see the page. For others it does not exist."""
    def decorate(page: Callable) -> Callable:
        @login_required
        @wraps(page)
        def wrapped(user: User, **parts: str) -> Any:
            return page(user, **parts) if user.may(permission) else not_found()
        wrapped.needs = permission  # type: ignore[attr-defined]  # likewise
        return wrapped
    return decorate


owner_required = permission_required(Permission.MANAGE_SITE)


def check_still_owner(user: User) -> None:
    """Raise 404 if this member is no owner any more. Call it inside the transaction of what only owners may do to other
    members: somebody else may have changed the role since the request began."""
    if not roles.active_owners().where(User.id == user.id).exists():
        raise not_found()
