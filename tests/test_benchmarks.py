"""The benchmarks, which no test runs: whether what they use from Quickpub still exists."""

import ast
from importlib import import_module
from importlib.util import find_spec
from inspect import ismodule
from pathlib import Path

import pytest

SCRIPTS = sorted((Path(__file__).parents[1] / 'benchmarks').glob('*.py'))


@pytest.mark.parametrize('path', SCRIPTS, ids=lambda path: path.name)
def test_names_that_a_benchmark_uses_exist(path):
    tree = ast.parse(path.read_text())
    imported = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and not node.level and node.module.partition('.')[0] == 'quickpub':
            for alias in node.names:
                imported.setdefault(alias.asname or alias.name, []).append(find(node.module, alias.name))
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found = imported.get(node.value.id, [])
            if any(map(ismodule, found)):
                assert any(hasattr(each, node.attr) for each in found), f'line {node.lineno}: {ast.unparse(node)}'


def find(module, name):
    """Return what `from module import name` imports."""
    found = import_module(module)
    if not hasattr(found, name) and hasattr(found, '__path__') and find_spec(f'{module}.{name}'):
        return import_module(f'{module}.{name}')
    assert hasattr(found, name), f'from {module} import {name}'
    return getattr(found, name)


def test_the_site_of_many_posts_can_be_built(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(SCRIPTS[0].parent)
    growth = import_module('growth')
    growth.Builder(tmp_path / 'site', 100).build()
    assert (tmp_path / 'site' / 'built').read_text() == str(growth.VERSION)
