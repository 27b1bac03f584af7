"""The subject of an email is stored as a code, and its words are made for the person who reads them."""

from datetime import timedelta
from email import message_from_bytes
from email.policy import default

import pseudo
import pytest
from conftest import PASSWORD, person, utc
from sites import browser_of

from quickpub import db, text
from quickpub.accounts import emails
from quickpub.audience import running_reports
from quickpub.codes import Code, Period
from quickpub.look import colours
from quickpub.mail import delivery, ledger, listing, message
from quickpub.models import Message, Post, Site, User
from quickpub.sentences import SENTENCES, describe_stored
from quickpub.translations import languages

AT = utc(2026, 11, 22, 23)
WEEK = Period(AT - timedelta(days=7), AT, 'Europe/Berlin')
SUBJECTS = [name for name in SENTENCES if name.startswith('subject.') and name != 'subject.with_site']
EXISTS = {'login_url': 'http://x/login', 'forgot_url': 'http://x/forgot'}


def compose(subject, **fields):
    number = ledger.compose('exists', 'alice@example.org', key=f'{Message.select().count()}', subject=subject,
                            payload=EXISTS, **fields)
    return Message.get_by_id(number)


def subject_of(row):
    return message_from_bytes(message.render(row), policy=default)['Subject']


def found(words, state=''):
    return [describe_stored(row.subject) for row in listing.load(row.id for row in listing.select(state, words))]


@pytest.mark.parametrize('name', SUBJECTS)
def test_every_subject_is_one_line_with_the_title_of_the_site(site, name):
    Site.update(title='Gärten\r\nBcc: eve@example.org' + 'x' * 300).execute()
    row = compose(Code(name, count=1200, change=3, period=WEEK, title='x' * 100))
    lines = message.render(row).split(b'\r\n\r\n')[0].split(b'\r\n')
    assert not any(line.lower().startswith(b'bcc') for line in lines)
    subject = subject_of(row)
    assert text.line(describe_stored(row.subject), 20) in subject
    assert ' - Gärten Bcc' in subject and len(subject) <= 200


def test_a_subject_is_in_the_language_of_the_recipient_and_on_the_page_in_the_owners(site, monkeypatch, olga, browse,
                                                                                     connection):
    with connection():
        alice = person('alice')
        User.update(language=pseudo.add_to(monkeypatch)).where(User.id == alice.id).execute()
        alice = User.get_by_id(alice.id)
        numbers = emails.compose_verification(alice, 'alice@example.org', AT)
        number = compose(Code('subject.report_more', count=2, change=1, period=WEEK), user=alice).id
        subjects = [subject_of(Message.get_by_id(each)) for each in (*numbers, number)]
    assert all(subject.startswith('⟦') and 'The Village Voice' in subject for subject in subjects)
    assert not pseudo.untranslated(subjects[0], ['The Village Voice'])
    page = browse(olga).get('/admin/mail').text
    assert 'Confirm your email address' in page and '2 views, 1 more than before, 16 – 22 Nov 2026' in page
    assert '⟦' not in page


def test_a_report_is_in_the_language_of_its_author(site, monkeypatch, alice, connection):
    with connection():
        User.update(language=pseudo.add_to(monkeypatch)).where(User.id == alice.id).execute()
        Post.create(author=alice, title='On hills', slug='on-hills', body='x', published_at=utc(2020, 1, 1))
        (number,) = running_reports.compose_running([alice.id], db.now())
        row = Message.get_by_id(number)
        html = message.bodies(row, Site.this())[1]
        data = ['The Village Voice', 'Alice', 'On hills', 'http://127.0.0.1:8000', 'http://localhost:8000']
        assert pseudo.untranslated(html, data) == [] and '⟦' in subject_of(row)


def test_what_a_stranger_types_is_in_no_subject(site, connection):
    browser_of(site).post('/signup', {'name': 'Buy pills', 'email': 'zoe@example.org', 'password': PASSWORD})
    with connection():
        assert Message.get().subject == Code('subject.verify').to_json()


def test_a_subject_that_an_older_version_has_written_is_sent_shown_and_found(site, olga, browse, connection):
    with connection():
        row = compose('Please confirm your address - Village, 21 November')
        assert subject_of(row) == row.subject == 'Please confirm your address - Village, 21 November'
        assert found('november please') == [row.subject]
        delivery.deliver()
        Message.update(answer='kept in outbox/new/1').execute()
    page = browse(olga).get(f'/admin/mail/{row.id}').text
    assert row.subject in page and 'In the outbox' in page and 'kept in outbox/new/1' in page


@pytest.mark.parametrize(('typed', 'count'), [
    ('confirm', 1), ('EMAIL address', 1), ('confirm views', 0), ('views', 1), ('37', 1), ('views 37', 1),
    ('alice', 2), ('code', 0), ('values', 0), ('subject', 0), ('period', 0), ('berlin', 0), ('%', 0), ('count', 0)])
def test_emails_are_found_by_the_words_and_numbers_of_their_subject(site, typed, count):
    compose(Code('subject.verify'))
    compose(Code('subject.report', count=37, period=WEEK))
    assert len(found(typed)) == count


def test_emails_are_found_in_the_language_of_the_owner(site, monkeypatch):
    compose(Code('subject.verify'))
    code = pseudo.add_to(monkeypatch)
    with languages.use(languages.find(code)):
        assert len(found('Çöñfířm')) == 1 and describe_stored(Message.get().subject) in found('àddřéšš')


def test_the_answer_of_the_site_itself_is_in_the_language_of_the_owner(site, monkeypatch, olga, browse, connection):
    with connection():
        row = compose(Code('subject.verify'))
        Message.update(state='failed', answer=Code('answer.given_up', answer=Code('answer.silent', seconds=20, most=60))
                       .to_json()).execute()
        Site.change(language=pseudo.add_to(monkeypatch))
    for path in ('/admin/mail', f'/admin/mail/{row.id}'):
        page = browse(olga).get(path).html
        answer = (page.select_one('q.answer') or page.find('dd', dir='auto')).text
        assert answer.startswith('⟦') and 'did not answer' not in answer and '20' in answer


@pytest.mark.parametrize('hue', [30, 215])
def test_an_email_has_the_colour_of_the_site(site, hue):
    Site.update(hue=hue).execute()
    html = message.bodies(compose(Code(SUBJECTS[0], count=1, change=1, period=WEEK)), Site.get())[1]
    accent, in_the_dark = (colours.hexadecimal(tone, hue) for tone in (colours.ACCENT, colours.ACCENT_IN_THE_DARK))
    assert html.count(f'bgcolor="{accent}"') == 2  # the line on top, and the button
    assert f'.bar, .button, .top {{ background-color: {in_the_dark} !important; }}' in html
