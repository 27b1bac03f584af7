"""The Jinja environments, one for each language: pages and emails in the language in use."""

import re
from collections import defaultdict
from functools import cache
from gettext import NullTranslations
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from jinja2 import TemplateError as TemplateError  # what `render` raises where something is missing
from jinja2.ext import Extension, InternationalizationExtension
from jinja2.nodes import Expr, Name, Node, Output, TemplateData

from . import dates, formats, sentences, text
from .markup import excerpts, sidenotes
from .translations import languages
from .translations.languages import Language


def render(template: str, /, **context: Any) -> str:
    """Return a template of this package with these values, in the language in use."""
    return environment(languages.current()).get_template(template).render(context)


@cache
def environment(language: Language) -> Environment:
    """Return the environment whose templates are translated into this language; they know it as `language`."""
    made = Environment(
        loader=LOADER, autoescape=select_autoescape(), undefined=StrictUndefined,
        extensions=[MailMarkup, CompiledTranslations], trim_blocks=True, lstrip_blocks=True, auto_reload=False)
    made.policies['ext.i18n.trimmed'] = True
    made.install_gettext_translations(language.catalog, newstyle=True)  # type: ignore[attr-defined]  # by the extension
    made.filters.update({each.__name__: each for each in FILTERS})
    made.globals['language'] = language
    return made


LOADER = PackageLoader('quickpub')
FILTERS = (
    dates.day, dates.date, dates.month_day, dates.iso, dates.clock, dates.time_of_day, dates.zone_name, formats.number,
    formats.minutes, formats.size, formats.listing, formats.names, formats.separated, formats.para, formats.columns,
    formats.signed, formats.simple, sentences.describe_stored, sentences.make_sentence, text.middle, excerpts.outlined,
    sidenotes.with_sidenotes)


class CompiledTranslations(InternationalizationExtension):
    """Translate `{% trans %}` when a template is compiled, not each time it is rendered.

    Only plurals, and `_()` in expressions, are looked up at run time. The page is the same as with the stock extension.
    """

    # Private in Jinja, and so compared with the stock extension by a test.
    def _make_node(self, singular: str, plural: str | None, context: str | None, variables: dict[str, Expr],
                   plural_expr: Expr | None, vars_referenced: bool, num_called_num: bool) -> Output:
        if plural_expr is not None:
            return super()._make_node(
                singular, plural, context, variables, plural_expr, vars_referenced, num_called_num)
        language: Any = self.environment.globals['language']
        catalog: NullTranslations = language.catalog
        message = catalog.gettext(singular) if context is None else catalog.pgettext(context, singular)
        return Output(list(_parts(message, variables)))


PLACEHOLDER = re.compile(r'%\((\w+)\)s')


def _parts(message: str, variables: dict[str, Expr]) -> list[Node]:
    """Return what a translated message is output as: its own words, which may be HTML, and the variables in it."""
    words_and_names = PLACEHOLDER.split(message)
    return [variables.get(part) or Name(part, 'load') if number % 2 else TemplateData(part.replace('%%', '%'))
            for number, part in enumerate(words_and_names) if part]


class MailMarkup(Extension):
    """Give each element of an email the styles of its classes, because many mail programs drop style sheets; and put it
    on few lines, because each line costs every server on the way."""

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
    """Return what mail/_styles.css says about each class."""
    found: dict[str, str] = defaultdict(str)
    sheet = LOADER.get_source(Environment(autoescape=True), 'mail/_styles.css')[0]
    for selectors, rules in RULES.findall(sheet):
        for selector in selectors.split(','):
            found[selector.strip().removeprefix('.')] += re.sub(r'([:;])\s+', r'\1', rules.strip())
    return dict(found)
