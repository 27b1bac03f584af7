"""The DNS records that let other mail servers accept the emails of this site: SPF, DKIM and DMARC.

They are looked up in a job, which keeps what it found for the page that shows them.
"""

import json
from datetime import datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from .. import findings
from ..settings import Settings, current
from . import dkim

NAME = 'mail_domain'  # of the finding
LOOKING = 'looking'  # in place of what was found
LIFETIME = 3  # seconds for each of at most six questions
DMARC = '"v=DMARC1; p=none"'
FOUND, MISSING, OTHER, NO_KEY, UNKNOWN = 'found', 'missing', 'other', 'no_key', 'unknown'  # states of a record


class Lookup(NamedTuple):
    """When the records were looked up, and for each its kind, state, name, the texts that are there, and the one to
    set, in quotation marks. None in place of them while the job runs."""
    at: datetime
    records: list[dict[str, Any]] | None


def note_looking(at: datetime) -> None:
    """Note that the records are being looked up, in the transaction that enqueues the job."""
    findings.record(NAME, LOOKING, at)


def look_up(at: datetime) -> None:
    """Look up the records of the domain that emails come from, and keep what was found."""
    records = [_check_spf(current()), _check_dkim(current()), _check_dmarc(current())]
    findings.record(NAME, json.dumps({'domain': dkim.domain(current()), 'records': records}), at)


def latest() -> Lookup | None:
    """Return what was found for the present domain; None if its records were never looked up."""
    found = findings.latest(NAME)
    if found is None or found.problem == LOOKING:
        return Lookup(found.at, None) if found else None
    kept = json.loads(found.problem)
    return Lookup(found.at, kept['records']) if kept['domain'] == dkim.domain(current()) else None


def _check_spf(settings: Settings) -> dict[str, Any]:
    domain = dkim.domain(settings)
    texts = _find_texts(domain, 'v=spf1')
    wanted = f'"v=spf1 a:{urlsplit(settings.smtp).hostname} ~all"' if settings.smtp else ''
    return _describe('SPF', domain, texts, wanted, len(texts or []) == 1)


def _check_dkim(settings: Settings) -> dict[str, Any]:
    if not dkim.key_file(settings).exists():
        return {'kind': 'DKIM', 'state': NO_KEY, 'name': '', 'texts': [], 'wanted': ''}
    name, value = dkim.dns_record(settings)
    texts = _find_texts(name)
    key = _find_key(value.replace('" "', '').strip('"'))
    return _describe('DKIM', name, texts, value, any(_find_key(each) == key for each in texts or []))


def _check_dmarc(settings: Settings) -> dict[str, Any]:
    """Return the policy of the domain, or of the domain above it, which counts where there is none (RFC 7489, 6.6.3).
    """
    labels = dkim.domain(settings).split('.')
    name, texts = f'_dmarc.{".".join(labels)}', None
    for start in range(max(1, min(len(labels) - 1, 4))):
        texts = _find_texts(f'_dmarc.{".".join(labels[start:])}', 'v=DMARC1')
        if texts != []:
            name = f'_dmarc.{".".join(labels[start:])}'
            break
    return _describe('DMARC', name, texts, DMARC, len(texts or []) == 1)


def _describe(kind: str, name: str, texts: list[str] | None, wanted: str, is_right: bool) -> dict[str, Any]:
    state = UNKNOWN if texts is None else FOUND if is_right else OTHER if texts else MISSING
    return {'kind': kind, 'state': state, 'name': name, 'texts': texts or [], 'wanted': wanted}


def _find_key(record: str) -> str:
    """Return the public key in a DKIM record."""
    tags = dict(part.partition('=')[::2] for part in ''.join(record.split()).split(';'))
    return tags.get('p', '')


def _find_texts(name: str, start: str = '') -> list[str] | None:
    """Return the TXT records of this name that begin so. None if they could not be looked up."""
    import dns.exception
    import dns.resolver
    try:
        resolver = dns.resolver.Resolver()
        resolver.lifetime = LIFETIME
        answer = resolver.resolve(name, 'TXT', search=False)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return []
    except (dns.exception.DNSException, OSError):
        return None
    texts = [b''.join(each.strings).decode('utf-8', 'replace') for each in answer]
    return [each for each in texts if each.lower().startswith(start.lower())]
