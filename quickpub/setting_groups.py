"""The settings that owners change in the browser, by page: what each may be, and changes by several owners at once.

Some are columns of the site's row (models/site.py); the others are declared in settings.py. All are texts here.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from . import dates, settings, site_settings, text
from .accounts import validation
from .codes import Rejected
from .look import fonts, layouts
from .models import Site
from .permissions import FOR_NEW_MEMBERS
from .settings import current
from .translations import languages

GROUPS = {
    'general': ('title', 'tagline', 'language', 'timezone'),
    'navigation': ('footer',),
    'membership': ('signup', 'new_role', 'quota'),
    'reports': ('report', 'report_time'),
}
LOOK = ('hue', 'fonts', 'layout', 'css')  # which have a page of their own
COLUMNS = frozenset(('title', 'tagline', 'language', 'footer', 'new_role', *LOOK))  # of the site's row
NUMBERS = {'hue': (0, 359), 'quota': (0, 10_000_000)}  # degrees, megabytes
MAX_TAGLINE = 200  # characters
TEXTS = {'footer': 2_000, 'css': 20_000}  # characters
HOURS = [f'{hour:02}:00' for hour in range(24)]
NOT_OFFERED = {'language': 'language.not_offered', 'timezone': 'timezone.not_offered', 'signup': 'signup.not_offered',
               'new_role': 'role.not_invitable', 'report': 'report.not_offered',
               'report_time': 'report_time.not_offered', 'fonts': 'look.not_in_list', 'layout': 'look.not_in_list'}


@dataclass(frozen=True)
class Outcome:
    """The end of an attempt to change settings: the names of those that were changed; or, and then none was, what is
    stored of those that somebody else changed to another value since the form was opened."""
    changed: list[str]
    conflicts: dict[str, str]


def read(names: Iterable[str]) -> dict[str, str]:
    """Return the present values of these settings."""
    site = Site.this()
    return {name: str(getattr(site, name)) if name in COLUMNS else current().text_of(name) for name in names}


def is_editable(name: str) -> bool:
    """Return whether an owner may change this setting, because the environment does not set it."""
    return name in COLUMNS or current().is_editable(name)


def list_choices(name: str) -> list[str]:
    """Return the values that a setting may have; an empty list for one that is typed."""
    match name:
        case 'language':
            return list(languages.supported())
        case 'timezone':
            return sorted({*dates.list_zones(), current().timezone})
        case 'signup':
            return list(settings.SIGNUP)
        case 'new_role':
            return list(FOR_NEW_MEMBERS)
        case 'report':  # each minute only where the site is set up so
            return [each for each in settings.FREQUENCIES if each != 'minute' or current().report == each]
        case 'fonts':
            return list(fonts.PAIRS)
        case 'layout':
            return list(layouts.LAYOUTS)
        case 'report_time':
            return sorted({*HOURS, current().text_of('report_time')})
    return []


def clean(typed: Mapping[str, str]) -> dict[str, str]:
    """Return these settings cleaned. Raises Rejected with the errors of all fields."""
    values = validation.validate_all(*((_clean, name, value) for name, value in typed.items()))
    return dict(zip(typed, values, strict=True))


def _clean(name: str, typed: str) -> str:
    if name == 'title':
        return validation.clean_title(typed)
    if name == 'tagline':
        return _clean_tagline(typed)
    if name in NUMBERS:
        return _clean_number(name, typed)
    if name in TEXTS:
        return _clean_text(name, typed)
    if typed not in list_choices(name):
        raise Rejected(NOT_OFFERED[name], field=name)
    return typed


def _clean_tagline(typed: str) -> str:
    tagline = text.whole_line(typed, MAX_TAGLINE)
    if tagline is None:
        raise Rejected('tagline.too_long', limit=MAX_TAGLINE)
    return tagline


def _clean_text(name: str, typed: str) -> str:
    found = text.body(typed).strip()
    if len(found) > TEXTS[name]:
        raise Rejected(f'{name}.too_long', count=TEXTS[name])
    return found


def _clean_number(name: str, typed: str) -> str:
    low, high = NUMBERS[name]
    digits = typed.strip()
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 18 and low <= int(digits) <= high):
        raise Rejected(f'{name}.out_of_range', low=low, high=high)
    return str(int(digits))


def change(wanted: Mapping[str, str], shown: Mapping[str, str]) -> Outcome:
    """Store these cleaned settings, in the caller's transaction.

    `shown` has the values that the form was opened with, as far as it says. A field that still has that value is left
    as it is stored now. Nothing is stored if another field was changed by somebody else, too.
    """
    site_settings.refresh()
    stored = read(wanted)
    changes = {name: value for name, value in wanted.items()
               if value != stored[name] and not _is_same(value, shown.get(name))}
    conflicts = {name: stored[name] for name in changes if name in shown and not _is_same(stored[name], shown[name])}
    if not conflicts:
        _store(changes)
    return Outcome([] if conflicts else list(changes), conflicts)


def _is_same(value: str, shown: str | None) -> bool:
    """Return whether a form has shown this value: browsers send other line ends than they were given."""
    return shown is not None and value == text.body(shown).strip()


def _store(changes: Mapping[str, str]) -> None:
    if columns := {name: int(value) if name == 'hue' else value for name, value in changes.items() if name in COLUMNS}:
        Site.change(**columns)
    site_settings.store({name: value for name, value in changes.items() if name not in COLUMNS})
