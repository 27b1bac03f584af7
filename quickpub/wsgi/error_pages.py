"""Error pages that need no database, and what the other error pages say."""

from base64 import b64encode
from functools import cache
from hashlib import sha256
from html import escape
from pathlib import Path

from bottle import HTTPError, request
from markupsafe import Markup

from .. import templating
from ..codes import Code
from ..sentences import make_sentence
from ..translations import languages
from ..translations.messages import N_

STYLE = Path(__file__).parents[1] / 'static/bare.css'

BARE = {  # heading and sentence by status
    421: (N_('This site has another web address'),
          N_('You will find this site at %(url)s. If you run this site: it answers only at the web address in '
             'QUICKPUB_URL, and a proxy must pass on the Host header.')),
    503: (N_('The site is not available'),
          N_('The site cannot read its data right now. Nothing was changed. Please try again in a few minutes. If you '
             'sent a form, go back and send it again then.')),
    500: (N_('Something went wrong'),
          N_('The error was logged, and it is not your fault. Please try again later.')),
}


def bare_page(status: int, **values: str) -> str:
    """Return an error page that needs nothing of the site, in the language in use. `values` are those that its sentence
    names; with a `url` among them, the page links to it, else to itself."""
    heading, sentence = BARE.get(status, BARE[500])
    return templating.render('bare.html', status=status, heading=str(heading), sentence=sentence.fill(values),
                             url=values.get('url', ''), style=Markup(_style()))  # noqa: S704  # a file of ours


@cache
def bare_policy() -> str:
    """Return the Content-Security-Policy of these pages. Their style sheet is in them, because without the database,
    or under another site's address, no file is sent."""
    digest = b64encode(sha256(_style().encode()).digest()).decode()
    return (f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'")


@cache
def _style() -> str:
    return STYLE.read_text('utf-8')


def tiny_page(status: int, code: Code) -> str:
    """Return an error page that needs no template either, in the language in use."""
    language = languages.current()
    return (f'<!DOCTYPE html><html lang="{language.code}" dir="{language.direction}"><meta charset="utf-8">'
            f'<meta name="viewport" content="width=device-width"><title>{status}</title>'
            f'<p>{escape(make_sentence(code))}</p></html>')


def refuse(status: int, code: Code) -> HTTPError:
    """Return an error whose page shows the sentence for this code."""
    request.environ['quickpub.problem'] = status, code
    return HTTPError(status)
