"""The whole of the main job, with everything real: processes, browser, mail server, and one minute's report."""

import re
from xml.etree import ElementTree

import feedparser
import pytest
from conftest import PASSWORD, link_in
from rig import Visitor, Window, chromium, numbers_in, wait_for

from quickpub.models import Report, User

OLGA, ALICE, BOB = 'olga@example.org', 'alice@example.org', 'bob@example.org'
TEXT = """Plant them *early*.

## In the garden

- Beans
- Peas
"""
CRAWLER = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)'
PHONE = ('Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) '
         'Version/18.1 Mobile/15E148 Safari/604.1')
FIREFOX = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:133.0) Gecko/20100101 Firefox/133.0'


@pytest.fixture
def windows(rig):
    """windows() opens one more person's browser window; at the end nothing may have gone wrong in any of them."""
    opened = []
    with chromium() as browser:
        def open_window():
            opened.append(Window(browser, rig.url))
            return opened[-1]
        yield open_window
    assert [problem for window in opened for problem in window.problems] == []


def test_the_main_job(rig, mail_server, windows):
    served = rig.start('serve', smtp=mail_server.url, report='minute')  # which makes the site
    rig.wait_until_well()
    olga, alice, reader = windows(), windows(), windows()
    set_up(olga, served)
    write(olga, 'Welcome', 'Hello **all**.')
    olga.press('Publish…')
    olga.press('Publish now')

    sign_up(alice)
    confirm(alice, mail_server)
    log_in(alice)
    see_a_draft(alice, rig)
    publish(alice)
    views = read_everywhere(reader, rig)
    views += move(alice, reader, rig)
    take_offline_and_back(alice, rig)
    throw_away_and_restore(alice, rig)
    views += visit(rig.url + '/p/peas')
    visits_that_do_not_count(rig.url + '/p/peas', olga, alice)

    closed_periods_tell(mail_server, views)
    unsubscribe(reader, mail_server, rig)
    one_report_for_each_author_and_period(rig, mail_server)
    views += one_more_report_by_hand(rig, mail_server, views)
    tasks_from_the_shell(rig, mail_server, views)
    served.stop()


def set_up(olga, served):
    olga.goto(served.says(r'Set up your site: +(\S+)').group(1))
    olga.fill(site_title='The Village Voice', name='Olga', email=OLGA, password=PASSWORD)
    olga.press('Set up the site')
    olga.shows('Your site is ready')


def write(author, title, body, **fields):
    author.goto('/studio')
    author.follow('New post')
    author.fill(title=title, body=body)
    author.press('Publish…')
    author.fill(**fields)
    author.page.keyboard.press('Escape')


def sign_up(alice):
    alice.goto('/')
    alice.follow('Sign up')
    alice.fill(name='Alice', email=ALICE, password=PASSWORD)
    alice.press('Sign up')
    alice.shows('Check your email')


def confirm(alice, mail_server):
    link = link_in(mail_server.wait_for(ALICE, 'Confirm your email address'), '/verify/')
    assert 'Confirm email address' in Visitor('').get(link).text  # as mail scanners do
    alice.goto(link)
    assert alice.page.get_by_role('main').get_by_role('button').count() == 1
    alice.press('Confirm email address')
    alice.shows('Your email address is confirmed')


def log_in(alice):
    alice.context.clear_cookies()
    alice.goto('/login')
    alice.fill(email=ALICE, password=PASSWORD)
    alice.press('Log in', exact=True)
    alice.shows('Dashboard')


def see_a_draft(alice, rig):
    write(alice, 'Beans & peas', TEXT, tags='Gardening, slow food', summary='What to plant in March')
    alice.press('Save draft')
    alice.page.locator('#saved').get_by_text(re.compile(r'^Saved \d\d:\d\d$')).wait_for()
    alice.follow('View draft')
    alice.shows('This is how readers will see the saved text')
    assert alice.page.locator('article em').inner_text() == 'early'
    assert status(rig, '/p/beans-peas') == 404
    alice.follow('Back to the editor')


def publish(alice):
    alice.press('Publish…')
    alice.press('Publish now')
    alice.shows('Published. Readers can see it now.')


def read_everywhere(reader, rig):
    """Find the post wherever it stands; how often it was read."""
    for place in ('/', '/@alice', '/t/gardening', '/t/slow-food', '/archive'):
        reader.goto(place)
        reader.follow('Beans & peas')
        reader.shows('What to plant in March')
    feed = feedparser.parse(Visitor(rig.url).get('/feed.xml').text)
    assert not feed.bozo
    assert [(entry.title, entry.link) for entry in feed.entries] == [
        ('Beans & peas', f'{rig.url}/p/beans-peas'), ('Welcome', f'{rig.url}/p/welcome')]
    assert '<em>early</em>' in feed.entries[0].content[0].value
    sitemap = ElementTree.fromstring(Visitor(rig.url).get('/sitemap.xml').text)
    assert f'{rig.url}/p/beans-peas' in [each.text for each in sitemap.iterfind('.//{*}loc')]
    return 5


def move(alice, reader, rig):
    alice.fill(slug='peas')
    alice.press('Update post')
    alice.page.locator('#saved').get_by_text(re.compile(r'^Saved \d\d:\d\d$')).wait_for()
    reader.goto('/p/beans-peas')
    reader.shows('What to plant in March')
    assert reader.page.url == rig.url + '/p/peas'
    return 1


def take_offline_and_back(alice, rig):
    alice.press('Unpublish')
    alice.shows('It is a draft again')
    assert status(rig, '/p/peas') == 404
    publish(alice)
    assert status(rig, '/p/peas') == 200


def throw_away_and_restore(alice, rig):
    alice.press('Move to trash')
    alice.shows('Moved to trash')
    assert status(rig, '/p/peas') == 404
    alice.page.locator('summary').get_by_text('Alice').click()
    alice.follow('Trash')
    alice.press('Restore')
    alice.shows('Restored.')
    assert status(rig, '/p/peas') == 200


def status(rig, path):
    return Visitor(rig.url).head(path).status  # which is not a view


def visit(address):
    """Strangers come by; how often the post was read."""
    strangers = [Visitor('', agent) for agent in (PHONE, FIREFOX) for _ in range(4)]
    for stranger in strangers:
        assert [stranger.get(address).status for _ in range(3)] == [200, 200, 200]
    return 3 * len(strangers)


def visits_that_do_not_count(address, olga, alice):
    assert Visitor('', CRAWLER).get(address).status == 200
    assert Visitor('', '').get(address).status == 200
    assert Visitor('').head(address).status == 200
    assert Visitor('').get(address, Sec_Purpose='prefetch').status == 200
    olga.goto(address)
    alice.goto(address)


def closed_periods_tell(mail_server, views):
    """Every view is in exactly one report, in however many minutes they came."""
    def told():
        return [numbers_in(mail)['Beans & peas'] for mail in mail_server.to(ALICE, 'views')]
    wait_for(lambda: sum(new for new, _ in told()) >= views, 'the report', patience=150)
    reports = told()
    assert sum(new for new, _ in reports) == views
    assert [total for _, total in reports] == [sum(new for new, _ in reports[:n + 1]) for n in range(len(reports))]


def unsubscribe(reader, mail_server, rig):
    report = mail_server.to(ALICE, 'views')[-1]
    link = report['List-Unsubscribe'].strip('<>')
    assert link == link_in(report, '/unsubscribe/')
    reader.goto(link)
    reader.press('Unsubscribe')
    reader.shows('You are unsubscribed')
    with rig.database():
        assert User.get(User.email == ALICE).report == 'never'


def one_report_for_each_author_and_period(rig, mail_server):
    with rig.database():
        periods = [(report.user.email, report.period_end) for report in Report.select()]
    assert len(set(periods)) == len(periods)
    for email in (OLGA, ALICE):
        count = sum(each == email for each, _ in periods)
        assert len({mail['Message-ID'] for mail in mail_server.to(email, 'view')}) == count
        mail_server.wait_for(email, 'view', count)


def one_more_report_by_hand(rig, mail_server, views):
    """It counts what the last closed period could not know yet; how often the post was read."""
    before = len(mail_server.to(ALICE))
    more = visit(rig.url + '/p/peas')
    done = rig.run('report', '--author', ALICE, smtp=mail_server.url)
    assert (done.returncode, done.stdout) == (0, '1 sent\n')
    assert numbers_in(mail_server.to(ALICE)[before])['Beans & peas'] == (more, views + more)
    return more


def tasks_from_the_shell(rig, mail_server, views):
    """What is enqueued at the prompt, the running consumer does."""
    Visitor(rig.url).post('/signup', name='Bob', email=BOB, password=PASSWORD)
    mail_server.wait_for(BOB, 'Confirm your email address')
    before = len(mail_server.to(ALICE))
    done = rig.run('shell', smtp=mail_server.url, stdin=f"""
from datetime import timedelta
alice, bob = User.get(User.email == '{ALICE}'), User.get(User.email == '{BOB}')
Message.update(created_at=now() - timedelta(hours=1)).where(Message.user == bob).execute()
send_verification_email(bob.id)
send_view_count_report(alice.id)
send_view_count_report()
""")
    assert done.returncode == 0 and 'Traceback' not in done.stderr
    first, second = (link_in(mail, '/verify/') for mail in (mail_server.to(BOB)[0], mail_server.wait_for(BOB, count=2)))
    assert first != second
    mail_server.wait_for(ALICE, count=before + 2)
    assert [numbers_in(mail)['Beans & peas'][1] for mail in mail_server.to(ALICE)[before:]] == [views, views]
    wait_for(lambda: any(is_so_far(mail) for mail in mail_server.to(OLGA)), 'the report for everybody')


def is_so_far(mail):
    return re.search('so far', mail.get_body(('plain',)).get_content())
