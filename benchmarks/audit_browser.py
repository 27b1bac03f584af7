"""Chromium opens all pages of a site in two widths, light and dark. Axe looks at each; nothing may move when fonts and
images arrive late; no page may ask another host for anything, nor be wider than the window.
"""

import re
import shutil
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import sync_playwright

WIDTHS = (375, 1440)
ALIKE = 3  # pages of the studio's, say, for one post after the other
SHIFT = 0.01  # the most that a page may move while it loads
LATE = re.compile(r'/media/|\.(woff2|png|svg)')  # what is held back
HELD = 300  # milliseconds after the text is there
AXE = Axe().axe_script
LIGHT = {'rules': {'target-size': {'enabled': True}}}
DARK = {'runOnly': ['color-contrast', 'link-in-text-block']}  # the rest is the same

WATCH = """
window.shifts = [];
new PerformanceObserver(list => {
  for (const each of list.getEntries())
    if (!each.hadRecentInput)
      window.shifts.push([each.value, each.sources.map(source => {
        const node = source.node?.closest ? source.node : source.node?.parentElement;
        return node ? node.outerHTML.slice(0, 90) : '?';
      })]);
}).observe({type: 'layout-shift', buffered: true});
"""
SCROLL = """async () => {
  for (let y = 0; y < document.documentElement.scrollHeight; y += innerHeight / 2) {
    scrollTo(0, y);
    await new Promise(done => requestAnimationFrame(() => setTimeout(done, 15)));
  }
  scrollTo(0, 0);
  await document.fonts.ready;
  await new Promise(done => requestAnimationFrame(() => setTimeout(done, 15)));
}"""


def visit(site):
    """A line for each problem."""
    pages = [(path, {}) for path in _choose(site.public)] + [(path, site.cookies) for path in _choose(site.studio)]
    missed = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which('chromium'), args=['--no-sandbox'])
        for width in WIDTHS:
            print(f'visiting {len(pages)} pages, {width} pixels wide', flush=True)
            for path, cookies in pages:
                found = [f'{path} at {width}: {problem}' for problem in _visit(browser, site.url, path, cookies, width)]
                print(*found, sep='\n', end='\n' if found else '', flush=True)
                missed += found
        browser.close()
    return missed


def _choose(pages):
    """Return the paths of the pages; of those that differ in a number only, no more than ALIKE."""
    alike = {}
    for page in pages:
        if page.kind == 'text/html':
            alike.setdefault(re.sub(r'\d+', '0', page.path), []).append(page.path)
    return [path for paths in alike.values() for path in paths[:ALIKE]]


def _visit(browser, url, path, cookies, width):
    """Yield the problems of a page."""
    context = browser.new_context(viewport={'width': width, 'height': 900}, reduced_motion='reduce')
    context.add_cookies([{'name': name, 'value': value, 'url': url} for name, value in cookies.items()])
    context.add_init_script(WATCH)
    page, asked = context.new_page(), []
    page.on('request', lambda request: asked.append(urlsplit(request.url)))
    answer = _load_slowly(page, url + path)
    has_scripts = 'sandbox' not in answer.headers.get('content-security-policy', '')  # an email lets none run
    if has_scripts:
        page.evaluate(SCROLL)
    yield from {f'it asks {each.netloc}' for each in asked if each.netloc not in ('', urlsplit(url).netloc)}
    if not has_scripts:
        context.close()
        return
    yield from _find_shifts(page)
    wide = page.evaluate('document.documentElement.scrollWidth')
    if wide > width:
        yield f'it is {wide} pixels wide'
    yield from _run_axe(page, 'light', LIGHT)
    yield from _run_axe(page, 'dark', DARK)
    context.close()


def _load_slowly(page, url):
    """Open a page whose fonts and images come some time after its text, and return the answer."""
    held, is_late = [], False
    page.route(LATE, lambda route: route.continue_() if is_late else held.append(route))
    answer = page.goto(url, wait_until='domcontentloaded')
    page.wait_for_timeout(HELD)
    is_late = True
    for route in held:
        route.continue_()
    page.wait_for_load_state('load')
    return answer


def _find_shifts(page):
    shifts = page.evaluate('window.shifts')
    moved = sum(value for value, _ in shifts)
    return [f'it shifts by {moved:.3f}: {shifts[0][1]}'] if moved > SHIFT else []


def _run_axe(page, scheme, options):
    page.emulate_media(color_scheme=scheme)
    if not page.evaluate('typeof axe != "undefined"'):
        page.evaluate(AXE)
    found = page.evaluate('options => axe.run(options)', options | {'resultTypes': ['violations']})
    return [f'axe, {scheme}: {each["id"]}: {each["help"]}: {each["nodes"][0]["html"]}' for each in found['violations']]
