"""Fonts in a browser: text hardly moves when those of italics and of other scripts arrive late; figures fit."""

import pytest
from conftest import BROWSER, write
from rig import chromium, wait_for

from quickpub import db
from quickpub.look import fonts
from quickpub.models import Site

# From the first article of human rights.
TEXTS = {
    'latin': '*All human beings are born free and equal in dignity and rights. They are endowed with reason and '
             'conscience and should act towards one another in a spirit of brotherhood.*',
    'greek': 'Όλοι οι άνθρωποι γεννιούνται ελεύθεροι και ίσοι στην αξιοπρέπεια και τα δικαιώματα. Είναι προικισμένοι '
             'με λογική και συνείδηση, και οφείλουν να συμπεριφέρονται μεταξύ τους με πνεύμα αδελφοσύνης.',
    'cyrillic': 'Все люди рождаются свободными и равными в своём достоинстве и правах. Они наделены разумом и '
                'совестью и должны поступать в отношении друг друга в духе братства.',
    'vietnamese': 'Tất cả mọi người sinh ra đều được tự do và bình đẳng về nhân phẩm và quyền. Mọi con người đều được '
                  'tạo hoá ban cho lý trí và lương tâm và cần phải đối xử với nhau trong tình anh em.'}
BODY = '\n\n'.join(f'{text}\n\n*{text.strip("*")}*' for text in TEXTS.values())
SHIFTS = '''() => { window.shifted = []; new PerformanceObserver(list => list.getEntries().forEach(
    each => shifted.push(each.value))).observe({ type: 'layout-shift', buffered: true }) }'''
FRAMES = '() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))'
WIDTHS = '''() => [...document.querySelectorAll('.prose p')].map(each => {
    const range = document.createRange()
    range.selectNodeContents(each)
    return [...range.getClientRects()].reduce((sum, box) => sum + box.width, 0)
})'''
LOADED = '() => [...document.fonts].filter(each => each.status == "loading").length'


@pytest.fixture
def page_of(browse, site, alice):
    """A function that opens a page of the application in a browser, without a server; fonts that are not preloaded
    wait until `page.let_go()`."""
    with db.db.connection_context():
        write(alice, 'Rights', body=BODY)
    with chromium() as browser:
        context = browser.new_context(base_url='http://localhost:8000', user_agent=BROWSER, reduced_motion='reduce')
        page, held, reader = context.new_page(), [], browse()

        def answer(route):
            path = route.request.url.removeprefix('http://localhost:8000')
            if path.startswith('/static/fonts/') and '-latin-normal' not in path and held is not None:
                held.append((route, path))
            else:
                found = reader.get(path, status='*')
                route.fulfill(status=found.status_int, headers=dict(found.headers), body=found.body)
        context.route('**/*', answer)

        def open_page(pair, width):
            page.set_viewport_size({'width': width, 'height': 2000})
            with db.db.connection_context():
                Site.change(fonts=pair)
            page.goto('/p/rights', wait_until='domcontentloaded')
            page.locator('.prose').wait_for()
            page.evaluate(SHIFTS)
            page.evaluate(FRAMES)
            return page

        def let_go():
            count = len(held)
            for route, path in held:
                found = reader.get(path)
                route.fulfill(status=200, headers=dict(found.headers), body=found.body)
            held.clear()
            wait_for(lambda: page.evaluate(LOADED) == 0, 'the fonts')
            page.evaluate(FRAMES)
            return count
        page.let_go = let_go
        yield open_page


def test_text_hardly_moves_when_other_fonts_arrive(page_of):
    for pair in fonts.PAIRS:
        page = page_of(pair, 375)
        before = page.evaluate(WIDTHS)
        assert page.let_go() >= 7, 'italics, and three scripts upright and slanted'
        after = page.evaluate(WIDTHS)
        assert before != after and len(before) == 2 * len(TEXTS)
        for own, late in zip(before, after, strict=True):
            assert abs(own - late) < 0.04 * late, (pair, before, after)
        assert sum(page.evaluate('shifted')) < 0.02, pair


def test_figures_have_their_own_widths_in_text_and_one_in_tables(page_of):
    for pair in ('book', 'magazine'):
        page = page_of(pair, 800)
        page.let_go()
        page.locator('.prose').evaluate('''prose => prose.insertAdjacentHTML('beforeend',
            ['<p>', '<table><tr><td>'].map(each => `${each}<b>1111</b> <b>0000</b>`).join(''))''')
        widths = page.locator('.prose b').evaluate_all('all => all.map(each => each.getBoundingClientRect().width)')
        assert widths[0] < widths[1] - 2 and abs(widths[2] - widths[3]) < 0.1, (pair, widths)
