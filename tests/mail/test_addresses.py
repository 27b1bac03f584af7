"""Email addresses: what email cannot reach is refused wherever one is given; what it can is stored in one form."""

import pytest
from conftest import PASSWORD, open_site
from sites import stored
from smtp_rig import smtp_server

from quickpub import codes, db, settings
from quickpub.accounts import links, validation
from quickpub.mail import transport
from quickpub.models import Session, User
from quickpub.sentences import make_sentence

UNREACHABLE = [
    'x' * 65 + '@example.org', 'ü' * 40 + '@example.org', 'zoe@' + '.'.join(['a' * 60] * 5) + '.org',
    'x' * 64 + '@' + 'a.' * 95 + 'org', 'ｚｏｅ@example.org', 'ﬁnn@example.org', 'zoe＠example.org',
    'zoe\ufe6bexample.org', '"zoe smith"@example.org', '"zoe"@example.org', 'zoe.@example.org', '.zoe@example.org',
    'zoe..smith@example.org', 'zoe@example..org', 'zoe@example.org.', 'zoe@.example.org', 'zoe@-example.org',
    'zoe@exa mple.org', 'zoe@[127.0.0.1]', 'zoe@127.0.0.1', 'zoe@example.123', 'zo\x00e@example.org',
    'zoe@exam\x7fple.org', 'zoe@exam\u200bple.org', 'zoe\r\nBcc: a@example.org', 'Zoe <zoe@example.org>',
    'zoe@example.org, a@example.org', 'zoe@' + 'ü' * 60 + '.org', 'zoe@' + 'a' * 64 + '.org', '@example.org', 'zoe@',
    'zoe', '', '@', 'x' * 100_000 + '@example.org', 'zoe@@example.org', 'zoe@exa_mple.org', 'zoe\u202e@example.org']
REACHABLE = {
    ' zoe@example.org ': 'zoe@example.org', '\tzoe@example.org\r\n': 'zoe@example.org',
    '\u200bzoe@example.org\ufeff': 'zoe@example.org', '\u3000zoe@example.org\xa0': 'zoe@example.org',
    'zoe@Bücher.example': 'zoe@xn--bcher-kva.example', 'zoe@日本.example': 'zoe@xn--wgv71a.example',
    'zoe@XN--BCHER-KVA.example': 'zoe@xn--bcher-kva.example', 'zoe@ｅｘａｍｐｌｅ.org': 'zoe@example.org',
    'Zoe@EXAMPLE.org': 'Zoe@example.org', "o'brien+tag@example.org": "o'brien+tag@example.org",
    'José@x.example': 'José@x.example',  # the outbox takes it
    'x' * 64 + '@example.org': 'x' * 64 + '@example.org', 'zoe@server.local': 'zoe@server.local'}


@pytest.mark.parametrize('typed', UNREACHABLE, ids=ascii)
def test_what_email_cannot_reach_is_refused_with_a_sentence(site, typed):
    with pytest.raises(codes.Rejected) as refusal:
        validation.clean_email(typed)
    assert make_sentence(refusal.value.errors['email']).endswith('.')


@pytest.mark.parametrize('typed', REACHABLE, ids=ascii)
def test_what_email_can_reach_is_stored_in_one_form(site, typed):
    assert validation.clean_email(typed) == REACHABLE[typed]


@pytest.mark.parametrize('typed', ['x' * 65 + '@example.org', 'ｚｏｅ@example.org', 'zoe＠example.org',
                                   'zoe@example..org', '"zoe"@example.org', 'zoe@example.123', 'zo\x00e@example.org',
                                   'zoe@'])
def test_every_form_refuses_it_and_changes_nothing(site, olga, alice, browse, connection, typed):
    with connection():
        setup = links.create_link('setup', links.SETUP_LIFETIME, db.now()).text
    stranger, author, owner = browse(), browse(alice), browse(olga)
    before = stored(Session)
    for browser, path, form in (
            (stranger, '/signup', {'name': 'Zoe', 'password': PASSWORD}),
            (stranger, f'/setup/{setup}', {'site_title': 'x', 'name': 'Zoe', 'password': PASSWORD}),
            (stranger, '/forgot', {}), (stranger, '/verify', {}),
            (author, '/settings', {'action': 'address', 'current': PASSWORD}), (owner, '/admin/invitations', {})):
        page = browser.post(path, form | {'email': typed}, status=400)
        assert page.html.find(class_='error'), path
        if typed.isprintable():
            assert typed in [field.get('value') for field in page.html.find_all('input', {'name': 'email'})], path
    stranger.post('/login', {'email': typed, 'password': PASSWORD}, status=400)
    assert stored(Session) == before


@pytest.mark.parametrize('typed', ['x' * 65 + '@example.org', 'ｚｏｅ@example.org', 'zoe＠example.org',
                                   '"zoe"@example.org', 'zoe@example..org', 'zoe@example.123'])
def test_the_commands_refuse_it_too(rig, typed):
    rig.open()
    for command in (['adduser', '--name', 'Zoe', '--password', PASSWORD, '--email', typed],
                    ['report', '--author', typed]):
        done = rig.run(*command)
        assert done.returncode == 1 and 'Traceback' not in done.stderr and '@' in done.stderr
    assert rig.run('settings', mail_from=typed).returncode == 1


@pytest.mark.parametrize('typed', [' alice@example.org', 'ALICE@EXAMPLE.ORG', 'alice@ｅｘａｍｐｌｅ.org',
                                   '\ufeffalice@example.org', 'alice@example.org\u200b', 'Alice@Example。org'])
def test_one_logs_in_with_any_spelling_that_means_the_address(alice, browse, typed):
    browse().post('/login', {'email': typed, 'password': PASSWORD}, status=303)


@pytest.mark.parametrize('email', ['x' * 70 + '@example.org', 'José@x.example'])
def test_an_account_of_earlier_times_goes_on(alice, browse, connection, email):
    with connection():
        User.update(email=email).execute()
    browse().post('/login', {'email': email, 'password': PASSWORD}, status=303)


@pytest.mark.parametrize('takes', [True, False, None])
def test_letters_beyond_ascii_are_taken_where_the_mail_server_takes_them(tmp_path, takes):
    """Asked once, not at each form: a stranger must not make us call the mail server again and again."""
    with smtp_server(enable_SMTPUTF8=bool(takes)) as sink:
        url = sink.url if takes is not None else 'smtp+plain://127.0.0.1:1'
        for _ in open_site(settings.from_env({'QUICKPUB_DATA': str(tmp_path / 'data'), 'QUICKPUB_SMTP': url})):
            for _ in range(3):
                assert transport.takes_international() == bool(takes)
            if takes:
                assert validation.clean_email('José@bücher.example') == 'José@xn--bcher-kva.example'
            else:
                with pytest.raises(codes.Rejected) as refused:
                    validation.clean_email('José@bücher.example')
                assert refused.value.errors == {'email': codes.Code('email.ascii_only')}
        assert len(sink.sessions) <= 1
