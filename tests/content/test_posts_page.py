"""The author's desk: versions kept and compared, two who write at once, what is not saved, drafts by link, scheduling,
series, pins, pages."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from conftest import PASSWORD, person, write
from sites import form_with, stored

from quickpub import db
from quickpub.accounts import deletion
from quickpub.content import autosave, revisions, slugs, tags, trash
from quickpub.models import Autosave, Post, Revision, Series, Session, Site, User
from quickpub.web import URLS

FORM = {'title': 'On hills', 'slug': '', 'body': 'They are *high*.', 'tags': '', 'summary': ''}
TAB, OTHER_TAB = 'tab-of-a-window1', 'tab-of-a-window2'


@pytest.fixture
def hills(alice):
    post = write(alice, 'On hills', body='They are high.\n\nSome are low.', tags='Walks')
    db.db.close()
    return post


def saved(post):
    with db.db.connection_context():
        return Post.get_by_id(post.id)


def send(browser, post=None, action='save', status=303, **fields):
    path = f'/studio/posts/{post.id}' if post else '/studio/posts/new'
    return browser.post(path, FORM | fields | {'action': action}, status=status)


def edit(post):
    return f'/studio/posts/{post.id}'


# Versions

def test_each_save_keeps_what_was_there_before(studio, hills):
    for words in ('One.', 'Two.', 'Two.'):
        send(studio, hills, body=words, tags='Walks, Tea')
    with db.db.connection_context():
        kept = [(each.version, each.body, each.tags) for each in Revision.select().order_by(Revision.version)]
    assert kept == [(1, 'They are high.\n\nSome are low.', 'Walks'), (2, 'One.', 'Walks, Tea')]
    assert saved(hills).version == 3 and saved(hills).body == 'Two.'


def test_a_version_is_compared_word_by_word_and_brought_back(studio, hills):
    send(studio, hills, body='They are very high.\n\nSome are <b>flat</b>.', tags='Tea')
    page = studio.get(edit(hills) + '/history')
    diff = page.html.select('.diff')
    assert [each.text for each in diff[-1].find_all('ins')] == ['very ', '<b>flat</b>.']
    assert [each.text for each in diff[-1].find_all('del')] == ['low.']
    page = form_with(page, 'version').submit(status=303).follow()
    assert 'Older version restored.' in page
    assert (saved(hills).body, saved(hills).version) == ('They are high.\n\nSome are low.', 3)
    with db.db.connection_context():
        assert tags.as_line(saved(hills)) == 'Walks'
    page = studio.get(edit(hills) + '/history?from=1&to=2')
    assert page.html.select('.diff ins') and 'Current version' in page


def test_a_first_version_has_no_history_and_says_so(studio, hills, bob, browse):
    assert 'There is only one version' in studio.get(edit(hills) + '/history')
    assert 'There is only one version' in studio.get(edit(hills) + '/history?from=x&to=%00')
    assert 'There is only one version' in studio.get(edit(hills) + '/history?from=7')
    studio.get(edit(hills) + '/history?to=99999', status=404)
    browse(bob).get(edit(hills) + '/history', status=404)
    browse(bob).post(edit(hills) + '/history', {'version': 1}, status=404)
    studio.post(edit(hills) + '/history', {'version': 'x'}, status=404)


@pytest.mark.parametrize(('old', 'new', 'found'), [
    ('', '', []),
    ('same', 'same', [('', 'same')]),
    ('one two three', 'one 2 three', [('', 'one '), ('del', 'two '), ('ins', '2 '), ('', 'three')]),
    ('', 'all new', [('ins', 'all new')]),
    ('日本語', '日本', [('del', '日本語'), ('ins', '日本')]),
])
def test_differences_are_of_whole_words(old, new, found):
    assert revisions.differences(old, new) == found


def test_long_hostile_texts_are_compared_in_bounded_time_and_rightly():
    old, new = ' '.join('ab'[n % 3 % 2] for n in range(60_000)), ' '.join('ba'[n % 7 % 2] for n in range(60_000))
    found = revisions.differences(old, new)
    assert ''.join(each.text for each in found if each.kind != 'ins') == old
    assert ''.join(each.text for each in found if each.kind != 'del') == new


def test_versions_become_fewer_with_age(hills, connection):
    at = datetime(2026, 11, 22, 12)
    ages = [timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=23), timedelta(hours=30),
            timedelta(hours=29, minutes=50), timedelta(days=10), timedelta(days=10, hours=3), timedelta(days=120),
            timedelta(days=122), timedelta(days=150)]
    with connection():
        for version, age in enumerate(sorted(ages, reverse=True), 1):
            Revision.create(post=hills, version=version, saved_at=at - age, title='', summary='', tags='', details={},
                            body='x')
        for _ in range(2):
            revisions.clean_up(at)
        left = [at - each.saved_at for each in Revision.select().order_by(Revision.version.desc())]
    assert left == [timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=23),
                    timedelta(hours=29, minutes=50), timedelta(days=10), timedelta(days=120), timedelta(days=150)]


# Two at once

def test_the_second_of_two_windows_does_not_overwrite_the_first(studio, hills):
    first, second = (form_with(studio.get(edit(hills)), 'body') for _ in range(2))
    first['body'] = 'They are very high.\n\nSome are low.'
    first.submit('action', value='save', status=303)
    second['body'] = 'They are high.\n\nSome are flat.'
    page = second.submit('action', value='save', status=409)
    assert 'Nothing was saved. While you were writing' in page
    assert form_with(page, 'body')['body'].value == second['body'].value
    assert saved(hills).body == first['body'].value
    assert 'flat.' in [each.text for each in page.html.select('.diff ins')]

    merged = form_with(page, 'body').submit('action', value='merge', status=200)
    assert form_with(merged, 'body')['body'].value == 'They are very high.\n\nSome are flat.'
    assert saved(hills).body == first['body'].value, 'merging saves nothing by itself'
    form_with(merged, 'body').submit('action', value='save', status=303)
    assert saved(hills).body == 'They are very high.\n\nSome are flat.'


def test_one_may_save_theirs_instead_and_the_other_text_is_in_the_history(olga, alice, hills, browse):
    hers, theirs = (form_with(browse(user).get(edit(hills)), 'body') for user in (alice, olga))
    theirs['body'] = "The owner's words."
    theirs.submit('action', value='save', status=303)
    hers['body'] = 'My words.'
    page = hers.submit('action', value='publish', status=409)
    assert '<bdi>Olga</bdi> saved another version' in page
    form_with(page, 'body').submit('action', value='overwrite', status=303)
    with db.db.connection_context():
        assert Post.get_by_id(hills.id).body == 'My words.'
        assert Revision.get(Revision.version == 2).body == "The owner's words."


def test_what_only_one_has_changed_is_kept_in_every_field(studio, hills, connection):
    page = studio.get(edit(hills))
    theirs = dict(title='On high hills', summary='Theirs.', tags='Tea', slug='high', series='Walks', body=hills.body)
    send(studio, hills, **theirs, canonical='https://example.org/a')
    form = form_with(page, 'body')
    form['body'] = 'They are high.\n\nSome are flat.'
    page = form.submit('action', value='save', status=409)
    assert {'Series', 'Web address', 'First published at'} <= {each.text for each in page.html.select('.change h2')}
    merged = form_with(form_with(page, 'body').submit('action', value='merge'), 'body')
    names = ('title', 'summary', 'tags', 'slug', 'series', 'canonical', 'body')
    assert {name: merged[name].value for name in names} == (
        theirs | {'canonical': 'https://example.org/a', 'body': form['body'].value})


def test_hostile_texts_are_put_together_in_bounded_time():
    base = ' '.join(f'word{number}' for number in range(30_000))
    mine, theirs = (' '.join(f'{who}{number}' if number % 3 == rest else f'word{number}' for number in range(30_000))
                    for who, rest in (('mine', 0), ('theirs', 1)))
    forms = ({'body': body} for body in (base, mine, theirs))
    merged = revisions.merge_forms(*forms, ('Yours', 'Theirs'))[0]['body']
    assert 'mine0' in merged and 'theirs1' in merged


def test_saving_the_same_twice_is_no_conflict_and_a_new_post_is_made_once_in_a_window(studio, hills, connection):
    form = form_with(studio.get('/studio/posts/new'), 'body')
    form['title'], form['body'] = 'Clicked twice', 'In a hurry.'
    places = {form.submit('action', value='publish', status=303).headers['Location'] for _ in range(2)}
    assert len(places) == 1
    with connection():
        assert Post.select().where(Post.title == 'Clicked twice').count() == 1
    form['body'] = 'Gone back, and changed.'
    form.submit('action', value='save', status=303)
    form['body'] = 'Gone back once more.'
    form.submit('action', value='save', status=409)
    form = form_with(studio.get(edit(hills)), 'body')
    form['body'] = 'Twice.'
    for _ in range(2):
        form.submit('action', value='save', status=303)
    assert saved(hills).version == 2


def test_taking_back_works_whatever_stands_in_the_form(studio, hills, browse):
    form = form_with(studio.get(edit(hills)), 'body')
    send(studio, hills, body='Saved meanwhile.')
    form['body'] = 'Mine.'
    form.submit('action', value='unpublish', status=303)
    browse().get('/p/on-hills', status=404)
    send(studio, hills, 'share')
    link = link_of(studio.get(edit(hills)))
    send(studio, hills, 'unshare', summary='x' * 600)
    browse().get(link, status=404)
    assert saved(hills).body == FORM['body']


def test_changes_that_touch_stand_one_below_the_other(studio, hills):
    page = studio.get(edit(hills))
    send(studio, hills, body='They are high.\n\nSome are flat.')
    form = form_with(page, 'body')
    form['body'] = 'They are high.\n\nSome are steep.'
    merged = form_with(form.submit('action', value='save', status=409), 'body').submit('action', value='merge')
    text = form_with(merged, 'body')['body'].value
    assert text.index('Some are steep.') < text.index('=======') < text.index('Some are flat.')
    assert 'Both of you changed the same lines' in merged


def test_a_script_that_names_no_version_saves_as_before(studio, hills):
    send(studio, hills, body='From a script.')
    assert saved(hills).body == 'From a script.'


@pytest.mark.parametrize('version', ['', 'abc', '-1', '1.0', '9' * 19, '٣'])
def test_a_version_that_cannot_be_read_overwrites_nothing(studio, hills, version):
    page = send(studio, hills, status=409, body='Mine.', version=version, tab=TAB)
    form = form_with(page, 'body')
    assert form['body'].value == 'Mine.' and saved(hills).body.startswith('They are high.')
    assert form_with(studio.get(f'{edit(hills)}?unsaved={TAB}'), 'body')['body'].value == 'Mine.'
    form.submit('action', value='overwrite', status=303)
    assert saved(hills).body == 'Mine.'


def test_the_autosave_of_a_new_post_that_was_saved_meanwhile_begins_with_its_first_version(studio):
    send(studio, tab=TAB, version='', body='First.')
    keep(studio, body='First, and more.')
    with db.db.connection_context():
        post = Post.get()
    form = form_with(studio.get(f'{edit(post)}?unsaved={TAB}'), 'body')
    form.submit('action', value='save', status=303)
    assert saved(post).body == 'First, and more.'


def test_a_text_left_as_it_was_is_kept_as_unsaved(studio, hills):
    form = form_with(studio.get(edit(hills)), 'body')
    send(studio, hills, body='Saved meanwhile.')
    form['body'] = 'Mine.'
    form.submit('action', value='save', status=409)
    page = studio.get(edit(hills))
    assert form_with(page, 'body')['body'].value == 'Saved meanwhile.'
    page = studio.get(page.html.select_one('.unsaved li a')['href'])
    assert form_with(page, 'body')['body'].value == 'Mine.'
    form_with(page, 'body').submit('action', value='save', status=409)  # it still began from the older version


# What is not saved

def keep(browser, status=204, **fields):
    return browser.post('/studio/unsaved', FORM | {'tab': TAB, 'post': '', 'version': '', 'kind': ''} | fields,
                        status=status)


def test_a_new_text_that_was_not_saved_is_offered_and_gone_on_with(studio, alice):
    keep(studio, title='', body='The first words')
    keep(studio, title='Hills', body='The first words, and more')
    for path in ('/studio', '/studio/posts/new'):
        page = studio.get(path)
        assert [each.text.strip() for each in page.html.select('.unsaved li a')] == ['Hills']
    page = studio.get(page.html.select_one('.unsaved li a')['href'])
    form = form_with(page, 'body')
    assert (form['title'].value, form['body'].value, form['tab'].value) == (
        'Hills', 'The first words, and more', TAB)
    form.submit('action', value='save', status=303)
    with db.db.connection_context():
        assert Post.get().body == 'The first words, and more' and not Autosave.select().exists()


def test_two_windows_are_kept_apart_and_one_is_thrown_away(studio, hills):
    keep(studio, post=hills.id, body='In the first')
    keep(studio, post=hills.id, body='In the second', tab=OTHER_TAB)
    page = studio.get(edit(hills))
    assert len(page.html.select('.unsaved li')) == 2 and saved(hills).body.startswith('They are high.')
    page.forms[next(number for number, form in page.forms.items() if form.action.endswith('/unsaved'))].submit(
        'action', value='discard', status=303)
    assert len(studio.get(edit(hills)).html.select('.unsaved li')) == 1


@pytest.mark.parametrize('change', [{}, {'tags': 'Steep'}, {'summary': 'High.'}, {'slug': 'other-hills'}], ids=str)
def test_a_form_is_offered_for_as_long_as_anything_in_it_is_not_saved(studio, hills, connection, change):
    fields = {name: value for name, value in form_with(studio.get(edit(hills)), 'body').submit_fields()
              if name in autosave.FIELDS}
    keep(studio, **fields | {'post': hills.id} | change)
    assert bool(studio.get(edit(hills)).html.select('.unsaved li')) == bool(change)
    with connection():
        assert Autosave.select().exists() == bool(change), 'the menu counts them'


def test_a_new_text_of_which_nothing_is_left_is_not_offered(studio, hills):
    nothing = dict.fromkeys(FORM, '')
    keep(studio)
    keep(studio, **nothing, kind='page')
    assert not studio.get('/studio').html.select('.unsaved li')
    page = form_with(studio.get('/studio/posts/new'), 'body').submit('action', value='save', status=400)
    assert 'nothing to save yet' in page and not studio.get('/studio').html.select('.unsaved li')
    keep(studio, **nothing, post=hills.id)
    assert len(studio.get(edit(hills)).html.select('.unsaved li')) == 1  # that one would empty what is saved


def test_what_is_the_same_as_saved_is_not_offered(studio, hills):
    keep(studio, post=hills.id, title=hills.title, body=hills.body)
    assert not studio.get(edit(hills)).html.select('.unsaved li')


def test_a_form_that_cannot_be_saved_is_kept(studio, hills):
    send(studio, hills, status=400, body='x' * 500_001, tab=TAB)
    with db.db.connection_context():
        assert len(Autosave.get().fields['body']) == 500_001
    assert form_with(studio.get(f'{edit(hills)}?unsaved={TAB}'), 'body')['body'].value == 'x' * 500_001


def test_nobody_reads_or_removes_what_others_typed(studio, hills, bob, olga, browse):
    keep(studio, post=hills.id, body='Mine alone')
    other = browse(bob)
    assert 'Mine alone' not in browse(olga).get(f'{edit(hills)}?unsaved={TAB}')
    other.post('/studio/unsaved', {'tab': TAB, 'action': 'discard'}, status=303)
    other.post('/studio/unsaved', {'tab': TAB, 'action': 'discard'}, {'Accept': 'application/json'}, status=404)
    keep(other, body='His')
    keep(other, post=hills.id, status=404)
    assert 'Mine alone' in studio.get(f'{edit(hills)}?unsaved={TAB}')
    browse().post('/studio/unsaved', {'tab': TAB}, status=303)  # to log in


@pytest.mark.parametrize('tab', ['', 'x', 'a' * 17, 'with space here.', '\x00' * 16, '日本語日本語日本語日本語日本語'])
def test_a_window_with_a_strange_name_is_refused(studio, tab):
    keep(studio, tab=tab, status=400)


def test_no_more_text_is_kept_than_an_author_can_have_in_hand(alice, connection):
    with connection():
        for number in range(9):
            autosave.keep(alice, f'{number:016}', None, FORM | {'body': 'x' * 1_000_000}, db.now())
        assert Autosave.select().count() == 5
        with pytest.raises(ValueError, match='too much'):
            autosave.keep(alice, TAB, None, FORM | {'body': 'x' * 7_000_000}, db.now())


def test_a_letter_that_comes_late_is_not_taken_for_another_text(studio, connection):
    form = form_with(studio.get('/studio/posts/new'), 'body')
    form['title'], form['body'] = 'Late', 'Words.'
    page = form.submit('action', value='save', status=303).follow()
    keep(studio, tab=form['tab'].value, title='Late', body='Words.')
    assert not studio.get('/studio').html.select('.unsaved li')
    assert not studio.get(page.request.path).html.select('.unsaved li')


def test_no_more_windows_are_kept_than_anybody_has_open(studio, alice, connection):
    with connection():
        for number in range(autosave.PER_AUTHOR + 5):
            autosave.keep(alice, f'{number:016}', None, FORM, db.now() + timedelta(seconds=number))
        assert Autosave.select().count() == autosave.PER_AUTHOR
        assert not autosave.find(alice, f'{0:016}')
        autosave.clean_up(db.now() + autosave.KEPT + timedelta(days=1))
        assert not Autosave.select().exists()


def test_who_was_logged_out_meanwhile_logs_in_with_the_form_itself(studio, alice, hills):
    form = form_with(studio.get(edit(hills)), 'body')
    form['body'] = '\nA long text, after </textarea><script>'
    with db.db.connection_context():
        Session.delete().execute()
    page = form.submit('action', value='save', status=403)
    assert 'You were logged out' in page
    login = form_with(page, 'login_email')
    login['login_email'], login['login_password'] = alice.email, 'wrong'
    login = form_with(login.submit(status=403), 'login_email')
    login['login_email'], login['login_password'] = alice.email, PASSWORD
    login.submit(status=303).follow()
    assert saved(hills).body == '\nA long text, after </textarea><script>'


def test_who_logs_in_there_and_may_not_change_it_is_told_so_and_the_text_stays(studio, bob, hills, browse):
    page = browse().post(edit(hills), FORM | {'body': 'Long words', 'login_email': bob.email,
                                              'login_password': PASSWORD}, status=403)
    assert 'logged in as Bob' in page and page.forms[0]['body'].value == 'Long words'
    assert 'quickpub=' in page.headers.getall('Set-Cookie')[0]


def test_too_many_tags_are_refused_in_words(studio):
    many = ', '.join(f'Tag {number}' for number in range(13))
    assert 'A post can have 12 tags' in send(studio, tags=many, status=400)
    assert 'within 40 characters' in send(studio, tags='x' * 41, status=400)


# Drafts by link

def link_of(page):
    return page.html.select_one('#shared')['value'].removeprefix('http://localhost:8000')


def test_a_draft_is_read_by_whoever_has_the_link_until_it_is_withdrawn(studio, alice, browse):
    draft = write(alice, 'Secret hills', published=False)
    page = send(studio, draft, 'share', title='Secret hills').follow()
    link = link_of(page)
    answer = browse().get(link)
    assert 'Secret hills' in answer and 'noindex' in answer and answer.headers['Cache-Control'] == 'private, no-store'
    assert 'Back to the editor' not in answer
    browse().get(link[:-1] + 'x', status=404)
    send(studio, draft, 'unshare', title='Secret hills')
    browse().get(link, status=404)
    again = link_of(send(studio, draft, 'share', title='Secret hills').follow())
    assert again != link and browse().get(link, status=404) and browse().get(again)
    send(studio, draft, 'delete', title='Secret hills')
    browse().get(again, status=404)


def test_a_draft_of_an_unconfirmed_member_cannot_be_shared(site, browse, connection):
    victor = person('victor', verified=False)
    draft = write(victor, 'Cheap pills', published=False)
    browser = browse(victor)
    assert 'value="share"' not in browser.get(f'/studio/posts/{draft.id}')
    page = browser.post(f'/studio/posts/{draft.id}',
                        {'action': 'share', 'title': 'Cheaper pills', 'body': 'All of them.'}, status=400)
    assert 'first confirm your email address' in page and form_with(page, 'body')['body'].value == 'All of them.'
    with connection():
        assert (Post.get().title, Post.get().shared_at) == ('Cheaper pills', None)
        Post.update(shared_at=db.now()).execute()  # as an earlier version let them
        link = f'/draft/{Post.get().draft_token}'
    browse().get(link, status=404)
    with connection():
        User.update(verified_at=db.now()).execute()
    assert 'Cheaper pills' in browse().get(link)


@pytest.mark.parametrize('keep_posts', [True, False])
def test_the_links_to_the_drafts_of_a_member_end_when_they_leave(studio, olga, alice, browse, connection, keep_posts):
    write(alice, 'Left behind')
    draft = write(alice, 'Secret hills', published=False)
    link = link_of(send(studio, draft, 'share').follow())
    browse().get(link, status=200)
    with connection():
        deletion.delete_account(alice, keep_posts, db.now())
    browse().get(link, status=404)


def test_the_link_to_a_draft_leads_to_the_post_once_it_is_public_and_counts_no_view(studio, alice, browse):
    draft = write(alice, 'Secret hills', published=False)
    link = link_of(send(studio, draft, 'share').follow())
    browse().get(link)
    send(studio, draft, 'publish-now')
    assert browse().get(link, status=303).headers['Location'] == saved(draft).path
    with db.db.connection_context():
        assert Post.get().views == 0


@pytest.mark.parametrize('token', ['1', '1.', '1.x', 'x.y', '999999999999999999999.x', '%00', '1.%E6%97%A5'])
def test_links_to_drafts_cannot_be_guessed(alice, browse, token):
    write(alice, published=False)
    browse().get(f'/draft/{token}', status=404)


# Scheduling

def berlin(connection, *authors):
    with connection():
        User.update(timezone='Europe/Berlin').execute()


def test_a_post_is_public_from_the_time_on_that_was_typed_in_the_authors_zone(studio, browse, connection):
    berlin(connection)
    page = send(studio, action='publish', publish_at='2040-07-01T08:30').follow()
    assert 'It will be published at the time you chose' in page and '1 July 2040, 08:30' in page
    with connection():
        post = Post.get()
        assert post.published_at == datetime(2040, 7, 1, 6, 30) and not post.was_public
    assert form_with(page, 'publish_at')['publish_at'].value == '2040-07-01T08:30'
    assert 'Scheduled' in studio.get('/studio') and browse().get(post.path, status=404)

    send(studio, post, 'publish', publish_at='2040-07-02T08:30')
    assert saved(post).published_at == datetime(2040, 7, 2, 6, 30)
    send(studio, post, 'unpublish')
    assert saved(post).published_at is None


def test_a_button_that_asks_for_a_time_does_nothing_without_one(studio, hills):
    assert 'choose a date and time first' in send(studio, action='schedule', status=400)
    with db.db.connection_context():
        assert Post.get(Post.title == 'On hills', Post.id != hills.id).published_at is None


def test_saving_with_a_time_in_the_form_says_that_it_is_not_published_then(studio):
    assert 'but not scheduled' in send(studio, publish_at='2040-07-01T08:30').follow()


def test_publish_now_is_now_whatever_time_stands_in_the_form(studio, browse):
    send(studio, action='publish-now', publish_at='2040-07-01T08:30')
    assert browse().get('/p/on-hills')


@pytest.mark.parametrize(('typed', 'sentence'), [
    ('yesterday', 'enter a date and time'), ('2020-01-01T00:00', 'this time has passed'), ('9999-12-31T23:59', None),
    ('0001-01-01T00:00', 'enter a date and time'), ('2031-03-30T02:30', 'clocks go forward'),
    ('2031-10-26T02:30', None), ('2031-03-30T02:30+02:00', None),
    ('\x00', 'enter a date and time'), ('2040', 'enter a date and time'),
])
def test_times_that_cannot_be_are_refused_in_words_and_the_draft_is_saved(studio, connection, typed, sentence):
    berlin(connection)
    page = send(studio, action='publish', publish_at=typed, status=400 if sentence else 303)
    with connection():
        assert Post.get().title == 'On hills'
        assert (Post.get().published_at is None) == bool(sentence)
    assert not sentence or sentence in page


def test_a_text_that_was_saved_but_not_published_is_not_also_kept_as_unsaved(studio, connection):
    page = send(studio, action='schedule', publish_at='2020-01-01T00:00', tab=TAB, status=400)
    assert page.html.select_one('#editor')['data-saved'] == 'yes' and 'Your text is saved' in page
    with connection():
        assert Post.get().body and not Autosave.select().exists()
    assert not studio.get('/studio').html.select('.unsaved li')


def test_the_old_address_of_a_scheduled_post_that_has_become_public_is_kept(studio, hills, browse, connection):
    with connection():
        Post.update(was_public=False).where(Post.id == hills.id).execute()  # as one that went live by itself
    send(studio, hills, slug='other')
    assert browse().get('/p/on-hills', status=301).headers['Location'].endswith('/p/other')


# Series, pins, copies, where it came from

def test_a_series_leads_from_part_to_part(studio, browse, connection):
    for title in ('One', 'Two', 'Three'):
        send(studio, action='publish-now', title=title, series='Hill walks')
    send(studio, title='A draft', series='Hill walks')
    page = browse().get('/p/two')
    assert re.sub(r'\s+', ' ', page.html.select_one('.series summary').text) == 'Part 2 of 3 of Hill walks'
    assert [a['href'] for a in page.html.select('.neighbours a')] == ['/p/three', '/p/one']
    with connection():
        three = Post.get(Post.title == 'Three')
    send(studio, three, title='Three', series='Hill walks', part='1')
    assert [a['href'] for a in browse().get('/p/one').html.select('.series li a')] == ['/p/three', '/p/two']
    for part in ('0', '1000', '-1', '²', '0000000011', '000000001' + '9' * 20, '9' * 5000):
        assert 'number from 1' in send(studio, three, title='Three', series='Hill walks', part=part, status=400)
    send(studio, three, title='Three')
    assert '/p/three' not in str(browse().get('/p/one').html.select_one('.series'))
    with connection():
        assert Series.select().count() == 1
        Post.delete().execute()
        trash.clean_up(db.now())
        assert not Series.select().exists()


def test_a_series_belongs_to_one_author(studio, alice, bob, browse, connection):
    send(studio, series='Walks')
    send(browse(bob), series='Walks')
    with connection():
        assert Series.select().count() == 2


def test_a_pinned_post_stands_first_and_once(olga, alice, bob, browse, connection):
    old = write(alice, 'The rules', at=db.now() - timedelta(days=9))
    for title in ('Two', 'Three'):
        write(alice, title, at=db.now() - timedelta(days=1))
    hers, owners = browse(alice), browse(olga)
    hers.post(edit(old), {'action': 'pin'}, status=303)
    titles = [each.text.strip() for each in browse().get('/@alice').html.select('article h2')]
    assert titles[0] == 'The rules' and sorted(titles) == ['The rules', 'Three', 'Two']
    assert browse().get('/').html.select_one('article h2').text.strip() != 'The rules'
    hers.post(edit(old), {'action': 'pin-home'}, status=404)
    owners.post(edit(old), {'action': 'pin-home'}, status=303)
    assert browse().get('/').html.select_one('article h2').text.strip() == 'The rules'
    owners.post(edit(old), {'action': 'unpublish'}, status=303)
    assert 'The rules' not in browse().get('/') and 'The rules' not in browse().get('/@alice')
    owners.post(edit(old), {'action': 'unpin-home'}, status=303)
    with connection():
        assert Site.get().pinned_id is None and User.get_by_id(alice.id).pinned_id == old.id
        Post.get_by_id(old.id).delete_instance()
        assert User.get_by_id(alice.id).pinned_id is None


def test_a_copy_is_a_draft_of_its_own(studio, hills, connection):
    page = send(studio, hills, 'duplicate', title='On hills', body='New words.', tags='Tea', slug='on-hills').follow()
    assert 'This is the copy' in page
    with connection():
        copy = Post.get(Post.title == 'On hills (copy)')
        assert (copy.body, tags.as_line(copy), copy.published_at) == ('New words.', 'Tea', None)
        assert Post.get_by_id(hills.id).body == 'New words.'


def test_search_engines_are_sent_where_it_was_published_first(studio, hills, browse):
    send(studio, hills, canonical='https://example.org/hills?a=1')
    page = browse().get('/p/on-hills')
    assert page.html.select_one('link[rel=canonical]')['href'] == 'https://example.org/hills?a=1'
    for wrong in ('javascript:alert(1)', 'example.org', 'https://', 'https://[', 'http://a b', 'x' * 600, '//x.org'):
        assert 'Enter a full web address' in send(studio, hills, canonical=wrong, status=400)


def test_the_pin_stays_when_the_site_gets_another_name(olga, browse):
    old = write(olga, 'The rules', at=db.now() - timedelta(days=9))
    write(olga, 'New')
    owner = browse(olga)
    owner.post(edit(old), {'action': 'pin-home'}, status=303)
    owner.post('/admin/site', {'title': 'Another', 'tagline': '', 'hue': '1'}, status=303)
    assert browse().get('/').html.select_one('article h2').text.strip() == 'The rules'
    with db.db.connection_context():
        Site.delete().execute()  # as where nobody has given it a name yet
    owner.post(edit(old), {'action': 'pin-home'}, status=303)
    assert browse().get('/').html.select_one('article h2').text.strip() == 'The rules'


# The trash

def test_the_trash_offers_to_take_it_back_at_once(studio, hills, bob, browse):
    page = send(studio, hills, 'delete', title='On hills', body=hills.body).follow()
    form = form_with(page, 'post')
    assert 'On hills' in page.html.select_one('.undo').text
    form.submit('action', value='restore', status=303)
    assert saved(hills).deleted_at is None
    assert not studio.get(f'/studio?undo={hills.id}').html.select('.undo')
    assert not browse(bob).get(f'/studio?undo={hills.id}').html.select('.undo')


# Pages

def test_the_owner_makes_a_page_that_stands_in_the_navigation(olga, browse, connection):
    owner = browse(olga)
    form = form_with(owner.get('/studio/posts/new?kind=page'), 'body')
    form['title'], form['body'] = 'About us', 'We *write*.'
    page = form.submit('action', value='save', status=303).follow()
    browse().get('/about-us', status=404)
    page = form_with(page, 'body').submit('action', value='publish', status=303).follow()
    shown = browse().get('/about-us')
    assert '<em>write</em>' in shown and 'About us' in shown.html.select_one('.masthead nav').text
    assert 'About us' not in browse().get('/').html.main.text and 'About us' not in browse().get('/feed.xml')
    assert '/about-us' in browse().get('/sitemap.xml')
    browse().get('/p/about-us', status=404)
    form = form_with(page, 'place')
    assert form['place'].value == '1'
    form['slug'], form['body'] = 'about', 'Other words.'
    page = form.submit('action', value='save', status=303).follow()
    assert browse().get('/about-us', status=301).headers['Location'].endswith('/about')
    assert 'Other words.' in browse().get('/about')
    form_with(page, 'body').submit('action', value='unpublish', status=303)
    browse().get('/about', status=404)
    with connection():
        assert Post.get().views == 0


def test_the_pages_of_an_owner_who_leaves_stay_with_another(olga, browse, connection):
    with connection():
        otto = person('otto', role='owner')
    owner = browse(otto)
    page = send(owner, title='Imprint', kind='page').follow()
    form_with(page, 'body').submit('action', value='publish', status=303)
    keep(owner, body='Secret words')
    owner.post('/settings/delete', {'password': PASSWORD, 'posts': 'delete'}, status=303)
    assert browse().get('/imprint')
    with connection():
        assert Post.get().author_id == olga.id and not Autosave.select().exists()


def test_only_owners_make_pages(studio, connection):
    send(studio, kind='page', status=404)
    with connection():
        assert not Post.select().exists()


def test_a_page_cannot_take_the_address_of_anything_else(olga, browse):
    first_parts = {path.split('/')[1] for _, path, _ in URLS}
    assert {part for part in first_parts if re.fullmatch('[a-z-]+', part)} <= slugs.RESERVED  # no page has a dot
    page = send(browse(olga), kind='page', slug='login', status=400)
    assert 'This web address is already in use. Try login-2.' in page


def test_what_is_typed_is_shown_as_readers_will_see_it_and_nothing_is_saved(studio, browse):
    before = stored()
    answer = studio.post('/studio/preview', {'body': '**Bold** <script>alert(1)</script>'})
    assert '<strong>Bold</strong>' in answer and 'script' not in answer and '1 word' in answer
    for title, excerpt in (('', 'Once · upon'), ('Tales', 'upon')):
        answer = studio.post('/studio/preview', {'title': title, 'body': '## Once\n\nupon'})
        assert answer.html.select_one('.prose')['data-excerpt'] == excerpt
    browse().post('/studio/preview', {'body': 'x'}, status=303)
    assert stored() == before
    page = send(studio, action='preview', status=200)
    assert '<em>high</em>' in page and form_with(page, 'body')['body'].value == FORM['body']
    with db.db.connection_context():
        assert not Post.select().exists()


def test_the_clock_of_the_form_is_the_authors(connection, studio):
    berlin(connection)
    def in_a_minute():
        return (datetime.now(UTC) + timedelta(minutes=1)).astimezone(ZoneInfo('Europe/Berlin')).replace(tzinfo=None)
    before = in_a_minute()
    page = studio.get('/studio/posts/new')
    after = in_a_minute()  # on one night of the year an hour away
    soonest = datetime.fromisoformat(page.html.select_one('[name=publish_at]')['min'])
    assert any(abs(soonest - each) < timedelta(minutes=2) for each in (before, after))
