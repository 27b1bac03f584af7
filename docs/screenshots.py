"""Take the README's pictures anew, of a demo site made for it: `.venv/bin/python docs/screenshots.py`."""

import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from html import escape
from pathlib import Path

from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
PORT = '8765'
URL = f'http://127.0.0.1:{PORT}'
POST = '/p/counting-what-nobody-planted'


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
    wide = browser.new_page(viewport={'width': 1200, 'height': 800})
    for name, path in (('home', '/'), ('post', POST)):
        wide.goto(URL + path)
        wide.screenshot(path=HERE / f'{name}.png')
    wide.goto(f'{URL}/login')
    wide.fill('[name=email]', 'marta@example.org')
    wide.fill('[name=password]', 'quickpub demo')
    wide.click('main button')
    wide.screenshot(path=HERE / 'studio.png')
    wide.click('table a')
    wide.click('#show-preview')
    wide.locator('#preview .prose').wait_for()
    wide.evaluate('scrollTo(0, 0)')
    wide.screenshot(path=HERE / 'editor.png')
    wide.goto(f'{URL}/studio/stats?days=90')
    wide.screenshot(path=HERE / 'numbers.png')
    phone = browser.new_context(viewport={'width': 390, 'height': 800}, color_scheme='dark').new_page()
    phone.context.add_cookies(wide.context.cookies())
    phone.goto(f'{URL}/studio/stats?days=30')
    phone.screenshot(path=HERE / 'numbers-phone-dark.png')
    phone.context.clear_cookies()
    phone.goto(URL + POST)
    phone.screenshot(path=HERE / 'post-phone-dark.png')
    html, text = mail
    phone = browser.new_context(viewport={'width': 390, 'height': 800}, color_scheme='dark').new_page()
    phone.set_content(html)
    phone.screenshot(path=HERE / 'report-phone-dark.png')
    letter = browser.new_page(viewport={'width': 700, 'height': 800})
    letter.set_content(html)
    letter.screenshot(path=HERE / 'report.png')
    letter.set_content(f'<pre style="font: 14px/1.4 monospace; margin: 16px">{escape(text)}</pre>')
    letter.screenshot(path=HERE / 'report-text.png')
    browser.close()


if __name__ == '__main__':
    main()
