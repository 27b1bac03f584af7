"""The audit log: who did what that matters for the site's security, for its owners to read.

Whoever changes such a thing calls `record` in the same transaction. An entry holds ids, names and codes: no secret, no
email address, no whole network address. When a member leaves, triggers take their name out of all entries (migration
18).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from peewee import fn

from .. import clocks, networks
from ..db import db
from ..markup import folding
from ..models import AuditEntry, Export, Message, Post, User

KEPT = timedelta(days=400)
COUNTED_FOR = timedelta(hours=1)  # as long as that, the same failures are one entry
LABEL_LENGTH = 100  # characters
FORMER = 'A former member'
NOBODY = 'Somebody'

COMMAND_LINE = 'command'  # as the actor: a command of `quickpub`, run on the server


@dataclass(frozen=True)
class Kind:
    """A kind of event. `sentence` may name {actor}, {subject}, {times} and what `record` is given as details."""
    group: str
    sentence: str


GROUPS = 'login', 'account', 'factor', 'member', 'site', 'data'

KINDS = {
    # Log-ins
    'logged_in': Kind('login', '{actor} logged in.'),
    'logged_in_new_device': Kind('login', '{actor} logged in from a new device.'),
    'login_failed': Kind('login', 'Failed to log in as {subject}: wrong password.'),
    'login_unknown': Kind('login', 'Failed to log in with an email address that has no account.'),
    'login_suspended': Kind('login', '{subject} tried to log in to a suspended account.'),
    'session_ended': Kind('login', '{actor} logged out another device.'),
    'sessions_ended': Kind('login', '{actor} logged out all other devices.'),

    # Passwords, email addresses and sessions
    'password_changed': Kind('account', '{actor} changed their password.'),
    'password_reset': Kind('account', '{actor} chose a new password with a link from an email.'),
    'address_asked': Kind('account', '{actor} asked to change their email address.'),
    'address_changed': Kind('account', '{actor} changed their email address.'),
    'address_confirmed': Kind('account', '{actor} confirmed their email address.'),
    'account_claimed': Kind('account', '{actor} confirmed their email address in another browser, and took over the '
                                       'account.'),

    # Second factors
    'passkey_added': Kind('factor', '{actor} added a passkey.'),
    'passkey_removed': Kind('factor', '{actor} removed a passkey.'),
    'passkey_asked': Kind('factor', '{actor} set that a passkey is needed after the password.'),
    'passkey_not_asked': Kind('factor', '{actor} set that no passkey is needed after the password.'),
    'totp_added': Kind('factor', '{actor} added an authenticator app.'),
    'totp_removed': Kind('factor', '{actor} removed the authenticator app.'),
    'recovery_codes_made': Kind('factor', '{actor} made new recovery codes.'),
    'recovery_code_used': Kind('factor', '{actor} used a recovery code.'),
    'factor_failed': Kind('factor', 'Wrong code for the second step as {subject}.'),
    'factors_reset': Kind('factor', '{actor} removed the second factors of {subject}.'),

    # Members and roles
    'site_set_up': Kind('member', '{actor} set up the site.'),
    'member_added': Kind('member', '{actor} made an account for {subject}.'),
    'invited': Kind('member', '{actor} sent an invitation.'),
    'role_changed': Kind('member', '{actor} changed the role of {subject} to {role}.'),
    'link_handed_over': Kind('member', '{actor} made a link to a new password for {subject}.'),
    'suspended': Kind('member', '{actor} suspended {subject}.'),
    'unsuspended': Kind('member', '{actor} let {subject} log in again.'),
    'member_left': Kind('member', '{actor} deleted their account.'),
    'member_removed': Kind('member', '{actor} removed {subject}.'),

    # Settings
    'site_changed': Kind('site', '{actor} changed the settings of the site: {changed}.'),
    'dkim_key_made': Kind('site', '{actor} made a new key that signs emails.'),

    # Exports, emails and jobs
    'export_asked': Kind('data', '{actor} asked for an export: {subject}.'),
    'export_downloaded': Kind('data', '{actor} downloaded an export: {subject}.'),
    'mail_sent_again': Kind('data', '{actor} sent an email again: {subject}.'),
    'mail_held': Kind('data', '{actor} held back an email: {subject}.'),
    'report_sent': Kind('data', '{actor} sent reports by hand.'),
    'job_retried': Kind('data', '{actor} retried a job.'),
    'job_discarded': Kind('data', '{actor} discarded a job.'),
    'jobs_paused': Kind('data', '{actor} paused all jobs.'),
    'jobs_resumed': Kind('data', '{actor} resumed all jobs.'),
}

EXPORTS = {'numbers': 'the stats of their posts', 'site': 'the stats of the whole site'}

# For each table that an entry can be about: its kind, and what names the row.
SUBJECTS: dict[type, tuple[str, Callable[[Any], str]]] = {
    User: ('member', lambda user: user.name),
    Post: ('post', lambda post: post.title),
    Message: ('mail', lambda message: message.subject),
    Export: ('export', lambda export: EXPORTS.get(export.kind, export.kind)),
}


# Writing

def record(code: str, at: datetime, actor: User | str | None = None, subject: Any = None, client: str = '',
           **details: Any) -> None:
    """Write an entry in the caller's transaction.

    `code` is one of KINDS, and `details` what its sentence names besides actor and subject: never a secret or an email
    address. `actor` is the member who did it, COMMAND_LINE, or None where nobody was logged in. `subject` is a row of
    one of SUBJECTS. `client` is the address that the request came from; only its network is kept. Raises KeyError for
    an unknown code.
    """
    AuditEntry.create(**_columns(code, at, actor, subject, client), details=details)


def count(code: str, at: datetime, subject: Any = None, client: str = '') -> None:
    """Write an entry for what may happen thousands of times, in a transaction of its own or the caller's: within an
    hour, the same about the same subject is one entry that counts. Its network is '' where there were several."""
    fields = _columns(code, at, None, subject, client)
    recent = clocks.is_lately(AuditEntry.at, COUNTED_FOR, at)
    same = (AuditEntry.code == code) & (AuditEntry.subject_kind == fields['subject_kind'])
    same &= AuditEntry.subject_id.is_null() if subject is None else AuditEntry.subject_id == subject.id
    with db.atomic():
        found = AuditEntry.select().where(same, recent).order_by(AuditEntry.id.desc()).first()
        if found is None:
            AuditEntry.create(**fields)
            return
        network = found.network if found.network == fields['network'] else ''
        AuditEntry.update(times=AuditEntry.times + 1, until=at, network=network).where(
            AuditEntry.id == found.id).execute()


def _columns(code: str, at: datetime, actor: User | str | None, subject: Any, client: str) -> dict[str, Any]:
    _ = KINDS[code]
    fields: dict[str, Any] = {'code': code, 'at': at, 'until': at, 'network': _network(client), 'actor_kind': '',
                              'subject_kind': '', 'subject_id': None}
    if isinstance(actor, User):
        fields |= {'actor_kind': 'member', 'actor_id': actor.id, 'actor_name': actor.name[:LABEL_LENGTH]}
    elif actor is not None:
        fields |= {'actor_kind': actor}
    if subject is not None:
        kind, label = SUBJECTS[type(subject)]
        fields |= {'subject_kind': kind, 'subject_id': subject.id, 'subject_label': label(subject)[:LABEL_LENGTH]}
    return fields


def _network(client: str) -> str:
    """Return the network that is kept of an address, '' where there is none. It tells whether a log-in came from where
    a member usually is, and not from which household."""
    found = networks.network(client, ipv6_bits=48)
    return found if found != networks.UNKNOWN else ''


# Reading

def sentence(entry: AuditEntry) -> str:
    """Return what happened, as a sentence."""
    kind = KINDS.get(entry.code)
    if kind is None:  # written by a later version
        return f'{_actor(entry)}: {entry.code.replace("_", " ")}.'
    words = {'actor': _actor(entry), 'subject': _subject(entry)} | entry.details
    said = kind.sentence.format_map(_Words(words))
    if entry.times > 1:
        said = f'{said.removesuffix(".")} ({entry.times:,} times).'
    return said[:1].upper() + said[1:]


class _Words(dict):
    def __missing__(self, name: str) -> str:
        return '(unknown)'


def _actor(entry: AuditEntry) -> str:
    if entry.actor_kind == 'member':
        return entry.actor_name or FORMER
    return 'The command line' if entry.actor_kind == COMMAND_LINE else NOBODY


def _subject(entry: AuditEntry) -> str:
    if entry.subject_label:
        return entry.subject_label
    return FORMER.lower() if entry.subject_kind == 'member' else '(gone)'


def entries(member: User | None = None, group: str = '', typed: str = '') -> Any:
    """Return the query of all entries that match, the newest first: those by or about this member, of this group of
    kinds, and with this text in their sentence or names."""
    query = AuditEntry.select().order_by(AuditEntry.id.desc())
    if member is not None:
        query = query.where((AuditEntry.actor == member)
                            | (AuditEntry.subject_kind == 'member') & (AuditEntry.subject_id == member.id))
    if group in GROUPS:
        query = query.where(AuditEntry.code.in_([code for code, kind in KINDS.items() if kind.group == group]))
    if typed:
        query = query.where(_has(typed))
    return query


def _has(typed: str) -> Any:
    """Return the condition that an entry has each of these words, whether in its sentence or in a name."""
    found: Any = True
    for word in folding.fold(typed).split():
        codes = [code for code, kind in KINDS.items() if word in folding.fold(kind.sentence)]
        names = (AuditEntry.actor_name, AuditEntry.subject_label, AuditEntry.details, AuditEntry.network)
        each = AuditEntry.code.in_(codes)
        for column in names:
            each |= fn.FOLD(column).contains(word)
        found = each if found is True else found & each
    return found


def clean_up(at: datetime) -> None:
    """Delete entries that were kept long enough."""
    AuditEntry.delete().where(AuditEntry.at < at - KEPT).execute()
