"""Sentences to translate: at once with `gettext`, or later with `N_`, where the reader's language is known."""

from dataclasses import dataclass
from typing import Any

from . import languages


def gettext(message: str, **values: Any) -> str:
    """Return a message in the language in use, with these values in its %(name)s places."""
    return _fill(languages.current().catalog.gettext(message), values)


def ngettext(one: str, many: str, count: int, **values: Any) -> str:
    """The same for a message about a number of things; %(count)s is the number."""
    return _fill(languages.current().catalog.ngettext(one, many, count), {'count': count} | values)


def pgettext(context: str, message: str, **values: Any) -> str:
    """The same for a message that means different things in different contexts."""
    return _fill(languages.current().catalog.pgettext(context, message), values)


def _fill(message: str, values: dict[str, Any]) -> str:
    number = languages.current().number
    return message % {name: number(value) if isinstance(value, int) else value for name, value in values.items()}


@dataclass(frozen=True)
class Translatable:
    """A message that is translated where it is shown: `str()` of it is in the language in use at that moment."""
    message: str
    many: str = ''  # the plural, where the message is about a number of things: the value `count`

    def __str__(self) -> str:
        return self.fill({})

    def fill(self, values: dict[str, Any]) -> str:
        """Return the message in the language in use, with these values in its %(name)s places."""
        return ngettext(self.message, self.many, **values) if self.many else gettext(self.message, **values)


def N_(message: str) -> Translatable:
    """Return a message to translate later. `make translations` finds it by this name."""
    return Translatable(message)


def N_plural(one: str, many: str) -> Translatable:
    """The same for a message about a number of things; %(count)s is the number."""
    return Translatable(one, many)
