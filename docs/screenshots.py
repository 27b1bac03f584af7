"""Take the pictures of README and of docs/look.md anew, of a demo site made for it: `make screenshots`."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html import escape
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
PORT = '8765'
URL = f'http://127.0.0.1:{PORT}'
HEIGHT = 900
POST = '/p/the-key-of-mrs-bello'
WRITTEN = 'What gets borrowed when it rains'  # the post in the editor

# README's: the name of the picture, the path, the width of the window in pixels, and the colours of the device.
READERS = [('home', '/', 1440, 'light'), ('post', POST, 1440, 'light'), ('post-phone-dark', POST, 375, 'dark')]
MEMBERS = [
    ('studio', '/studio', 1440, 'light'),
    ('numbers', '/studio/stats?days=90', 1440, 'light'), ('numbers-phone-dark', '/studio/stats?days=30', 375, 'dark'),
]
NAMES = [*(each[0] for each in READERS + MEMBERS), 'editor', 'report', 'report-phone-dark', 'report-text']

# Those of docs/look.md: the pages of readers and of members, and the screens, which have the size of the window.
PUBLIC = {'home': '/', 'post': '/p/a-notebook-for-the-field', 'author': '/@sadia-rahman', 'archive': '/archive'}
PRIVATE = {'studio': '/studio', 'editor': '', 'stats': '/studio/stats?days=90'}
SCREENS = {1440: 900, 820: 1180, 375: 812}
SCHEMES = 'light', 'dark'
IMAGES = 'pictures', 'plain'  # the demo as it is, and without covers, portraits, logo and front image
LOOK = [f'{page}-{width}-{scheme}-{images}' for page in PUBLIC | PRIVATE for images in IMAGES for scheme in SCHEMES
        for width in SCREENS]
QUALITY = 62  # of WebP: text stays sharp, and all of them together are below 4 MB


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        data = Path(folder) / 'data'
        env = os.environ | {'QUICKPUB_DATA': str(data), 'QUICKPUB_PORT': PORT}
        subprocess.run([sys.executable, '-m', 'quickpub', 'demo'], env=env, check=True)
        subprocess.run([sys.executable, '-m', 'quickpub', 'report', '--all'], env=env, check=True)
        browser = playwright.chromium.launch(executable_path=shutil.which('chromium'), args=['--no-sandbox'])
        shutil.rmtree(HERE / 'look', ignore_errors=True)
        (HERE / 'look').mkdir()
        with _served(env):
            cookies = _log_in(browser)
            _take_for_readme(browser, cookies, _report_of('marta@example.org', data / 'outbox' / 'new'))
            _take_look(browser, cookies, IMAGES[0])
        with sqlite3.connect(data / 'quickpub.db') as database:
            database.execute('DELETE FROM placed_image')
        database.close()
        with _served(env):
            _take_look(browser, cookies, IMAGES[1])
        browser.close()


@contextmanager
def _served(env: dict[str, str]) -> Iterator[None]:
    server = subprocess.Popen([sys.executable, '-m', 'quickpub', 'serve'], env=env)
    try:
        _wait()
        yield
    finally:
        server.terminate()
        server.wait()


def _wait() -> None:
    for _ in range(100):
        try:
            urllib.request.urlopen(URL).close()
            return
        except OSError:
            time.sleep(0.1)
    raise SystemExit('The site does not answer.')


def _report_of(recipient: str, folder: Path) -> tuple[str, str]:
    """The HTML and the text of an author's report."""
    import email
    import email.policy
    for path in folder.iterdir():
        mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        if mail['To'] == recipient:
            return mail.get_body(('html',)).get_content(), mail.get_body(('plain',)).get_content()
    raise SystemExit(f'There is no report to {recipient}.')


def _log_in(browser) -> list:
    """The cookies of a member."""
    page = browser.new_page()
    page.goto(f'{URL}/login')
    page.fill('[name=email]', 'marta@example.org')
    page.fill('[name=password]', 'quickpub demo')
    page.click('main button')
    page.wait_for_url('**/studio**')
    cookies = page.context.cookies()
    page.context.close()
    return cookies


def _take_for_readme(browser, cookies: Sequence, mail: tuple[str, str]) -> None:
    for name, path, width, scheme in READERS:
        with _opened(browser, path, width, HEIGHT, scheme) as page:
            _save(page, name)
    for name, path, width, scheme in MEMBERS:
        with _opened(browser, path, width, HEIGHT, scheme, cookies) as page:
            _save(page, name)
    with _opened(browser, _editor(browser, cookies), 1440, HEIGHT, 'light', cookies) as page:
        _show_preview(page)
        _save(page, 'editor')
    html, text = mail
    for name, width, scheme in (('report', 820, 'light'), ('report-phone-dark', 375, 'dark')):
        letter = browser.new_context(viewport={'width': width, 'height': HEIGHT}, color_scheme=scheme).new_page()
        letter.set_content(html)
        _save(letter, name)
    letter = browser.new_page(viewport={'width': 820, 'height': HEIGHT})
    letter.set_content(f'<pre style="font: 14px/1.4 monospace; margin: 16px">{escape(text)}</pre>')
    _save(letter, 'report-text')


def _take_look(browser, cookies: Sequence, images: str) -> None:
    """Take the pictures of docs/look.md of the site that is served now."""
    paths = PUBLIC | PRIVATE | {'editor': _editor(browser, cookies)}
    for page_name, path in paths.items():
        for scheme in SCHEMES:
            for width, height in SCREENS.items():
                told = cookies if page_name in PRIVATE else ()
                with _opened(browser, path, width, height, scheme, told) as page:
                    if page_name == 'editor' and width == max(SCREENS):
                        _show_preview(page)
                    with Image.open(BytesIO(_shoot(page))) as image:
                        image.save(HERE / f'look/{page_name}-{width}-{scheme}-{images}.webp', quality=QUALITY, method=6)


def _editor(browser, cookies: Sequence) -> str:
    """The path of the editor with a post of the member."""
    with _opened(browser, '/studio', 1440, HEIGHT, 'light', cookies) as page:
        return page.get_by_role('link', name=WRITTEN, exact=True).get_attribute('href')


def _show_preview(page) -> None:
    page.click('#show-preview')
    page.locator('#preview .prose').wait_for()
    page.evaluate('scrollTo(0, 0)')


@contextmanager
def _opened(browser, path: str, width: int, height: int, scheme: str, cookies: Sequence = ()) -> Iterator:
    context = browser.new_context(viewport={'width': width, 'height': height}, color_scheme=scheme)
    context.add_cookies(list(cookies))
    page = context.new_page()
    page.goto(URL + path)
    yield page
    context.close()


def _shoot(page) -> bytes:
    """Return the visible part of the page as a PNG, as soon as its fonts and images are there."""
    page.evaluate('''() => Promise.all([document.fonts.ready, ...[...document.images].filter(each => (
        each.getClientRects().length && each.getBoundingClientRect().top < innerHeight)).map(async each => {
            each.decoding = 'sync'
            if (!each.complete) await new Promise(loaded => { each.onload = each.onerror = loaded })
            await each.decode().catch(() => null)
        })]).then(() => null)''')
    return page.screenshot()


def _save(page, name: str) -> None:
    """Write what is in view as a PNG of 256 colours."""
    with Image.open(BytesIO(_shoot(page))) as image:
        image.convert('RGB').quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
            HERE / f'{name}.png', optimize=True)


if __name__ == '__main__':
    main()
