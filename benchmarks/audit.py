"""Let Lighthouse look at the pages of a demo site: `make audit`. Fails where a page has fewer points than it should."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
from http.cookiejar import CookieJar
from pathlib import Path

from rig import free_port, listens, wait_for

LIGHTHOUSE = 'lighthouse@12'  # the last one for the Node.js that Debian has
FULL = {'performance': 100, 'accessibility': 100, 'best-practices': 100, 'seo': 100}
DESK = {'performance': 95, 'accessibility': 95, 'best-practices': 95}  # no search engine is to find it
PUBLIC = {'home': '/', 'post': '/p/counting-what-nobody-planted', 'archive': '/archive'}
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
            missed = [line for name, path in PUBLIC.items() for line in look(name, url + path, FULL, folder)]
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
    opener.open(f'{url}/login', form).close()
    return '; '.join(f'{each.name}={each.value}' for each in cookies)


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
