"""Heavy work within limits of time and number: rendering, comparing and searching. Nobody else notices, and no text is
lost."""

import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack

import psutil
import pytest
import sandbox_work
from conftest import write
from diff_match_patch import diff_match_patch

from quickpub import codes, db, tasks
from quickpub import gates as budget
from quickpub.codes import Code
from quickpub.content import comparison, posts, rendering, rerendering, revisions, search
from quickpub.content.post_input import PostInput, as_form
from quickpub.markup import images, markdown, rules
from quickpub.models import Autosave, Post, User
from quickpub.sandbox import pool
from quickpub.server import asgi
from quickpub.wsgi import long_pages

FULL = Code('busy.search')
PATIENCE = 60  # seconds for what happens at once on a machine that is not busy


def wait_until(is_done):
    until = time.monotonic() + PATIENCE
    while not is_done():
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.fixture
def hold():
    """Fill gates, so that nobody may even wait."""
    with ExitStack() as stack:
        def fill(monkeypatch, *gates):
            for gate in gates:
                monkeypatch.setattr(gate, '_may_wait', 0)
                for _ in range(gate.at_once):
                    stack.enter_context(gate.entered())
        yield fill


# The gate

def test_a_gate_lets_a_few_in_a_few_wait_and_the_others_go():
    gate = budget.Gate(at_once=2, waiting=1, patience=PATIENCE, busy=FULL)
    leave, inside = threading.Event(), []

    def enter():
        with gate.entered():
            inside.append(1)
            leave.wait(PATIENCE)

    threads = [threading.Thread(target=enter) for _ in range(2)]
    for thread in threads:
        thread.start()
    wait_until(lambda: len(inside) == 2)
    threads.append(threading.Thread(target=enter))
    threads[-1].start()
    wait_until(lambda: len(gate._waiting) == 1)
    with pytest.raises(budget.Busy) as error, gate.entered():
        inside.append('too many')
    assert error.value.code == FULL
    leave.set()
    for thread in threads:
        thread.join(PATIENCE)
    assert inside == [1, 1, 1] and gate._waiting == []
    with gate.entered():
        assert len(gate._inside) == 1


@pytest.mark.parametrize('patience', [None, 0.01])
def test_patience_ends(patience):
    gate = budget.Gate(at_once=1, waiting=1, patience=0.01, busy=FULL)
    with gate.entered():
        with pytest.raises(budget.Busy), gate.entered(patience=patience):
            pass
        assert gate._waiting == []
    with gate.entered():
        assert len(gate._inside) == 1


def test_background_work_waits_as_long_as_it_takes():
    gate = budget.Gate(at_once=1, waiting=0, patience=0, busy=FULL)
    entered = threading.Event()

    def enter():
        with gate.entered(patience=rerendering.NO_LIMIT):
            entered.set()

    with gate.entered():
        thread = threading.Thread(target=enter)
        thread.start()
        wait_until(lambda: len(gate._waiting) == 1)
        assert not entered.is_set()
    thread.join(PATIENCE)
    assert entered.is_set()


def test_one_person_keeps_nobody_out():
    gate, order, leave = budget.Gate(2, 6, PATIENCE, FULL), [], threading.Event()

    def enter(who):
        with gate.entered(who):
            order.append(who)
            leave.wait(PATIENCE)

    threads = [threading.Thread(target=enter, args=('mallory',)) for _ in range(3)]
    for number, thread in enumerate(threads):
        thread.start()
        wait_until(lambda number=number: len(gate._inside) + len(gate._waiting) == number + 1)
    assert order == ['mallory']
    with pytest.raises(budget.Busy), gate.entered('mallory'):
        order.append('too many')
    with gate.entered('alice'):
        assert len(gate._inside) == 2
    leave.set()
    for thread in threads:
        thread.join(PATIENCE)
    assert order == ['mallory'] * 3 and gate._inside == gate._waiting == []


def test_newcomers_together_keep_nobody_out_of_long_work(monkeypatch):
    leave = threading.Event()
    monkeypatch.setattr(pool, 'LARGE', budget.Gate(2, 6, PATIENCE, FULL))
    monkeypatch.setattr(pool.POOL, 'ask', lambda question: {'value': leave.wait(PATIENCE)})
    threads = [threading.Thread(target=pool.call, args=(len,), kwargs={'who': budget.Newcomer(number)})
               for number in range(3)]
    for number, thread in enumerate(threads):
        thread.start()
        wait_until(lambda number=number: len(pool.LARGE._inside) + len(pool.LARGE._waiting) == number + 1)
    assert len(pool.LARGE._inside) == 1
    with pytest.raises(budget.Busy):
        pool.call(len, who=budget.Newcomer(99))
    with pool.LARGE.entered(99):
        assert len(pool.LARGE._inside) == 2
    leave.set()
    for thread in threads:
        thread.join(PATIENCE)
    assert pool.LARGE._inside == pool.LARGE._waiting == []


@pytest.mark.parametrize(('path', 'is_verified', 'status'), [
    ('/studio/preview', True, 200), ('/studio/preview', False, 503),
    ('/studio/posts/new', True, 303), ('/studio/posts/new', False, 503)])
def test_a_long_text_of_a_member_is_rendered_while_newcomers_wait(studio, connection, monkeypatch, path, is_verified,
                                                                  status):
    monkeypatch.setattr(budget, 'WAITING_EACH', 0)
    with connection():
        User.update(verified_at=db.now() if is_verified else None).execute()
    with pool.LARGE.entered(budget.Newcomer):
        studio.post(path, {'title': 'Long', 'body': 'word ' * rendering.SMALL, 'action': 'save'}, status=status)
    assert pool.LARGE._inside == []


def test_who_waits_enters_before_who_comes_later():
    gate, order = budget.Gate(1, 9, PATIENCE, FULL), []

    def enter(who):
        with gate.entered(who):
            order.append(who)

    threads = [threading.Thread(target=enter, args=(who,)) for who in 'abcabd']
    with gate.entered():
        for number, thread in enumerate(threads):
            thread.start()
            wait_until(lambda number=number: len(gate._waiting) == number + 1)
    for thread in threads:
        thread.join(PATIENCE)
    assert ''.join(order) == 'abcabd'


def test_few_wait_at_all_gates_together(monkeypatch):
    monkeypatch.setattr(budget, 'WAITING_IN_ALL', 1)
    one, other = (budget.Gate(1, 9, PATIENCE, FULL) for _ in range(2))

    def enter():
        with one.entered():
            pass

    thread = threading.Thread(target=enter)
    with one.entered(), other.entered():
        thread.start()
        wait_until(lambda: len(one._waiting) == 1)
        with pytest.raises(budget.Busy), other.entered():
            pass
    thread.join(PATIENCE)
    with other.entered():
        assert len(other._inside) == 1


def test_some_threads_of_the_web_server_never_wait():
    gates = (search.GATE, pool.LARGE, pool.SMALL, long_pages.MANY)
    assert budget.WAITING_IN_ALL + sum(gate.at_once for gate in gates) < asgi.THREADS - 4


def test_an_error_inside_leaves_the_gate():
    gate = budget.Gate(at_once=1, waiting=0, patience=0, busy=FULL)
    with pytest.raises(KeyError), gate.entered():
        raise KeyError
    with gate.entered():
        assert len(gate._inside) == 1


# The child process

def test_a_child_answers_one_call_after_the_other():
    assert pool.call(sandbox_work.add, 1, 2) == 3
    started = pool.POOL.started
    pids = {pool.call(sandbox_work.own_pid) for _ in range(3)}
    assert len(pids) == 1 and os.getpid() not in pids and pool.POOL.started == started


def test_much_goes_both_ways():
    text = 'ä\u2028"\\' * 300_000
    assert pool.call(rendering._preview, 'word ' * 90_000, {}, '', '', True, 'en')[1] == 90_000
    assert pool.call(max, [text, '']) == text


def test_what_is_printed_is_no_answer():
    assert pool.call(sandbox_work.say_and_add, 2, 2) == 4


@pytest.mark.parametrize('work, error, code', [
    (sandbox_work.work_for_ever, budget.TooMuch, 'too_much.time'),
    (sandbox_work.fill_memory, budget.TooMuch, 'too_much.memory'),
    (sandbox_work.crash, budget.TooMuch, 'too_much.time'), (sandbox_work.be_killed, budget.Busy, 'busy.texts')])
def test_a_child_that_cannot_answer_costs_nobody_else(work, error, code):
    with pytest.raises(error) as caught:
        pool.call(work, seconds=0.05 if work is sandbox_work.work_for_ever else 60)
    assert caught.value.code == Code(code)
    assert pool.call(sandbox_work.add, 1, 2) == 3


def test_a_fault_of_ours_names_its_place():
    with pytest.raises(RuntimeError, match='LookupError: no such thing'):
        pool.call(sandbox_work.fail)
    assert pool.call(sandbox_work.add, 1, 2) == 3


def test_a_child_that_gets_no_processor_is_ended(monkeypatch):
    monkeypatch.setattr(pool, 'LATE', 0.1)
    with pytest.raises(budget.Busy):
        pool.call(signal.pause)


def test_a_child_that_has_left_is_replaced(monkeypatch):
    first = pool.call(sandbox_work.own_pid)
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: psutil.Process(first).status() == psutil.STATUS_ZOMBIE)
    assert pool.call(sandbox_work.own_pid) != first


def test_a_child_that_leaves_as_it_is_asked_is_replaced(monkeypatch):
    first, started = pool.call(sandbox_work.own_pid), pool.POOL.started
    monkeypatch.setattr(pool.Child, 'ask', lambda child, question: leave_once(child))
    asked = []

    def leave_once(child):
        asked.append(child)
        if len(asked) == 1:
            raise pool.Ended(0)
        return {'value': 'an answer'}
    assert pool.call(sandbox_work.own_pid) == 'an answer'
    assert pool.POOL.started == started + 1 and not psutil.pid_exists(first)


def test_where_no_process_can_be_had_it_is_busy(monkeypatch):
    def refuse(*args, **options):
        raise BlockingIOError('Resource temporarily unavailable')
    pool.POOL.end_all()
    monkeypatch.setattr(subprocess, 'Popen', refuse)
    with pytest.raises(budget.Busy):
        pool.call(sandbox_work.add, 1)


def test_a_child_dies_with_its_parent():
    parent = subprocess.Popen(
        [sys.executable, '-c', 'import sandbox_work; from quickpub.sandbox import pool; '
                               'pool.call(sandbox_work.say_and_work_for_ever, seconds=600)'],
        stderr=subprocess.PIPE, env=os.environ | {'PYTHONPATH': os.pathsep.join(filter(None, sys.path))})
    try:
        child = psutil.Process(int(parent.stderr.readline()))
    finally:
        parent.kill()
        parent.wait()
        parent.stderr.close()
    wait_until(lambda: not child.is_running() or child.status() == psutil.STATUS_ZOMBIE)
    assert parent.returncode == -signal.SIGKILL


def test_after_a_fork_each_has_children_of_its_own():
    code = ('import os, sandbox_work\nfrom quickpub.sandbox import pool\n'
            'own = pool.call(sandbox_work.own_pid)\n'
            'held = [pool.LARGE.entered(), pool.LARGE.entered()]\n'
            '[each.__enter__() for each in held]\n'
            'if pid := os.fork():\n'
            '    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0\n'
            '    held[0].__exit__(None, None, None)\n'
            '    assert pool.call(sandbox_work.own_pid) == own\n'
            'else:\n'
            '    os._exit(pool.call(sandbox_work.own_pid) == own)\n')
    done = subprocess.run([sys.executable, '-W', 'ignore', '-c', code], capture_output=True, timeout=PATIENCE,
                          env=os.environ | {'PYTHONPATH': os.pathsep.join(filter(None, sys.path))})
    assert (done.returncode, done.stderr) == (0, b'')


# Rendering

LONG = '- a\n' * 5_000


@pytest.fixture
def spent(monkeypatch):
    """Long texts take more time than they may have."""
    monkeypatch.setattr(pool, 'SECONDS', 0.01)


@pytest.mark.parametrize('source', ['# A [b](/c) $x^2$ and `d`\n\n', '![A hill](/media/%s/hill.jpg)\n\n' % ('a' * 32),
                                    '|a|b|\n|-|-|\n|c|d|\n\n', '**注：**ש "a" -- b\n\n'])
def test_a_child_makes_the_same(source):
    files = {'a' * 32: images.File('image', 100, 50, '#123456', moving=[50], widths={'png': [50, 100]})}
    long, short = source * (20_000 // len(source)), source
    for typed in (long, short):
        found = rendering.render(typed, files, is_titled=False)
        assert found == rendering._render(typed, {key: vars(file) for key, file in files.items()}, False, 'en')
        assert found.html == markdown.to_html(typed, files)


def test_only_long_texts_cost_a_child():
    pool.POOL.end_all()
    before = pool.POOL.started
    rendering.render('a' * rendering.SMALL, {}, True)
    assert pool.POOL.started == before
    rendering.render('a' * (rendering.SMALL + 1), {}, True)
    assert pool.POOL.started == before + 1


def open_editor(studio, body, post=None):
    form = studio.get(f'/studio/posts/{post.id}' if post else '/studio/posts/new').forms['editor']
    form['title'], form['body'] = 'A long one', body
    return form


def assert_kept(page, connection, body=LONG):
    """Its form holds what was typed, and so does the backup."""
    assert page.forms['editor']['body'].value.replace('\r\n', '\n').strip() == body.strip()
    with connection():
        assert [kept.fields['body'].replace('\r\n', '\n').strip() for kept in Autosave.select()] == [body.strip()]


@pytest.mark.parametrize('action', ['save', 'publish', 'preview'])
@pytest.mark.parametrize('is_new', [True, False])
def test_a_text_that_takes_too_long_stays_in_the_form(studio, alice, connection, spent, action, is_new):
    post = None if is_new else write(alice, 'Old', body='As it was.')
    db.db.close()
    page = open_editor(studio, LONG, post).submit('action', value=action, status=400)
    assert 'This text takes too long to display' in page
    assert_kept(page, connection)
    with connection():
        assert [each.body for each in Post.select()] == ([] if is_new else ['As it was.'])
    assert studio.get('/studio').status_int == 200


@pytest.mark.parametrize('body, gate', [(LONG, pool.LARGE), ('Short.', pool.SMALL)])
@pytest.mark.parametrize('action', ['save', 'preview'])
def test_where_many_render_the_form_is_kept(studio, connection, hold, monkeypatch, action, body, gate):
    form = open_editor(studio, body)
    hold(monkeypatch, gate)
    page = form.submit('action', value=action, status=503)
    assert 'Your text is still here, but not saved. Please try again in a minute.' in page
    assert_kept(page, connection, body)
    with connection():
        assert not Post.select().exists()


def test_the_live_preview_says_why_there_is_none(studio, hold, monkeypatch):
    monkeypatch.setattr(pool, 'SECONDS', 0.01)
    assert 'takes too long' in studio.post('/studio/preview', {'body': LONG}, status=422)
    hold(monkeypatch, pool.LARGE)
    assert studio.post('/studio/preview', {'body': LONG}, status=503).headers['Retry-After']
    assert studio.post('/studio/preview', {'body': '*a*'}).html.em.text == 'a'


def test_taking_back_works_whatever_stands_in_the_form(studio, alice, connection, spent):
    post = write(alice, 'Old', body='As it was.')
    db.db.close()
    open_editor(studio, LONG, post).submit('action', value='unpublish', status=303)
    with connection():
        assert Post.get().published_at is None and Post.get().body == 'As it was.'
        assert Autosave.get().fields['body'].strip()


def test_an_older_version_that_takes_too_long_comes_back_in_the_form(studio, alice, connection, monkeypatch):
    post = write(alice, 'Old', body=LONG)
    posts.save(post, alice, PostInput.from_form(as_form(post) | {'body': 'Short.'}), db.now())
    db.db.close()
    monkeypatch.setattr(pool, 'SECONDS', 0.01)
    monkeypatch.setattr(revisions, 'MAX_COMPARED', 1)
    page = studio.get(f'/studio/posts/{post.id}/history')
    assert 'too long or too different' in page
    again = studio.post(f'/studio/posts/{post.id}/history', {'version': '1'}, status=400)
    assert 'takes too long to display' in again and len(again.forms['editor']['body'].value) >= len(LONG.strip())
    with connection():
        assert Post.get().body == 'Short.'


def test_a_post_that_takes_too_long_is_set_aside_and_the_others_are_rendered(site, alice, monkeypatch):
    long, short = write(alice, 'Long', body=LONG), write(alice, 'Short', body='*a*')
    Post.update(rendered_by=0, html='old').execute()
    monkeypatch.setattr(pool, 'SECONDS', 0.01)
    tasks.render_posts.call_local()
    found = {post.id: (post.html, post.rendered_by) for post in Post.select()}
    assert found == {long.id: ('old', markdown.VERSION), short.id: ('<p><em>a</em></p>', markdown.VERSION)}


def test_background_work_waits_for_its_turn(site, alice, monkeypatch):
    write(alice, 'Long', body=LONG)
    Post.update(rendered_by=0, html='old').execute()
    monkeypatch.setattr(pool.LARGE, '_may_wait', 0)
    worker = threading.Thread(target=db.db.connection_context()(rerendering.render_outdated))
    with pool.LARGE.entered(), pool.LARGE.entered():
        worker.start()
        wait_until(lambda: len(pool.LARGE._waiting) == 1)
    worker.join(PATIENCE)
    assert Post.get().html != 'old'


def test_a_page_that_becomes_too_long_is_refused(monkeypatch):
    monkeypatch.setattr(rendering, 'MAX_HTML', 10)
    with pytest.raises(codes.Rejected) as refused:
        rendering.render('A text of some words.', {}, True)
    assert list(refused.value.errors) == ['body']


def test_marks_of_footnotes_are_limited():
    source = '[^1]' * 20_000 + '\n\n[^1]: b'
    html = markdown.to_html(source)
    assert html.count('class="footnote-ref"') == rules.MAX_NOTED
    assert html.count('[^1]') == 20_000 - rules.MAX_NOTED


# Comparing

EQUAL, UNLIKE = 'a\n' * 50_000, ' '.join(map(str, range(60_000)))


@pytest.mark.parametrize('old, new', [
    (EQUAL, EQUAL + 'b'), ('x' * 200_000, 'y' * 200_000), (UNLIKE, UNLIKE[::-1]), ('a b ' * 20_000, 'b a ' * 20_000),
    ('', UNLIKE)], ids=['equal lines', 'one word', 'unlike', 'alternating', 'new'])
def test_differences_of_long_texts_are_found_or_given_up(old, new):
    try:
        found = revisions.differences(old, new)
    except budget.TooMuch:
        found = [('del', old), ('ins', new)]
    assert ''.join(text for kind, text in found if kind != 'ins') == old
    assert ''.join(text for kind, text in found if kind != 'del') == new


def test_a_part_that_repeats_itself_is_not_compared_at_each_place(monkeypatch):
    compared = []
    monkeypatch.setattr(comparison._Comparer, 'diff_commonPrefix',
                        lambda self, *texts: compared.append(1) or diff_match_patch.diff_commonPrefix(self, *texts))
    comparison.differences('a b ' * 20_000, 'b a ' * 20_000)
    assert len(compared) < 1_000


def test_a_conflict_of_texts_that_cannot_be_compared_keeps_both(studio, alice, connection, monkeypatch):
    post = write(alice, 'A post', body='Short.')
    db.db.close()
    form = open_editor(studio, LONG, post)
    with connection():
        posts.save(post, alice, PostInput.from_form(as_form(post) | {'body': 'Theirs.'}), db.now())
    monkeypatch.setattr(revisions, 'MAX_COMPARED', 1)
    page = form.submit('action', value='save', status=409)
    assert 'too long or too different' in page
    assert_kept(page, connection)
    merged = page.forms['editor'].submit('action', value='merge', status=409)
    assert 'cannot be merged because that takes too long' in merged
    assert_kept(merged, connection)
    saved = merged.forms['editor'].submit('action', value='overwrite', status=303)
    assert 'Saved.' in saved.follow()
    with connection():
        assert Post.get().body.strip() == LONG.strip()


# Searching

def test_where_many_search_the_question_is_kept(site, alice, browse, hold, monkeypatch):
    write(alice, 'A hedgehog')
    db.db.close()
    hold(monkeypatch, search.GATE)
    page = browse().get('/search?q=hedgehog', status=503)
    assert 'Search is busy. Please try again in a moment.' in page and page.headers['Retry-After']
    assert page.html.find(id='q')['value'] == 'hedgehog' and 'No matching posts' not in page


def test_a_search_is_ended_when_it_takes_too_long(site, alice, browse, monkeypatch):
    write(alice, 'A hedgehog')
    db.db.close()
    with monkeypatch.context() as patch:
        patch.setattr(search, 'SECONDS', -1)
        patch.setattr(db, 'STEPS', 1)
        page = browse().get('/search?q=hedgehog', status=400)
        assert 'This search takes too long' in page and page.html.find(id='q')['value'] == 'hedgehog'
    assert 'hedgehog' in browse().get('/search?q=hedgehog').html.find('article').text


def test_what_is_outside_of_the_limit_is_not_ended(site, alice, monkeypatch):
    monkeypatch.setattr(db, 'STEPS', 1)
    write(alice, 'A hedgehog')
    with pytest.raises(budget.TooMuch), db.time_limit(-1):
        list(Post.select())
    assert Post.select().count() == 1


@pytest.mark.parametrize('path', ['/studio?q=a', '/admin/mail?q=a'])
def test_lists_are_searched_within_the_same_limits(olga, browse, hold, monkeypatch, path):
    owner = browse(olga)
    assert owner.get(path).status_int == 200
    with monkeypatch.context() as patch:
        hold(patch, search.GATE)
        page = owner.get(path, status=503)
    assert 'Search is busy' in page


def test_one_client_keeps_nobody_from_searching(site, alice, browse, monkeypatch):
    write(alice, 'A hedgehog')
    db.db.close()
    monkeypatch.setattr(budget, 'WAITING_EACH', 0)
    with search.GATE.entered('203.0.113.7'):
        for address, status in (('203.0.113.7', 503), ('203.0.113.8', 200), ('127.0.0.1', 200)):
            browse().get('/search?q=hedgehog', extra_environ={'REMOTE_ADDR': address}, status=status)
    assert search.GATE._inside == []


# Others

def test_nobody_else_notices(site, alice, browse, hold, monkeypatch):
    post = write(alice, 'A hedgehog')
    db.db.close()
    hold(monkeypatch, search.GATE, pool.LARGE, pool.SMALL)
    for path in ('/login', '/', post.path, '/@alice', '/feed.xml', '/archive?before=1'):
        assert browse().get(path).status_int == 200, path


def test_one_long_page_is_made_after_the_other(site, alice, browse, connection, hold, monkeypatch):
    monkeypatch.setattr(long_pages, 'LONG_PAGE', 100)
    long, short = write(alice, 'Long', body='word ' * 50), write(alice, 'Short', body='*a*')
    db.db.close()
    assert 'word word' in browse().get(long.path)
    with connection():
        posts.save(long, alice, PostInput.from_form(as_form(long) | {'title': 'Longer'}), db.now())
    hold(monkeypatch, long_pages.MANY)
    assert browse().get(short.path).status_int == 200
    assert 'many long pages' in browse().get(long.path, status=503)


@pytest.mark.parametrize(('gate', 'is_verified', 'status'), [
    ('MANY', True, 200), ('MANY', False, 503), ('OF_MEMBERS', True, 503), ('OF_MEMBERS', False, 200)])
def test_strangers_who_ask_for_long_pages_keep_no_member_waiting(alice, studio, browse, connection, hold, monkeypatch,
                                                                 gate, is_verified, status):
    monkeypatch.setattr(long_pages, 'LONG_PAGE', 100)
    with connection():
        long = write(alice, 'Long', body='word ' * 50)
        User.update(verified_at=db.now() if is_verified else None).execute()
    hold(monkeypatch, getattr(long_pages, gate))
    assert studio.get(long.path, status=status).status_int == status
    stranger = browse().get(f'{long.path}?x=1', status=503 if gate == 'MANY' else 200)
    assert ('many long pages' in stranger) == (gate == 'MANY')
