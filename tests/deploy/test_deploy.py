"""A site as docs/deploy.md says: installed, run as its own user, and used through Caddy and nginx, whose configuration
is read from that page. `make test-deploy` runs these; they install nothing on this machine."""

import json
import os
import re
import shutil
import stat
import subprocess
import tempfile
from pathlib import Path

import feedparser
import psutil
import pytest
from conftest import link_in, outbox
from documented import Caddy, Nginx, blocks, replaced
from installing import install, run
from people import Person, pdf
from rig import ROOT, Rig, Visitor, wait_for

from quickpub import demo, settings
from quickpub.accounts import sessions
from quickpub.models import DailyVisitorCount

OWNER = 'marta@example.org'
MEGABYTE = 1024 * 1024
PLACES = [(kind, prefix) for kind in (Caddy, Nginx) for prefix in ('', '/blog')]


@pytest.fixture(scope='session')
def demo_data(tmp_path_factory):
    """The data folder of a demo site."""
    rig = Rig(tmp_path_factory.mktemp('demo'))
    made = rig.run('demo')
    assert made.returncode == 0, made.stderr
    return rig.data


@pytest.fixture(scope='module', params=PLACES, ids=lambda place: f'{place[0].__name__} {place[1]}/')
def place(request, demo_data, tmp_path_factory):
    """The demo site behind a proxy: the proxy, with `rig` and `prefix`."""
    kind, prefix = request.param
    rig = Rig(tmp_path_factory.mktemp('site'))
    shutil.copytree(demo_data, rig.data)
    proxy = kind(prefix, rig.port, tmp_path_factory.mktemp('proxy'))
    proxy.rig, proxy.prefix = rig, prefix
    rig.settings |= {'url': proxy.url, **trusted()}
    try:
        rig.serve()
        wait_for(proxy.is_ready, f'{kind.__name__} to listen')
        yield proxy
    finally:
        proxy.stop()
        rig.close()


def trusted():
    """The setting as the page has it."""
    return {'trusted_proxy': re.search(r'^QUICKPUB_TRUSTED_PROXY=(.*)$', blocks('env')[0], re.MULTILINE)[1]}


@pytest.fixture
def owner(place):
    person = Person(place)
    assert person.log_in(OWNER, demo.PASSWORD).status == 303
    return person


def is_within(place, link):
    return (link.partition('?')[0] + '/').startswith(place.url + '/')


def crawl(person, place):
    """Follow every link within the site; returns the answers by address."""
    answers, waiting = {}, [place.url + '/']
    while waiting:
        address = waiting.pop()
        if address in answers:
            continue
        answers[address] = answer = person.get(address)
        assert answer.status in (200, 301, 303), (address, answer.status)
        if answer.status != 200:
            assert is_within(place, answer.location), (address, answer.location)
            waiting.append(answer.location)
        elif answer.type == 'text/html':
            links = {link for link in answer.links() if link.startswith(f'https://localhost:{place.port}')}
            for link in links:
                assert is_within(place, link), f'{link} on {address} leads out of the site'
            waiting += links
    return answers


@pytest.mark.parametrize(('who', 'must_see'), [
    ('stranger', ['/', '/archive', '/feed.xml', '/login', '/@tunde-adeyemi', '/@tunde-adeyemi/feed.xml']),
    ('owner', ['/studio', '/studio/media', '/studio/stats', '/settings', '/admin', '/admin/mail', '/admin/members'])])
def test_every_link_on_every_page_leads_somewhere_within_the_site(place, request, who, must_see):
    person = request.getfixturevalue('owner') if who == 'owner' else Person(place)
    answers = crawl(person, place)
    seen = {address.partition('?')[0].removeprefix(place.url) for address in answers}
    assert set(must_see) <= seen, sorted(seen)
    assert len(answers) > 60 and any(path.startswith('/static/') for path in seen)


def test_what_is_beside_the_site_is_not_the_sites(place):
    person = Person(place)
    if place.prefix:
        assert person.get(f'https://localhost:{place.port}{place.prefix}').status == 200
        for path in ('/', '/bloggers', '/static/style.css'):
            answer = person.get(f'https://localhost:{place.port}{path}')
            assert b'Long Table' not in answer.body, path
    else:
        assert person.get('/nothing').status == 404


def test_redirects_stay_within_the_site(place):
    person = Person(place)
    assert person.get('/archive/').location == f'{place.url}/archive'
    sent = person.get('/settings?x=1')
    assert sent.status == 303 and sent.location == f'{place.url}/login?next=/settings%3Fx%3D1'
    answer = person.post('/login?next=/settings%3Fx%3D1',
                         {'email': OWNER, 'password': demo.PASSWORD, 'next': '/settings?x=1'})
    assert answer.location == f'{place.url}/settings?x=1'
    if hasattr(place, 'plain'):
        answer = Visitor(f'http://127.0.0.1:{place.plain}').get('/archive')
        assert answer.status == 0 and answer.url == ''  # it is sent to https, on the usual port, where nobody answers


def test_the_cookie_is_for_this_site_and_for_tls_alone(place):
    person = Person(place)
    header = person.log_in(OWNER, demo.PASSWORD).headers['Set-Cookie'].lower()
    assert {cookie.name.removeprefix('__Host-') for cookie in person.cookies} == {'quickpub', 'quickpub-device'}
    for cookie in person.cookies:
        assert cookie.path == (place.prefix or '/') and cookie.secure
        assert cookie.name.startswith('__Host-') == (not place.prefix)
    assert 'httponly' in header and 'samesite=lax' in header
    assert person.get('/studio').status == 200


def test_forms_are_taken_from_the_site_and_refused_from_elsewhere(place, owner):
    origin = f'https://localhost:{place.port}'
    fields = {'title': 'Sent', 'slug': '', 'body': 'By a form.', 'tags': '', 'summary': '', 'action': 'save'}
    assert owner.post('/studio/posts/new', fields, Origin=origin).status == 303
    assert owner.post('/studio/posts/new', fields, Origin='https://evil.example').status == 403
    assert owner.post('/studio/posts/new', fields, Origin=f'http://localhost:{place.port + 1}').status == 403


def test_feeds_and_the_map_of_the_site_name_public_addresses(place):
    person = Person(place)
    feed = feedparser.parse(person.get('/feed.xml').body)
    assert not feed.bozo and feed.feed.link == f'{place.url}/'
    links = [entry.link for entry in feed.entries]
    links += [item['url'] for item in json.loads(person.get('/feed.json').text)['items']]
    links += re.findall(r'<loc>([^<]*)</loc>', person.get('/sitemap.xml').text)
    assert len(links) > 20
    for link in set(links):
        assert is_within(place, link) and person.get(link).status == 200, link


def test_links_in_emails_lead_to_the_public_address(place):
    person = Person(place)
    assert person.post('/forgot', {'email': 'sadia@example.org'}).status in (200, 303)
    config = settings.from_env(place.rig.environ())

    def mails():
        return [mail for mail in outbox(config) if mail['To'] == 'sadia@example.org']
    mail = wait_for(mails, 'the email')[-1]
    link = link_in(mail, '/reset/')
    assert link.startswith(f'{place.url}/reset/') and person.get(link).status == 200


def test_the_proxys_word_about_the_client_counts_and_the_clients_own_does_not(place):
    """Guesses from one address lock that address out, whatever it claims, and no other."""
    guesser, other = Person(place, '127.0.0.21'), Person(place, '127.77.0.22')
    email = 'joaquin@example.org'
    for number in range(sessions.TRIES_PER_PAIR):
        lies = {'X_Forwarded_For': f'198.51.100.{number}', 'X_Real_IP': f'198.51.100.{number}',
                'Forwarded': f'for=198.51.100.{number}'}
        assert guesser.log_in(email, 'wrong', **lies).status == 400
    assert guesser.log_in(email, demo.PASSWORD, X_Forwarded_For='198.51.100.99').status == 429
    assert other.log_in(email, demo.PASSWORD, X_Forwarded_For='127.0.0.21').status == 303


def test_readers_behind_the_proxy_are_told_apart(place):
    with place.rig.database():
        before = _visitors()
    link = feedparser.parse(Person(place).get('/feed.xml').body).entries[0].link
    for address in ('127.10.0.1', '127.20.0.1', '127.30.0.1', '127.30.0.1'):
        for lie in ('192.0.2.1', '192.0.2.2'):
            assert Person(place, address).get(link, X_Forwarded_For=lie).status == 200
    with place.rig.database():
        wait_for(lambda: _visitors() == before + 3, 'the views to be counted')


def _visitors():
    """Visitors of the site, of all days."""
    return sum(row.visitors for row in DailyVisitorCount.select().where(DailyVisitorCount.scope == 0))


def test_twenty_megabytes_go_up_and_come_down_as_they_were(place, owner):
    answer = owner.upload('large.pdf', 20 * MEGABYTE, Accept='application/json')
    assert answer.status == 200, answer.text
    (path,) = re.findall(r'"path": "([^"]+)"', answer.text)
    body = Person(place).get(path).body
    assert body == b''.join(pdf(20 * MEGABYTE))


@pytest.mark.parametrize(('size', 'status', 'sentence'), [
    (65, 400, '64 MB'), (255, 400, '64 MB'), (257, 413, 'up to 256 MB'), (310, 413, 'up to 256 MB')])
def test_an_upload_over_the_limit_gets_a_page_that_says_so(place, owner, size, status, sentence):
    answer = owner.upload('huge.pdf', size * MEGABYTE)
    assert answer.status == status and sentence in answer.text and '</html>' in answer.text


def test_a_stranger_may_send_no_more_than_a_form(place):
    answer = Person(place).upload('huge.pdf', 20 * MEGABYTE)
    assert answer.status == 413 and 'up to 8 MB' in answer.text


# Installed

@pytest.fixture(scope='module')
def installed():
    """A folder that other users may enter, with what `make install` puts there."""
    folder = Path(tempfile.mkdtemp(prefix='quickpub-deploy-'))
    folder.chmod(0o755)
    before = sorted(os.listdir(ROOT))
    try:
        subprocess.run(install(folder / 'opt'), cwd=ROOT, check=True)
        assert sorted(os.listdir(ROOT)) == before, 'the install left something in the checkout'
        yield folder
    finally:
        shutil.rmtree(folder)


def test_an_install_takes_what_is_there_and_nothing_that_was(installed):
    """A second one replaces the first; a folder that is no virtual environment is left alone."""
    (package,) = (installed / 'opt').glob('lib/python*/site-packages/quickpub')
    shipped = {path.relative_to(ROOT) for path in (ROOT / 'quickpub').rglob('*')
               if path.is_file() and '__pycache__' not in path.parts}
    for _ in range(2):
        there = {path.relative_to(package.parent) for path in package.rglob('*')
                 if path.is_file() and '__pycache__' not in path.parts}
        assert there == shipped
        (package / 'old.py').touch()
        subprocess.run(install(installed / 'opt'), cwd=ROOT, check=True)
        (package / 'old.py').unlink()
    other = installed / 'other'
    other.mkdir()
    (other / 'precious').touch()
    refused = subprocess.run(install(other), cwd=ROOT, capture_output=True, text=True)
    assert refused.returncode and 'is no virtual environment' in refused.stdout and (other / 'precious').exists()


def test_commands_run_as_the_sites_user_with_the_sites_settings(installed, mail_server):
    """The settings file with its mode, the data folder that systemd makes, the small command, and the service."""
    assert os.geteuid() == 0, 'This test needs root, as a deployment does: it runs the site as another user.'
    user, group = 'nobody', 'nogroup'
    data, config, command = (installed / name for name in ('data', 'quickpub.env', 'quickpub'))
    rig = Rig(installed)  # for a free port, and to end what is left
    rig.data = data
    config.write_text(replaced(
        blocks('env')[0], ('/var/lib/quickpub', data), ('https://blog.example.org', rig.url),
        ('# QUICKPUB_SMTP=smtp://user:password@mail.example.org:587', f'QUICKPUB_SMTP={mail_server.url}'))
        + f'QUICKPUB_PORT={rig.port}\n')
    run('chown', f'root:{group}', config)
    run('chmod', '640', config)
    command.write_text(replaced(blocks('sh')[0], ('-u quickpub', f'-u {user}'), ('/etc/quickpub.env', config),
                                ('/opt/quickpub/bin', installed / 'opt' / 'bin')))
    command.chmod(0o755)
    data.mkdir(mode=0o700)
    shutil.chown(data, user, group)

    migrated = run(command, 'migrate')
    assert f'Set up your site: {rig.url}/setup/' in migrated
    service = subprocess.Popen([command, 'serve'], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        rig.wait_until_well()
        assert 'NOT' not in run(command, 'check')
        assert f'QUICKPUB_URL={rig.url}' in run(command, 'settings')
    finally:
        for process in psutil.Process(service.pid).children(recursive=False) or [psutil.Process(service.pid)]:
            process.terminate()
        said = service.communicate(timeout=60)[0]
    assert 'Set up your site' in said and 'Traceback' not in said

    kept, ours = installed / 'backups', installed / 'of root'
    kept.mkdir(mode=0o700)
    shutil.chown(kept, user, group)
    ours.mkdir(mode=0o700)
    run(command, 'backup', f'{kept}/')
    (backup,) = kept.iterdir()
    backup.rename(ours / 'whole.zip')
    assert 'jobs resume' in run(command, 'restore', 'whole.zip', cwd=ours)
    assert len(list(installed.glob('data.before-restore-*'))) == 1
    run(command, 'jobs', 'resume')
    for path in [data, *data.rglob('*')]:
        assert path.owner() == user and not stat.S_IMODE(path.stat().st_mode) & 0o077, path


def test_the_unit_is_one_that_systemd_takes_and_finds_safe(installed):
    root = installed / 'root'
    program = installed / 'opt' / 'bin' / 'quickpub'
    run(program, 'install-service', '--url', 'https://blog.example.org', '--root', root)
    unit = root / 'etc' / 'systemd' / 'system' / 'quickpub.service'
    assert f'ExecStart={program} serve' in unit.read_text()
    analyze = shutil.which('systemd-analyze')
    assert analyze, 'This test needs systemd-analyze, from the package systemd.'
    run(analyze, 'verify', '--man=no', unit)
    found = run(analyze, 'security', '--offline=true', unit)
    assert float(re.search(r'Overall exposure level for \S+: ([\d.]+)', found)[1]) < 2.0
