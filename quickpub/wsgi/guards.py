"""Check that a request is for this site and comes from its own pages; the security headers of every answer.

Only the configured web address (QUICKPUB_URL) counts, never what a request says about itself: a host name that another
person has pointed at this machine is not this site.
"""

import re
from functools import lru_cache
from typing import NamedTuple

import idna

from ..networks import is_loopback
from ..settings import Settings

PORTS = {'http': 80, 'https': 443}
SAFE_METHODS = {'GET', 'HEAD', 'OPTIONS'}  # these change nothing
YEAR = 365 * 24 * 3600  # seconds

# Browser features that no page needs. Passkeys, copying and full-screen video keep their defaults.
FEATURES = ('accelerometer', 'camera', 'display-capture', 'geolocation', 'gyroscope', 'hid', 'idle-detection',
            'local-fonts', 'magnetometer', 'microphone', 'midi', 'payment', 'serial', 'usb', 'xr-spatial-tracking')
SECURITY_HEADERS = [
    ('Content-Security-Policy', "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; "
                                "frame-ancestors 'none'"),
    ('X-Content-Type-Options', 'nosniff'),
    ('Referrer-Policy', 'same-origin'),
    ('X-Frame-Options', 'DENY'),
    ('Permissions-Policy', ', '.join(f'{feature}=()' for feature in FEATURES)),
    ('Cross-Origin-Opener-Policy', 'same-origin'),
    ('Cross-Origin-Resource-Policy', 'same-origin'),
]
# Without subdomains, because other sites may run there.
HTTPS_ALONE = ('Strict-Transport-Security', f'max-age={YEAR}')


def security_headers(settings: Settings) -> list[tuple[str, str]]:
    """Return the security headers of every answer. A page may replace them."""
    return [*SECURITY_HEADERS, HTTPS_ALONE] if settings.is_https else SECURITY_HEADERS


class Origin(NamedTuple):
    scheme: str
    host: str  # in lower case, an international name as punycode
    port: int


ORIGIN = re.compile(r'(https?)://([^\s/?#@:\[\]\\]+|\[[0-9a-f:.]+\])(?::([0-9]{1,5}))?', re.IGNORECASE)
URL = re.compile(r'(https?://[^/?#]*)(?:[/?#].*)?', re.IGNORECASE)


def parse_origin(text: str) -> Origin | None:
    """Return the origin in an Origin header, or None if it is not valid. A URL with a path is not valid."""
    found = ORIGIN.fullmatch(text)
    if found is None:
        return None
    scheme, host = found[1].lower(), found[2].lower()
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode()
        except idna.IDNAError:
            return None
    return Origin(scheme, host.strip('[]'), int(found[3] or PORTS[scheme]))


@lru_cache(256)
def _is_ours(text: str, origin: str, is_local: bool) -> bool:
    found, ours = parse_origin(text), parse_origin(origin)
    if found is None or ours is None:
        return False
    if is_local and is_loopback(found.host):
        found = found._replace(host=ours.host)
    return found == ours


def is_our_origin(text: str, settings: Settings) -> bool:
    """Return whether this is the origin of the site: scheme, host and port. If no web address is configured, every name
    of this machine is accepted."""
    return _is_ours(text[:300], settings.origin, settings.is_local)


def is_our_host(header: str | None, settings: Settings) -> bool:
    """Return whether a Host header names this site.

    The port is ignored, because some proxies send another one or none. A request without the header is accepted: it is
    from a program, because all browsers send it.
    """
    if header is None:
        return True
    asked, ours = parse_origin(f'http://{header[:300]}'), parse_origin(settings.origin)
    if asked is None or ours is None:
        return False
    return asked.host == ours.host or settings.is_local and is_loopback(asked.host)


def comes_from_us(fetch_site: str | None, origin: str | None, referer: str | None, settings: Settings) -> bool:
    """Return whether a form was sent from a page of this site.

    The browser says so in Sec-Fetch-Site (Fetch Metadata, W3C), Origin (RFC 6454) or, if it sends neither, Referer. A
    request with none of them is refused. A browser may hide the origin ("null") of a form from the same site.
    """
    if fetch_site:
        is_same = fetch_site in ('same-origin', 'none')
        return is_same and (origin in (None, '', 'null') or is_our_origin(origin or '', settings))
    if origin:
        return is_our_origin(origin, settings)
    page = URL.fullmatch(referer or '')
    return page is not None and is_our_origin(page[1], settings)
