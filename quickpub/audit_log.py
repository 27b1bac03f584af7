"""Show and search the audit log, in the language in use. (accounts/audit.py writes it.)"""

from typing import Any

from peewee import fn

from .accounts import audit
from .codes import Code
from .mail import listing
from .markup import folding
from .models import AuditEntry, User
from .sentences import describe_stored, list_words, make_sentence, make_words
from .sentences.audit import DETAILS, EXPORTS, SENTENCES


def describe(entry: AuditEntry) -> str:
    """Return what happened, as a sentence."""
    values = {'actor': _actor(entry), 'subject': _subject(entry)}
    values |= {name: _detail(name, entry.details.get(name)) for name in DETAILS}
    kind = SENTENCES.get(f'audit.{entry.code}')
    if kind is None:  # written by a later version
        said = make_sentence(Code('audit.other', actor=values['actor'], event=entry.code.replace('_', ' ')))
    else:
        said = kind.fill(values)
    if reason := entry.details.get('reason'):
        said = make_sentence(Code('audit.with_reason', event=said.removesuffix('.'), reason=reason))
    if entry.times > 1:
        said = make_sentence(Code('audit.times', event=said.removesuffix('.'), count=entry.times))
    return said[:1].upper() + said[1:]


def _actor(entry: AuditEntry) -> str:
    if entry.actor_kind == 'member':
        return entry.actor_name or make_sentence(Code('audit.former_member'))
    if entry.actor_kind == audit.COMMAND_LINE:
        return make_sentence(Code('audit.command_line'))
    return make_sentence(Code('audit.somebody'))


def _subject(entry: AuditEntry) -> str:
    label = entry.subject_label
    if not label:
        is_member = entry.subject_kind == 'member'
        return make_sentence(Code('audit.former_member') if is_member else Code('audit.deleted'))
    if entry.subject_kind == 'mail':
        return describe_stored(label)
    return str(EXPORTS.get(label, label)) if entry.subject_kind == 'export' else label


def _detail(name: str, value: Any) -> str:
    """Return the words for a detail, or for each one in a list. Older versions have stored words."""
    if value is None:
        return make_sentence(Code('audit.unknown'))
    if isinstance(value, list):
        return str(make_words([_detail(name, each) for each in value]))
    return str(DETAILS[name].get(value, value))


def select(member: User | None = None, group: str = '', typed: str = '') -> Any:
    """Return the query of all entries that match, the newest first: those by or about this member, of this group of
    kinds, and with each of these words in their sentence or names."""
    query = AuditEntry.select().order_by(AuditEntry.id.desc())
    if member is not None:
        query = query.where((AuditEntry.actor == member)
                            | (AuditEntry.subject_kind == 'member') & (AuditEntry.subject_id == member.id))
    if group in audit.GROUPS:
        query = query.where(AuditEntry.code.in_([code for code, each in audit.KINDS.items() if each == group]))
    for word in folding.fold(typed).split():
        query = query.where(_has(word))
    return query


def _has(word: str) -> Any:
    """Return the condition that an entry has this word in its sentence, a name, a detail or its network."""
    codes = [name.removeprefix('audit.') for name, words in list_words('audit.').items() if word in folding.fold(words)]
    labels = [name for name, words in EXPORTS.items() if word in folding.fold(str(words))]
    details = [name for words in DETAILS.values() for name, each in words.items() if word in folding.fold(str(each))]
    found = AuditEntry.code.in_(codes) | AuditEntry.subject_label.in_(labels)
    found |= listing.has_word(AuditEntry.subject_label, word)
    found |= fn.FOLD(AuditEntry.actor_name).contains(word) | AuditEntry.network.contains(word)
    found |= fn.FOLD(AuditEntry.details).contains(word)  # where older versions have stored words
    for name in details:
        found |= fn.FOLD(AuditEntry.details).contains(f'"{name}"')
    return found
