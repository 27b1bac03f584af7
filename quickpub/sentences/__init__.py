"""The sentences for codes (see codes.py), in the reader's language: one module for each package that has codes."""

import re
from datetime import datetime
from typing import Any

from .. import dates, formats
from ..codes import AS_WRITTEN, Code, Period, Problem, Rejected
from ..translations import languages
from ..translations.messages import Translatable
from . import accounts, audit, content, exchange, jobs, mail, media, notices, pages, upkeep

MODULES = accounts, audit, content, exchange, jobs, mail, media, notices, pages, upkeep
SENTENCES: dict[str, Translatable] = {name: words for module in MODULES for name, words in module.SENTENCES.items()}

PLACEHOLDER = re.compile(r'%\(\w+\)s')
COUNTS = 0, 1, 2, 5, 11, 100  # which have all forms of the plural between them, in any language


def make_sentence(code: Code, zone: str | None = None) -> str:
    """Return the sentence for a code in the language in use, with its moments in this time zone, by default the
    site's. Raises KeyError for a code that has none."""
    if code.name == AS_WRITTEN:
        return str(code.values['text'])
    return SENTENCES[code.name].fill({name: make_words(value, zone) for name, value in code.values.items()})


def make_sentences(errors: dict[str, Code], zone: str | None = None) -> dict[str, str]:
    """Return the sentence for each field of a form."""
    return {field: make_sentence(code, zone) for field, code in errors.items()}


def describe_stored(stored: str, zone: str | None = None) -> str:
    """Return the sentence for a stored code, or the sentence that an older version has stored; '' for ''. Of a code
    that a later version has stored, return its name."""
    code = Code.from_json(stored)
    if code and code.name != AS_WRITTEN and code.name not in SENTENCES:
        return code.name
    return make_sentence(code, zone) if code else ''


def describe(error: Problem | Rejected, zone: str | None = None) -> str:
    """Return the sentence, or sentences, for an error."""
    codes = [error.code] if isinstance(error, Problem) else error.errors.values()
    return ' '.join(make_sentence(code, zone) for code in codes)


def make_words(value: Any, zone: str | None = None) -> Any:
    """Return a value of a code as people read it. Strings and numbers stay as they are: a sentence writes its own
    numbers."""
    if isinstance(value, Code):
        return make_sentence(value, zone)
    if isinstance(value, Period):
        return dates.period(value.start, value.end, value.zone)
    if isinstance(value, datetime):
        return dates.clock(value, zone)
    if isinstance(value, list | tuple):
        return formats.listing([str(make_words(each, zone)) for each in value])
    return value


def list_words(prefix: str) -> dict[str, str]:
    """Return, for each code whose name begins so, the words of its sentence in the language in use, for a search."""
    catalog = languages.current().catalog
    return {name: PLACEHOLDER.sub(' ', ' '.join(
                catalog.ngettext(each.message, each.many, count) for count in COUNTS) if each.many
                else catalog.gettext(each.message))
            for name, each in SENTENCES.items() if name.startswith(prefix)}
