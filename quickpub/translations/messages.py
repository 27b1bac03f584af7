"""Sentences to translate: at once with `gettext`, or later with `N_`, where the reader's language is known."""

from dataclasses import dataclass, field
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
    many: str = ''  # the plural, where the message is about a number of things: values['count']
    values: dict[str, Any] = field(default_factory=dict)

    def __str__(self) -> str:
        if self.many:
            return ngettext(self.message, self.many, **self.values)
        return gettext(self.message, **self.values)

    def to_json(self) -> dict[str, Any]:
        """Return what can be stored as JSON and read by `from_json`, in whatever language it is shown then."""
        return {'message': self.message, 'many': self.many, 'values': {
            name: value if isinstance(value, int) else str(value) for name, value in self.values.items()}}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> 'Translatable':
        """Return the message that was stored. Raises KeyError or TypeError for anything else."""
        return cls(stored['message'], stored['many'], dict(stored['values']))


Words = str | Translatable  # what a page can show


def N_(message: str, **values: Any) -> Translatable:
    """Return a message to translate later. `make translations` finds it by this name."""
    return Translatable(message, values=values)


def N_plural(one: str, many: str, count: int, **values: Any) -> Translatable:
    """The same for a message about a number of things; %(count)s is the number."""
    return Translatable(one, many, {'count': count} | values)
