"""The audit log: what is written into it, what never is, and who reads it."""

from datetime import timedelta

import pytest
from conftest import person, utc, write

from quickpub import accounts, audit, db
from quickpub.models import AuditEntry, Export

AT = utc(2026, 11, 28, 12)


def sentences(**filters):
    return [audit.sentence(entry) for entry in audit.entries(**filters)]


def test_an_entry_says_who_did_what_to_whom(olga, alice):
    audit.record('role_changed', AT, actor=olga, subject=alice, client='192.0.2.77', role='owner')
    audit.record('password_changed', AT, actor=alice)
    audit.record('suspended', AT, actor=audit.COMMAND_LINE, subject=alice)
    audit.record('export_asked', AT, actor=alice, subject=Export(id=3, kind='numbers'))
    assert sentences() == [
        'Alice asked for an export: the stats of their posts.', 'The command line suspended Alice.',
        'Alice changed their password.', 'Olga changed the role of Alice to owner.']
    assert AuditEntry.get(AuditEntry.code == 'role_changed').network == '192.0.2.0/24'


def test_every_kind_can_be_said(olga, alice):
    for code, kind in audit.KINDS.items():
        audit.record(code, AT, actor=olga, subject=alice, role='owner', changed='title')
        said = sentences()[0]
        assert said[0].isupper() and said.endswith('.') and '(' not in said and '{' not in said
        assert kind.group in audit.GROUPS


def test_a_code_that_nobody_knows_is_an_error_when_written_and_not_when_read(olga):
    with pytest.raises(KeyError):
        audit.record('sneezed', AT, actor=olga)
    audit.record('logged_in', AT, actor=olga)
    AuditEntry.update(code='of_a_later_version').execute()
    assert sentences() == ['Olga: of a later version.']


@pytest.mark.parametrize(('client', 'network'), [
    ('192.0.2.77', '192.0.2.0/24'), ('::ffff:192.0.2.77', '192.0.2.0/24'),
    ('2001:db8:1:2:3::4', '2001:db8:1::/48'), ('2001:DB8:0001:2::', '2001:db8:1::/48'),
    ('', ''), ('unix:', ''), ('192.0.2.777', ''), ('nonsense, 192.0.2.1', '')])
def test_only_the_network_of_a_client_is_kept(olga, client, network):
    audit.record('logged_in', AT, actor=olga, client=client)
    assert AuditEntry.get().network == network


def test_an_entry_is_undone_with_its_cause(olga):
    with pytest.raises(ZeroDivisionError), db.db.atomic():
        audit.record('logged_in', AT, actor=olga)
        _ = 1 / 0
    assert sentences() == []


def test_failures_are_counted_by_hour_and_account(alice, bob):
    for minutes in range(0, 61, 5):
        audit.count('login_failed', AT + timedelta(minutes=minutes), alice, client=f'192.0.{minutes}.1')
    for _ in range(3):
        audit.count('login_failed', AT, bob, client='192.0.2.1')
        audit.count('login_unknown', AT)
    found = [(entry.code, entry.subject_id, entry.times, entry.network) for entry in AuditEntry.select().order_by(
        AuditEntry.id)]
    assert found == [('login_failed', alice.id, 12, ''), ('login_failed', alice.id, 1, '192.0.60.0/24'),
                     ('login_failed', bob.id, 3, '192.0.2.0/24'), ('login_unknown', None, 3, '')]
    assert 'Failed to log in as Bob: wrong password (3 times).' in sentences()


@pytest.mark.parametrize('keep_posts', [True, False])
def test_a_member_who_leaves_takes_their_name_along(olga, alice, keep_posts):
    write(alice)
    audit.record('logged_in', AT, actor=alice, client='192.0.2.1')
    audit.record('suspended', AT, actor=olga, subject=alice)
    audit.record('logged_in', AT, actor=olga, client='192.0.2.1')
    accounts.delete(alice, keep_posts, AT)
    assert sentences() == ['Olga logged in.', 'Olga suspended a former member.', 'A former member logged in.']
    rows = list(AuditEntry.select().order_by(AuditEntry.id).tuples())
    assert 'lice' not in repr(rows)
    assert [entry.network for entry in AuditEntry.select().order_by(AuditEntry.id)] == ['', '', '192.0.2.0/24']


def test_entries_are_kept_for_400_days(olga):
    for days in (0, 399, 400, 401):
        audit.record('logged_in', AT - timedelta(days=days), actor=olga)
    audit.clean_up(AT)
    assert [(AT - entry.at).days for entry in AuditEntry.select().order_by(AuditEntry.id)] == [0, 399, 400]


@pytest.mark.parametrize(('filters', 'found'), [
    ({}, ['Bob logged in.', 'Olga suspended Älice.', 'Älice changed their password.']),
    ({'group': 'login'}, ['Bob logged in.']), ({'group': 'nonsense'}, None), ({'typed': 'alice'}, 2),
    ({'typed': 'PASSWORD'}, ['Älice changed their password.']), ({'typed': 'olga suspended'}, 1),
    ({'typed': 'olga password'}, 0), ({'typed': '%'}, 0), ({'typed': '_'}, 0), ({'typed': '192.0.2'}, 1),
    ({'member': 'bob'}, 1), ({'member': 'alice'}, 2), ({'member': 'alice', 'group': 'account'}, 1)])
def test_entries_are_found_by_member_kind_and_text(olga, filters, found):
    people = {'alice': person('älice'), 'bob': person('bob')}
    audit.record('password_changed', AT, actor=people['alice'])
    audit.record('suspended', AT, actor=olga, subject=people['alice'])
    audit.record('logged_in', AT, actor=people['bob'], client='192.0.2.1')
    if 'member' in filters:
        filters = filters | {'member': people[filters['member']]}
    said = sentences(**filters)
    assert said == found if isinstance(found, list) else len(said) == (3 if found is None else found)
