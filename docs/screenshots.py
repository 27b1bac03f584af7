"""Take the README's pictures anew, of a demo site made for it: `.venv/bin/python docs/screenshots.py`."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Sequence
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
AUTHOR = '/@tunde-adeyemi'

# The name of the picture, the path, the width of the window in pixels, and the colours of the device.
READERS = [
    ('home', '/', 1440, 'light'), ('home-dark', '/', 1440, 'dark'), ('home-phone', '/', 375, 'light'),
    ('post', POST, 1440, 'light'), ('post-phone-dark', POST, 375, 'dark'),
    ('author', AUTHOR, 820, 'light'), ('archive', '/archive', 820, 'light'),
]
MEMBERS = [
    ('studio', '/studio', 1440, 'light'), ('look', '/admin/look', 1440, 'light'),
    ('numbers', '/studio/stats?days=90', 1440, 'light'), ('numbers-phone-dark', '/studio/stats?days=30', 375, 'dark'),
]
NAMES = [*(each[0] for each in READERS + MEMBERS), 'editor', 'report', 'report-phone-dark', 'report-text']


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        env = os.environ | {'QUICKPUB_DATA': f'{folder}/data', 'QUICKPUB_PORT': PORT}
        quickpub = [sys.executable, '-m', 'quickpub']
        subprocess.run([*quickpub, 'demo'], env=env, check=True)
        subprocess.run([*quickpub, 'report', '--all'], env=env, check=True)
        server = subprocess.Popen([*quickpub, 'serve'], env=env)
        try:
            _wait()
            with sync_playwright() as playwright:
                _take(playwright, mail=_report_of('marta@example.org', Path(folder) / 'data' / 'outbox' / 'new'))
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


def _take(playwright, mail: tuple[str, str]) -> None:
    browser = playwright.chromium.launch(executable_path=shutil.which('chromium'), args=['--no-sandbox'])
    for name, path, width, scheme in READERS:
        _open(browser, width, scheme, path, name)
    desk = browser.new_page(viewport={'width': 1440, 'height': HEIGHT})
    desk.goto(f'{URL}/login')
    desk.fill('[name=email]', 'marta@example.org')
    desk.fill('[name=password]', 'quickpub demo')
    desk.click('main button')
    desk.wait_for_url('**/studio**')
    cookies = desk.context.cookies()
    for name, path, width, scheme in MEMBERS:
        _open(browser, width, scheme, path, name, cookies)
    desk.click('table a')
    desk.click('#show-preview')
    desk.locator('#preview .prose').wait_for()
    desk.evaluate('scrollTo(0, 0)')
    _save(desk, 'editor')
    html, text = mail
    for name, width, scheme in (('report', 820, 'light'), ('report-phone-dark', 375, 'dark')):
        letter = browser.new_context(viewport={'width': width, 'height': HEIGHT}, color_scheme=scheme).new_page()
        letter.set_content(html)
        _save(letter, name)
    letter = browser.new_page(viewport={'width': 820, 'height': HEIGHT})
    letter.set_content(f'<pre style="font: 14px/1.4 monospace; margin: 16px">{escape(text)}</pre>')
    _save(letter, 'report-text')
    browser.close()


def _open(browser, width: int, scheme: str, path: str, name: str, cookies: Sequence = ()) -> None:
    """Take the picture of a page."""
    context = browser.new_context(viewport={'width': width, 'height': HEIGHT}, color_scheme=scheme)
    context.add_cookies(list(cookies))
    page = context.new_page()
    page.goto(URL + path, wait_until='networkidle')
    _save(page, name)
    context.close()


def _save(page, name: str) -> None:
    """Write what is in view as a PNG of 256 colours."""
    page.evaluate('Promise.all([document.fonts.ready, ...[...document.images].filter(each => !each.complete && '
                  'each.getBoundingClientRect().top < innerHeight).map(each => each.decode())])')
    with Image.open(BytesIO(page.screenshot())) as image:
        image.convert('RGB').quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
            HERE / f'{name}.png', optimize=True)


if __name__ == '__main__':
    main()
