"""Error pages that need no database, and the sentence that an error page shows."""

from bottle import HTTPError, request

from .. import templating
from ..codes import Code

BARE = {  # heading and sentence by status
    421: ('This site has another web address', 'You will find this site at {url}. If you run this site: it answers '
                                               'only at the web address in QUICKPUB_URL, and a proxy must pass on the '
                                               'Host header.'),
    503: ('The site is not available', 'The site cannot read its data right now. Nothing was changed. Please try '
                                       'again in a few minutes. If you sent a form, go back and send it again then.'),
    500: ('Something went wrong', 'The error was logged, and it is not your fault. Please try again later.'),
}


def bare_page(status: int, **words: str) -> str:
    """Return an error page that needs nothing of the site. `words` fill the gaps in its sentence."""
    heading, sentence = BARE.get(status, BARE[500])
    return templating.render('bare.html', heading=heading, sentence=sentence.format(**words))


def refuse(status: int, code: Code | str) -> HTTPError:  # XXX old form: str
    """Return an error whose page shows the sentence for this code."""
    request.environ['quickpub.problem'] = status, code
    return HTTPError(status)
