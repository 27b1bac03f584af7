"""Forms: their fields as clean text, their files, and the limits of both.

Bottle decodes forms as Latin-1; nobody but this module asks it for one.
"""

import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

from bottle import BaseRequest, HTTPError, request

from .. import presence
from ..codes import Rejected
from ..media.intake import UploadedFile as Draft
from ..translations.messages import N_
from .bodies import files

FORM_LIMIT = 8 * 1024 * 1024  # bytes of one request: the longest post, in any script, takes up to 12 a character
STRANGERS_LIMIT = 64 * 1024  # of one request without a session: sign-up, log-in, search
FILES_LIMIT = 256 * 1024 * 1024  # of one with files: a few of the largest
STUDIO = '/studio'
UPLOADS = f'{STUDIO}/media'  # where files are sent to
IMAGES = f'{STUDIO}/images'  # and, below it, images for a place
MAX_FIELDS = 1000  # of one form
FULL = N_('The disk of this site is nearly full, so you cannot upload files now. Please tell an owner of the site.')
LOST = N_('This site cannot store files right now. Please try again in a few minutes.')

log = logging.getLogger('quickpub.web')


def accept_long_forms() -> None:
    """Raise Bottle's limit to ours: it refuses longer urlencoded forms, and makes files of longer texts in others."""
    BaseRequest.MEMFILE_MAX = FORM_LIMIT


@dataclass
class Form:
    """The values of a form, and the errors in it: one sentence a field."""
    values: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)

    def __getitem__(self, name: str) -> str:
        return self.values.get(name, '')


def typed(*names: str) -> Form:
    """Return these fields of the request's form as clean text. A missing one is empty, bytes that are not UTF-8 are
    replaced, and of a field sent twice the first counts."""
    sent = sent_fields()
    return Form({name: sent.get(name, '') for name in names})


def sent_fields() -> dict[str, str]:
    """Return all fields of the request's form, cleaned likewise."""
    return {name: value.encode('utf-8', 'replace').decode() for name, value in reversed(_pairs())}


def all_typed(name: str) -> list[str]:
    """Return every value of a field that may be sent many times, such as a checkbox in a list."""
    return [value for each, value in _pairs() if each == name]


def _pairs() -> list[tuple[str, str]]:
    try:
        if request.content_type.startswith('multipart/'):
            return [(name, value) for name, value in request.POST.allitems() if isinstance(value, str)]
        return parse_qsl(request.body.read().decode('utf-8', 'replace'), keep_blank_values=True, errors='replace',
                         max_num_fields=MAX_FIELDS)
    except (ValueError, LookupError):  # a part in no charset that exists, or not in the one it claims; too many fields
        raise HTTPError(400) from None


def sent_json() -> dict[str, Any]:
    """Return the JSON object that a script of ours has sent. Raises Rejected for anything else."""
    try:
        found = json.loads(request.body.read())
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise Rejected('json.invalid')
    return found


def number(typed: str) -> int | None:
    """Return a typed whole number, or None: ASCII digits only, and no more than SQLite can hold."""
    return int(typed) if typed.isascii() and typed.isdigit() and len(typed) <= 18 else None


def sent_files(open_draft: Callable[[str], Draft]) -> Iterator[Draft]:
    """Yield the files of the request's form. Raises bodies.TooMany, or 400."""
    try:
        yield from files(request.get_header('Content-Type', ''), request.environ['wsgi.input'], open_draft)
    except ValueError:
        raise HTTPError(400) from None


def describe_storage_error(error: OSError) -> tuple[int, dict[str, str]]:
    """Return the status and the sentence for the form of an upload that could not be stored, and log why."""
    log.warning('An upload cannot be stored: %s', error)
    return (503, {'file': str(LOST)}) if presence.explains(error) else (507, {'file': str(FULL)})
