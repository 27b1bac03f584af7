"""What every page needs to answer: rendering, files, redirecting, lists by pages; and who is let in to it."""

import json
import logging
import re
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import cache, wraps
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from bottle import HTTPError, HTTPResponse, parse_range_header, request, response
from markupsafe import Markup
from peewee import Tuple

from .. import gates, presence, templating, text
from ..accounts import passkeys, second_factors, sessions, users
from ..db import is_out_of_reach, now
from ..gates import Gate
from ..markup import markdown
from ..models import LoginStep, Post, Site, User
from ..settings import current
from ..signing import redact
from ..translations import languages
from . import identity, notices
from .authentication import client_address, current_user, device_cookie, log_in
from .bodies import Outgoing
from .forms import STUDIO, Form, number, sent_fields
from .guards import SAFE_METHODS, comes_from_us

log = logging.getLogger('quickpub.web')

PER_PAGE = 20
YEAR = 365 * 24 * 3600  # seconds
STATIC = Path(__file__).parents[1] / 'static'

# What a page says on top after a redirect (notices.py).
NOTICES = {
    'saved': 'Saved.',
    'uploaded': 'Uploaded.',
    'file-deleted': 'Deleted.',
    'published': 'Published. Readers see it now.',
    'unpublished': 'Taken offline. It is a draft again, and no reader sees it.',
    'scheduled': 'It will be public at the time you chose, whatever happens here until then.',
    'saved-not-scheduled': 'Saved. It is not published at the time you chose: that has a button of its own, below the '
                           'date.',
    'trashed': 'Moved to the trash. You can put it back for 30 days.',
    'restored': 'Put back.',
    'version-restored': 'The older version is back. The one before is kept in the history.',
    'shared': 'Whoever has the link below can read this draft now.',
    'unshared': 'The link does not work any more.',
    'pinned': 'It stands first now.',
    'unpinned': 'It stands where its date puts it.',
    'duplicated': 'This is the copy. The original is unchanged.',
    'discarded': 'Thrown away.',
    'some-offline': 'Taken offline. They are drafts again, and no reader sees them.',
    'some-trashed': 'Moved to the trash.',
    'some-restored': 'Put back, as they were.',
    'some-tagged': 'They have the tag now.',
    'report-asked': 'The report is on its way to your mailbox.',
    'export-asked': 'We are preparing it. You can close this page: a mail comes when it is ready.',
    'none-ticked': 'No post was ticked, so nothing was changed.',
    'welcome': 'Your site is ready. Write the first post, or give the site a tagline under Site.',
    'verified': 'Your email address is confirmed, and you are logged in. You can publish now.',
    'log-in-first': 'You were logged out meanwhile, and nothing was changed. Log in, then do it again.',
    'address': 'Your new email address is confirmed.',
    'password': 'Password changed. You are logged out everywhere else.',
    'address-sent': 'We sent a link to the new email address. Nothing changes until you follow it.',
    'logged-out': 'You are logged out.',
    'session-ended': 'That device is logged out.',
    'session-gone': 'That device was already logged out, or has logged in again. Check the list below.',
    'others-ended': 'Logged out everywhere else. Only this device is logged in.',
    'deleted': 'Your account is deleted.',
    'invited': 'The invitation is on its way.',
    'owner-made': 'They are an owner now, and can do here what you can.',
    'factors-reset': 'Their passkeys and authenticator app are removed. They can log in with the password alone.',
    'confirmed': 'Confirmed. Now press “Add a passkey” again.',
    'passkey-added': 'Passkey added. You can log in with it from now on.',
    'passkey-removed': 'Passkey removed.',
    'passkey-renamed': 'Passkey renamed.',
    'passkey-not-asked': 'Your log-in no longer asks for a passkey after the password.',
    'app-removed': 'Authenticator app removed.',
    'queued': 'The mail will go out again in a moment.',
    'held': 'The mail is held back until you send it.',
    'not-held': 'It was too late: the mail is sent, or on its way.',
    'job-retry': 'It will be tried again in a moment.',
    'job-discard': 'It is thrown away. No mail is lost by that: what is unsent will be sent.',
    'job-gone': 'That piece of work is not there any more, or it is running.',
    'job-pause': 'Paused. What runs goes on to its end; nothing new is begun until you resume.',
    'job-resume': 'Work goes on.',
}


# Answers

def url(path: str) -> str:
    """The link to a path of this site, below the prefix of the public address."""
    return current().path_prefix + path


def absolute(path: str) -> str:
    """The full public address of a path, always from the settings, never from the request."""
    return current().url + path


def asking(path: str, **values: Any) -> str:
    """This path with a question: those of the values that are there."""
    asked = urlencode({name: value for name, value in values.items() if value})
    return f'{path}?{asked}' if asked else path


def static(name: str) -> str:
    """The address of a static file, with a digest of its content: it may be kept for ever."""
    return url(f'/static/{name}?v={static_digest(name)}')


@cache
def static_digest(name: str) -> str:
    return sha256((STATIC / name).read_bytes()).hexdigest()[:12]


def stylesheet(hue: int) -> str:
    """The address of the stylesheet in the site's colour: one file, one request."""
    return url(f'/static/site.css?v={static_digest("style.css")}-{hue}')


def render(template: str, **context: Any) -> str:
    """Return a page that no cache keeps, in the member's language, or the site's where nobody is logged in."""
    return _render(template, current_user(), context)


def _render(template: str, speaker: User | None, context: dict[str, Any]) -> str:
    """Return a page in the language of this member; in the site's for None."""
    site, user, notice = Site.this(), current_user(), NOTICES.get(notices.take(now()), '')
    request.environ['quickpub.has_notice'] = bool(notice)
    response.set_header('Cache-Control', 'private, no-store')
    with languages.use(languages.choose(speaker.language if speaker else None, site.language)):
        return templating.render(template, site=site, user=user, url=url, absolute=absolute, static=static,
                                 stylesheet=stylesheet(site.hue), signup_open=current().signup == 'open',
                                 menu=list(Post.pages()), notice=notice, **context)


ELSEWHERE = ('This form was not sent from a page of this site, so nothing was changed. Open the page here and send it '
             'again. (Programs that send forms must send the header "Origin: {origin}".)')

# What can be said while the database cannot be used, by status.
BARE = {
    421: ('This site has another web address', 'You will find this site at {url}. If you run this site: it answers '
          'only at the web address in QUICKPUB_URL, and a proxy must pass on the Host header.'),
    503: ('This site cannot reach its data just now', 'Nothing was changed. Please try again in a few minutes; if you '
          'sent a form, go back and send it again then.'),
    500: ('Something broke on our side', 'It is written down, and not your fault. Please try again in a while.'),
}


def bare_page(status: int, **words: str) -> str:
    """A page that needs nothing of the site but this program. `words` are those that its sentence names."""
    heading, sentence = BARE.get(status, BARE[500])
    sentence = sentence.format(**words)
    return templating.render('bare.html', heading=heading, sentence=sentence)


def render_public(template: str, **context: Any) -> str:
    """Return a page for readers, in the site's language. No cache keeps it for a member, or with a notice on top."""
    page = _render(template, None, context)
    if current_user() is None and not request.environ['quickpub.has_notice']:
        let_keep()
    return page


def public_json(value: Any, content_type: str) -> str:
    """The same for what programs read."""
    response.content_type = content_type
    response.set_header('Cache-Control', 'private, no-store')
    if current_user() is None:
        let_keep()
    return json.dumps(value, ensure_ascii=False)


def let_keep(seconds: int = 0) -> None:
    """This answer is the same for everybody: we keep it in memory (pagecache.py). Caches on the way, and browsers,
    keep it too: unasked for so many seconds, or else they ask each time whether it has changed."""
    request.environ['quickpub.public'] = True
    response.set_header('Cache-Control', f'public, max-age={seconds}, immutable' if seconds else 'public, no-cache')


def render_form(template: str, form: Form, status: int = 400, **context: Any) -> str:
    """The same page again, with what was typed and what is wrong with it."""
    response.status = status
    return render(template, form=form, **context)


# What strangers ask for, who can ask for one page under any number of addresses, keeps no member waiting.
MANY, OF_MEMBERS = (Gate(at_once=1, waiting=10, patience=10, sentence='The site has many long pages to make at the '
                         'moment. Please try again in a minute.') for _ in range(2))
LONG = 100_000  # characters of HTML, from which on one page after the other is made: threads share Python's lock


def prose(html: str) -> Markup:
    """A post's safe HTML as a page shows it, its links below the prefix of the public address. Raises Busy."""
    with _long_page() if len(html) > LONG else nullcontext():
        return Markup(markdown.for_page(html, current().path_prefix))  # noqa: S704  # it is cleaned


def _long_page() -> AbstractContextManager[None]:
    """A turn to make a long page, for whoever asks. Accounts that are not confirmed are as good as strangers."""
    user = current_user()
    return OF_MEMBERS.entered(user.id) if user and user.is_verified else MANY.entered()


def redirect(path: str, notice: str | None = None, status: int = 303) -> HTTPResponse:
    """An answer that sends the browser on, within this site, where it may show one of NOTICES. Cookies set before go
    with it."""
    if notice:
        notices.leave(notice, path, now())
    answer = HTTPResponse('', status, Location=quote(url(path), safe="/%?=&#@:+,;~!$'()*"))
    answer._cookies = response._cookies
    answer.set_header('Cache-Control', 'no-store')
    return answer


def not_found() -> HTTPError:
    return HTTPError(404)


def no_file(folder: Path) -> HTTPError:
    """Where a file is not there: it does not exist, or its whole folder is missing just now."""
    return not_found() if folder.is_dir() else HTTPError(503)


def find(query: Any, typed: str) -> Any:
    """The row of this query that has the number in an address as its id. Raises 404."""
    wanted = number(typed)
    found = query.where(query.model.id == wanted).get_or_none() if wanted is not None else None
    if found is None:
        raise not_found()
    return found


# Lists

def page_of(query: Any, base: str, size: int = PER_PAGE,
            by: tuple = (Post.published_at, Post.id), within: Any = None) -> tuple[list, str | None, bool]:
    """One page of a list that is ordered by these columns, the last one its rows' id, newest first: its rows, the path
    of the next page or None, whether it is the first.

    `?before=<id>` goes on after that row: whatever is published meanwhile, no row comes twice, and none before it is
    read again (keyset pagination). It must be a row of the list, or of the query `within` where a list may lose
    rows while somebody reads it. After any other row, the list would tell where that one stands.
    """
    model, before = query.model, request.query.get('before', '')
    if before:
        known = query if within is None else within
        last = find(known.select(model.id, *(getattr(model, column.name) for column in by[:-1])).order_by(), before)
        place = [*(getattr(last, column.name) for column in by[:-1]), last.id]
        if None in place:
            raise not_found()
        query = query.where(Tuple(*by) < Tuple(*place))
    rows = list(query.limit(size + 1))
    older = f'{base}{"&" if "?" in base else "?"}before={rows[size - 1].id}' if len(rows) > size else None
    return rows[:size], older, not before


def answer_json(value: Any, status: int = 200) -> str:
    """An answer to a script of ours, and to nobody else."""
    response.status, response.content_type = status, 'application/json'
    response.set_header('Cache-Control', 'private, no-store')
    return json.dumps(value)


# Files

# For what authors have uploaded: whatever it is, it asks for nothing, runs nothing, and is in nobody's frame.
LOCKED_UP = "default-src 'none'; sandbox; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"


def send_file(path: Path, content_type: str, download_as: str | None = None, is_private: bool = False) -> HTTPResponse:
    """A file that never changes, or the part of it that the request asks for (RFC 9110, 14); the server sends it
    without this process reading it. Nothing in it may run."""
    size, etag = path.stat().st_size, f'"{path.parent.parent.name}-{path.name}"'
    kept = 'private, no-store' if is_private else f'public, max-age={YEAR}, immutable'
    headers = {'Content-Type': content_type, 'Accept-Ranges': 'bytes', 'ETag': etag, 'Cache-Control': kept,
               'Content-Security-Policy': LOCKED_UP}
    if not is_private:  # programs that show feeds show the pictures in them
        headers['Cross-Origin-Resource-Policy'] = 'cross-origin'
    if download_as:
        headers['Content-Disposition'] = f'attachment; filename="{download_as}"'
    if etag in request.get_header('If-None-Match', ''):
        return HTTPResponse('', 304, headers)
    asked = request.get_header('Range', '') if request.get_header('If-Range', etag) == etag else ''
    start, end, status = 0, size, 200
    if re.fullmatch(r'bytes=(\d{1,18}-(\d{1,18})?|-\d{1,18})', asked):  # several at once may be ignored, and are
        part = next(parse_range_header(asked, size), None)
        if part is None:
            return HTTPResponse('', 416, headers | {'Content-Range': f'bytes */{size}'})
        (start, end), status = part, 206
        headers['Content-Range'] = f'bytes {start}-{end - 1}/{size}'
    answer = HTTPResponse('', status, headers | {'Content-Length': str(end - start)})
    request.environ['quickpub.file'] = Outgoing(path, start, end - start, is_whole=status == 200)
    return answer


# Around the pages

def signed_in(page: Callable) -> Callable:
    """Only for who is logged in; the page gets the user as its first argument. Others are sent to log in first; with
    what they wrote they can do so on the spot."""
    @wraps(page)
    def wrapped(**parts: str) -> Any:
        user = current_user()
        if user is None:
            if request.method == 'POST' and request.path.startswith('/studio/posts/'):
                return _log_in_first(page, parts)
            if request.method == 'POST':
                return redirect('/login?next=/studio', 'log-in-first')
            back = request.path + (f'?{request.query_string}' if request.query_string else '')
            return redirect('/login?next=' + quote(back, safe='/'))
        return page(user, **parts)
    return wrapped


def identity_context(user: User) -> dict[str, Any]:
    """Return what the fields that ask a member again who they are need to know (_macros.html)."""
    factors = second_factors.of(user)
    return {'is_confirmed': identity.is_confirmed(), 'asks_code': factors.are_asked, 'has_app': factors.has_app,
            'has_passkey': bool(factors.passkeys) and passkeys.is_possible()}


def confirm_first(user: User, heading: str, sentence: str, button: str, is_always_asked: bool = False) -> Any:
    """Return None where this member has shown lately, or shows with this very form, who they are; else the page that
    asks for it, which keeps everything that the form has sent. `is_always_asked`: the page comes in any case, for its
    `sentence`, though without a password where that was asked for lately."""
    sent = sent_fields()
    form = Form({name: sent.pop(name, '') for name in ('identity_password', 'identity_code')})
    sent.pop('username', '')
    is_first = not (sent.pop('identity', '') or form['identity_password'])
    if not is_first or (identity.is_confirmed() and not is_always_asked):
        try:
            identity.confirm_identity(user, form, 'identity_password', 'identity_code')
            return None
        except text.Rejected as error:
            form.errors = error.errors
    return render_form('confirm.html', form, 200 if is_first else 400, typed=sent, action=request.path, heading=heading,
                       sentence=sentence, button=button, identity=identity_context(user))


def _log_in_first(page: Callable, parts: dict[str, str]) -> Any:
    """The page, for who proves with this very form who they are; else the way to do that, with all that was typed."""
    sent = sent_fields()
    form = Form({name: sent.pop(name, '') for name in ('login_email', 'login_password', 'login_code')})
    step = identity.pending_step() if form['login_code'] else None
    if step and step.token_id:  # of a new password, which another page sets
        step = None
    try:
        user, step = _log_in_by(form, step)
    except text.Rejected as error:
        form.errors = {'login_code': error.errors['code']} if step else {'login_password': str(error)}
    except (sessions.Throttled, identity.StepEnded) as error:
        form.errors, step = {'': str(error)}, None if isinstance(error, identity.StepEnded) else step
    else:
        found = _or_problem(page, user, parts) if user else None
        if user and not (isinstance(found, HTTPError) and found.status_code == 404):
            return found
        if user:
            form.errors = {'': f'You are logged in as {user.name}, who cannot change this post. Log in as who can.'}
    response.status = 403
    return render('log_in_first.html', form=form, typed=sent, action=request.path, step=step,
                  has_passkey=passkeys.is_possible())


def _log_in_by(form: Form, step: LoginStep | None) -> tuple[User | None, LoginStep | None]:
    """Return who logs in with this form, and the second step of a log-in that is still to be done."""
    if step:
        return identity.finish_by_code(step, form['login_code']), None
    if form['login_code']:
        raise identity.StepEnded('That took too long. Please log in again.')
    if not (form['login_email'] or form['login_password']):
        return None, None
    user = sessions.log_in(form['login_email'], form['login_password'], client_address(), now(), device_cookie())
    if second_factors.of(user).are_asked:
        return None, identity.begin_step(user, STUDIO)
    log_in(user)
    return user, None


def _or_problem(page: Callable, user: User, parts: dict[str, str]) -> Any:
    try:
        return page(user, **parts)
    except HTTPError as problem:
        return problem


def for_scripts(page: Callable) -> Callable:
    """Answer a script of ours with JSON: what the page returns, or the sentence that says what is wrong."""
    @wraps(page)
    def wrapped(*args: Any, **parts: str) -> Any:
        try:
            return answer_json(page(*args, **parts))
        except text.Rejected as error:
            return answer_json({'error': str(error)}, 400)
        except identity.NotConfirmed as error:
            return answer_json({'error': str(error), 'confirm': True}, 403)
        except (identity.StepEnded, users.LinkDead) as error:
            return answer_json({'error': str(error)}, 403)
    return wrapped


def owner_only(page: Callable) -> Callable:
    """Only for the owner; for other authors the page does not exist."""
    @signed_in
    @wraps(page)
    def wrapped(user: User, **parts: str) -> Any:
        return page(user, **parts) if user.is_owner else not_found()
    return wrapped


def plugin(page: Callable) -> Callable:
    """What exceptions of the lower floors mean to a browser."""
    @wraps(page)
    def wrapped(**parts: str) -> Any:
        if request.environ.get('quickpub.problem'):
            return HTTPError(request.environ['quickpub.problem'][0])
        if request.method not in SAFE_METHODS and not (_is_from_our_pages() or _is_one_click()):
            request.environ['quickpub.problem'] = 403, ELSEWHERE.format(origin=current().origin)
            return HTTPError(403)
        try:
            with languages.use_when_asked(_member_language):
                return page(**parts)
        except users.LinkDead as error:
            response.status = 404
            return render('link_dead.html', heading='This link does not work', sentence=str(error),
                          purpose=error.purpose)
        except gates.Busy as error:
            return _problem(503, f'{error} Nothing was changed.')
        except gates.TooMuch as error:
            return _problem(400, f'{error} Nothing was changed. Please ask for less.')
        except Exception as error:
            if is_out_of_reach(error) or presence.explains(error):
                log.warning('503 for %s %s: %s', request.method, redact(request.path), error)
                return HTTPError(503)
            raise
    return wrapped


def _member_language() -> languages.Language:
    """Return the language in which the code of a page speaks: the member's own, or the site's."""
    user = current_user()
    return languages.choose(user.language if user else None, Site.this().language)


def _is_from_our_pages() -> bool:
    header = request.get_header
    return comes_from_us(header('Sec-Fetch-Site'), header('Origin'), header('Referer'), current())


def _problem(status: int, sentence: str) -> HTTPError:
    """An error page that says this sentence."""
    request.environ['quickpub.problem'] = status, sentence
    return HTTPError(status)


def _is_one_click() -> bool:
    """RFC 8058: mail programs send this POST without any cookie or header; the token in its path is its authority."""
    return request.path.startswith('/unsubscribe/')
