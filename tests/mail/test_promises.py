"""No page promises an email where no mail server is set up."""

import re

import pytest
from conftest import person, write
from sites import browser_of

PROMISE = re.compile(r'we (sent|will (email|send))|get an email|by email and|email it to me|email again|'
                     'send (the link|it again)', re.IGNORECASE)
STRANGERS = ('/signup', '/login', '/forgot', '/verify', '/verify/broken')
UNCONFIRMED = ('/studio/dashboard', '/studio', '/studio/posts/new', '/studio/posts/{draft}', '/studio/media',
               '/studio/images/cover/{draft}', '/settings', '/settings/security', '/studio/report')
AUTHORS = ('/settings', '/studio/report')
OWNERS = ('/admin/invitations',)
BUTTONS = (('/studio/posts/{draft}', 'publish'), ('/studio/posts/{draft}', 'share'),
           ('/settings/security', 'passkey_add'))


@pytest.mark.parametrize('has_server', [False, True])
def test_the_first_steps_of_an_owner_promise_an_email_only_with_a_mail_server(site, olga, has_server):
    browser = browser_of(site, smtp='smtp://localhost:1' if has_server else '')
    browser.log_in(olga)
    steps = browser.get('/studio/dashboard').html.select_one('.steps').text
    assert 'Invite somebody' in steps and bool(PROMISE.search(steps)) == has_server


@pytest.mark.parametrize('has_server', [False, True])
def test_pages_promise_an_email_only_with_a_mail_server(site, olga, alice, has_server):
    victor = person('victor', verified=False)
    draft = write(victor, 'Draft', published=False).id
    write(alice, 'Public')
    browsers = {}
    for user in (None, victor, alice, olga):
        browsers[user] = browser_of(site, smtp='smtp://localhost:1' if has_server else '')
        if user:
            browsers[user].log_in(user)
    pages = {}
    for user, paths in ((None, STRANGERS), (victor, UNCONFIRMED), (alice, AUTHORS), (olga, OWNERS)):
        for path in paths:
            pages[user and user.name, path] = browsers[user].get(path.format(draft=draft), status='*')
    member = f'/admin/members/{alice.id}'
    pages['Olga', member] = browsers[olga].post(member, {'action': 'link', 'person': alice.id}, status='*')
    said = {page: PROMISE.findall(' '.join(found.html.main.text.split())) for page, found in pages.items()}
    assert {page for page, words in said.items() if bool(words) != has_server} == set()
    for path, action in BUTTONS:
        refused = browsers[victor].post(path.format(draft=draft), {'action': action, 'body': 'x'}, status='*')
        assert 'first confirm your email address' in refused.html.main.text
        assert has_server or not PROMISE.search(refused.html.main.text), (path, action)
