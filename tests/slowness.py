"""The `slow` marker: tests of whole processes and browsers, those that take long, and all but the first tests of each
file that need a site. So the others take a minute, and look at every package. Slow tests begin first."""

import re
from collections import Counter
from functools import cache

import pytest

# Starts whole processes or a browser, by itself or by a fixture; named in the test, or in a helper of its module.
STARTS = re.compile(r'\b(rig|shared_rig|Rig|founded|chromium|playwright|subprocess|Popen|multiprocessing)\b')
FOLDERS = ('deploy', 'faults')
# In-process tests that take long, a second or more each or a hundred together, by what was measured.
LONG = {'pages/test_queries.py', 'wsgi/test_mount.py', 'test_fuzz.py', 'upkeep/test_growth.py',
        'mail/test_mail_budgets.py', 'pages/test_pages.py'}
LONG_TESTS = {
    'test_each_author_is_in_a_running_period_with_something_to_report', 'test_an_outline_of_a_hostile_text_is_fast',
    'test_no_address_breaks_anything', 'test_hostile_text_is_survived', 'test_what_would_take_minutes_is_limited',
    'test_formulas_are_limited_in_all',
    'test_folding_again_changes_nothing_and_decomposed_text_folds_alike',
    'test_the_index_finds_exactly_what_would_be_marked',
    'test_the_number_of_statements_grows_with_batches_not_with_authors',
    'test_a_child_that_is_ended_from_outside_is_tried_again_and_the_sentence_is_true',
    'test_one_picture_at_a_time_and_one_that_fails_stops_no_other',
    'test_what_does_not_finish_in_time_is_released_uncounted_and_done_after_the_restart'}
OF_A_SITE = 6  # tests of a file that make a site, at a tenth of a second each, and are not slow


def pytest_configure(config):
    config.addinivalue_line(
        'markers', 'slow: starts processes or a browser, takes long, or is one of many of a site (found out by itself)')


def is_slow(item, before):
    """Return whether a test is slow: by its folder, its fixtures, what it starts, or as one of many of a site. `before`
    counts, by file, those of a site that are not; this one is added."""
    name, fixtures = item.path.as_posix().rpartition('/tests/')[2], set(item.fixturenames)
    if name.split('/')[0] in FOLDERS or name in LONG or {'rig', 'founded', 'shared_rig'} & fixtures:
        return True
    if item.function.__name__ in LONG_TESTS or starts_processes(item.path, item.function.__name__):
        return True
    if 'site' not in fixtures:
        return False
    if not is_first_of_its_kind(item) or before[name] == OF_A_SITE:
        return True
    before[name] += 1
    return False


def is_first_of_its_kind(item):
    """Return whether a test has no parameters, or the first of all that they can be."""
    return not hasattr(item, 'callspec') or not any(item.callspec.indices.values())


@cache
def starts_processes(path, name):
    """Return whether a test, or a fixture or helper of its module that it names, starts processes or a browser."""
    found = definitions(path)
    if not STARTS.search(path.read_text('utf-8')):
        return False
    seen, wanted = set(), {name}
    while wanted - seen:
        one = (wanted - seen).pop()
        seen.add(one)
        if STARTS.search(found.get(one, '')):
            return True
        wanted |= set(re.findall(r'\w+', found.get(one, ''))) & set(found)
    return False


@cache
def definitions(path):
    """Return the source of each top-level definition of a module, by name."""
    parts = re.split(r'^(?=(?:def|class|@|[A-Za-z_]+ =))', path.read_text('utf-8'), flags=re.MULTILINE)
    found, decorators = {}, ''
    for part in parts:
        if part.startswith('@'):
            decorators += part
        elif name := re.match(r'(?:def |class )?(\w+)', part):
            found[name[1]] = decorators + part
            decorators = ''
    return found


@pytest.hookimpl(tryfirst=True)  # before -m looks at the markers
def pytest_collection_modifyitems(config, items):
    before = Counter()
    for item in items:
        if is_slow(item, before):
            item.add_marker('slow')
    if config.getoption('shuffle') is None:  # the longest first, so that no process waits for the last of them
        items.sort(key=lambda item: item.get_closest_marker('slow') is None)
