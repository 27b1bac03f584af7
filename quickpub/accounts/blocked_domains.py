"""Email domains that nobody can sign up with, nor with their subdomains.

A domain is blocked for new addresses: at sign-up, with an invitation or without, and when a member changes theirs. The
check comes before anything that depends on accounts, so it tells nothing about them. Members keep the addresses that
they have, and what the operator does in a shell is not checked.
"""

import re
from datetime import datetime
from typing import Any

from ..codes import Rejected
from ..db import among, db, rows
from ..email_addresses import Unreachable, parse, to_readable_domain
from ..models import BlockedDomain, User
from . import audit

MOST_AT_ONCE = 50
MOST = 1000
# Never offered for blocking together with a member, and blocked only if confirmed: most newcomers have their address
# at one of these.
PROVIDERS = frozenset('''
    gmail.com googlemail.com msn.com aol.com icloud.com me.com mac.com ymail.com rocketmail.com proton.me protonmail.com
    pm.me tuta.com tutanota.com fastmail.com zoho.com hey.com duck.com mail.com web.de t-online.de freenet.de posteo.de
    mailbox.org bluewin.ch orange.fr free.fr laposte.net wanadoo.fr libero.it seznam.cz wp.pl o2.pl onet.pl mail.ru
    qq.com 163.com 126.com naver.com rediffmail.com comcast.net verizon.net att.net btinternet.com'''.split())
IN_MANY_COUNTRIES = frozenset({'gmx', 'hotmail', 'live', 'outlook', 'yahoo', 'yandex'})


def clean_domains(typed: str) -> list[str]:
    """Return the domains of a form field as they are in stored addresses, in order, each once. They are separated by
    spaces, commas or lines; of an email address, the part after the @ counts. Raises Rejected."""
    words = [word for word in re.split(r'[\s,;]+', typed) if word]
    if not words:
        raise Rejected('domains.missing')
    if len(words) > MOST_AT_ONCE:
        raise Rejected('domains.too_many', limit=MOST_AT_ONCE)
    return list(dict.fromkeys(map(_clean_domain, words)))


def _clean_domain(word: str) -> str:
    try:
        domain = domain_of(parse('x@' + word.rpartition('@')[2].removeprefix('*').strip('.')))
    except (ValueError, Unreachable):
        raise Rejected('domains.invalid', domain=word[:100]) from None
    if '.' not in domain:
        raise Rejected('domains.too_short', domain=word[:100])
    return domain


def domain_of(email: str) -> str:
    """Return the domain of a stored address."""
    return email.rpartition('@')[2].lower()


def readable_domain_of(email: str) -> str:
    """Return the domain of a stored address as people read it, an international one in its own letters."""
    return to_readable_domain(domain_of(email))


def is_provider(domain: str) -> bool:
    """Return whether a domain is that of a large mailbox provider."""
    return domain in PROVIDERS or domain.partition('.')[0] in IN_MANY_COUNTRIES


def block(domains: list[str], at: datetime, actor: User | str, client: str = '') -> list[str]:
    """Block these domains, and return those that were not blocked before. `actor` and `client` are as in
    `audit.record`. Raises Rejected if there would be too many; nothing is changed then."""
    with db.atomic():
        known = {domain for (domain,) in rows(BlockedDomain.select(BlockedDomain.domain).where(
            BlockedDomain.domain.in_(among(domains))))}
        new = [domain for domain in domains if domain not in known]
        if BlockedDomain.select().count() + len(new) > MOST:
            raise Rejected('domains.full', limit=MOST)
        for domain in new:
            BlockedDomain.create(domain=domain, blocked_at=at)
            audit.record('domain_blocked', at, actor, client=client, domain=domain)
    return new


def unblock(domain: str, at: datetime, actor: User | str, client: str = '') -> bool:
    """Let people sign up with this domain again. Return False if it was not blocked."""
    with db.atomic():
        if not BlockedDomain.delete().where(BlockedDomain.domain == domain).execute():
            return False
        audit.record('domain_unblocked', at, actor, client=client, domain=domain)
    return True


def list_blocked() -> Any:
    """Return the query of all blocked domains, in alphabetical order."""
    return BlockedDomain.select().order_by(BlockedDomain.domain)


def find_blocked(email: str) -> str | None:
    """Return the blocked domain that this address belongs to, or None."""
    labels = domain_of(email).split('.')
    parents = ['.'.join(labels[start:]) for start in range(len(labels))]
    found: str | None = BlockedDomain.select(BlockedDomain.domain).where(
        BlockedDomain.domain.in_(among(parents))).limit(1).scalar()
    return found


def check(email: str) -> None:
    """Raise Rejected if nobody can sign up with this address, whether or not it has an account."""
    if find_blocked(email):
        raise Rejected('email.not_accepted', domain=readable_domain_of(email))
