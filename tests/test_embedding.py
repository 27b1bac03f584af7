"""The examples in examples/embedding work as docs/embedding.md says, and the names that it calls stable exist."""

import re
import sys
from importlib import import_module
from pathlib import Path

import pytest
from conftest import PASSWORD
from rig import ROOT, Visitor, wait_for

EXAMPLES = ROOT / 'examples' / 'embedding'
PAGE = (ROOT / 'docs' / 'embedding.md').read_text()
GRANIAN = [Path(sys.executable).with_name('granian'), '--interface', 'wsgi', '--working-dir', EXAMPLES]
HOSTS = {
    'Bottle': ('/blog', [sys.executable, EXAMPLES / 'bottle_mount.py']),
    'Flask': ('/blog', [sys.executable, EXAMPLES / 'flask_prefix.py']),
    'wsgiref': ('', [sys.executable, EXAMPLES / 'plain_wsgi.py']),
    'granian': ('', [*GRANIAN, 'plain_wsgi:application']),
}


@pytest.mark.parametrize(('prefix', 'command'), HOSTS.values(), ids=HOSTS.keys())
def test_a_host_application_serves_the_site(rig, prefix, command):
    rig.settings['url'] = rig.url + prefix
    assert rig.run('migrate').returncode == 0
    port = ['--port', rig.port] if command[0] == GRANIAN[0] else []
    rig.start(*command, *port)
    rig.wait_until_answers()
    if prefix:
        home = Visitor(rig.url).get('/')
        assert home.text == '<a href="/blog/">Our blog</a>'

    member = Visitor(rig.url + prefix)
    assert member.get('/feed.xml').status == 200
    assert f'href="{prefix}/login"' in member.get('/').text
    add_owner(rig)
    answer = member.post('/login', email='olga@example.org', password=PASSWORD)
    assert (answer.status, answer.url) == (200, f'{rig.url}{prefix}/studio/dashboard')


def add_owner(rig):
    assert rig.run('adduser', '--owner', '--name', 'Olga', '--email', 'olga@example.org',
                   '--password', PASSWORD).returncode == 0


def test_a_host_program_runs_the_consumer(rig):
    assert rig.run('migrate').returncode == 0
    consumer = rig.start(sys.executable, EXAMPLES / 'host_consumer.py')
    consumer.says('Watered bed 7')
    rig.start('web')
    rig.wait_until_answers()
    assert Visitor(rig.url).post('/signup', name='Bob', email='bob@example.org', password=PASSWORD).status == 200
    wait_for(lambda: [*(rig.data / 'outbox' / 'new').iterdir()], 'the email that confirms the address')
    consumer.popen.terminate()
    assert consumer.ends() == 0


def test_each_example_is_on_the_page_as_it_is():
    for path in EXAMPLES.glob('*.py'):
        assert f'](../examples/embedding/{path.name})' in PAGE
        code = path.read_text().partition('"""\n\n')[2].strip()
        assert f'```python\n{code}\n```' in PAGE, path.name


def stable_names():
    return re.findall(r'^\| `(quickpub[\w.]*)\.(\w+)(?:\(|`)', PAGE, re.MULTILINE)


@pytest.mark.parametrize(('module', 'name'), stable_names())
def test_a_stable_name_can_be_imported(module, name):
    assert hasattr(import_module(module), name)


def test_the_list_of_stable_names_is_read():
    assert ('quickpub.web', 'create_app') in stable_names() and len(stable_names()) > 6
