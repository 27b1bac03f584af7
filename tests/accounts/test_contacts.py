"""The links and the fediverse handle of a member: few, harmless, and readable."""

import pytest

from quickpub.accounts import contacts
from quickpub.codes import Rejected
from quickpub.models import User


@pytest.mark.parametrize('typed, stored', [
    ('', ''), (' \r\n ', ''), ('https://example.org', 'https://example.org'),
    ('example.org/me', 'https://example.org/me'),
    ('localhost.example:8080', 'https://localhost.example:8080'), ('http://a.example/?x=1&y', 'http://a.example/?x=1&y'),
    ('anna@example.org', 'mailto:anna@example.org'),
    ('mailto:anna@example.org', 'mailto:anna@example.org'),
    ('https://social.example/@anna', 'https://social.example/@anna'),
    ('https://müller.example', 'https://müller.example'),
    ('a.example\r\n\r\nb.example\n', 'https://a.example\nhttps://b.example')])
def test_links_are_stored_in_full_one_a_line(typed, stored):
    assert contacts.clean_links(typed) == stored


@pytest.mark.parametrize('typed', [
    'javascript:alert(1)', 'JavaScript:alert(1)', 'data:text/html,x', 'ftp://a.example', 'file:///etc/passwd', 'words',
    'https://', 'https://name:word@a.example', 'https://a.example:x', 'mailto:anna',
    'mailto:a@b.example?cc=c@d.example',
    'https://a.example/"><b>', 'https://a.example/ b', '//a.example', 'https://a.example/' + 'x' * 300,
    'https://[a.example', 'a.example\njavascript:1'])
def test_other_links_are_rejected(typed):
    with pytest.raises(Rejected) as refused:
        contacts.clean_links(typed)
    assert [code.name for code in refused.value.errors.values()] == ['links.invalid']


def test_there_are_at_most_six_links():
    six = '\n'.join(f'{number}.example.org' for number in range(contacts.MOST_LINKS))
    assert contacts.clean_links(six).count('\n') == 5
    with pytest.raises(Rejected):
        contacts.clean_links(f'{six}\n7.example.org')


@pytest.mark.parametrize('typed, stored', [
    ('', ''), ('@anna@example.social', '@anna@example.social'),
    (' Anna_B@Example.Social ', '@Anna_B@example.social'),
    ('https://example.social/@anna', '@anna@example.social'),
    ('@a.b-c@social.sub.example', '@a.b-c@social.sub.example')])
def test_a_fediverse_handle_is_stored_in_one_form(typed, stored):
    assert contacts.clean_fediverse(typed) == stored


@pytest.mark.parametrize('typed', ['anna', '@anna', '@anna@example', '@an na@example.org', '@anna@exa"mple.org',
                                   '@@example.org', '@anna@-.org', '@anna@example.org/x', 'https://example.org/anna'])
def test_other_handles_are_rejected(typed):
    with pytest.raises(Rejected):
        contacts.clean_fediverse(typed)


def test_readers_see_the_host_and_a_profile_once():
    member = User(fediverse='@anna@example.social',
                  links='https://www.example.org/\nhttps://code.example/anna?tab=1\nmailto:a@b.example\n'
                        'https://example.social/@anna/\nhttps://long.example/' + 'x' * 80)
    found = contacts.list_contacts(member)
    assert [each.label for each in found][:3] == ['example.org', 'code.example/anna', 'a@b.example']
    assert len(found[3].label) <= contacts.MAX_LABEL and found[3].label.startswith('long.example/x')
    assert found[4:] == [('https://example.social/@anna', '@anna@example.social')]
    assert contacts.list_contacts(User()) == []
