"""SECURITY.md: its tests exist, its numbers are the code's, and no requirement is left out or without an answer."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from quickpub import throttle
from quickpub.accounts import (
    audit,
    emails,
    links,
    login_steps,
    passkeys,
    password_strength,
    passwords,
    recovery_codes,
    sessions,
    validation,
)
from quickpub.audience import network_cap
from quickpub.content import comparison, post_input, quota, search, tags
from quickpub.mail import conversation, ledger
from quickpub.markup import highlighting, transforms
from quickpub.media import drawing, files, imaging, uploads
from quickpub.sandbox import pool
from quickpub.server import asgi, connections
from quickpub.wsgi import forms, identity

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / 'SECURITY.md').read_text()

# OWASP ASVS 5.0.0: for each section the levels of its requirements 1, 2, 3 …; those of level 3 are left out.
LEVELS = {
    'V1.1': '22', 'V1.2': '111112222', 'V1.3': '11222222222', 'V1.4': '222', 'V1.5': '12',
    'V2.1': '122', 'V2.2': '112', 'V2.3': '1222', 'V2.4': '2',
    'V3.2': '11', 'V3.3': '1222', 'V3.4': '112222', 'V3.5': '11122', 'V3.7': '22',
    'V4.1': '122', 'V4.2': '2', 'V4.3': '22', 'V4.4': '1222',
    'V5.1': '2', 'V5.2': '112', 'V5.3': '11', 'V5.4': '222',
    'V6.1': '122', 'V6.2': '111111112222', 'V6.3': '1122', 'V6.4': '1122', 'V6.5': '22222', 'V6.6': '222',
    'V6.8': '2222',
    'V7.1': '222', 'V7.2': '1111', 'V7.3': '22', 'V7.4': '11222', 'V7.5': '22', 'V7.6': '22',
    'V8.1': '12', 'V8.2': '112', 'V8.3': '1', 'V8.4': '2',
    'V9.1': '111', 'V9.2': '1222',
    'V10.1': '22', 'V10.2': '22', 'V10.3': '2222', 'V10.4': '11111222222', 'V10.5': '22222', 'V10.6': '22',
    'V10.7': '222',
    'V11.1': '22', 'V11.2': '222', 'V11.3': '112', 'V11.4': '1222', 'V11.5': '2', 'V11.6': '2',
    'V12.1': '122', 'V12.2': '11', 'V12.3': '2222',
    'V13.1': '2', 'V13.2': '22222', 'V13.3': '22', 'V13.4': '12222',
    'V14.1': '22', 'V14.2': '1222', 'V14.3': '122',
    'V15.1': '122', 'V15.2': '122', 'V15.3': '1222222',
    'V16.1': '2', 'V16.2': '22222', 'V16.3': '2222', 'V16.4': '222', 'V16.5': '222',
    'V17.1': '2', 'V17.2': '2222', 'V17.3': '22',
}
REQUIREMENTS = [(f'{section}.{number}', level)
                for section, levels in LEVELS.items() for number, level in enumerate(levels, 1)]
ROWS = [[cell.strip() for cell in line.strip('|').split('|')]
        for line in TEXT.splitlines() if re.match(r'\| V\d', line)]

NAMED = re.compile(r'`(tests/[\w/]+\.py)(?:::(\w+))?`')
# How the answer to a requirement begins: a test, a page, or in words why there is none.
ANSWERS = re.compile(r'`tests/|\[[^\]]+\]\([^)]+\)|Not applicable, because \w|Not met: \w')


@cache
def names_of_tests_in(path):
    """Return the names of the tests in a file."""
    return {node.name for node in ast.parse((ROOT / path).read_text()).body
            if isinstance(node, ast.FunctionDef) and node.name.startswith('test')}


def anchors(text):
    """Return what links to the headings of a page end with."""
    return {re.sub(r'[^\w -]', '', heading.lower()).replace(' ', '-')
            for heading in re.findall(r'^#+ (.*)$', text, re.MULTILINE)}


def wrong_tests(text):
    """Return the tests that a text names and that do not exist."""
    return [f'{path} {name}' for path, name in NAMED.findall(text)
            if not (ROOT / path).is_file() or (name and name not in names_of_tests_in(path))]


def wrong_links(text):
    """Return the links of a text that lead nowhere in the repository."""
    found = re.findall(r'\]\(([^)\s]+)\)', text)
    return [link for link in found if not link.startswith('https://') and not (
        link[1:] in anchors(text) if link.startswith('#') else (ROOT / link.partition('#')[0]).is_file())]


def test_the_list_of_requirements_is_whole():
    assert len(REQUIREMENTS) == 253 and sum(level == '1' for _, level in REQUIREMENTS) == 70


def test_each_requirement_is_there_once_in_its_order():
    assert [(row[0], row[1]) for row in ROWS] == REQUIREMENTS


def test_no_row_is_empty():
    for row in ROWS:
        assert len(row) == 4 and len(row[2]) > 4, row
        assert ANSWERS.match(row[3]), row


def test_every_test_that_is_named_exists():
    assert len(NAMED.findall(TEXT)) > 100 and wrong_tests(TEXT) == []


def test_links_lead_somewhere():
    assert wrong_links(TEXT) == []


@pytest.mark.parametrize('text', [
    '`tests/test_nothing.py::test_a`', '`tests/test_security_doc.py::test_nothing`',
    '`tests/test_security_doc.py::anchors`'])
def test_a_test_that_does_not_exist_is_found(text):
    assert wrong_tests(text)


@pytest.mark.parametrize('text', ['[a](NOTHING.md)', '[a](docs)', '[a](#nothing)\n# A heading',
                                  '[a](http://example.org)'])
def test_a_link_that_leads_nowhere_is_found(text):
    assert wrong_links(text)


@pytest.mark.parametrize('answer', ['', '-', 'yes', 'Not applicable', 'Not met', 'Not met:',
                                    'Planned: later', 'see above'])
def test_an_answer_without_a_reason_is_found(answer):
    assert not ANSWERS.match(answer)


def hours(span):
    return int(span.total_seconds()) // 3600


def minutes(span):
    return int(span.total_seconds()) // 60


@pytest.mark.parametrize('words', [
    '{} to {} characters of any kind'.format(*passwords.LENGTH),
    f'{validation.NAME_LENGTH} characters on one line; {validation.TITLE_LENGTH} characters on one line',
    f'{post_input.MAX_TITLE}, {post_input.MAX_SUMMARY} and {post_input.MAX_BODY:,} characters',
    f'{tags.MAX_TAGS} for a post, {tags.MAX_TAG} characters each',
    f'{uploads.FILE_LIMIT // files.MEGABYTE} MB each',
    f'{drawing.MAX_PIXELS // 10 ** 6} million pixels; drawn anew in at most {imaging.CPU_SECONDS} seconds and '
    f'{imaging.MEMORY // 1024 ** 2:,} MB',
    f'{forms.STRANGERS_LIMIT // 1024} KB from strangers, {forms.FORM_LIMIT // 1024 ** 2} MB from members, '
    f'{forms.FILES_LIMIT // 1024 ** 2} MB with files; {forms.MAX_FIELDS:,} fields',
    f'{connections.PER_CLIENT} of one client, an address or an IPv6 /64; {connections.READ_RATE:,} bytes',
    f'| pages made at a time | {asgi.THREADS}, of them {asgi.FORMS} that handle forms;',
    f'failed log-ins in {minutes(throttle.LOGIN_PAIR.window)} minutes | {throttle.LOGIN_PAIR.limit} for an account '
    f'from one address, {throttle.LOGIN_ACCOUNT.limit} for an account, {throttle.LOGIN_CLIENT.limit} from one address; '
    f'in a day {throttle.LOGIN_ACCOUNT_DAY.limit} for an account',
    f'known device | {throttle.LOGIN_DEVICE.limit} in {minutes(throttle.LOGIN_DEVICE.window)} minutes, '
    f'{throttle.LOGIN_DEVICE_DAY.limit} in a day',
    f'second step | {login_steps.TRIES} in one log-in; {throttle.WRONG_CODES.limit} in '
    f'{minutes(throttle.WRONG_CODES.window)} minutes and {throttle.WRONG_CODES_DAY.limit} in a day',
    f'{throttle.SIGNUPS_HOUR.limit} sign-ups an hour and {throttle.SIGNUPS_DAY.limit} a day, '
    f'{throttle.RESETS_HOUR.limit} and {throttle.RESETS_DAY.limit} forgotten passwords; to one mailbox '
    f'{throttle.MAILBOX.limit} a day, and {throttle.RESET_MAILBOX.limit} with a new password; of the whole site '
    f'in a day {throttle.SITE_SIGNUPS.limit} to newcomers and {throttle.SITE_RESETS.limit} with a new password',
    f'in a day {throttle.ADDRESS_CHANGES.limit} changes of address, {throttle.REPORTS_NOW.limit} reports by hand, '
    f'{throttle.EXPORTS.limit} exports; owners {throttle.INVITATIONS.limit} invitations, '
    f'{throttle.SENT_AGAIN.limit} emails sent again, {throttle.LINKS_MADE.limit} links to a new password; all members '
    f'together {throttle.SITE_MEMBERS.limit} changes',
    f'{network_cap.CAP} views of a post, and as many visitors',
    f'| {quota.CONFIRMED.size // quota.MEGABYTE} MB with older versions, {quota.CONFIRMED.posts:,} posts; '
    f'{quota.UNCONFIRMED.size // quota.MEGABYTE} MB and {quota.UNCONFIRMED.posts} posts before',
    f'again who one is | counts for {minutes(identity.CONFIRMED_FOR)} minutes',
    f'passkeys; recovery codes | {passkeys.MOST} of one member; {recovery_codes.COUNT} of one member',
    f'| {audit.KEPT.days} days | owners',
    f'Refused are {len(password_strength.COMMON.read_text().splitlines()) // 100 * 100:,} common ones',
    f'| the same email | every {minutes(emails.RESEND_AFTER)} minutes',
    f'to confirm {hours(links.VERIFY_LIFETIME)} hours, for a new password {hours(links.RESET_LIFETIME)} hours, an '
    f'invitation {links.INVITE_LIFETIME.days} days',
    f'they end {sessions.SESSION_LASTS.days} days after the last visit and {sessions.LONGEST_SESSION.days} days after '
    'the log-in',
    f'coloured code {highlighting.MAX_CODE_TIME} s and formulas {transforms.MAX_MATH_TIME} s of a text, comparing '
    f'versions {comparison.COMPARE_FOR} s; a search looks at {search.WEIGHED:,} posts and takes at most '
    f'{search.SECONDS:.0f} s; '
    f'a long text is rendered in at most {pool.SECONDS:.0f} s',
    f'{conversation.TIMEOUT} seconds that a mail server may be silent, {conversation.DEADLINE} for one email',
    f'{ledger.KEPT.days} days | owners',
])
def test_the_numbers_are_the_code_s(words):
    assert words in TEXT


@pytest.mark.parametrize('name', sorted(set(re.findall(r'`((?:(?!tests/)\w+/)?\w+\.py)`', TEXT))))
def test_the_modules_that_are_named_exist(name):
    assert (ROOT / 'quickpub' / name).is_file()
