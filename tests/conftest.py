"""What the tests share: a real site in a folder of its own, its real application, real mails, the real queue."""

import email
import email.policy
import mailbox
import os
import re
import shutil
import sys
import tempfile
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
from functools import cache

import hypothesis
import pytest
from argon2 import PasswordHasher
from page_forms import Request
from peewee import Value
from webtest import TestApp

from quickpub import data_folder, db, migrating, opening, secret, settings, tasks
from quickpub.accounts import passwords, users
from quickpub.audience import spool
from quickpub.content import posts, publishing
from quickpub.content.post_input import PostInput
from quickpub.jobs import owners
from quickpub.models import Card, Message, Post, Site, User
from quickpub.sqlite import connection as sqlite
from quickpub.web import create_app

pytest_plugins = ['clocks', 'slowness']
pytest.register_assert_rewrite('checks', 'hostile_markdown', 'hostile_requests', 'rig', 'windows')

# A busy machine is no fault.
hypothesis.settings.register_profile('untimed', deadline=None)
hypothesis.settings.load_profile('untimed')

MEMORY = '/dev/shm'  # a disk in memory, on Linux
NEEDED = 2 * 1024 ** 3  # bytes


# Hundreds of processes start in the tests: where they may not keep what they compile, each would do so anew.
os.environ.pop('PYTHONDONTWRITEBYTECODE', None)
sys.dont_write_bytecode = False


def pytest_configure(config):
    """Keep temporary folders in memory, where there is enough of it. Small and slow disks are mounted inside them."""
    if sys.platform == 'linux' and os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > NEEDED:
        os.environ.setdefault('PYTEST_DEBUG_TEMPROOT', MEMORY)


def pytest_sessionfinish():
    """End the site, the browser and the process for commands that the tests of this process have shared."""
    if shared := sys.modules.get('shared_site'):
        shared.stop()
    if rig := sys.modules.get('rig'):
        rig.stop_chromium()
    if forked := sys.modules.get('forked_commands'):
        forked.stop()


# A person's browser, as far as anybody can tell from it.
BROWSER = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36'
PASSWORD = 'a quiet horse on the hill'


# Passwords cost next to nothing in the tests, except in those about passwords.
REAL_HASHER = passwords._hasher
passwords._hasher = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


@pytest.fixture
def config(tmp_path):
    """The settings of a site that does not exist yet. Nobody waits at its sign-up form."""
    return settings.from_env({'QUICKPUB_DATA': str(tmp_path / 'data'), 'QUICKPUB_SIGNUP_SECONDS': '0'})


@pytest.fixture
def site(config):
    """A new site with its tables, open in this process, without anybody."""
    yield from open_site(config)


@cache
def template():
    """The database of a new site: all migrations take longer than most tests."""
    with tempfile.TemporaryDirectory(prefix='quickpub-') as folder:
        config = settings.from_env({'QUICKPUB_DATA': folder})
        migrating.migrate(config)
        db.db.close()
        return config.paths.database.read_bytes()


def create_database(config):
    """Make the folder of a new site, with its tables."""
    data_folder.create(config.paths)
    config.paths.database.write_bytes(template())
    secret.create(config.paths.secret)


@contextmanager
def keep_open(config):
    """Keep the database open in this block, as the other processes of a real site do: SQLite writes a database out,
    and deletes the files beside it, each time that the last connection is closed."""
    with closing(sqlite.connect(config.paths.database, 'ro')) as idle:
        idle.execute('SELECT 1 FROM site').fetchall()  # only now is it open
        yield


def open_site(config):
    create_database(config)
    opening.open_site(config)
    spool.mine.close()  # each site has its own
    owners.reset()
    db.db.connect(reuse_if_open=True)
    Site.create(id=1, title='The Village Voice', tagline='News from the hill', hue=215)
    with keep_open(config):
        yield config
    spool.mine.close()
    db.db.close()


def person(name, role='author', verified=True, **fields):
    """An account called, say, alice: alice@example.org with PASSWORD."""
    db.db.connect(reuse_if_open=True)  # a request before may have closed it
    user = users.create(name.capitalize(), f'{name}@example.org', HASH, db.now(), role=role, is_verified=verified)
    if fields:
        User.update(**fields).where(User.id == user.id).execute()
    return User.get_by_id(user.id)


HASH = passwords.hash_password(PASSWORD)


@pytest.fixture
def olga(site):
    """The owner."""
    return person('olga', role='owner')


@pytest.fixture
def alice(site):
    return person('alice')


@pytest.fixture
def bob(site):
    return person('bob')


def write(author, title='A post', at=None, published=True, **fields):
    """A post, saved through the same function as in the studio."""
    db.db.connect(reuse_if_open=True)
    at = at or db.now()
    typed = {'title': title, 'slug': '', 'body': 'Some *text*.', 'tags': '', 'summary': ''} | fields
    post = posts.save(None, author, PostInput.from_form(typed), at)
    if published:
        publishing.publish(post, at)
    return Post.get_by_id(post.id)


def take_cards_as_drawn():
    """Where they are no subject: drawing those of many posts takes long on a busy machine."""
    for kind, table in (('post', Post), ('author', User)):
        Card.insert_from(table.select(Value(kind), table.id, Value('')), [Card.kind, Card.owner_id, Card.digest]
                         ).on_conflict_ignore().execute()


class Browser(TestApp):
    """The application, used by one person: keeps cookies, says what a browser says, checks the WSGI protocol."""
    RequestClass = Request

    def __init__(self, app, prefix='', address='127.0.0.1'):
        url = settings.current().url_parts
        host = url.netloc.encode('idna').decode()
        super().__init__(app, extra_environ={'HTTP_USER_AGENT': BROWSER, 'REMOTE_ADDR': address, 'HTTP_HOST': host})
        self.prefix, self.origin = prefix, f'{url.scheme}://{host}'

    def do_request(self, req, *args, **options):
        """Browsers say from which page a form comes, one way or the other."""
        if req.method not in ('GET', 'HEAD') and not {'Origin', 'Sec-Fetch-Site', 'Referer'} & set(req.headers):
            req.headers['Origin'] = self.origin
        return super().do_request(req, *args, **options)

    def log_in(self, user, password=PASSWORD):
        """Send the log-in form."""
        return self.post(self.prefix + '/login', {'email': user.email, 'password': password}, status=303)


@pytest.fixture
def app(site):
    """The site as a WSGI application; one per test."""
    app = create_app(site)
    db.db.close()
    return app


@pytest.fixture
def browse(app):
    """browse() is a stranger's browser, browse(alice) one in which alice has logged in."""
    def open_browser(user=None):
        browser = Browser(app)
        if user is not None:
            browser.log_in(user)
        return browser
    return open_browser


@pytest.fixture
def studio(alice, browse):
    """The browser of alice."""
    return browse(alice)


@pytest.fixture
def connection(app):
    """The database, for a test that looks at rows between requests (each of which opens and closes its own)."""
    return db.db.connection_context


def drain():
    """Do all background work that is due, in this process; returns how many tasks ran."""
    count, was_closed = 0, db.db.connect(reuse_if_open=True)
    while (task := tasks.huey.next_task()) is not None:
        tasks.huey.execute(task)
        count += 1
    if was_closed:
        db.db.close()
    return count


def clean_up():
    """Do all chores of the night, in this process; one that fails raises."""
    for task in tasks.huey._registry.periodic_tasks:
        if task.recurrence.every >= timedelta(days=1):
            task.execute()


def outbox(config):
    """All mails in the site's outbox, oldest first, parsed as a mail program would."""
    box = mailbox.Maildir(config.data / 'outbox', factory=None, create=False)
    keys = sorted(box.keys(), key=lambda key: [int(part) for part in re.findall(r'\d+', key)[:2]])  # second, millionth
    found = [email.message_from_bytes(box.get_bytes(key), policy=email.policy.default) for key in keys]
    return sorted(found, key=lambda mail: mail['Date'].datetime)


def text_of(mail):
    return mail.get_body(('plain',)).get_content()


def link_in(mail, path='/'):
    """The first link in a mail whose path begins so."""
    return re.search(r'https?://[^\s/]+' + f'(\\S*{re.escape(path)}\\S*)', text_of(mail)).group(0)


def path_in(mail, path):
    """The same without the host, as a WSGI application wants it."""
    return '/' + link_in(mail, path).split('/', 3)[3]


def utc(*parts):
    return datetime(*parts)


def ledger():
    """Kind, recipient and state of all mails."""
    return [(row.kind, row.recipient, row.state) for row in Message.select().order_by(Message.id)]


@pytest.fixture
def rig(tmp_path):
    """The same site's folder, and the real processes that run it; what still lives at the end is killed."""
    from rig import Rig  # here, because rig imports this module
    rig = Rig(tmp_path)
    yield rig
    rig.close()


@pytest.fixture
def shared_rig():
    """A site that runs, empty, for a test that only uses it: all such tests of this process share its processes."""
    import shared_site  # here, because it imports this module
    with shared_site.lend() as rig:
        yield rig


@pytest.fixture
def mail_server():
    """A real mail server, on a port of its own."""
    from rig import MailServer
    server = MailServer()
    yield server
    server.close()


@pytest.fixture
def founded(rig, mail_server):
    """`rig` with a site in it, whose mail server is `mail_server`; nothing runs yet."""
    rig.settings['smtp'] = mail_server.url
    rig.open()
    with rig.database():
        Site.create(id=1, title='The Village Voice')
    return rig
