"""Proof of an email address: who gets the account, and what of it stays.

Anybody can sign up with anybody's address, set a password, log in and write. The proof comes later, with a link in an
email. So the proof decides whose the account is: what was set before it stays only where the browser with the link is
the one that set it, or where its person has seen it and keeps it. A browser shows that it set something by its session,
or by a claim: a cookie, encrypted by us, that says what was typed into its sign-up form.
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from peewee import IntegrityError

from .. import text
from ..db import db
from ..models import Export, Post, Series, Token, Unsaved, Upload, User
from ..signing import seal, unseal
from ..text import Rejected
from . import second_factors, users
from .users import VERIFY_LASTS, LinkDead

LISTED = 50  # texts that are shown by name
KEEP_TEXTS = {'keep': True, 'discard': False}  # by what forms and commands say

CONFIRMED = 'This email address is confirmed already.'
ELSEWHERE = 'This link is for an address that you no longer use here.'
TAKEN = 'This address belongs to another account by now.'


# What a browser signed up with

@dataclass(frozen=True)
class Claim:
    """What was typed into a sign-up form in this browser. `password` is hashed."""
    email: str
    name: str
    password: str


def seal_claim(name: str, email: str, password: str, at: datetime) -> str:
    """Return the cookie's value for who has just signed up, whatever became of it: it says nothing about the account,
    and the browser cannot read it. `password` is hashed already."""
    return seal('claim', json.dumps([email, name, password, str(at + VERIFY_LASTS)]))


def read_claim(cookie: str, email: str | None, at: datetime) -> Claim | None:
    """Return what this browser signed up with for this address, or None."""
    sealed = unseal('claim', cookie)
    if sealed is None:
        return None
    claimed, name, password, until = json.loads(sealed)
    return Claim(claimed, name, password) if claimed.lower() == (email or '').lower() and str(at) < until else None


# What is there before the proof

class Texts(NamedTuple):
    """What was written in an account: titles, and how many texts and files there are."""
    titles: list[str]
    total: int
    files: int

    def __bool__(self) -> bool:
        return bool(self.total or self.files)


def texts_of(user: User) -> Texts:
    """Return what was written and uploaded in this account, the trash and what is not saved included."""
    posts, unsaved = Post.select(Post.title).where(Post.author == user), Unsaved.select().where(Unsaved.user == user)
    titles = [post.title for post in posts.order_by(Post.id.desc()).limit(LISTED)]
    titles += [each.beginning or 'Untitled' for each in unsaved.order_by(Unsaved.typed_at.desc()).limit(LISTED)]
    return Texts(titles[:LISTED], posts.count() + unsaved.count(),
                 Upload.select().where(Upload.user == user).count())


# Proofs

def check(found: Token) -> User:
    """Return the user of a `verify` or `reset` link. Raises LinkDead where it proves nothing (any more)."""
    user = User.get_by_id(found.user_id)
    is_proof = found.purpose == 'verify' or not user.is_verified
    if is_proof and (user.email or '').lower() != (found.email or '').lower():
        raise LinkDead(found.purpose, ELSEWHERE)
    if found.purpose == 'verify' and user.is_verified:
        raise LinkDead('verify', CONFIRMED)
    return user


def confirm(found: Token, at: datetime, keep: str = '') -> User:
    """Use up a `verify` link in the browser that set up the account: all of it stays, but for sessions other than the
    one whose digest is `keep`, and links that somebody else may have asked for. Raises LinkDead."""
    with db.atomic():
        users.use(found, at)
        user = check(found)
        User.update(verified_at=at, mail_trouble=None).where(User.id == user.id).execute()
        _end_what_others_opened(user, at, keep)
    return User.get_by_id(user.id)


def claim(found: Token, name: str, password: str, keep_texts: bool, at: datetime) -> User:
    """Use up a `verify` or `reset` link of an unconfirmed account for whoever can read its email: they get it with this
    name and (hashed) password; texts stay where they keep them; all else that was set goes. Raises LinkDead."""
    with db.atomic():
        users.use(found, at)
        user = check(found)
        if user.is_verified:  # by another link, a moment ago
            raise LinkDead(found.purpose, CONFIRMED)
        take_over(user, name, password, keep_texts, at)
    return User.get_by_id(user.id)


def take_over(user: User, name: str, password: str, keep_texts: bool, at: datetime) -> None:
    """Give an unconfirmed account to its rightful person, in the caller's transaction. `password` is hashed already."""
    _end_what_others_opened(user, at)
    Export.delete().where(Export.user == user).execute()
    if keep_texts:
        Post.update(shared_at=None).where(Post.author == user).execute()
    else:
        _delete_texts(user)
    User.update(name=name, handle=_handle(user, name), password=password, bio='', pinned_id=None, verified_at=at,
                mail_trouble=None, **users.defaults(at)).where(User.id == user.id).execute()


def change_email(found: Token, at: datetime, keep: str, keep_texts: bool) -> tuple[User, str]:
    """Use up an `address` link in a browser that is logged in: the user, and the address they had. An unconfirmed
    account with the new address was never shown to be anybody's: it goes, its texts go or are kept. Raises LinkDead."""
    with db.atomic():
        users.use(found, at)
        user = User.get_by_id(found.user_id)
        if holder := rival(found):
            _dissolve(holder, user if keep_texts else None)
        try:
            User.update(email=found.email, verified_at=user.verified_at or at, mail_trouble=None).where(
                User.id == user.id).execute()
        except IntegrityError:
            raise LinkDead('address', TAKEN) from None
        users.end_links(user, at, 'reset', 'verify')  # whoever reads the old mailbox must not get in by them
        if not user.is_verified:
            _end_what_others_opened(user, at, keep)
    return User.get_by_id(user.id), user.email or ''


def rival(found: Token) -> User | None:
    """Return the unconfirmed account that has the address of this `address` link, or None. Raises LinkDead where a
    confirmed one has it."""
    holder = users.by_email(found.email or '')
    if holder is None or holder.id == found.user_id:
        return None
    if holder.is_verified:
        raise LinkDead('address', TAKEN)
    return holder


def add_by_hand(name: str, email: str, password: str, role: str, at: datetime, keep_texts: bool | None = None) -> User:
    """Make an account whose address the operator vouches for; an unconfirmed one with this address becomes it.
    `password` is hashed already. `keep_texts`: what to do with texts that were written in it. Raises Rejected."""
    with db.atomic():
        user = users.by_email(email)
        if user is None:
            return users.create(name, email, password, at, role=role, is_verified=True)
        if user.is_verified:
            raise Rejected(email=f'{email} has an account already.')
        if not user.is_active:
            raise Rejected(email=f'The account of {email} is suspended.')
        if texts_of(user) and keep_texts is None:
            raise Rejected(texts='Somebody signed up with this address, never confirmed it, and wrote something. '
                                 'Choose whether to keep or to delete it.')
        take_over(user, name, password, bool(keep_texts), at)
        if role == 'owner':
            users.make_owner(user, at)
    return User.get_by_id(user.id)


def set_up(found: Token, name: str, email: str, password: str, typed: str, at: datetime,
           keep_texts: bool | None) -> User:
    """Use up the set-up link: the owner, whose address counts as confirmed. A confirmed account with it becomes the
    owner's with its own password as `typed` only. `password` is hashed already. Raises Rejected or LinkDead."""
    known = users.by_email(email)
    if known and known.is_verified and not users.check_password(known, typed):
        raise Rejected(password='This email address has an account already. Type the password of that account.')
    if known and not known.is_active:
        raise Rejected(email=users.SUSPENDED)
    with db.atomic():
        users.use(found, at)
        if known and known.is_verified:
            users.check_unchanged(known)
            users.make_owner(known, at)
            User.update(name=name).where(User.id == known.id).execute()
            return User.get_by_id(known.id)
        return add_by_hand(name, email, password, 'owner', at, keep_texts)


def _end_what_others_opened(user: User, at: datetime, keep: str = '') -> None:
    users.end_sessions(user, keep)
    second_factors.remove_all(user)
    users.end_links(user, at, 'verify', 'reset', 'address')


def _delete_texts(user: User) -> None:
    for table, owner in ((Post, Post.author), (Series, Series.author), (Unsaved, Unsaved.user), (Upload, Upload.user)):
        table.delete().where(owner == user).execute()


def _dissolve(user: User, heir: User | None) -> None:
    """Delete an unconfirmed account; its texts go to the heir, if there is one."""
    if heir:
        Post.update(author=heir, series=None, part=None, first_tab=None, shared_at=None).where(
            Post.author == user).execute()
        Unsaved.update(user=heir).where(Unsaved.user == user).execute()
        heirs_own = Upload.select(Upload.file).where(Upload.user == heir)
        Upload.update(user=heir).where(Upload.user == user, Upload.file.not_in(heirs_own)).execute()
    _delete_texts(user)
    user.delete_instance()


def _handle(user: User, name: str) -> str:
    """Return the handle that goes with this name: the one that the account has, if it was made of the same name."""
    wanted = text.slug(name, 'author')[:40]
    if re.fullmatch(re.escape(wanted[:36].rstrip('-')) + r'(-\d+)?', user.handle) or user.handle == wanted:
        return user.handle
    return users.free_handle(wanted)
