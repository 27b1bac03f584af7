"""From signing up to a confirmed address."""

from conftest import PASSWORD, drain, ledger, link_in, outbox, path_in, text_of

from quickpub.models import User


def sign_up(browser, name='Alice', email='alice@example.org', password=PASSWORD):
    form = browser.get('/signup').forms[0]
    form['name'], form['email'], form['password'] = name, email, password
    return form.submit(status='*')


def test_sign_up_writes_the_account_its_mail_and_its_job_and_answers_at_once(site, browse, connection):
    page = sign_up(browse())
    assert 'Look in your mailbox' in page
    with connection():
        assert User.get().verified_at is None
        assert ledger() == [('verify', 'alice@example.org', 'queued')]
    assert outbox(site) == []


def test_the_link_in_the_mail_confirms_only_by_its_button(site, browse, connection):
    sign_up(browse())
    drain()
    path = path_in(outbox(site)[0], '/verify/')
    browser = browse()
    page = browser.get(path)
    with connection():
        assert User.get().verified_at is None
    page.forms[0].submit(status=303)
    with connection():
        assert User.get().verified_at is not None
    assert 'used already' in browser.get(path, status=404)


def test_nothing_that_was_typed_stands_in_the_mail(site, browse):
    sign_up(browse(), name='Buy pills at evil.example')
    drain()
    mail = outbox(site)[0]
    assert 'pills' not in mail.as_string() and 'pills' not in text_of(mail)
    assert link_in(mail, '/verify/').startswith(site.url)
