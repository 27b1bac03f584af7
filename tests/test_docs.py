"""Compare README.md, CONTRIBUTING.md and the pages in docs/ with the code."""

import re
import tomllib
from configparser import ConfigParser
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from textwrap import indent

import click
import pytest

from quickpub import settings, tasks
from quickpub.cli import main
from quickpub.media import files, uploads
from quickpub.web import URLS
from quickpub.wsgi import forms
from quickpub.wsgi.request_body import DRAINED

ROOT = Path(__file__).parent.parent
README = (ROOT / 'README.md').read_text()
ARCHITECTURE = (ROOT / 'README.md').read_text().partition('## Architecture')[2].partition('**The queue')[0]
PAGES = [ROOT / 'README.md', ROOT / 'CONTRIBUTING.md', ROOT / 'PRIVACY.md', *sorted((ROOT / 'docs').glob('*.md'))]
DEPLOY = (ROOT / 'docs' / 'deploy.md').read_text()


def commands(group=main, prefix='quickpub'):
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, f'{prefix} {name}')
        else:
            yield f'{prefix} {name}'


def test_every_command_is_in_the_readme():
    assert [command for command in commands() if f'`{command}' not in README] == []


def test_every_command_says_what_it_is_for_in_what_a_line_of_help_holds():
    for command in main.commands.values():
        assert command.help and command.help.strip().endswith('.')
    with click.Context(main, terminal_width=80) as context:
        assert '...\n' not in main.get_help(context).partition('Commands:')[2]


def test_every_setting_is_in_the_readme_with_its_default():
    for each in settings.declared():
        name, default = f'QUICKPUB_{each.name.upper()}', each.metadata['default']
        row = next((line for line in README.splitlines() if line.startswith(f'| `{name}` |')), None)
        assert row, f'{name} is missing'
        assert not default or f'| `{default}` |' in row, f'{name}: the default is {default}'


def test_the_readme_has_the_caddyfile_that_is_tried():
    caddyfile = re.search('^```caddy\n(.*?)^```', DEPLOY, re.MULTILINE | re.DOTALL)[1]
    assert indent(caddyfile, '    ') in README


def test_proxies_take_more_than_we_do():
    limits = re.findall(r'client_max_body_size (\d+)m;', DEPLOY)
    assert len(limits) == 2
    for limit in limits:  # what is let pass before the answer that says it is too much
        assert int(limit) * 1024 ** 2 >= forms.FILES_LIMIT + DRAINED
    assert f'{uploads.FILE_LIMIT // files.MEGABYTE} MB for a file and {forms.FILES_LIMIT // 1024 ** 2} MB' in DEPLOY


def test_every_schedule_is_in_the_readme():
    for task in tasks.huey._registry._periodic_tasks:
        assert f'`{task.__name__}`' in README


def test_every_module_is_on_the_map():
    for path in sorted((ROOT / 'quickpub').rglob('*.py')):
        if not path.name.startswith('__') and path.parent.name != 'migrations':
            assert re.search(rf'\b{path.stem}\b', ARCHITECTURE), path


def test_every_dependency_is_explained_and_pinned():
    config = ConfigParser()
    config.read(ROOT / 'setup.cfg')
    pins = (ROOT / 'constraints.txt').read_text().lower().replace('_', '-')
    extra = config['options.extras_require']['heic']
    for line in (config['options']['install_requires'] + extra).split('\n'):
        if name := line.split(' ')[0]:
            assert f'| {name.lower()} |' in README.lower(), f'README does not say why {name} is needed'
            assert f'\n{name.lower()}==' in '\n' + pins, f'{name} is not pinned'


@pytest.mark.parametrize('path', PAGES, ids=lambda path: path.name)
def test_links_lead_to_files_and_headings_that_exist(path):
    for target, anchor in re.findall(r'\]\(([^)#\s]*)(?:#([^)]*))?\)', path.read_text()):
        found = (path.parent / target).resolve() if target else path
        assert target.startswith('http') or found.exists(), target
        if anchor:
            assert anchor in headings(found.read_text()), anchor


def headings(page):
    """Return the anchors of a page's headings, as GitHub makes them."""
    return {re.sub(r'[^\w -]', '', title.lower()).replace(' ', '-')
            for title in re.findall(r'^#+ (.*)$', page, re.MULTILINE)}


@pytest.mark.parametrize('path', PAGES, ids=lambda path: path.name)
def test_files_that_a_page_names_exist(path):
    for named in re.findall(r'`((?:quickpub|tests|docs|examples|benchmarks)/[\w./-]*)`', path.read_text()):
        assert (ROOT / named).exists(), named


@pytest.mark.parametrize('path', PAGES, ids=lambda path: path.name)
def test_commands_and_settings_that_a_page_names_exist(path):
    known = {f'QUICKPUB_{each.name.upper()}' for each in settings.declared()} | {'QUICKPUB_CONFIG'}
    assert set(re.findall(r'QUICKPUB_[A-Z_]+[A-Z]', path.read_text())) <= known
    assert set(re.findall(r'`quickpub ([a-z-]+)', path.read_text())) <= set(main.commands)
    targets = set(re.findall(r'^([a-z-]+):', (ROOT / 'Makefile').read_text(), re.MULTILINE))
    assert set(re.findall(r'(?:`|^    )make\s([a-z-]+)', path.read_text(), re.MULTILINE)) <= targets


@pytest.mark.parametrize('path', PAGES, ids=lambda path: path.name)
def test_urls_that_a_page_names_exist(path):
    known = {url for _, url, _ in URLS}
    for url in re.findall(r'`(/(?:studio|admin|settings|healthz|archive|feed)[\w/.-]*)`', path.read_text()):
        assert url in known, url


def test_the_build_file_holds_only_what_pip_and_ruff_need():
    assert set(tomllib.loads((ROOT / 'pyproject.toml').read_text())) == {'build-system', 'tool'}


def test_the_pictures_of_the_docs_are_there_and_made_by_one_script():
    root = Path(__file__).parents[1]
    spec = spec_from_file_location('screenshots', root / 'docs/screenshots.py')
    screenshots = module_from_spec(spec)
    spec.loader.exec_module(screenshots)
    named = set(re.findall(r'\(docs/([a-z-]+)\.png\)', (root / 'README.md').read_text()))
    for path in (root / 'docs').glob('*.md'):
        named |= set(re.findall(r'\(([a-z-]+)\.png\)', path.read_text()))
    assert named
    assert named <= set(screenshots.NAMES)
    assert {path.stem for path in (root / 'docs').glob('*.png')} == set(screenshots.NAMES)
    assert sum(path.stat().st_size for path in (root / 'docs').glob('*.png')) < 3_000_000
    shown = re.findall(r'\(look/([a-z0-9-]+)\.webp\)', (root / 'docs/look.md').read_text())
    assert sorted(shown) == sorted(screenshots.LOOK) == sorted(path.stem for path in (root / 'docs/look').iterdir())
    assert sum(path.stat().st_size for path in (root / 'docs/look').iterdir()) <= 4_000_000
