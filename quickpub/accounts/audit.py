"""Write the audit log: events that matter for the site's security, for its owners to read (audit_log.py).

Each is recorded in the transaction of its cause. An entry holds ids, names and codes: no secret, no email address, no
whole network address. When a member leaves, triggers remove their name from all entries (migration 18).
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from .. import clocks, networks
from ..db import among, db
from ..models import AuditEntry, Export, Message, Post, User

KEPT = timedelta(days=400)
COUNTED_FOR = timedelta(hours=1)  # in which the same failures are one entry
LABEL_LENGTH = 100  # characters
COMMAND_LINE = 'command'  # as the actor: a command of `quickpub`, run on the server

# The codes of events, by group. Each has a sentence in sentences/audit.py.
GROUPS = {
    'login': 'logged_in logged_in_new_device login_failed login_unknown login_suspended session_ended '
             'sessions_ended',
    'account': 'password_changed password_reset address_asked address_changed address_confirmed account_claimed',
    'factor': 'passkey_added passkey_removed passkey_asked passkey_not_asked totp_added totp_removed '
              'recovery_codes_made recovery_code_used factor_failed factors_reset',
    'member': 'site_set_up member_added invited invitation_link_made invitation_sent_again invitation_withdrawn '
              'invitation_accepted invitation_used role_changed link_handed_over suspended unsuspended member_left '
              'member_removed posts_given posts_hidden posts_shown domain_blocked domain_unblocked',
    'post': 'post_approved post_sent_back post_held post_released post_given co_author_added co_author_removed '
            'co_author_left',
    'site': 'site_changed site_restored dkim_key_made backup_asked backup_downloaded backup_deleted',
    'data': 'export_asked export_downloaded mail_sent_again mail_held test_mail_sent report_sent job_retried '
            'job_discarded jobs_paused jobs_resumed',
}
KINDS = {code: group for group, codes in GROUPS.items() for code in codes.split()}

# For each table that an entry can be about: its kind, and what names the row.
SUBJECTS: dict[type, tuple[str, Callable[[Any], str]]] = {
    User: ('member', lambda user: user.name[:LABEL_LENGTH]),
    Post: ('post', lambda post: post.title[:LABEL_LENGTH]),
    Message: ('mail', lambda message: message.subject),  # a stored code, which is not cut
    Export: ('export', lambda export: export.kind),
}


# Writing

def record(code: str, at: datetime, actor: User | str | None = None, subject: Any = None, client: str = '',
           **details: Any) -> None:
    """Write an entry in the caller's transaction.

    `code` is one of KINDS. `actor` is the member who did it, COMMAND_LINE, or None if nobody was logged in. `subject`
    is a row of one of SUBJECTS. `client` is the network address of the request; only its network is kept. `details` are
    other values in the code's sentence (DETAILS in sentences/audit.py): never a secret or an email address. Raises
    KeyError for an unknown code.
    """
    AuditEntry.create(**_columns(code, at, actor, subject, client), details=details)


def count(code: str, at: datetime, subject: Any = None, client: str = '') -> None:
    """Write an entry for an event that may happen thousands of times, in a transaction of its own or the caller's.
    Within an hour, the same events about the same subject are one entry with their number; its network is '' if there
    were several."""
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
        fields |= {'subject_kind': kind, 'subject_id': subject.id, 'subject_label': label(subject)}
    return fields


def _network(client: str) -> str:
    """Return the network that is kept of an address, or ''. It shows whether a log-in came from a member's usual
    network, but not from which household."""
    found = networks.network(client, ipv6_bits=48)
    return found if found != networks.UNKNOWN else ''


def forget_reasons(user_ids: list[int]) -> None:
    """Remove what owners wrote about these members, in the transaction that deletes their accounts."""
    AuditEntry.update(details={}).where(AuditEntry.code == 'suspended', AuditEntry.subject_kind == 'member',
                                        AuditEntry.subject_id.in_(among(user_ids))).execute()


def clean_up(at: datetime) -> None:
    """Delete entries that are older than KEPT."""
    AuditEntry.delete().where(AuditEntry.at < at - KEPT).execute()
