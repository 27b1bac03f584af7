"""Pictures and files: what is taken in, what is made of it, what readers get, and when it goes."""

import random
import re
import signal
import subprocess
import sys
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO

import pseudo
import pytest
from conftest import drain, write
from images import PDF, picture, prepared, send
from images import uploads as all_uploads
from PIL import Image
from sites import browser_of, set_modified

from quickpub import db, tasks
from quickpub.codes import Code
from quickpub.content import autosave
from quickpub.jobs import isolation
from quickpub.jobs.tables import Job
from quickpub.markup import images, markdown
from quickpub.media import cleaning, uploads, usage, variants
from quickpub.media import files as media
from quickpub.models import MediaFile, Post, PostFile, Revision, Upload, User
from quickpub.wsgi.bodies import MAX_PARTS


def moving(frames=3, size=(40, 30), **options):
    """The bytes of a GIF whose frames differ."""
    colours = random.Random(1)
    drawn = [Image.new('RGB', size, tuple(colours.randrange(256) for _ in 'rgb')) for _ in range(frames)]
    file = BytesIO()
    drawn[0].save(file, 'GIF', save_all=True, append_images=drawn[1:], duration=80, **options)
    return file.getvalue()


def photo():
    """A picture that lies on its side and says so, with what a telephone writes into it."""
    image = Image.new('RGB', (1200, 800), 'white')
    image.paste('navy', (0, 0, 600, 800))  # the left half, which is on top when it is seen as it should be
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, 'Secret Camera'
    exif.get_ifd(0x8825).update({1: 'N', 2: (52.0, 31.0, 12.0)})
    file = BytesIO()
    image.save(file, 'JPEG', exif=exif, comment=b'Secret comment', quality=95)
    assert b'Secret Camera' in file.getvalue()
    return file.getvalue()


# Taking in

def test_several_files_at_once_are_listed_with_what_to_write_in_a_post(alice, browse):
    browser = browse(alice)
    page = send(browser, ('Über den Hügel.JPG', picture()), ('talk.mp3', b'ID3' + bytes(99)), ('x.bin', PDF)).follow()
    assert 'Uploaded.' in page and 'Processing' in page and 'Not used in any post' in page
    assert [upload.name for upload in all_uploads()] == ['uber-den-hugel.jpg', 'talk.mp3', 'x.pdf']
    for upload, mark in zip(all_uploads(), ('![](', '![talk.mp3](', '[x.pdf]('), strict=True):
        assert f'{mark}/media/{upload.file_id}/{upload.name})' in page.html.text
    drain()
    page = browser.get('/studio/media')
    assert 'Processing' not in page and '1200 × 800' in page and '(missing)' in page


def test_who_has_a_script_gets_the_answer_as_data(alice, browse):
    browser = browse(alice)
    answer = send(browser, ('hill.jpg', picture()), ('page.html', b'<html>'), status=400,
                  headers={'Accept': 'application/json'}).json
    assert [each['state'] for each in answer['uploads']] == ['waiting']
    assert len(answer['problems']) == 1 and 'page.html' in answer['problems'][0] and 'JPEG' in answer['problems'][0]
    drain()
    found = browser.get(answer['uploads'][0]['url']).json
    assert found['state'] == 'ready' and found['progress'] == 100 and found['markdown'].startswith('![](/media/')


@pytest.mark.parametrize('content', [
    b'<html><script>alert(1)</script>', b'<svg xmlns="http://www.w3.org/2000/svg"/>', b'GIF', b'MZ' + bytes(99),
    b'PK\x03\x04' + bytes(99), b'plain words', b'BM' + bytes(99)])
def test_what_is_not_known_by_its_content_is_refused_whatever_its_name(alice, browse, content):
    page = send(browse(alice), ('hill.jpg', content), status=400)
    assert '“hill.jpg” is not in a format that you can upload' in page and 'PDF' in page
    assert all_uploads() == [] and list(media.folder().iterdir()) == []


def test_nothing_is_no_file(alice, browse):
    assert 'is empty' in send(browse(alice), ('empty.jpg', b''), status=400)
    assert 'Choose a file first' in send(browse(alice), ('', b''), status=400)


def test_of_too_many_files_at_once_the_first_are_taken_and_it_says_so(alice, browse):
    files = [(f'{number}.pdf', PDF + b'%d' % number) for number in range(MAX_PARTS + 1)]
    assert f'You can upload {MAX_PARTS} files at once' in send(browse(alice), *files, status=400)
    assert len(all_uploads()) == MAX_PARTS


def test_a_form_that_no_browser_sends_is_not_called_too_many_files(alice, browse):
    assert 'files at once' not in send(browse(alice), (f'{"x" * 5000}.pdf', PDF), status=400)
    assert all_uploads() == []


def test_a_file_that_is_too_large_is_refused_and_the_others_are_kept(alice, browse, monkeypatch):
    monkeypatch.setattr(uploads, 'FILE_LIMIT', 2 * media.MEGABYTE)
    page = send(browse(alice), ('long.pdf', PDF + bytes(3_000_000)), ('short.pdf', PDF), status=400)
    assert '“long.pdf” is larger than 2 MB' in page and [upload.name for upload in all_uploads()] == ['short.pdf']
    assert {path.name for path in media.folder().iterdir()} == {all_uploads()[0].file_id}


def test_nobody_has_more_than_the_quota(site, alice, browse):
    browser = browser_of(site, quota=1)
    browser.log_in(alice)
    send(browser, ('one.pdf', PDF + bytes(600_000)), status=303)
    page = send(browser, ('two.pdf', PDF + bytes(700_000)), status=400)
    assert '0 MB of your 1 MB are free' in page and len(all_uploads()) == 1
    send(browser, ('one.pdf', PDF + bytes(600_000)), status=303)  # the same takes no more room


def test_uploading_opens_with_a_confirmed_address(alice, browse, connection):
    browser = browse(alice)
    with connection():
        alice.verified_at = None
        alice.save()
    assert 'confirm your email address' in send(browser, ('x.pdf', PDF), status=403)
    assert 'so you cannot upload media' in browser.get('/studio/media') and all_uploads() == []


def test_the_same_bytes_are_kept_once_and_each_has_their_own_name(alice, bob, browse):
    one, two = browse(alice), browse(bob)
    send(one, ('a.pdf', PDF)), send(one, ('again.pdf', PDF)), send(two, ('b.pdf', PDF))
    assert [(upload.user_id, upload.name) for upload in all_uploads()] == [(alice.id, 'a.pdf'), (bob.id, 'b.pdf')]
    assert len(list(media.folder().iterdir())) == 1
    two.post(f'/studio/media/{all_uploads()[1].id}', {'action': 'delete'}, status=303)
    assert one.get(all_uploads()[0].path).body == PDF
    one.post(f'/studio/media/{all_uploads()[0].id}', {'action': 'delete'}, status=303)
    assert list(media.folder().iterdir()) == [] and all_uploads() == []
    one.get(f'/media/{"0" * 32}/a.pdf', status=404)


@pytest.mark.parametrize('body', [
    b'', b'--x', b'--x\r\nContent-Disposition: form-data; name="f"; filename="a.pdf"\r\n\r\n%PDF',
    b'--x\r\n\r\n%PDF\r\n--x--', b'\xff' * 5000])
def test_a_broken_form_is_refused_and_leaves_nothing(alice, browse, body):
    browser = browse(alice)
    for kind in ('multipart/form-data; boundary=x', 'multipart/form-data', 'text/plain', ''):
        browser.request('/studio/media', method='POST', body=body, content_type=kind, status=400)
    assert all_uploads() == [] and list(media.folder().iterdir()) == []


@pytest.mark.parametrize('name', ['../../etc/passwd', 'C:\\x\\y.pdf', 'a"\r\nX: y.pdf', '\u202efdp.exe', '💥',
                                  '960.jpg', 'x' * 5000, '.pdf', '%00.pdf', '日本.pdf'])
def test_names_are_made_harmless(alice, browse, name):
    browser = browse(alice)
    send(browser, (name, PDF), status=(303, 400))
    for upload in all_uploads():
        assert re.fullmatch(r'[a-z0-9-]{1,80}\.pdf', upload.name)
        answer = browser.get(upload.path)
        assert answer.headers['Content-Disposition'] == f'attachment; filename="{upload.name}"'


# What is made of a picture

def test_a_photo_is_turned_and_says_nothing_about_where_and_with_what_it_was_made(alice, browse):
    browser = browse(alice)
    upload = prepared(browser, photo())
    made = upload.file.made
    assert (made['width'], made['height'], upload.file.state) == (800, 1200, 'ready')
    assert made['widths'] == {ending: [160, 480, 800] for ending in ('avif', 'webp', 'jpg')}
    for ending, kind in (('avif', 'AVIF'), ('webp', 'WEBP'), ('jpg', 'JPEG')):
        answer = browser.get(f'/media/{upload.file_id}/480.{ending}')
        image = Image.open(BytesIO(answer.body))
        assert image.format == kind and image.size == (480, 720) and not image.getexif()
        assert b'Secret' not in answer.body and b'Exif' not in answer.body
        assert image.convert('RGB').getpixel((240, 100))[0] < 40 < image.convert('RGB').getpixel((240, 600))[0]
    own = browser.get(upload.path)
    assert own.content_type == 'image/jpeg' and own.body != photo() and b'Secret' not in own.body
    for name in ('original', 'shown', '..%2foriginal', 'shown%2f480.jpg', '.', '480.pdf', '481.jpg', 'x.svg'):
        browser.get(f'/media/{upload.file_id}/{name}', status=404)


def test_what_one_can_look_through_stays_so_and_has_no_colour_behind(alice, browse):
    browser = browse(alice)
    upload = prepared(browser, picture('PNG', (600, 300), (0, 128, 0, 90), mode='RGBA'), 'leaf.png')
    assert list(upload.file.made['widths']) == ['avif', 'webp', 'png'] and upload.file.made['colour'] == ''
    for ending in upload.file.made['widths']:
        image = Image.open(BytesIO(browser.get(f'/media/{upload.file_id}/600.{ending}').body))
        assert abs(image.convert('RGBA').getpixel((300, 150))[3] - 90) < 6, ending


@pytest.mark.parametrize(('kind', 'mode', 'colour'), [
    ('PNG', 'P', 3), ('PNG', 'L', 90), ('PNG', 'LA', (90, 255)), ('PNG', '1', 1), ('PNG', 'I;16', 30000),
    ('JPEG', 'CMYK', (0, 90, 90, 0)), ('JPEG', 'L', 90), ('GIF', 'P', 3), ('WEBP', 'RGBA', 'teal'),
    ('AVIF', 'RGB', 'teal')])
def test_pictures_of_every_kind_are_understood(alice, browse, kind, mode, colour):
    upload = prepared(browse(alice), picture(kind, (300, 200), colour, mode=mode), f'x.{kind.lower()}')
    assert (upload.file.state, upload.file.error) == ('ready', '')
    assert (upload.file.made['width'], upload.file.made['height']) == (300, 200)
    assert re.fullmatch('#[0-9a-f]{6}', upload.file.made['colour'])


def test_the_colour_is_that_which_there_is_most_of(alice, browse):
    image = Image.new('RGB', (900, 600), (20, 120, 60))
    image.paste((250, 250, 250), (0, 0, 300, 300))
    file = BytesIO()
    image.save(file, 'PNG')
    upload = prepared(browse(alice), file.getvalue(), 'x.png')
    assert upload.file.made['colour'] == '#14783c'


def test_a_gif_that_moves_goes_on_moving(alice, browse):
    browser = browse(alice)
    upload = prepared(browser, moving(5, (900, 300), loop=0), 'ball.gif')
    found = Image.open(BytesIO(browser.get(upload.path).body))
    assert (found.format, found.n_frames, found.size, found.info['loop']) == ('WEBP', 5, (800, 267), 0)
    html = markdown.to_html(f'![A ball]({upload.path})', {upload.file_id: images.File('image', **upload.file.made)})
    assert '-moving.webp 800w' in html and '<source media="(prefers-reduced-motion: reduce)" srcset="' in html


def bomb():
    file = BytesIO()
    Image.new('1', (30_000, 30_000)).save(file, 'PNG')
    return file.getvalue()


HOSTILE = {
    'a bomb': (bomb, 'image.too_many_pixels', '30\u202f000 × 30\u202f000 pixels'),
    'thousands of frames': (lambda: moving(3000, (8, 8)), 'image.too_many_frames', '3\u202f000 frames'),
    'cut off': (lambda: picture(size=(2000, 2000))[:4000], 'image.damaged', 'damaged, or part of it is missing'),
    'no picture': (lambda: b'\x89PNG\r\n\x1a\n' + b'x' * 999, 'image.unreadable', 'is not an image'),
    'only a beginning': (lambda: b'GIF89a', 'image.unreadable', 'damaged'),
    'junk': (lambda: b'\xff\xd8\xff' + b'\x00' * 999, 'image.unreadable', 'damaged'),
    'too long a side': (lambda: picture('PNG', (17_000, 4)), 'image.too_many_pixels', '17\u202f000 × 4 pixels'),
}


@pytest.mark.parametrize('kind', HOSTILE)
def test_a_hostile_picture_fails_with_a_sentence_and_the_next_one_is_made(alice, browse, kind):
    make, code, sentence = HOSTILE[kind]
    browser = browse(alice)
    send(browser, ('bad.png', make()), ('good.png', picture()), status=303)
    drain()
    bad, good = all_uploads()
    assert bad.file.state == 'failed' and Code.from_json(bad.file.error).name == code and good.file.state == 'ready'
    page = browser.get('/studio/media')
    assert sentence in page.html.text and 'Try again' in page
    browser.post(f'/studio/media/{bad.id}', {'action': 'retry'}, status=303)
    drain()
    assert all_uploads()[0].file.state == 'failed' and not (media.folder() / bad.file_id / 'shown').exists()
    browser.get(bad.path, status=404)


def test_a_picture_that_takes_too_long_is_given_up(alice, browse, monkeypatch):
    monkeypatch.setattr(variants, 'TIME_LIMIT', 0.01)
    upload = prepared(browse(alice), picture(size=(3000, 2000)))
    assert upload.file.state == 'failed' and Code.from_json(upload.file.error) == Code('image.too_slow')
    assert {path.name for path in media.folder().iterdir()} == {upload.file_id}


@contextmanager
def children_that_get(number, times, digest):
    """Send this signal to the first so many children that draw this picture, once they live; yields those that got
    it."""
    struck, start = [], subprocess.Popen.__init__

    def start_and_strike(child, command, *arguments, **options):
        start(child, command, *arguments, **options)
        if len(struck) < times and digest in ' '.join(map(str, command)):
            child.send_signal(number)
            struck.append(child.pid)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(subprocess.Popen, '__init__', start_and_strike)
        yield struck


def drain_all(connection):
    """All background work, what waits for another try included."""
    for _ in range(10):
        drain()
        with connection():
            Job.update(run_at=db.now()).execute()


INTERRUPTED, CRASHED, TOO_SLOW = map(Code, ('image.interrupted', 'image.crashed', 'image.too_slow'))


@pytest.mark.parametrize(('number', 'times', 'code'), [
    (signal.SIGKILL, 1, None), (signal.SIGKILL, 3, None), (signal.SIGKILL, 4, INTERRUPTED), (signal.SIGTERM, 2, None),
    (signal.SIGTERM, 4, INTERRUPTED), (signal.SIGSEGV, 1, None), (signal.SIGSEGV, 4, CRASHED),
    (signal.SIGABRT, 4, CRASHED), (signal.SIGXCPU, 1, TOO_SLOW)])
def test_a_child_that_is_ended_from_outside_is_tried_again_and_the_reason_is_true(
        alice, browse, connection, monkeypatch, number, times, code):
    monkeypatch.setattr(isolation, 'GRACE', 0)
    browser = browse(alice)
    send(browser, ('hill.jpg', picture(size=(900, 700))), ('other.jpg', picture()))
    with children_that_get(number, times, all_uploads()[0].file_id) as struck:
        drain_all(connection)
    assert len(struck) == times
    hill, other = (upload.file for upload in all_uploads())
    assert hill.state == ('failed' if code else 'ready') and other.state == 'ready'
    assert Code.from_json(hill.error) == code
    if code:
        browser.post(f'/studio/media/{all_uploads()[0].id}', {'action': 'retry'}, status=303)
        drain()
        assert all_uploads()[0].file.state == 'ready'


def test_the_child_is_under_limits_of_the_kernels(tmp_path):
    """What asks for more gets an error, or an end; nobody else does."""
    for command, ended in (('bytearray(4 * 1024 ** 3)', 'MemoryError'),
                           ('open("x", "wb").write(bytes(10 ** 8))', 'File too large'),
                           ('print(resource.getrlimit(resource.RLIMIT_CPU))', '(60, 65)')):
        program = f'import resource\nfrom quickpub.media import imaging\nimaging._limit()\n{command}'
        done = subprocess.run([sys.executable, '-c', program], capture_output=True, text=True, cwd=tmp_path,
                              env={'PYTHONPATH': ':'.join(sys.path)})
        assert ended in done.stdout + done.stderr


# In a post

def test_a_post_keeps_the_space_quietly_until_the_picture_is_there(alice, browse, connection):
    browser, reader = browse(alice), browse()
    send(browser, ('hill.jpg', photo()))
    path = all_uploads()[0].path
    with connection():
        post = write(alice, 'On hills', body=f'![A *hill* & "more"]({path})\n\n![One]({path} "With a caption")')
    page = reader.get(post.path)
    waiting = page.html.find(class_='waiting')
    assert waiting['aria-label'] == 'A hill & "more"' and not page.html.find('picture')
    words = post.words
    drain()
    page = reader.get(post.path)
    image = page.html.find('figure').find('img')
    assert (image['width'], image['height'], image['loading'], image['decoding']) == ('800', '1200', 'lazy', 'async')
    assert image['alt'] == 'One' and image['srcset'].endswith('800.jpg 800w')
    assert page.html.find('figcaption').text == 'With a caption'
    assert [source['type'] for source in page.html.find('picture').find_all('source')] == ['image/avif', 'image/webp']
    assert page.html.find('svg').rect['fill'] == all_uploads()[0].file.made['colour']
    for each in page.html.find_all(['img', 'source']):
        for address in re.findall(r'/media/\S+', f'{each.get("src")} {each["srcset"]}'):
            assert reader.get(address).content_type.startswith('image/')
    with connection():
        assert Post.get_by_id(post.id).words == words


def test_a_picture_that_gets_ready_while_a_post_is_saved_is_shown(alice, browse, connection, monkeypatch):
    send(browse(alice), ('hill.jpg', picture()))
    render = markdown.to_html

    def slow(*args):
        html = render(*args)
        monkeypatch.setattr(markdown, 'to_html', render)
        drain()
        return html
    monkeypatch.setattr(markdown, 'to_html', slow)
    with connection():
        assert '<picture>' in write(alice, body=f'![A hill]({all_uploads()[0].path})').html


def test_sound_and_film_have_the_browsers_player_and_papers_are_links(alice, browse, connection):
    browser = browse(alice)
    webm = b'\x1a\x45\xdf\xa3\x9fB\x82\x84webm' + bytes(99)
    send(browser, ('talk.mp3', b'ID3' + bytes(99)), ('film.webm', webm), ('p.pdf', PDF))
    sound, film, paper = all_uploads()
    with connection():
        post = write(alice, body=f'{sound.markdown}\n\n{film.markdown}\n\n{paper.markdown} ![Paper]({paper.path})')
    page = browse().get(post.path).html
    assert page.find('audio')['src'] == sound.path and page.find('audio').has_attr('controls')
    assert page.find('video')['src'] == film.path and page.find('video')['preload'] == 'metadata'
    assert [link.text for link in page.find_all('a', href=paper.path)] == ['p.pdf', 'Paper']


def test_in_feeds_and_below_a_path_the_addresses_are_right(site, alice, browse, connection):
    upload = prepared(browse(alice), picture())
    with connection():
        post = write(alice, body=f'![A hill]({upload.path}) and `"/media/{upload.file_id}/`')
    there = browser_of(site, url='https://voice.example/blog')
    page = there.get(f'/blog{post.path}').html
    assert page.find('img')['src'] == f'/blog/media/{upload.file_id}/800.jpg'
    assert all(each.startswith(f'/blog/media/{upload.file_id}/') for each in page.find('source')['srcset'].split(', '))
    assert page.find('code').text == f'"/media/{upload.file_id}/'
    feed = there.get('/blog/feed.xml').text
    assert f'src="https://voice.example/blog/media/{upload.file_id}/800.jpg"'.replace('"', '&#34;') in feed
    assert '&lt;svg' not in feed and '=&#34;/media' not in feed
    there.get(f'/blog/media/{upload.file_id}/800.jpg', status=200)


def test_pictures_that_are_not_ours_or_not_there_stay_as_they_are(alice, connection):
    for source in ('![x](/hill.jpg)', f'![x](/media/{"a" * 32}/x.jpg)', f'![x](https://x.org/media/{"a" * 32}/x.jpg)'):
        with connection():
            assert '<img src="' in write(alice, body=source).html


def test_what_an_author_types_around_a_picture_stays_harmless(alice, browse):
    upload = prepared(browse(alice), picture())
    files = {upload.file_id: images.File('image', **upload.file.made)}
    for source in (f'<img src="{upload.path}" onload=alert(1) srcset="https://x.org/1.jpg" style="x">',
                   f'![" onload="alert(1)]({upload.path} "\\" onload=\\"x")', f'![<b>]({upload.path}?"><script>)',
                   f'<img alt=\'<img src="{upload.path}">\' src=x>'):
        html = markdown.to_html(source, files)
        assert not re.search(r'<[^>]* (onload|style)=|<script|x\.org', re.sub('="[^"]*"', '=""', html)), html


def test_paths_are_found_wherever_they_stand():
    one, two = 'a' * 32, 'b' * 32
    assert usage.digests_in(f'![x](/media/{one}/x.jpg) <img src="/media/{two}/z"> /media/{one}/x') == {one, two}
    assert usage.digests_in(f'/media/{"A" * 32}/x /media/{one[1:]}/x /mediabox/{one}/x') == set()


# Sending out

def test_a_part_can_be_asked_for(alice, browse):
    browser = browse(alice)
    content = b'ID3' + bytes(range(256)) * 10
    send(browser, ('talk.mp3', content))
    path, size = all_uploads()[0].path, len(content)
    whole = browser.get(path)
    assert whole.body == content and whole.headers['Accept-Ranges'] == 'bytes' and whole.content_type == 'audio/mpeg'
    for asked, start, end in (('bytes=0-99', 0, 100), ('bytes=2500-', 2500, size), ('bytes=-7', size - 7, size),
                              ('bytes=5-99999', 5, size)):
        part = browser.get(path, headers={'Range': asked}, status=206)
        assert part.body == content[start:end] and part.headers['Content-Range'] == f'bytes {start}-{end - 1}/{size}'
    beyond = browser.get(path, headers={'Range': f'bytes={size}-'}, status=416)
    assert beyond.headers['Content-Range'] == f'bytes */{size}'
    for asked in ('bytes=1-2,5-6', 'lines=1-2', 'bytes=x', 'bytes=-', 'bytes=' + '9' * 50 + '-'):
        assert browser.get(path, headers={'Range': asked}, status=200).body == content
    assert browser.get(path, headers={'Range': 'bytes=0-1', 'If-Range': '"other"'}, status=200).body == content
    assert browser.head(path).headers['Content-Length'] == str(size) and browser.head(path).body == b''
    assert browser.get(path, headers={'If-None-Match': whole.headers['ETag']}, status=304).body == b''


def test_nothing_in_a_file_can_run_and_caches_keep_it(alice, browse):
    browser = browse(alice)
    upload = prepared(browser, picture())
    send(browser, ('paper.pdf', PDF))
    for path in (upload.path, f'/media/{upload.file_id}/480.avif', all_uploads()[1].path):
        headers = browse().get(path).headers
        assert headers['Content-Security-Policy'].startswith("default-src 'none'; sandbox")
        assert headers['X-Content-Type-Options'] == 'nosniff' and 'immutable' in headers['Cache-Control']
        assert headers.getall('Content-Security-Policy') == [headers['Content-Security-Policy']]
    assert headers['Content-Disposition'] == 'attachment; filename="paper.pdf"'


# Throwing away

def test_a_file_in_a_post_stays_as_long_as_a_version_of_it_has_it(alice, browse, connection):
    browser = browse(alice)
    send(browser, ('paper.pdf', PDF))
    upload = all_uploads()[0]
    with connection():
        post = write(alice, 'With it', body=upload.markdown)
    assert 'With it' in browser.get('/studio/media')
    assert 'cannot be deleted' in browser.post(f'/studio/media/{upload.id}', {'action': 'delete'}, status=400)
    browser.post(f'/studio/posts/{post.id}', {'title': 'Without', 'body': 'x', 'action': 'overwrite'}, status=303)
    with connection():
        cleaning.clean_up(db.now())
    page = browser.post(f'/studio/media/{upload.id}', {'action': 'delete'}, status=400)
    assert 'an earlier version of a post uses it' in page
    with connection():
        Revision.delete().execute()
        cleaning.clean_up(db.now())
    browser.post(f'/studio/media/{upload.id}', {'action': 'delete'}, status=303)
    assert list(media.folder().iterdir()) == []


def test_an_editor_sees_where_a_file_is_used(alice, bob, browse, connection):
    send(browse(alice), ('hill.pdf', PDF))
    with connection():
        write(alice, 'On hills', body=all_uploads()[0].markdown)
        write(bob, 'Also there', body=all_uploads()[0].markdown, published=False)
    assert 'Also there' not in browse(alice).get('/studio/media')
    with connection():
        User.update(role='editor').where(User.id == alice.id).execute()
    page = browse(alice).get('/studio/media')
    assert 'On hills' in page and 'Also there' in page


def test_each_night_what_nothing_used_for_a_month_goes_and_what_was_left_half_done(alice, browse, connection):
    browser, at = browse(alice), db.now()
    names = ('used', 'unused', 'new', 'dropped', 'begun')
    send(browser, *((f'{name}.pdf', PDF + name.encode()) for name in names))
    used, _, new, dropped, begun = all_uploads()
    with connection():
        write(alice, body=used.markdown)
        post = write(alice, 'Second', body=dropped.markdown)
        autosave.keep(alice, 'x' * 16, None, {'title': '', 'body': begun.markdown}, at)
        Upload.update(touched_at=at - timedelta(days=31)).where(Upload.id != new.id).execute()
        Post.update(body='x').where(Post.id == post.id).execute()  # and no older version has it
    (media.folder() / ('c' * 32) / 'shown').mkdir(parents=True)
    (media.folder() / '.new-1').touch()
    set_modified(media.folder() / '.new-1', at)
    with connection():
        cleaning.clean_up(at)
        assert [upload.name for upload in all_uploads()] == ['used.pdf', 'new.pdf', 'dropped.pdf', 'begun.pdf']
    kept = {used.file_id, new.file_id, dropped.file_id, begun.file_id}
    assert {path.name for path in media.folder().iterdir()} == kept | {'.new-1'}
    with connection():
        cleaning.clean_up(at + timedelta(days=31))
        assert [upload.name for upload in all_uploads()] == ['used.pdf', 'begun.pdf']
        assert MediaFile.select().count() == 2 and PostFile.select().count() == 1
    assert {path.name for path in media.folder().iterdir()} == {used.file_id, begun.file_id}


def test_a_description_is_kept_and_offered(alice, bob, browse):
    browser = browse(alice)
    upload = prepared(browser, picture())
    browser.post(f'/studio/media/{upload.id}', {'action': 'describe', 'alt': ' A  hill\n'}, status=303)
    page = browser.get('/studio/media')
    assert f'![A hill]({upload.path})' in page and '(missing)' not in page
    for stranger, status in ((browse(bob), 404), (browse(), 303)):
        stranger.post(f'/studio/media/{upload.id}', {'action': 'delete'}, status=status)
        stranger.get(f'/studio/media/{upload.id}', status=status)
    assert all_uploads()


def test_pictures_whose_job_got_lost_are_found_each_minute(alice, browse, connection):
    send(browse(alice), ('hill.jpg', picture()))
    with connection():
        db.db.execute_sql('DELETE FROM job')
        MediaFile.update(state='working', attempts=1).execute()  # as a process leaves it that dies
        tasks.wake_pictures()
    drain()
    assert all_uploads()[0].file.state == 'ready'


def test_a_picture_that_is_always_interrupted_is_given_up(alice, browse, connection):
    send(browse(alice), ('hill.jpg', picture()))
    with connection():
        MediaFile.update(state='working', attempts=variants.MAX_ATTEMPTS).execute()
    drain()
    assert all_uploads()[0].file.state == 'failed' and Code.from_json(all_uploads()[0].file.error) == INTERRUPTED


@pytest.mark.parametrize('name', ['a%0Ab.pdf', 'a%0D%0AX-Evil:%201.pdf', 'a%00.pdf', 'a%22.exe%22;%20x=%22.pdf',
                                  'A.pdf', 'a/b.pdf', '.pdf', 'a.pdf%7f'])
def test_no_link_chooses_what_a_download_is_called(alice, browse, name):
    send(browse(alice), ('paper.pdf', PDF))
    answer = browse().get(f'/media/{all_uploads()[0].file_id}/{name}', status=404)
    assert 'Content-Disposition' not in answer.headers
    browse().get(all_uploads()[0].path, status=200)


def test_a_picture_that_cannot_be_shown_leaves_its_description(alice, browse, connection):
    send(browse(alice), ('broken.png', picture('PNG')[:60]))
    with connection():
        path = all_uploads()[0].path
        post = write(alice, body=f'See ![a hill]({path}) here, and ![]({path}) nothing.')
    drain()
    page = browse().get(post.path)
    assert 'See a hill here' in page and not page.html.select('.picture')


def test_a_description_with_signs_of_markdown_is_one_wherever_it_is_pasted(alice, browse, connection):
    send(browse(alice), ('hill.png', picture('PNG', (30, 20))))
    drain()
    words = 'Fig. 1] `the` *mill* $5 & <b> \\'
    with connection():
        Upload.update(alt=words).execute()
    with connection():
        post = write(alice, body=all_uploads()[0].markdown)
    assert browse().get(post.path).html.select_one('.prose img')['alt'] == words


def test_a_picture_that_comes_later_is_news_to_readers_of_the_feed(alice, browse, connection):
    send(browse(alice), ('hill.png', picture('PNG', (30, 20))))
    with connection():
        post = write(alice, at=db.now() - timedelta(hours=1), body=all_uploads()[0].markdown)
    drain()
    with connection():
        assert Post.get_by_id(post.id).updated_at > post.updated_at


# In the author's language

def test_reasons_are_in_the_language_of_the_author(alice, browse, connection, monkeypatch):
    code = pseudo.add_to(monkeypatch)
    with connection():
        User.update(language=code).execute()
    browser = browse(alice)
    for sent in ([('page.html', b'<html>')], [('', b'')], [(f'{number}.pdf', b'') for number in range(MAX_PARTS + 1)]):
        alert = send(browser, *sent, status=400).html.find(class_='alert')
        assert alert.li.text.startswith('⟦') and pseudo.untranslated(str(alert)) == []
    answer = send(browser, ('page.html', b'<html>'), status=400, headers={'Accept': 'application/json'})
    assert [pseudo.untranslated(each) for each in answer.json['problems']] == [[]]
    send(browser, ('bad.png', b'\x89PNG\r\n\x1a\n' + b'x' * 999), status=303)
    drain()
    (upload,) = all_uploads()
    failed = browser.get('/studio/media').html.find(id=f'file-{upload.id}').find(class_='error').text
    assert failed.startswith('⟦') and failed == browser.get(f'/studio/media/{upload.id}').json['error']


def test_a_reason_that_an_older_version_has_stored_is_shown_as_it_is(alice, browse, connection):
    upload = prepared(browse(alice), picture('PNG')[:60], 'bad.png')
    for stored, shown in (('This picture is damaged.', 'This picture is damaged.'),
                          ('It was stopped before it was finished.', 'Processing was stopped')):
        with connection():
            MediaFile.update(error=stored).execute()
        assert browse(alice).get(f'/studio/media/{upload.id}').json['error'].startswith(shown)
