"""Refuse forms that were not sent from a page of this site."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from bottle import request

from ..codes import Code
from ..settings import current
from .error_pages import refuse
from .guards import SAFE_METHODS, comes_from_us


def check_origin(page: Callable) -> Callable:
    """Refuse a request that may change something, unless a page of this site or a mail program's unsubscribe button has
    sent it. A plugin of Bottle."""
    @wraps(page)
    def wrapped(**parts: str) -> Any:
        if request.method in SAFE_METHODS or _is_from_our_pages() or _is_one_click_unsubscribe():
            return page(**parts)
        return refuse(403, Code('request.foreign_origin', origin=current().origin))
    return wrapped


def _is_from_our_pages() -> bool:
    header = request.get_header
    return comes_from_us(header('Sec-Fetch-Site'), header('Origin'), header('Referer'), current())


def _is_one_click_unsubscribe() -> bool:
    """Return whether this is the POST of RFC 8058, which has no cookie or header: its token authorizes it."""
    return request.path.startswith('/unsubscribe/')
