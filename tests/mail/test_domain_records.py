"""SPF, DKIM and DMARC of the domain that emails come from, as another machine's DNS would have them."""

from dataclasses import replace

import dns.exception
import dns.rdatatype
import dns.resolver
import pytest
from dns.rrset import from_text

from quickpub import db, findings, settings
from quickpub.mail import dkim, domain_records

SPF = 'v=spf1 a:smtp.example.net ~all'  # as it is to be set


@pytest.fixture
def zone(site, monkeypatch):
    """The TXT records of the DNS, by name; an error in place of a list is raised."""
    settings.use(replace(site, smtp='smtp://smtp.example.net', mail_from='news@blog.example.org'))
    found = {}

    def resolve(self, name, kind, search):
        assert kind == 'TXT' and not search and self.lifetime <= 5
        answer = found.get(name, dns.resolver.NXDOMAIN())
        if isinstance(answer, Exception):
            raise answer
        return from_text(name + '.', 60, 'IN', 'TXT', *(' '.join(f'"{part}"' for part in parts) for parts in answer))

    monkeypatch.setattr(dns.resolver.Resolver, 'resolve', resolve)
    return found


def look_up():
    domain_records.look_up(db.now())
    return {record['kind']: record for record in domain_records.latest().records}


def states():
    return {kind: record['state'] for kind, record in look_up().items()}


def test_what_is_missing_is_named_with_the_record_to_set(zone, site):
    dkim.make_key(site)
    found = look_up()
    assert {record['state'] for record in found.values()} == {'missing'}
    assert (found['SPF']['name'], found['SPF']['wanted']) == ('blog.example.org', f'"{SPF}"')
    assert (found['DKIM']['name'], found['DKIM']['wanted']) == dkim.dns_record(settings.current())
    assert (found['DMARC']['name'], found['DMARC']['wanted']) == ('_dmarc.blog.example.org', '"v=DMARC1; p=none"')


def test_what_is_right_is_found_also_in_parts_and_above_the_domain(zone, site):
    dkim.make_key(site)
    name, value = dkim.dns_record(settings.current())
    zone |= {'blog.example.org': [['verification=1'], ['v=spf1 ', 'include:other.example -all']],
             name: [[part.strip('"') for part in value.split('" "')]], '_dmarc.example.org': [['v=DMARC1;p=reject']]}
    assert states() == dict.fromkeys(('SPF', 'DKIM', 'DMARC'), 'found')
    assert look_up()['SPF']['texts'] == ['v=spf1 include:other.example -all']


def test_what_contradicts_itself_or_has_another_key_is_not_right(zone, site):
    dkim.make_key(site)
    zone |= {'blog.example.org': [[SPF], ['v=spf1 -all']],
             '_dmarc.blog.example.org': [['v=DMARC1; p=none'], ['v=DMARC1']],
             dkim.dns_record(settings.current())[0]: [['v=DKIM1; k=rsa; p=AAAA']]}
    assert states() == dict.fromkeys(('SPF', 'DKIM', 'DMARC'), 'other')


@pytest.mark.parametrize('error', [dns.resolver.LifetimeTimeout(timeout=3, errors=[]), dns.resolver.NoNameservers(),
                                   dns.exception.DNSException(), OSError(101, 'Network is unreachable')])
def test_without_the_network_nothing_is_said_to_be_missing(zone, site, error):
    dkim.make_key(site)
    name, _ = dkim.dns_record(settings.current())
    zone |= dict.fromkeys(('blog.example.org', name, '_dmarc.blog.example.org'), error)
    assert states() == dict.fromkeys(('SPF', 'DKIM', 'DMARC'), 'unknown')


def test_without_a_key_the_command_makes_one(zone):
    assert states()['DKIM'] == 'no_key'


def test_records_of_a_domain_of_before_are_not_shown(zone):
    look_up()
    settings.use(replace(settings.current(), mail_from='news@example.com'))
    assert domain_records.latest() is None
    domain_records.note_looking(db.now())
    assert domain_records.latest().records is None
    findings.forget(domain_records.NAME)
    assert domain_records.latest() is None
