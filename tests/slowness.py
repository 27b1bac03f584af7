"""The `slow` marker: tests of whole processes and browsers, and the few others that take seconds. They begin first."""

import re
from functools import cache

import pytest

# Starts whole processes or a browser, by itself or by a fixture; named in the test, or in a helper of its module.
STARTS = re.compile(r'\b(rig|shared_rig|Rig|founded|chromium|playwright|subprocess|Popen|multiprocessing)\b')
FOLDERS = ('deploy', 'faults')
# In-process tests that take a second or more each, by what was measured.
LONG = {'pages/test_queries.py', 'wsgi/test_mount.py', 'test_fuzz.py', 'upkeep/test_growth.py'}


def pytest_configure(config):
    config.addinivalue_line('markers', 'slow: starts processes or a browser, or takes seconds (found out by itself)')


def is_slow(item):
    """Return whether a test is slow: by its folder, its fixtures, what it starts, or as one of many of a site."""
    name, fixtures = item.path.as_posix().rpartition('/tests/')[2], set(item.fixturenames)
    if name.split('/')[0] in FOLDERS or name in LONG or {'rig', 'founded', 'shared_rig'} & fixtures:
        return True
    return 'site' in fixtures and not is_first_of_its_kind(item) or starts_processes(item.path, item.function.__name__)


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
    for item in items:
        if is_slow(item):
            item.add_marker('slow')
    if config.getoption('shuffle') is None:  # the longest first, so that no process waits for the last of them
        items.sort(key=lambda item: item.get_closest_marker('slow') is None)
