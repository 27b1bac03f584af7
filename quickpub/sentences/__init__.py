"""The sentences for codes (see codes.py), in the reader's language: one module for each package that has codes."""

from datetime import datetime
from typing import Any

from .. import dates, formats
from ..codes import AS_WRITTEN, Code, Problem, Rejected
from ..translations.messages import Translatable
from . import accounts, audit, content, exchange, jobs, mail, media, notices, pages, upkeep

MODULES = accounts, audit, content, exchange, jobs, mail, media, notices, pages, upkeep
SENTENCES: dict[str, Translatable] = {name: words for module in MODULES for name, words in module.SENTENCES.items()}


def make_sentence(code: Code, zone: str | None = None) -> str:
    """Return the sentence for a code in the language in use, with its moments in this time zone, by default the
    site's. Raises KeyError for a code that has none."""
    if not isinstance(code, Code):  # XXX old form
        return str(code)
    if code.name == AS_WRITTEN:
        return str(code.values['text'])
    return SENTENCES[code.name].fill({name: _word(value, zone) for name, value in code.values.items()})


def make_sentences(errors: dict[str, Code], zone: str | None = None) -> dict[str, str]:
    """Return the sentence for each field of a form."""
    return {field: make_sentence(code, zone) for field, code in errors.items()}


def describe_stored(stored: str, zone: str | None = None) -> str:
    """Return the sentence for a stored code, or the sentence that an older version has stored; '' for ''."""
    code = Code.from_json(stored)
    return make_sentence(code, zone) if code else ''


def describe(error: Problem | Rejected, zone: str | None = None) -> str:
    """Return the sentence, or sentences, for an error."""
    codes = [error.code] if isinstance(error, Problem) else error.errors.values()
    return ' '.join(make_sentence(code, zone) for code in codes)


def _word(value: Any, zone: str | None) -> Any:
    if isinstance(value, Code):
        return make_sentence(value, zone)
    if isinstance(value, datetime):
        return dates.clock(value, zone)
    return formats.listing([str(_word(each, zone)) for each in value]) if isinstance(value, list | tuple) else value
