"""The one Jinja environment, for pages and for letters."""

import re
from collections import defaultdict
from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from jinja2 import TemplateError as TemplateError  # what `render` raises where something is missing
from jinja2.ext import Extension

from . import dates, formats, text
from .markup import excerpts


def render(template: str, /, **context: Any) -> str:
    """A template of this package with these values."""
    return env.get_template(template).render(context)


class MailMarkup(Extension):
    """Makes of a mail's template what mail programs want and nobody wants to write: styles on each element, after its
    classes, because many drop style sheets; and few lines, because each costs every server on the way."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        if not re.fullmatch('mail/.*[.]html', name or ''):
            return source
        return BETWEEN_TAGS.sub(' ', CLASSES.sub(_with_styles, source))


CLASSES = re.compile('class="([a-z -]+)"')
BETWEEN_TAGS = re.compile('(?<=>)\n(?=<(?!tr|body))')  # a line for each row of a table
RULES = re.compile('([^{}]+){([^{}]+)}')


def _with_styles(classes: re.Match[str]) -> str:
    styles = ''.join(_styles()[name] for name in classes[1].split())
    return f'{classes[0]} style="{styles}"'


@cache
def _styles() -> dict[str, str]:
    """What _styles.css says of each class."""
    found: dict[str, str] = defaultdict(str)
    for selectors, said in RULES.findall(LOADER.get_source(env, 'mail/_styles.css')[0]):
        for selector in selectors.split(','):
            found[selector.strip().removeprefix('.')] += re.sub(r'([:;])\s+', r'\1', said.strip())
    return dict(found)


LOADER = PackageLoader('quickpub')
env = Environment(loader=LOADER, autoescape=select_autoescape(), undefined=StrictUndefined,
                  extensions=[MailMarkup, 'jinja2.ext.i18n'], trim_blocks=True, lstrip_blocks=True, auto_reload=False)
env.policies['ext.i18n.trimmed'] = True
env.install_null_translations(newstyle=True)  # type: ignore[attr-defined]  # which the extension adds
env.filters.update({each.__name__: each for each in (
    dates.day, dates.date, dates.iso, dates.clock, dates.zone_name, formats.number, formats.minutes, formats.plural,
    formats.size, formats.para, formats.columns, formats.signed, formats.simple, text.middle, excerpts.outlined)})
