"""No test that cannot fail: each checks something, and none lets every answer of the site pass."""

import ast
from collections import defaultdict
from functools import cache
from itertools import chain
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
CHECKS = {'raises', 'warns', 'fail', 'wait_for', 'says', 'stop', 'exit'}  # they fail by themselves
DAY_PARTS = ('year', 'month', 'day')
VISITS = {'get', 'post', 'head', 'request', 'submit', 'click', 'follow', 'goto'}  # so do these, on an error of the site


@cache
def trees():
    """Return the syntax tree of each file, by name: read once, and only where they are tested."""
    return {path.relative_to(TESTS).as_posix(): ast.parse(path.read_text()) for path in sorted(TESTS.rglob('*.py'))}


@cache
def functions(tree):
    return [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]


def called(node):
    """Return the last name of each function or method that is called in here."""
    found = (each.func for each in ast.walk(node) if isinstance(each, ast.Call))
    return {func.attr if isinstance(func, ast.Attribute) else getattr(func, 'id', '') for func in found}


@cache
def helpers():
    """Return all functions that are no tests, by name; some files have helpers of the same name."""
    found = defaultdict(list)
    for function in chain.from_iterable(map(functions, trees().values())):
        if not function.name.startswith('test'):
            found[function.name].append(function)
    return found


def can_fail(function, seen=()):
    """Whether this function checks anything: by itself, by a visit, or by a helper that does."""
    if any(isinstance(node, (ast.Assert, ast.Raise)) for node in ast.walk(function)):
        return True
    names = called(function)
    if names & (CHECKS | VISITS) or any(name.startswith(('assert', 'test_')) for name in names):
        return True
    return any(can_fail(helper, (*seen, name)) for name in names - {*seen} for helper in helpers().get(name, ()))


def always_true(node):
    """Whether this condition holds whatever happens."""
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):
        return any(always_true(value) for value in node.values)
    return (isinstance(node, ast.Constant) and bool(node.value)) or (isinstance(node, ast.Tuple) and bool(node.elts))


def faults(tree):
    """Return (line, what is wrong) of every check in a file that lets anything pass."""
    found = [(function.lineno, f'{function.name} checks nothing') for function in functions(tree)
             if function.name.startswith('test') and not can_fail(function)]
    for node in ast.walk(tree):
        if isinstance(node, ast.Assert) and always_true(node.test):
            found.append((node.lineno, 'this is always true'))
        if isinstance(node, ast.Assert) and _takes_an_error(node.test):
            found.append((node.lineno, '500 is among what is right'))
        if isinstance(node, ast.Call):
            options = {each.arg: each.value for each in node.keywords}
            if _moves_today(node.func, options):
                found.append((node.lineno, 'this day is not in every month and year'))
            if 'expect_errors' in options and 'status' not in options:
                found.append((node.lineno, 'expect_errors without a status'))
        if (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call)
                and any(each.arg == 'status' and isinstance(each.value, ast.Constant) and each.value.value == '*'
                        for each in node.value.keywords)):
            found.append((node.lineno, 'any status is right, and nobody looks at the answer'))
    return found


def _takes_an_error(test):
    """Whether it is `status in (…, 500, …)` with a status that is no error beside it."""
    return any(isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In)
               and isinstance(node.comparators[0], (ast.Tuple, ast.List, ast.Set))
               and {200, 500} <= {getattr(each, 'value', None) for each in node.comparators[0].elts}
               for node in ast.walk(test))


def _moves_today(func, options):
    """Whether it is `now.replace(year=…)`, which fails on 29 February or on the 31st."""
    return (isinstance(func, ast.Attribute) and func.attr == 'replace' and any(part in options for part in DAY_PARTS)
            and not (isinstance(func.value, ast.Name) and func.value.id.isupper()))


def test_every_test_can_fail():
    assert {name: found for name, tree in trees().items() if (found := faults(tree))} == {}


@pytest.mark.parametrize(('code', 'wrong'), [
    ('def test_a():\n    print(1)', 'test_a checks nothing'),
    ('def test_a(site):\n    x = [1]\n    x.sort()', 'test_a checks nothing'),
    ('def test_a():\n    assert x() or True', 'this is always true'),
    ('def test_a():\n    assert (x == 1, "no")', 'this is always true'),
    ('def test_a():\n    assert "text"', 'this is always true'),
    ('def test_a(b):\n    assert b.get("/").status_int in (200, 500)', '500 is among what is right'),
    ('def test_a(b):\n    b.get("/", expect_errors=True)', 'expect_errors without a status'),
    ('def test_a(b):\n    b.get("/", status="*")', 'any status is right, and nobody looks at the answer'),
    ('def test_a():\n    assert b(now().replace(year=2100))', 'this day is not in every month and year')])
def test_it_finds_those_that_cannot(code, wrong):
    assert [what for _, what in faults(ast.parse(code))] == [wrong]
