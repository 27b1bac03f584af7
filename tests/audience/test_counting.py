"""Counting views: what is one, and that each recorded one counts once, whatever is killed when."""

import os
import signal
import subprocess
import sys
import threading
from datetime import datetime

import pytest
from conftest import BROWSER, write
from jobs_rig import RIG, until

from quickpub import db
from quickpub.audience import counting, recording, spool
from quickpub.audience.views import is_browser, referring_host
from quickpub.models import DailyViews, Post, SpoolOffset

SITE = ('from quickpub import settings, db, opening; from quickpub.audience import counting, recording; '
        'from quickpub.models import Post; opening.open_site(settings.from_env())')


def views():
    counting.count_recorded_views()
    return Post.get().views


# What is a view

@pytest.mark.parametrize(('headers', 'counts'), [
    ({}, True),
    ({'User-Agent': ''}, False),
    ({'User-Agent': ' '}, False),
    ({'User-Agent': 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)'}, False),
    ({'User-Agent': 'Mozilla/5.0 AppleWebKit/537.36 (compatible; GPTBot/1.2; +https://openai.com/gptbot)'}, False),
    ({'User-Agent': 'Feedly/1.0 (+http://www.feedly.com/fetcher.html)'}, False),
    ({'User-Agent': 'NetNewsWire (RSS Reader; https://netnewswire.com/)'}, False),
    ({'User-Agent': 'curl/8.5.0'}, False),
    ({'User-Agent': 'python-requests/2.32'}, False),
    ({'User-Agent': BROWSER.replace('Chrome', 'HeadlessChrome')}, False),
    ({'Sec-Purpose': 'prefetch'}, False),
    ({'Sec-Purpose': 'prefetch;prerender'}, False),
    ({'Purpose': 'prefetch'}, False),
    ({'X-Purpose': 'preview'}, False),
    ({'X-Moz': 'prefetch'}, False),
    ({'User-Agent': 'node'}, False),
    ({'User-Agent': 'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Bluesky Cardyb/1.1; '
                    '+mailto:support@bsky.app) Chrome/W.X.Y.Z Safari/537.36'}, False),
    ({'Sec-Fetch-Dest': 'document', 'Sec-Fetch-Mode': 'navigate', 'Sec-Fetch-Site': 'cross-site'}, True),
    ({'Sec-Fetch-Dest': 'document'}, True), ({'Sec-Fetch-Mode': 'navigate'}, True),
    *(({'Sec-Fetch-Dest': each, 'Sec-Fetch-Mode': 'navigate'}, False) for each in (
        'iframe', 'frame', 'embed', 'object')),
    *(({'Sec-Fetch-Dest': each, 'Sec-Fetch-Mode': 'no-cors'}, False) for each in (
        'image', 'empty', 'script', 'style', 'video', 'audio', 'track', 'worker', '')),
    ({'Sec-Fetch-Mode': 'cors'}, False), ({'Sec-Fetch-Mode': 'no-cors'}, False),
    ({'Range': 'bytes=0-99'}, False), ({'Range': 'bytes=0-'}, False),
    ({'From': 'robot@example.org'}, False), ({'Signature-Agent': '"https://chatgpt.com"'}, False),
    *(({'Accept': each}, False) for each in (
        'application/activity+json', 'application/json', 'image/avif,image/webp', 'application/rss+xml')),
    *(({'Accept': each}, True) for each in (
        'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8', '*/*', 'text/*', '', 'Text/HTML')),
    ({'X-Requested-With': 'XMLHttpRequest'}, False), ({'X-Requested-With': 'com.example.browser'}, True),
    ({'If-None-Match': '"x"'}, True),  # a browser that asks again is somebody who reads again
])
def test_who_reads(site, alice, browse, headers, counts):
    post = write(alice)
    browser = browse()
    browser.extra_environ['HTTP_USER_AGENT'] = headers.pop('User-Agent', BROWSER)
    for _ in range(2):  # made, and from memory
        browser.get(post.path, headers=headers)
    with db.db.connection_context():
        assert views() == (2 if counts else 0)


def test_asking_for_the_head_is_not_reading(site, alice, browse):
    post = write(alice)
    browse().head(post.path)
    with db.db.connection_context():
        assert views() == 0


def test_the_author_and_the_owner_do_not_count_and_other_authors_do(site, olga, alice, bob, browse):
    post = write(alice)
    for user, expected in ((alice, 0), (olga, 0), (bob, 1), (None, 2)):
        browse(user).get(post.path)
        with db.db.connection_context():
            assert views() == expected


def test_drafts_and_previews_do_not_count(site, alice, browse):
    post = write(alice, published=False)
    browser = browse(alice)
    browser.get(f'/studio/posts/{post.id}/preview')
    browse().get(post.path, status=404)
    with db.db.connection_context():
        assert views() == 0


# Counting

def test_views_count_by_post_and_by_day_in_the_zone_of_the_site(site, alice):
    first, second = write(alice, 'One'), write(alice, 'Two')
    at = datetime(2026, 3, 5, 12)
    for post, times in ((first, 3), (second, 2)):
        for _ in range(times):
            recording.record_view(post.id, at)
    assert counting.count_recorded_views() == 5 and counting.count_recorded_views() == 0
    assert [(row.post.title, str(row.day), row.views) for row in DailyViews.select().order_by(DailyViews.post)] == [
        ('One', '2026-03-05', 3), ('Two', '2026-03-05', 2)]
    assert Post.get_by_id(first.id).views == 3


def test_parallel_writers_and_folders_count_each_view_once(site, alice):
    post = write(alice)
    over = threading.Event()

    def fold_all_the_time():
        with db.db.connection_context():
            while not over.is_set():
                counting.count_recorded_views()

    def read(number):
        for _ in range(250):
            recording.record_view(post.id, db.now())

    folders = [threading.Thread(target=fold_all_the_time) for _ in range(2)]
    readers = [threading.Thread(target=read, args=(number,)) for number in range(4)]
    for thread in folders + readers:
        thread.start()
    for thread in readers:
        thread.join()
    over.set()
    for thread in folders:
        thread.join()
    assert views() == 1000


def test_a_writer_that_is_killed_loses_nothing_and_its_file_is_tidied_away(site, alice):
    post = write(alice)
    writer = subprocess.Popen(
        [sys.executable, '-c', f'{SITE}; db.db.connect(); post = Post.get()\n'
         'for _ in range(123): recording.record_view(post.id, db.now())\n'
         'print("done", flush=True)\nimport time; time.sleep(600)'],
        env=RIG | site.environ(), stdout=subprocess.PIPE)
    assert writer.stdout.readline() == b'done\n'
    assert views() == 123 and len(list(spool.folder().iterdir())) == 1
    writer.kill()
    writer.wait()
    writer.stdout.close()
    assert views() == 123 and list(spool.folder().iterdir()) == []
    assert SpoolOffset.select().count() == 0 and post.views == 0


def test_killing_who_counts_neither_loses_nor_doubles(site, alice):
    post = write(alice)
    counter = [sys.executable, '-c',
               f'{SITE}; db.db.connect()\nprint("on", flush=True)\nwhile True: counting.count_recorded_views()']
    recorded = 0
    for _ in range(8):
        process = subprocess.Popen(counter, env=RIG | site.environ(), stdout=subprocess.PIPE)
        process.stdout.readline()
        for _ in range(400):
            recording.record_view(post.id, db.now())
            recorded += 1
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdout.close()
    until(lambda: views() == recorded, 10)
    assert sum(row.views for row in DailyViews.select()) == recorded


def test_half_a_line_waits_for_its_other_half_and_nonsense_is_passed_over(site, alice):
    post = write(alice)
    recording.record_view(post.id, db.now())
    path = next(spool.folder().iterdir())
    whole = path.read_bytes()
    with open(path, 'ab') as file:
        file.write(b'rubbish\n\xff\xfe\n999999 2026-01-01\n' + whole[:3])
    assert views() == 1
    with open(path, 'ab') as file:
        file.write(whole[3:])
    assert views() == 2


def test_half_a_line_of_a_process_that_is_gone_is_tidied_away(site, alice):
    post = write(alice)
    recording.record_view(post.id, db.now())
    path = next(spool.folder().iterdir())
    with open(path, 'ab') as file:
        file.write(b'1 2026-')
    assert views() == 1 and path.exists()
    spool.mine.close()
    assert counting.count_recorded_views() == 0 and not path.exists() and SpoolOffset.select().count() == 0
    assert Post.get_by_id(post.id).views == 1


@pytest.mark.parametrize(('whole', 'half'), [(0, 1), (0, 20), (1, 0), (2, 0), (2, 5), (4, 7)])
def test_of_views_recorded_together_those_count_that_a_full_disk_had_room_for(site, alice, monkeypatch, caplog, whole,
                                                                              half):
    post, write_all = write(alice), os.write
    recording.record_view(post.id, db.now())
    line = len(spool.lines(next(spool.folder().iterdir()), 0)[0][0]) + 1
    monkeypatch.setattr(os, 'write', lambda fd, data: write_all(fd, data[:whole * line + half]))
    read_together(post, 5)
    monkeypatch.undo()
    read_together(post, 3)
    assert views() == 1 + whole + 3
    assert caplog.messages[:2] == ['Views cannot be recorded: the disk is full',
                                   f'Views are recorded again; {5 - whole} were not']
    assert [message[:7] for message in caplog.messages[2:]] == (['1 lines'] if half else []), 'the half one'


def read_together(post, count):
    together = recording.Recording(db.now())
    for _ in range(count):
        together.add(post.id)
    together.write()


def test_half_a_line_costs_no_write_each_second(site, alice):
    spool.mine.append(b'1 2026-')
    before = db.db.connection().total_changes
    for _ in range(3):
        counting.count_recorded_views()
    assert db.db.connection().total_changes == before


def test_no_more_is_kept_of_long_headers_than_is_looked_at(site, alice, browse):
    post, browser = write(alice), browse()
    is_browser.cache_clear(), referring_host.cache_clear()
    for number in range(20):
        browser.extra_environ['HTTP_USER_AGENT'] = f'{BROWSER} {"x" * 60_000}{number}'
        browser.get(post.path, headers={'Referer': f'https://example.org/{"y" * 60_000}{number}'})
    with db.db.connection_context():
        assert views() == 20
    assert is_browser.cache_info().currsize == referring_host.cache_info().currsize == 1


def test_views_of_a_deleted_post_are_dropped(site, alice):
    post = write(alice)
    recording.record_view(post.id, db.now())
    post.delete_instance()
    assert counting.count_recorded_views() == 1 and DailyViews.select().count() == 0
