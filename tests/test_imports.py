"""Importing any module of the package changes nothing in other libraries: another application may use them, too."""

import json
import subprocess
import sys

from test_architecture import MODULES

CODE = '''
import importlib, json, logging, mimetypes, signal, sys, types
libraries, modules = json.loads(sys.argv[1])

def snapshot():
    """Return what each library's modules and classes hold: which objects, and what is in containers of plain values."""
    found = {}
    for name, module in sorted(sys.modules.items()):
        if name.split('.')[0] not in libraries or not isinstance(module, types.ModuleType):
            continue
        for key, value in list(vars(module).items()):
            found[f'{name}.{key}'] = described(value)
            if isinstance(value, type) and value.__module__ == name:
                for inner, held in vars(value).items():
                    found[f'{name}.{key}.{inner}'] = described(held)
    found |= {f'signal {number}': str(signal.getsignal(number)) for number in signal.valid_signals()}
    found |= {f'sys.{key}': str(getattr(sys, key)) for key in ('excepthook', 'stdout', 'stderr', 'displayhook', 'argv')}
    found['limits'] = f'{sys.getrecursionlimit()} {sys.getswitchinterval()}'
    for name in ('', *libraries):
        logger = logging.getLogger(name)
        found[f'logger {name}'] = f'{logger.level} {logger.handlers} {logger.disabled}'
    del found['peewee.Field._field_counter']  # peewee counts the fields of all models
    return found

def described(value):
    if isinstance(value, (dict, list, set, frozenset, tuple, str, int, float, bytes, type(None))):
        return repr(value)[:20_000]
    return f'{type(value).__name__} {id(value)}'

for name in [*libraries, 'playhouse.sqlite_ext']:  # which Huey imports, and which changes peewee itself
    importlib.import_module(name)
before = snapshot()
for name in modules:
    importlib.import_module(f'quickpub.{name}')
after = snapshot()
print(json.dumps([name for name in before if after.get(name) != before[name]]))
'''
LIBRARIES = ['argon2', 'bottle', 'email_validator', 'huey', 'jinja2', 'linkify_it', 'markdown_it', 'mimetypes', 'nh3',
             'peewee', 'PIL', 'pygments']
ENTRY_POINT = '__main__'  # runs the command when it is imported


def changes(modules, code=CODE):
    done = subprocess.run([sys.executable, '-c', code, json.dumps([LIBRARIES, modules])], capture_output=True,
                          text=True, check=True, timeout=120)
    return json.loads(done.stdout)


def test_importing_a_module_changes_no_library():
    assert changes([name for name in MODULES if name != ENTRY_POINT]) == []


def test_a_change_of_a_library_is_noticed():
    code = CODE.replace("after = snapshot()", "import bottle; bottle.BaseRequest.MEMFILE_MAX = 1\n"
                        "import email_validator; email_validator.SPECIAL_USE_DOMAIN_NAMES.clear()\nafter = snapshot()")
    assert changes(['text'], code) == [
        'bottle.BaseRequest.MEMFILE_MAX', 'bottle.Request.MEMFILE_MAX', 'email_validator.SPECIAL_USE_DOMAIN_NAMES']
