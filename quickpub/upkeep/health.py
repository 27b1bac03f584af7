"""Run all checks, for /healthz, `quickpub check` and the owner's pages."""

import json
import logging
from collections.abc import Callable
from datetime import datetime
from functools import partial

from peewee import DatabaseError, InterfaceError

from .. import dates, findings, presence
from ..settings import current
from ..translations import languages
from . import checks, integrity

log = logging.getLogger('quickpub.health')


def problems(at: datetime) -> dict[str, str | None]:
    """Return each check by name: None, or a sentence that says what is wrong. Raise nothing, whatever is broken."""
    found = presence.check()
    named: dict[str, Callable[[], str | None]] = {
        'database': checks.check_database,
        'disk': checks.check_disk,
        'backups': partial(checks.check_backups, at),
        'consumer': checks.check_consumer,
        'work': partial(checks.check_jobs, at),
        'mail': partial(checks.check_mail, at),
        'reports': partial(checks.check_reports, at),
        'chores': checks.check_chores,
        'media': checks.check_media,
        'integrity': checks.check_integrity,
        'clock': partial(checks.check_clock, at),
        'time_zones': checks.check_time_zones,
        'set_aside': checks.check_set_aside,
    }
    return found | {name: found.get(name) or _run(check) for name, check in named.items()}


def _run(check: Callable[[], str | None]) -> str | None:
    try:
        return check()
    except (DatabaseError, InterfaceError):
        return 'Unknown, because the database cannot be used.'
    except OSError as error:
        return f'This could not be checked: {error.strerror}.'
    except Exception as error:
        log.exception('A check of the health page has failed')
        return f'This could not be checked: {type(error).__name__}.'


def verdict(at: datetime) -> tuple[int, str]:
    """Return the status and the JSON of /healthz: each check by name, true, or what is wrong in one sentence. (A second
    one may quote a mail server's answer, which names the recipient.)"""
    with languages.use(languages.find(languages.SOURCE)):  # programs compare the sentences
        results = {name: _first_sentence(problem) if problem else True for name, problem in problems(at).items()}
    is_well = all(result is True for result in results.values())
    body = {'ok': is_well, 'checks': results, 'integrity_checked_at': _run(_integrity_checked_at)}
    return 200 if is_well else 503, json.dumps(body)


def _first_sentence(problem: str) -> str:
    return problem.partition('. ')[0].replace(f'{current().data}/', '')


def _integrity_checked_at() -> str | None:
    found = findings.latest(integrity.NAME)
    return dates.iso(found.at) if found else None
