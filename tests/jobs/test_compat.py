"""The private members of Huey that the queue touches: few, in one module, and as they are in the installed Huey.

Where one of these tests fails after an upgrade of Huey, read what has changed there, adapt jobs/compat.py, and then
the table below.
"""

import ast
import importlib
import inspect
import textwrap
from functools import cache
from pathlib import Path

import huey
import pytest
from huey.api import Huey, TaskLock
from huey.consumer import Consumer
from huey.registry import Registry
from huey.storage import MemoryStorage

import quickpub.jobs

JOBS = Path(quickpub.jobs.__file__).parent
MODULES = sorted(path.stem for path in JOBS.glob('*.py') if path.stem != '__init__')
METHODS = {
    (Huey, '_check_chord'): '(self, cc, value)',
    (Consumer, '_set_signal_handlers'): '(self)',
}
ATTRIBUTES = {  # of an instance: what is in it
    (Huey, '_registry'): lambda value: type(value) is Registry,
    (Consumer, '_stop_flag_timeout'): lambda value: value == 0.1,
    (Consumer, '_signal_actions'): lambda value: all(
        [type(each) for each in actions] == [bool, bool] for actions in value.values()),
    (TaskLock, '_key'): lambda value: value == 'stock.lock.one',
}


def is_private(name):
    return name.startswith('_') and not name.endswith('__')


@pytest.fixture(scope='module')
def stock():
    """An instance of each class, by class."""
    made = Huey('stock', storage_class=MemoryStorage)
    return {Huey: made, Consumer: made.create_consumer(), TaskLock: made.lock_task('one')}


@pytest.mark.parametrize(('owner', 'name'), METHODS, ids=str)
def test_a_private_method_has_the_signature_that_we_know(owner, name):
    assert str(inspect.signature(getattr(owner, name))) == METHODS[owner, name]


@pytest.mark.parametrize(('owner', 'name'), ATTRIBUTES, ids=str)
def test_a_private_attribute_holds_what_we_know(stock, owner, name):
    assert ATTRIBUTES[owner, name](getattr(stock[owner], name))


@pytest.mark.parametrize('owner', [Huey, Consumer])
def test_huey_itself_calls_the_private_methods_that_we_replace_or_call(owner):
    source = inspect.getsource(owner)
    for found, name in METHODS:
        assert found is not owner or f'self.{name}(' in source


def private_names(tree):
    """Return the private members that this code defines, or uses of any object."""
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    return {name for name in functions | attributes(tree) if is_private(name)}


def attributes(tree, but_of_self=False):
    return {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute) and not (
        but_of_self and isinstance(node.value, ast.Name) and node.value.id == 'self')}


def names_of_class(cls):
    return private_names(ast.parse(textwrap.dedent(inspect.getsource(cls))))


def is_hueys(cls):
    return cls.__module__.split('.')[0] == 'huey'


@cache
def hueys():
    """Return the private members that Huey defines or uses."""
    modules = Path(huey.__file__).parent.glob('*.py')
    return set().union(*(private_names(ast.parse(path.read_text())) for path in modules))


def touched(name):
    """Return the private members of Huey that a module touches: of other objects, and as a subclass."""
    found = {each for each in attributes(ast.parse((JOBS / f'{name}.py').read_text()), but_of_self=True)
             if each in hueys()}
    module = importlib.import_module(f'quickpub.jobs.{name}')
    for cls in vars(module).values():
        if isinstance(cls, type) and cls.__module__ == module.__name__:
            for base in filter(is_hueys, cls.__mro__):
                found |= names_of_class(cls) & names_of_class(base)
    return found


def test_every_private_member_that_is_touched_is_in_the_table():
    assert touched('compat') == {name for _, name in [*METHODS, *ATTRIBUTES]}


@pytest.mark.parametrize('name', [name for name in MODULES if name != 'compat'])
def test_no_other_module_touches_a_private_member(name):
    assert touched(name) == set()


def test_such_a_touch_is_noticed():
    class Curious(Huey):
        def look(self):
            return self._tasks_in_flight
    assert names_of_class(Curious) & names_of_class(Huey) == {'_tasks_in_flight'} and '_signal' in hueys()
