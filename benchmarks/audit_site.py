"""The demo site that `make audit` looks at, and all its pages."""

import os
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from contextlib import closing, contextmanager
from dataclasses import dataclass
from functools import cached_property
from http.cookiejar import CookieJar
from pathlib import Path

from bs4 import BeautifulSoup
from rig import free_port, listens, wait_for

UNLINKED = ['/nothing', '/search?q=zzzzzz', '/search?q=boat', '/signup', '/forgot', '/verify', '/login']
LINKS = 'a[href], link[rel=alternate], link[rel=stylesheet], iframe[src]'


@dataclass(frozen=True)
class Page:
    """What the site answers at a path."""
    path: str
    kind: str
    content: bytes


@dataclass
class DemoSite:
    """A running demo site. `folder` is for files of the tools."""
    url: str
    folder: Path

    @cached_property
    def cookies(self):
        """The cookies of the owner, by their names."""
        jar = CookieJar()
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar))
        form = urllib.parse.urlencode({'email': 'marta@example.org', 'password': 'quickpub demo'}).encode()
        opener.addheaders.append(('Origin', self.url))
        opener.open(f'{self.url}/login', form).close()
        return {each.name: each.value for each in jar}

    @property
    def cookie_header(self):
        return '; '.join(f'{name}={value}' for name, value in self.cookies.items())

    @cached_property
    def public(self):
        """All pages that links lead a stranger to."""
        return self._crawl(['/', *UNLINKED], '')

    @cached_property
    def studio(self):
        """All pages that links lead the owner to, but for those that strangers see as well."""
        seen = {page.path for page in self.public}
        return [page for page in self._crawl(['/studio/dashboard'], self.cookie_header)
                if page.path not in seen or page.path == '/']

    def change(self, sql, *values):
        """Change a row of the running site."""
        with closing(sqlite3.connect(self.folder / 'data/quickpub.db', timeout=10)) as database, database:
            database.execute(sql, values)

    def _crawl(self, paths, cookie):
        found, waiting, seen = [], list(paths), set(paths)
        while waiting:
            page = self._fetch(waiting.pop(), cookie)
            found.append(page)
            if page.kind == 'text/html':
                new = self._find_links(page) - seen
                seen |= new
                waiting += sorted(new)
        return found

    def _fetch(self, path, cookie):
        request = urllib.request.Request(self.url + path, headers={'Cookie': cookie})
        try:
            answer = urllib.request.urlopen(request)
        except urllib.error.HTTPError as error:  # a page as well
            answer = error
        with answer:
            return Page(path, answer.headers.get_content_type(), answer.read())

    def _find_links(self, page):
        """Return the paths on this site that the page links to."""
        links = BeautifulSoup(page.content, 'html.parser').select(LINKS)
        full = [urllib.parse.urljoin(self.url + page.path, link.get('href') or link.get('src')) for link in links]
        return {each.partition('#')[0].removeprefix(self.url) for each in full if each.startswith(f'{self.url}/')}


@contextmanager
def demo_site(folder):
    """A demo site that runs, with a banner for each author."""
    port = free_port()
    url = f'http://localhost:{port}'
    env = os.environ | {'QUICKPUB_DATA': f'{folder}/data', 'QUICKPUB_PORT': str(port), 'QUICKPUB_URL': url}
    quickpub = [sys.executable, '-m', 'quickpub']
    subprocess.run([*quickpub, 'demo'], env=env, check=True)
    server = subprocess.Popen([*quickpub, 'serve'], env=env)
    try:
        wait_for(lambda: listens(port), 'the site to listen')
        site = DemoSite(url, folder)
        site.change("INSERT OR IGNORE INTO placed_image (place, owner_id, digest, alt) SELECT 'banner', user.id, "
                    "placed_image.digest, placed_image.alt FROM user, placed_image WHERE place = 'front'")
        yield site
    finally:
        server.terminate()
        server.wait()
