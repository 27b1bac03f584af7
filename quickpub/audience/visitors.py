"""Tell visitors of one day apart, without storing who they are. PRIVACY.md explains how."""

import secrets
import time
from datetime import date, datetime
from functools import lru_cache
from hashlib import blake2b

from peewee import OperationalError

from .. import networks
from ..db import db
from ..jobs.errors import is_out_of_reach
from ..models import DailySalt
from . import user_agents
from .calendar import site_day
from .views import CACHED, LONGEST_HEADER

RETRY_AFTER = 5  # seconds until the next try to store a salt, after the database could not be written


def name_visitor(address: str, agent: str, day: date) -> str:
    """Return a name for the visitor with this address and User-Agent on this day: `network.person`, or only `person` if
    the address is not known. '' if there is no salt for the day and none can be stored.

    The name does not reveal the address, and differs from day to day.
    """
    salt = _daily_salt(day)
    return _name_visitor(address, agent[:LONGEST_HEADER], salt) if salt else ''


@lru_cache(CACHED)  # people read several pages; cleared with the salt
def _name_visitor(address: str, agent: str, salt: bytes) -> str:
    network = networks.network(address)
    person = _hash(f'{networks.client(address)}\0{_family_of(agent)}', salt, 8)
    return f'{_hash(network, salt, 6)}.{person}' if network else person


@lru_cache(CACHED)
def _family_of(agent: str) -> str:
    return user_agents.family_of(agent)


def _hash(text: str, salt: bytes, size: int) -> str:
    return blake2b(text.encode('utf-8', 'replace'), key=salt, digest_size=size).hexdigest()


def is_ready(at: datetime) -> bool:
    """Return whether `name_visitor` would not wait for the database."""
    return (db.database, site_day(at)) in _salts or time.monotonic() < _retry_at


def _daily_salt(day: date) -> bytes | None:
    """Return the random salt of the day, which the first process that needs it stores for all. Deleted after two days.
    None if the database cannot be written."""
    global _salts, _retry_at
    found = _salts.get((db.database, day))
    if found or time.monotonic() < _retry_at:
        return found
    is_ours = False
    try:
        is_ours = db.connect(reuse_if_open=True)
        DailySalt.insert(day=day, key=secrets.token_bytes(32)).on_conflict_ignore().execute()
        found = bytes(DailySalt.get_by_id(day).key)
    except OperationalError as error:
        if not is_out_of_reach(error):
            raise
        _retry_at = time.monotonic() + RETRY_AFTER
        return None
    finally:
        if is_ours:
            db.close()
    _name_visitor.cache_clear()
    _salts = {(db.database, day): found}  # a new dict: another thread may be reading the old one
    return found


_salts: dict[tuple[str, date], bytes] = {}  # of one site and one day
_retry_at = 0.0  # monotonic time
