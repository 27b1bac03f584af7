"""What no module of the package does: make code of text, ask other servers, trust any certificate, guess randomly."""

import ast
from pathlib import Path

import pytest

import quickpub

HOUSE = Path(quickpub.__file__).parent
MODULES = {path.relative_to(HOUSE).as_posix(): path for path in sorted(HOUSE.rglob('*.py'))}

# Names that no module calls, and what would be wrong with it.
CALLS = {
    'eval': 'text becomes code', 'exec': 'text becomes code', 'compile': 'text becomes code',
    'from_string': 'text becomes a template', 'system': 'text becomes a command', 'popen': 'text becomes a command',
    'mktemp': 'another process may make the file first', 'md5': 'a weak hash', 'sha1': 'a weak hash',
    'urlopen': 'the server asks another one',
    '_create_unverified_context': 'any certificate will do', 'format_map': 'text becomes a format',
}
# Modules that nobody imports, but for these.
IMPORTS = {
    'pickle': (), 'marshal': (), 'shelve': (), 'yaml': (),  # what is read in becomes objects
    'requests': (), 'urllib.request': (),
    'http.client': ('upkeep/drill.py',),  # the site that it has started itself
    'ftplib': (), 'httpx': (), 'aiohttp': (),
    'smtplib': ('mail/conversation.py', 'mail/mail_server.py'),  # the one server that Quickpub talks to
    'random': ('demo/__init__.py',),  # the views of a demo site
    'socket': ('mail/conversation.py', 'server/supervisor.py', 'server/connections.py',  # the first: the mail server
               'upkeep/drill.py'),
    'subprocess': ('cli/service.py', 'media/variants.py', 'sandbox/pool.py', 'jobs/isolation.py', 'upkeep/drill.py'),
    'ctypes': ('processes.py',),
    'xml.sax': (), 'xml.dom': (), 'lxml': (), 'xmlrpc': (),
}
# Their statements have names of tables and columns, conditions of their own and question marks put into them.
MAKE_SQL = ('db.py', 'upkeep/wal.py', 'audience/counting.py',
            'jobs/claims.py', 'jobs/queue.py', 'jobs/rescue.py', 'mail/ledger.py', 'mail/delivery.py',
            'audience/sums.py', 'audience/recent_window.py', 'audience/future_days.py')
PARSERS = {'fromstring', 'parse', 'XML', 'iterparse'}  # of xml.etree


def name_of(call):
    return getattr(call.func, 'attr', getattr(call.func, 'id', ''))


def is_method_of_re(call):
    return isinstance(call.func, ast.Attribute) and getattr(call.func.value, 'id', '') == 're'


def faults(module, tree):
    """Return (line, what is wrong) of each dangerous call or import in a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names]
            if isinstance(node, ast.ImportFrom) and not node.level:
                names = [node.module, *(f'{node.module}.{name}' for name in names)]
            for name in names:
                for banned, but in IMPORTS.items():
                    if module not in but and (name == banned or name.startswith(f'{banned}.')):
                        yield node.lineno, f'imports {banned}'
        if not isinstance(node, ast.Call):
            continue
        if name_of(node) in CALLS and not is_method_of_re(node):
            yield node.lineno, CALLS[name_of(node)]
        if name_of(node) in PARSERS and getattr(getattr(node.func, 'value', None), 'id', '') in ('ElementTree', 'ET'):
            yield node.lineno, 'XML is read'
        for option in node.keywords:
            if option.arg == 'shell' and not (isinstance(option.value, ast.Constant) and not option.value.value):
                yield node.lineno, 'text becomes a command'
            if option.arg == 'autoescape' and isinstance(option.value, ast.Constant) and not option.value.value:
                yield node.lineno, 'pages are not escaped'
        if name_of(node) in ('Popen', 'run', 'check_output') and node.args and isinstance(
                node.args[0], ast.Constant | ast.JoinedStr):
            yield node.lineno, 'text becomes a command'
        if (name_of(node) == 'execute_sql' and node.args and _is_made_of_values(node.args[0])
                and module not in MAKE_SQL and not module.startswith('migrations/')):
            yield node.lineno, 'text becomes SQL'


def _is_made_of_values(node):
    """Whether a statement has anything put into it that is not a name in capitals: a constant of the module."""
    return isinstance(node, ast.JoinedStr) and any(
        isinstance(part, ast.FormattedValue) and not (isinstance(part.value, ast.Name) and part.value.id.isupper())
        for part in node.values)


def test_no_module_does_anything_dangerous():
    trees = {module: ast.parse(path.read_text()) for module, path in MODULES.items()}
    assert {module: found for module, tree in trees.items() if (found := list(faults(module, tree)))} == {}


@pytest.mark.parametrize('code', [
    'eval(x)', 'exec(x)', 'builtins.eval(x)', 'os.system(x)', 'os.popen(x)', 'hashlib.md5(x)', 'hashlib.sha1()',
    'env.from_string(x)', 'urllib.request.urlopen(x)', 'subprocess.run(f"ls {x}")', 'subprocess.run(x, shell=True)',
    'Environment(autoescape=False)', 'import pickle', 'from pickle import loads', 'import random', 'import smtplib',
    'from urllib import request', 'from urllib.request import Request', 'import http.client', 'import xml.dom.minidom',
    'ElementTree.fromstring(x)', 'db.execute_sql(f"SELECT {x}")', 'ssl._create_unverified_context()',
    'import ctypes', 'import socket'])
def test_it_would_be_found(code):
    assert list(faults('other.py', ast.parse(code)))


@pytest.mark.parametrize('code', [
    're.compile(x)', 'subprocess.run([x])', 'from urllib.parse import quote', 'db.execute_sql("SELECT ?", [x])',
    'db.execute_sql(f"SELECT {ROWS}")', 'ElementTree.tostring(x)', 'Environment(autoescape=True)', 'hashlib.sha256(x)'])
def test_other_code_is_no_fault(code):
    assert list(faults('other.py', ast.parse(code))) == []
