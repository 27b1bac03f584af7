"""Passkeys in a real browser, with a virtual authenticator in place of a fingerprint reader; and what the pages about
them look like on a phone and without scripts."""

import re
from contextlib import contextmanager

import pytest
from conftest import BROWSER, PASSWORD, person
from rig import Window, chromium

from quickpub.models import Passkey, Post


class Device(Window):
    """A browser window on a device with a fingerprint reader."""

    def __init__(self, browser, url):
        super().__init__(browser, url)
        devtools = self.context.new_cdp_session(self.page)
        devtools.send('WebAuthn.enable', {'enableUI': False})
        devtools.send('WebAuthn.addVirtualAuthenticator', {'options': {
            'protocol': 'ctap2', 'ctap2Version': 'ctap2_1', 'transport': 'internal', 'hasResidentKey': True,
            'hasUserVerification': True, 'isUserVerified': True, 'automaticPresenceSimulation': True}})

    def log_in(self, name):
        self.goto('/login')
        self.fill(email=f'{name}@example.org', password=PASSWORD)
        self.page.get_by_role('button', name='Log in', exact=True).click()

    def log_out(self):
        self.goto('/studio')
        for button in (self.page.get_by_role('button', name='Menu', exact=True), self.page.locator('summary .who')):
            if button.is_visible():  # on a phone, the member's own menu is in another one
                button.click()
        self.page.get_by_role('button', name='Log out').click()
        self.page.wait_for_url('**/login*')

    def add_passkey(self, name):
        self.goto('/settings/security')
        self.fill(name=name)
        self.press('Add a passkey')
        self.fill(identity_password=PASSWORD)
        self.press('Continue')
        self.shows('press “Add a passkey” again')
        assert self.page.locator('form[data-passkey] [name=name]').input_value() == name
        self.press('Add a passkey')
        self.shows('Passkey added')


@pytest.fixture
def served(shared_rig):
    with shared_rig.database():
        person('alice')
        person('bob')
    return shared_rig


@contextmanager
def device(rig):
    with chromium() as browser:
        window = Device(browser, rig.url)
        yield window
        assert window.problems == []


def test_a_passkey_is_added_and_logs_in_and_confirms(served):
    with device(served) as window:
        window.log_in('alice')
        window.add_passkey('My laptop')
        window.press('Add a passkey')
        window.shows('already has a passkey for your account')
        window.press('Also ask for a passkey after the password')
        assert len(window.page.locator('#codes').inner_text().split()) == 10
        window.page.context.grant_permissions(['clipboard-read', 'clipboard-write'])
        window.press('Copy')
        window.shows('Copied.')
        window.log_out()
        window.press('Log in with a passkey')
        window.page.wait_for_url('**/studio/dashboard')
        window.log_out()
        window.log_in('alice')
        window.shows('One more step')
        window.press('Use a passkey')
        window.page.wait_for_url('**/studio/dashboard')
        # Instead of the password, where a form asks for it again.
        window.goto('/settings')
        window.page.locator('#address-email').fill('new@example.org')
        window.page.get_by_role('button', name='Use a passkey instead').first.click()
        window.shows('We sent a link to the new email address')
        window.log_out()
        window.log_in('alice')
        window.press('Use a passkey')
        window.page.wait_for_url('**/studio/dashboard')
        window.goto('/settings/security')
        window.press('Remove the passkey: My laptop')
        window.press('Use a passkey instead')
        window.shows('Passkey removed')
    with served.database():
        assert not Passkey.select().exists()


def test_who_has_no_passkey_is_told_and_loses_nothing(served):
    with device(served) as window:
        window.goto('/login?next=/settings')
        window.fill(email='alice@example.org')
        window.press('Log in with a passkey')
        window.shows('That did not work')
        assert window.page.locator('[name=email]').input_value() == 'alice@example.org'


def test_a_text_is_saved_by_a_passkey_after_a_log_out(served):
    with device(served) as window:
        window.log_in('alice')
        window.add_passkey('')
        window.goto('/studio/posts/new')
        window.fill(title='On hills', body='They are high.')
        window.context.clear_cookies()
        window.page.get_by_role('button', name='Save').first.click()
        window.shows('You are logged out. Log in to save your text.')
        window.press('Log in')
        window.shows('You were logged out')
        window.problems.clear()  # the page says 403
        window.press('Log in with a passkey and save')
        window.page.wait_for_url(re.compile(r'/studio/posts/\d+'))
    with served.database():
        assert Post.get().title == 'On hills'


def test_where_the_address_is_a_number_nothing_is_offered(rig):
    rig.url = rig.settings['url'] = f'http://127.0.0.1:{rig.port}'
    rig.serve()
    with chromium() as browser:
        window = Device(browser, rig.url)
        window.goto('/login')
        assert window.page.locator('[data-passkey]').count() == 0 and window.problems == []


def test_without_scripts_all_but_passkeys_works(served):
    with chromium() as browser:
        context = browser.new_context(base_url=served.url, user_agent=BROWSER, java_script_enabled=False)
        page = context.new_page()
        page.goto('/login')
        assert not page.get_by_role('button', name='Log in with a passkey').is_visible()
        page.fill('[name=email]', 'alice@example.org')
        page.fill('[name=password]', PASSWORD)
        page.get_by_role('button', name='Log in', exact=True).click()
        page.goto('/settings/security')
        assert page.get_by_text('Passkeys need JavaScript').is_visible()
        page.get_by_role('button', name='Set up an app').click()
        page.fill('[name=identity_password]', PASSWORD)
        page.get_by_role('button', name='Continue').click()
        assert page.locator('svg.qr').is_visible()


def test_no_page_about_it_scrolls_sideways_on_a_phone(served):
    with device(served) as window:
        window.page.set_viewport_size({'width': 320, 'height': 640})
        window.log_in('alice')
        window.add_passkey('W' * 60)
        pages = [lambda: window.press('Set up an app'), lambda: window.goto('/settings/security'),
                 lambda: window.press('Also ask for a passkey after the password'), lambda: window.goto('/settings'),
                 window.log_out, lambda: window.log_in('alice')]
        for show in pages:
            show()
            for scheme in ('light', 'dark'):
                window.page.emulate_media(color_scheme=scheme)
                assert window.page.evaluate('document.documentElement.scrollWidth <= innerWidth'), window.page.url
        window.shows('One more step')
