"""Render pages, forms and JSON, redirect, and say who may cache the response."""

import json
from typing import Any
from urllib.parse import quote

from bottle import HTTPError, HTTPResponse, request, response

from .. import templating
from ..db import now
from ..look import fonts, footer, stylesheet
from ..media import placing
from ..models import Post, Site, User
from ..sentences.notices import find_notice
from ..settings import current
from ..translations import languages
from . import notices
from .authentication import current_user
from .forms import Form, number
from .long_pages import render_long_html
from .site_icon import find_icon
from .studio_menu import StudioMenu
from .urls import absolute, static_url, url


def page_language() -> languages.Language:
    """Return the language of a page for this request: the member's own, or the site's if nobody is logged in."""
    return _language_of(current_user(), Site.this())


def _language_of(member: User | None, site: Site) -> languages.Language:
    return languages.choose(member.language if member else None, site.language)


def render(template: str, **context: Any) -> str:
    """Return a page that no cache keeps, in the member's language, or the site's if nobody is logged in."""
    return _render(template, current_user(), context)


def render_for_readers(template: str, **context: Any) -> str:
    """Return the same with the owner's own style sheet: a page for readers that differs with each request."""
    return _render(template, current_user(), context, has_own_style=True)


def _render(template: str, speaker: User | None, context: dict[str, Any], site: Site | None = None,
            has_own_style: bool = False) -> str:
    """Return a page in the language of this member, or the site's for None, with the notice that was left for it."""
    site, user, left = site or Site.this(), current_user(), notices.take(now())
    places = context.pop('places', None) or placing.find_of_site()
    request.environ['quickpub.site_language'] = languages.choose(site.language)
    response.set_header('Cache-Control', 'private, no-store')
    with languages.use(_language_of(speaker, site)):
        notice = find_notice(left)
        request.environ['quickpub.has_notice'] = bool(notice)
        footer_html = render_long_html(footer.render(site.footer, site.language)) if site.footer else ''
        return templating.render(template, site=site, user=user, url=url, absolute=absolute, static=static_url,
                                 stylesheets=_stylesheets(site, has_own_style),
                                 preloads=[url(f'/static/{path}') for path in fonts.preloads(site.fonts)],
                                 places=places, icon=find_icon(site, places), signup_open=current().signup == 'open',
                                 has_mail_server=bool(current().smtp),
                                 menu=Post.pages(), studio_menu=user and StudioMenu(user), notice=notice,
                                 footer_html=footer_html, **context)


def _stylesheets(site: Site, has_own_style: bool) -> list[str]:
    """Return the URLs of the style sheets. The owner's own is for readers: the studio, and the pages that lead
    there, look right whatever is in it."""
    found = [url(f'/static/site.css?v={stylesheet.version(site)}')]
    if has_own_style and site.css:
        found.append(url(f'/static/own.css?v={stylesheet.digest_own(site)}'))
    return found


def render_public(template: str, site: Site | None = None, **context: Any) -> str:
    """Return a page in the site's language that may be cached, unless the reader is logged in or sees a notice. `site`
    is one that was read before, or a preview of another look."""
    page = _render(template, None, context, site, has_own_style=True)
    if current_user() is None and not request.environ['quickpub.has_notice']:
        allow_caching()
    return page


def render_form(template: str, form: Form, status: int = 400, **context: Any) -> str:
    """Return the page of a form again, with what was typed and what is wrong with it."""
    response.status = status
    return render(template, form=form, **context)


def is_from_script() -> bool:
    """Return whether a script of ours has sent the request, and stays on its page."""
    return 'application/json' in request.get_header('Accept', '')


def render_json(value: Any, status: int = 200) -> str:
    """Return JSON for a script of ours, which nobody else may have."""
    response.status, response.content_type = status, 'application/json'
    response.set_header('Cache-Control', 'private, no-store')
    return json.dumps(value)


def render_public_json(value: Any, content_type: str) -> str:
    """Return JSON that may be cached, unless the reader is logged in."""
    response.content_type = content_type
    response.set_header('Cache-Control', 'private, no-store')
    if current_user() is None:
        allow_caching()
    return json.dumps(value, ensure_ascii=False)


def allow_caching(seconds: int = 0) -> None:
    """Let everybody have this response: the page cache, proxies and browsers. These may use it for `seconds` without
    asking; with 0 they ask each time whether it has changed."""
    request.environ['quickpub.public'] = True
    response.set_header('Cache-Control', f'public, max-age={seconds}, immutable' if seconds else 'public, no-cache')


def redirect(path: str, notice: str | None = None, status: int = 303) -> HTTPResponse:
    """Return a redirect within this site, to a page that shows this notice (see sentences/notices.py).
    Keeps the cookies that were set."""
    if notice:
        notices.leave(notice, path, now())
    answer = HTTPResponse('', status, Location=quote(url(path), safe="/%?=&#@:+,;~!$'()*"))
    answer._cookies = response._cookies
    answer.set_header('Cache-Control', 'no-store')
    return answer


def find_or_404(query: Any, typed: str) -> Any:
    """Return the row of this query with the id in a URL. Raises 404."""
    row_id = number(typed)
    found = query.where(query.model.id == row_id).get_or_none() if row_id is not None else None
    if found is None:
        raise not_found()
    return found


def not_found() -> HTTPError:
    """Return a 404, to be returned or raised."""
    return HTTPError(404)
