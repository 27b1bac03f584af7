"""Every command that starts a site shows the link with which its owner sets it up, until there is an owner."""

import re

import pytest
from conftest import PASSWORD
from rig import Visitor

LINK = r'Set up your site: +(\S+/setup/\S+)'
OWNER = ['adduser', '--owner', '--name', 'Olga', '--email', 'olga@example.org', '--password', PASSWORD]


def link_of_migrate(rig, **settings):
    """Return the link that `quickpub migrate` shows, or None."""
    ran = rig.run('migrate', **settings)
    assert ran.returncode == 0, ran.stderr
    found = re.search(LINK, ran.stdout)
    return found and found[1]


@pytest.mark.parametrize('settings', [
    {}, {'signup': 'closed'}, {'url': 'https://blog.example.org'}, {'url': 'https://example.org/blog'},
    {'url': 'http://[::1]:8000'}, {'timezone': 'Pacific/Auckland'}], ids=str)
def test_migrate_and_web_show_the_same_link_and_it_begins_with_the_public_address(rig, settings):
    link = link_of_migrate(rig, **settings)
    assert link.startswith(settings.get('url', rig.url) + '/setup/')
    assert link_of_migrate(rig, **settings) == link
    web = rig.start('web', **settings)
    assert web.says(LINK)[1] == link
    rig.wait_until_answers()
    web.stop()


def test_the_link_sets_the_site_up_and_is_not_shown_again(rig):
    link = link_of_migrate(rig)
    web = rig.start('web')
    rig.wait_until_answers()
    done = Visitor(rig.url).post(link, site_title='The Village Voice', name='Olga', email='olga@example.org',
                                 password=PASSWORD)
    assert 'Your site is ready' in done.text
    assert link_of_migrate(rig) is None
    web.stop()
    web = rig.start('web')
    rig.wait_until_answers()
    assert not re.search(LINK, web.output())
    web.stop()


@pytest.mark.parametrize('command', ['web', 'serve'])
def test_a_site_with_an_owner_shows_no_link(rig, command):
    assert link_of_migrate(rig)
    assert rig.run(*OWNER).returncode == 0
    assert link_of_migrate(rig) is None
    started = rig.start(command)
    rig.wait_until_answers()
    assert not re.search(LINK, started.output())
    started.stop()
