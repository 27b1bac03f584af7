"""The languages that the site speaks, and the one in use for this request or email."""

import gettext
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache

from babel import Locale
from babel.numbers import format_decimal

from . import catalogs

SOURCE = 'en'  # the language that the templates and the code are written in
LOCALES = {SOURCE: 'en-GB'}  # where the language alone would mean another country's dates: month first, for English
THIN_SPACE = '\u202f'  # narrow, and does not break

# The languages that a post can be written in. Each has a name in every locale of Babel.
WRITTEN = tuple(
    'ar bg bn bs ca cs cy da de el en eo es et eu fa fi fr ga gl he hi hr hu hy id is it ja ka ko la lb lt lv mk ms mt '
    'nb nl nn pl pt ro ru sk sl sq sr sv sw ta th tr uk ur vi zh'.split())
RIGHT_TO_LEFT = frozenset('ar fa he ur'.split())


@dataclass(frozen=True)
class Language:
    """A language that the site speaks."""
    code: str  # BCP 47, as in HTML's lang attribute
    locale: Locale
    catalog: gettext.NullTranslations

    @property
    def name(self) -> str:
        """Its name in itself, such as 'Deutsch'."""
        return (self.locale.languages.get(self.locale.language) or self.code).capitalize()

    @property
    def direction(self) -> str:
        """'ltr' or 'rtl', as in HTML's dir attribute."""
        return self.locale.text_direction

    def number(self, value: int) -> str:
        """Return a whole number with its thousands set apart: by a thin space in English, else as CLDR says."""
        if self.locale.language == SOURCE:
            return f'{value:,}'.replace(',', THIN_SPACE)
        return format_decimal(value, locale=self.locale)


@cache
def supported() -> dict[str, str]:
    """Return the code and own name of each language that a site or a member can choose."""
    return {code: find(code).name for code in (SOURCE, *catalogs.codes())}


@cache
def find(code: str) -> Language:
    """Return a language that has a catalog; its catalog is read now. Raises LookupError for any other."""
    if code == SOURCE:
        return Language(code, _locale(code), gettext.NullTranslations())
    if code not in catalogs.codes():
        raise LookupError(f'there is no translation into {code!r}')
    return Language(code, _locale(code), catalogs.read(code))


def _locale(code: str) -> Locale:
    return Locale.parse(LOCALES.get(code, code), sep='-')


def choose(*wanted: str | None) -> Language:
    """Return the first of these languages that is supported, or English. None and unknown codes are passed over: an
    update may have dropped a language that was chosen before."""
    for code in wanted:
        if code:
            try:
                return find(code)
            except LookupError:
                continue
    return find(SOURCE)


_current: ContextVar[Callable[[], Language] | None] = ContextVar('language', default=None)


def current() -> Language:
    """Return the language in use; English outside of `use`."""
    ask = _current.get()
    return ask() if ask else find(SOURCE)


@contextmanager
def use(language: Language) -> Iterator[None]:
    """Speak this language within the block, in this thread."""
    with use_when_asked(lambda: language):
        yield


@contextmanager
def use_when_asked(ask: Callable[[], Language]) -> Iterator[None]:
    """Speak the language that this function returns. It is called once, and not at all if the block says nothing."""
    token = _current.set(cache(ask))
    try:
        yield
    finally:
        _current.reset(token)


def written() -> list[tuple[str, str]]:
    """Return the code of each language that a post can be written in, and its name in the language in use, by name."""
    names = current().locale.languages
    return sorted(((code, names[code]) for code in WRITTEN), key=lambda each: each[1].casefold())


def direction_of(code: str) -> str:
    """Return the direction of a language that a post is written in."""
    return 'rtl' if code in RIGHT_TO_LEFT else 'ltr'
