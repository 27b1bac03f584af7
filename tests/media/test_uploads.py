"""Pictures and files in a real browser: on the page of files and beside a text, with JavaScript and without."""

import re
import wave
from io import BytesIO

import pytest
from conftest import PASSWORD, person
from images import PDF, picture
from rig import Window, chromium, wait_for

from quickpub.models import MediaFile, Post, Site, Upload

DROP = '''([names, contents]) => {
    const data = new DataTransfer()
    names.forEach((name, at) => data.items.add(new File([Uint8Array.from(contents[at])], name)))
    document.getElementById('body').dispatchEvent(new DragEvent('drop', { dataTransfer: data, cancelable: true }))
}'''
PASTE = '''content => {
    const data = new DataTransfer()
    data.items.add(new File([Uint8Array.from(content)], 'image.png', { type: 'image/png' }))
    const event = new ClipboardEvent('paste', { clipboardData: data, cancelable: true })
    document.getElementById('body').dispatchEvent(event)
}'''
OVERFLOW = 'document.documentElement.scrollWidth - document.documentElement.clientWidth'


@pytest.fixture
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture
def rig(shared_rig):
    """A site that runs, which no other test of this process uses at the same time."""
    return shared_rig


@pytest.fixture
def open_window(rig, browser):
    """open_window(javaScriptEnabled=False) is Alice's browser, logged in; nothing may go wrong in it."""
    with rig.database():
        Site.create(id=1, title='The Village Voice')
        person('alice')
    opened = []

    def open_window(**options):
        window = Window(browser, rig.url)
        window.context.close()
        window.context = browser.new_context(base_url=rig.url, **options)
        window.context.on('console', window._heard)
        window.context.on('weberror', lambda error: window.problems.append(str(error.error)))
        window.context.on('response', window._answered)
        window.page = window.context.new_page()
        opened.append(window)
        window.goto('/login')
        window.fill(email='alice@example.org', password=PASSWORD)
        window.press('Log in', exact=True)
        window.shows('Dashboard')
        return window
    yield open_window
    assert [problem for window in opened for problem in window.problems] == []


@pytest.fixture
def files(tmp_path):
    """Two pictures and a paper."""
    contents = {'hill.jpg': picture(), 'leaf.png': picture('PNG', (300, 200), 'green'), 'paper.pdf': PDF}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return [tmp_path / name for name in contents]


def all_ready(rig):
    with rig.database():
        wait_for(lambda: not MediaFile.select().where(MediaFile.state != 'ready').exists(), 'all pictures')


def body_of(window):
    return window.page.locator('#body').input_value()


def wait_for_body(window, *parts):
    wait_for(lambda: all(part in body_of(window) for part in parts), f'{parts} in {body_of(window)!r}')


def test_without_javascript_files_are_sent_by_a_form_and_put_into_a_post_by_hand(rig, open_window, files):
    window = open_window(java_script_enabled=False, viewport={'width': 360, 'height': 700})
    window.goto('/studio/posts/new')
    window.page.locator('main').get_by_role('link', name='Media').click()
    window.page.get_by_label('Files to upload').set_input_files(files)
    window.press('Upload', exact=True)
    window.shows('Uploaded.')
    all_ready(rig)
    window.goto('/studio/media')
    assert window.page.locator('.files li').count() == 3 and window.page.locator('.files img').count() == 2
    window.page.get_by_label('Image description').last.fill('A hill')
    window.page.get_by_role('button', name='Save description').last.click()
    window.shows('Saved.')
    markdown = window.page.locator('.files code').last.inner_text()
    assert markdown.startswith('![A hill](/media/') and markdown.endswith('/hill.jpg)')
    window.goto('/studio/posts/new')
    assert not window.page.locator('#uploads-choose').is_visible()
    window.fill(title='On hills', body=f'Look.\n\n{markdown}')
    window.press('Publish…')
    window.press('Publish now')
    window.page.get_by_role('link', name='View post').click()
    shown = window.page.locator('.prose img')
    assert shown.get_attribute('alt') == 'A hill'
    for path in ('/p/on-hills', '/studio/media', '/studio/posts/new'):
        window.goto(path)
        assert window.page.evaluate(OVERFLOW) == 0, path


def test_several_files_are_chosen_and_come_into_the_text_where_the_cursor_is(rig, open_window, files):
    window = open_window()
    window.goto('/studio/posts/new')
    window.fill(title='On hills', body='Before. After.')
    window.page.locator('#body').evaluate('text => text.setSelectionRange(7, 7)')
    window.page.get_by_label('Add images or other files').set_input_files(files)
    wait_for_body(window, '/hill.jpg)', '/leaf.png)', '[paper.pdf](/media/')
    assert body_of(window).startswith('Before.\n\n![](/media/') and body_of(window).endswith(' After.')
    assert body_of(window).index('hill') < body_of(window).index('leaf') < body_of(window).index('paper')
    rows = window.page.locator('#uploads-list li')
    for number in range(2):
        rows.nth(number).get_by_text('Ready').wait_for()
    assert window.page.locator('#uploads-list progress').count() == 0


def test_a_missing_description_is_asked_for_until_it_is_given(rig, open_window, files):
    window = open_window()
    window.goto('/studio/posts/new')
    window.page.get_by_label('Add images or other files').set_input_files(files[:2])
    wait_for_body(window, '/hill.jpg)', '/leaf.png)')
    window.shows('Missing descriptions')
    window.page.get_by_label('hill.jpg', exact=True).fill('A hill [green]')
    window.page.keyboard.press('Enter')  # which does not send the form
    wait_for_body(window, '![A hill \\[green\\]](/media/')
    window.fill(title='On hills')
    window.press('Save draft')
    window.page.locator('#saved').get_by_text(re.compile(r'^Saved \d\d:\d\d$')).wait_for()
    window.shows('Missing descriptions')  # of the other one, still
    assert window.page.locator('#uploads-missing li').count() == 1
    window.page.get_by_label('leaf.png', exact=True).fill('A leaf')
    window.page.keyboard.press('Tab')
    window.page.locator('#uploads-missing').wait_for(state='hidden')
    with rig.database():
        wait_for(lambda: Upload.get(Upload.name == 'hill.jpg').alt == 'A hill [green]', 'the description')


def test_files_are_dropped_and_pasted(rig, open_window):
    window = open_window()
    window.goto('/studio/posts/new')
    window.page.evaluate(DROP, [['hill.jpg', 'notes.html'], [list(picture(size=(60, 40))), list(b'<html>')]])
    wait_for_body(window, '/hill.jpg)')
    window.shows('“notes.html” is not in a format that you can upload')
    assert window.page.locator('#uploads-list .error').inner_text().count('notes.html') == 1
    window.page.evaluate(PASTE, list(picture('PNG', (30, 20), 'red')))
    wait_for_body(window, '/image.png)')
    assert window.problems and all('400' in problem for problem in window.problems)  # the page that was refused
    window.problems.clear()


def test_the_keyboard_alone_suffices(rig, open_window, files):
    window = open_window()
    window.goto('/studio/posts/new')
    window.page.on('filechooser', lambda chooser: None)  # from now on none is shown; begun later, it may be too late
    window.page.locator('#body').focus()
    seen = []
    while 'uploads-choose' not in seen:
        window.page.keyboard.press('Tab')
        seen.append(window.page.evaluate('document.activeElement.id'))
        assert len(seen) < 10, seen
    with window.page.expect_file_chooser() as chosen:
        window.page.keyboard.press('Enter')
    chosen.value.set_files(files[0])
    wait_for_body(window, '/hill.jpg)')
    window.page.keyboard.press('Tab')
    window.page.get_by_label('hill.jpg', exact=True).focus()
    window.page.keyboard.type('A hill')
    window.page.keyboard.press('Enter')
    wait_for_body(window, '![A hill](')


def test_a_reader_gets_the_variant_that_fits_and_nothing_moves_when_it_comes(rig, open_window, files, browser):
    window = open_window()
    window.goto('/studio/posts/new')
    window.page.get_by_label('Add images or other files').set_input_files(files[:1])
    wait_for_body(window, '/hill.jpg)')
    window.fill(title='On hills')
    window.press('Publish…')
    window.press('Publish now')
    window.shows('Published.')
    all_ready(rig)
    with rig.database():
        wait_for(lambda: '<picture>' in Post.get().html, 'the picture in the post')
    for width, widest in ((360, 480), (1280, 1200)):
        phone = Window(browser, rig.url)
        phone.page.set_viewport_size({'width': width, 'height': 800})
        phone.page.add_init_script('''window.moved = 0; new PerformanceObserver(list => {
            for (const entry of list.getEntries()) window.moved += entry.value
        }).observe({ type: 'layout-shift', buffered: true })''')
        phone.goto('/p/on-hills')
        image = phone.page.locator('.prose img')
        image.scroll_into_view_if_needed()
        wait_for(lambda image=image: image.evaluate('image => image.complete && image.naturalWidth > 0'), 'the picture')
        source = image.evaluate('image => image.currentSrc')
        assert source.endswith('.avif') and int(source.rpartition('/')[2].partition('.')[0]) <= widest
        assert phone.page.evaluate('window.moved') == 0 and phone.page.evaluate(OVERFLOW) == 0
        assert phone.problems == []


def test_sound_plays_in_the_browsers_player(rig, open_window, tmp_path):
    (tmp_path / 'tone.wav').write_bytes(tone())
    window = open_window()
    window.goto('/studio/posts/new')
    window.page.get_by_label('Add images or other files').set_input_files(tmp_path / 'tone.wav')
    wait_for_body(window, '/tone.wav)')
    window.fill(title='A tone')
    window.press('Publish…')
    window.press('Publish now')
    window.page.get_by_role('link', name='View post').click()
    player = window.page.locator('audio')
    wait_for(lambda: player.evaluate('player => player.readyState > 0 && player.duration > 0.9'), 'the sound')
    player.evaluate('async player => { player.muted = true; player.currentTime = 0.5; await player.play() }')


def tone():
    file = BytesIO()
    with wave.open(file, 'wb') as sound:
        sound.setparams((1, 1, 8000, 0, 'NONE', ''))
        sound.writeframes(bytes(range(0, 250, 10)) * 320)
    return file.getvalue()


def test_saving_waits_for_what_is_on_its_way(open_window, rig, files):
    window, held = open_window(), []
    page = window.page
    window.goto('/studio/posts/new')
    page.route('**/studio/media', lambda route: held.append(route))
    page.fill('[name=body]', 'Before it.')
    page.set_input_files('#uploads-choose', files[0])
    wait_for(lambda: held or page.wait_for_timeout(50), 'the upload to begin')
    page.locator('[name=body]').press('Control+Home')
    page.keyboard.type('Typed meanwhile. ')
    page.click('.bar button[value=save]')
    page.get_by_text('Your post will be saved when all uploads are complete.').wait_for()
    assert page.url.endswith('/studio/posts/new')
    held[0].continue_()
    page.locator('#saved').get_by_text(re.compile(r'^Saved \d\d:\d\d$')).wait_for()
    with rig.database():
        assert Post.get().body.strip() == f'Typed meanwhile. Before it.\n\n{Upload.get().markdown}'


def test_the_line_for_a_text_is_copied(open_window):
    window = open_window()
    window.context.grant_permissions(['clipboard-read', 'clipboard-write'])
    window.goto('/studio/media')
    window.page.set_input_files('#files', [{'name': 'paper.pdf', 'mimeType': 'application/pdf', 'buffer': PDF}])
    window.press('Upload', exact=True)
    window.page.get_by_role('button', name='Copy the line for paper.pdf').click()
    window.page.get_by_text('Copied.').wait_for()
    line = window.page.locator('.files code').inner_text()
    assert window.page.evaluate('navigator.clipboard.readText()') == line and window.problems == []
