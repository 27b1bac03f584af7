"""Tell which email addresses lead to the same mailbox."""

import re
import unicodedata

# Domains that lead to the same mailbox, and how the provider reads what is before the @.
SAME_DOMAIN = {
    'googlemail.com': 'gmail.com', 'me.com': 'icloud.com', 'mac.com': 'icloud.com', 'pm.me': 'proton.me',
    'protonmail.com': 'proton.me', 'protonmail.ch': 'proton.me', 'ya.ru': 'yandex.ru', 'yandex.com': 'yandex.ru',
    'yandex.by': 'yandex.ru', 'yandex.kz': 'yandex.ru', 'yandex.ua': 'yandex.ru'}
IGNORED_SIGNS = {'gmail.com': '.', 'proton.me': '.-_'}
SUBDOMAIN_ADDRESSING = ('fastmail.com', 'fastmail.fm', 'sent.com', 'messagingengine.com')
YAHOO = re.compile(r'yahoo\.[a-z]{2,3}(\.[a-z]{2})?|ymail\.com|rocketmail\.com|myyahoo\.com')


def find_mailbox(email: str) -> str:
    """Return the mailbox that an email address leads to, as far as its spelling tells: case, tags after a plus, and
    what its provider ignores make no difference. For counting only: email goes to the address as it is."""
    local, _, domain = unicodedata.normalize('NFKC', email).strip().casefold().rpartition('@')
    domain = _ascii(domain.rstrip('.'))
    domain = SAME_DOMAIN.get(domain, domain)
    for provider in SUBDOMAIN_ADDRESSING:  # anything@name.fastmail.com is name@fastmail.com
        if domain.endswith(f'.{provider}'):
            local, domain = domain.removesuffix(f'.{provider}').rpartition('.')[2], provider
    base = local.partition('+')[0]
    if YAHOO.fullmatch(domain):
        base = base.partition('-')[0]
    if domain == 'yandex.ru':
        base = base.replace('-', '.')
    for sign in IGNORED_SIGNS.get(domain, ''):
        base = base.replace(sign, '')
    return f'{base or local}@{domain}'


def _ascii(domain: str) -> str:
    try:
        return domain.encode('idna').decode()
    except UnicodeError:
        return domain
