"""Let others look at the pages of a demo site: `make audit`. The Nu HTML Checker looks at all of them and at the feeds,
Lighthouse at some; it fails where one has an error, or fewer points than it should.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

from bs4 import BeautifulSoup
from rig import free_port, listens, wait_for

LIGHTHOUSE = 'lighthouse@12'  # the last one for the Node.js that Debian has
CHECKER = 'vnu-jar@26'  # what validator.w3.org/nu runs; it needs Java and no network
FULL = {'performance': 100, 'accessibility': 100, 'best-practices': 100, 'seo': 100}
DESK = {'performance': 95, 'accessibility': 95, 'best-practices': 95}  # no search engine is to find it
ATOM = Path(__file__).with_name('atom.rnc').absolute()
PUBLIC = {'home': '/', 'post': '/p/counting-what-nobody-planted', 'archive': '/archive'}
EMPTY = ['/nothing', '/search?q=zzzzzz', '/signup', '/forgot', '/verify']  # to which no link leads
STUDIO = {'studio': '/studio', 'numbers': '/studio/stats?days=90', 'editor': '/studio/posts/new'}


def main():
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        url = f'http://127.0.0.1:{port}'
        env = os.environ | {'QUICKPUB_DATA': f'{folder}/data', 'QUICKPUB_PORT': str(port)}
        quickpub = [sys.executable, '-m', 'quickpub']
        subprocess.run([*quickpub, 'demo'], env=env, check=True)
        server = subprocess.Popen([*quickpub, 'serve'], env=env)
        try:
            wait_for(lambda: listens(port), 'the site to listen')
            cookie = log_in(url)
            found = crawl(url, ['/', *EMPTY]) + crawl(url, ['/studio'], cookie)
            missed = check(found, 'text/html', Path(folder))
            missed += check(found, 'application/atom+xml', Path(folder), '--xml', '--schema', ATOM.as_uri())
            missed += [line for name, path in PUBLIC.items() for line in look(name, url + path, FULL, folder)]
            missed += [line for name, path in STUDIO.items() for line in look(name, url + path, DESK, folder, cookie)]
        finally:
            server.terminate()
            server.wait()
    if missed:
        sys.exit('\n'.join(missed))


def log_in(url):
    """The cookie of an author of the demo."""
    cookies = CookieJar()
    opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(cookies))
    form = urllib.parse.urlencode({'email': 'marta@example.org', 'password': 'quickpub demo'}).encode()
    opener.addheaders.append(('Origin', url))
    opener.open(f'{url}/login', form).close()
    return '; '.join(f'{each.name}={each.value}' for each in cookies)


def crawl(url, paths, cookie=''):
    """(kind, path, text) of these pages and of all that links lead to, as a stranger sees them or whose cookie it is."""
    found, waiting = [], list(paths)
    seen = set(paths)
    while waiting:
        path = waiting.pop()
        try:
            answer = urllib.request.urlopen(urllib.request.Request(url + path, headers={'Cookie': cookie}))
        except urllib.error.HTTPError as error:  # a page as well
            answer = error
        with answer:
            kind, content = answer.headers.get_content_type(), answer.read()
        found.append((kind, path, content))
        if kind == 'text/html':
            links = BeautifulSoup(content, 'html.parser').select('a[href^="/"], link[rel=alternate]')
            new = {link['href'].partition('#')[0] for link in links} - seen
            seen |= new
            waiting += new
    return found


def check(found, kind, folder, *options):
    """A line for each error that the checker finds in the pages of this kind."""
    pages = [(path, content) for each, path, content in found if each == kind]
    files = [folder / f'{number}.{kind.rpartition("/")[2]}' for number in range(len(pages))]
    for file, (_, content) in zip(files, pages, strict=True):
        file.write_bytes(content)
    print(f'checking {len(pages)} times {kind}', flush=True)
    answer = subprocess.run(
        ['npx', '--yes', f'--package={CHECKER}', 'vnu', *options, '--errors-only', '--exit-zero-always', '--stdout',
         '--format', 'json', *files], stdout=subprocess.PIPE, check=True)
    return [f'{pages[int(Path(each["url"]).stem)][0]}: {each["message"]}: {each.get("extract", "")}'
            for each in json.loads(answer.stdout)['messages']]


def look(name, url, wanted, folder, cookie=None):
    """Print the points of a page; a line for each that is too low, with what costs them."""
    report = Path(folder) / f'{name}.json'
    headers = [f'--extra-headers={json.dumps({"Cookie": cookie})}'] if cookie else []
    subprocess.run(
        ['npx', '--yes', LIGHTHOUSE, url, '--quiet', '--output=json', f'--output-path={report}', *headers,
         f'--only-categories={",".join(wanted)}', '--chrome-flags=--headless=new --no-sandbox'],
        env=os.environ | {'CHROME_PATH': shutil.which('chromium') or shutil.which('google-chrome') or ''}, check=True)
    found = json.loads(report.read_text())
    points = {each: round(100 * found['categories'][each]['score']) for each in wanted}
    print(f'{name:10}', *(f'{each} {count}' for each, count in points.items()), flush=True)
    lacking = [audit['title'] for audit in found['audits'].values() if audit['score'] not in (None, 1)]
    print(*lacking, sep='; ')
    return [f'{name}: {points[each]} for {each}, not {least}'
            for each, least in wanted.items() if points[each] < least]


if __name__ == '__main__':
    main()
