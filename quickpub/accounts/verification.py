"""Confirm email addresses, and decide who gets an unconfirmed account and what of it stays.

Anybody can sign up with anybody's address, set a password, log in and write. The proof comes later, with a link in an
email. Earlier settings stay only if the browser with the link is the one that made them (by its session, or by the
cookie of signup_claim.py), or if the owner of the address has seen them and keeps them.
"""

import re
from datetime import datetime
from typing import NamedTuple

from ..codes import Rejected
from ..db import db
from ..models import Autosave, Export, Post, Series, Token, Upload, User
from . import credentials, handing_over, links, roles, second_factors, users
from .links import InvalidLink
from .validation import SUSPENDED

TITLES_SHOWN = 50
KEEP_TEXTS = {'keep': True, 'discard': False}  # choices in forms and commands


def find_account(link: Token) -> User:
    """Return the user of a `verify` or `reset` link. Raises InvalidLink if the link proves nothing, or no longer."""
    user = User.get_by_id(link.user_id)
    is_proof = link.purpose == 'verify' or not user.is_verified
    if is_proof and (user.email or '').lower() != (link.email or '').lower():
        raise InvalidLink('link.old_email', purpose=link.purpose)
    if link.purpose == 'verify' and user.is_verified:
        raise InvalidLink('link.confirmed_before', purpose='verify')
    return user


def confirm(link: Token, at: datetime, keep: str = '') -> User:
    """Use up a `verify` link in the browser that set up the account, which keeps everything but other sessions than the
    one whose digest is `keep`, second factors and pending links. Return the user. Raises InvalidLink."""
    with db.atomic():
        links.mark_used(link, at)
        user = find_account(link)
        User.update(verified_at=at, mail_trouble=None).where(User.id == user.id).execute()
        end_other_access(user, at, keep)
    return User.get_by_id(user.id)


def claim_account(link: Token, name: str, password: str, keep_texts: bool, at: datetime) -> User:
    """Use up a `verify` or `reset` link of an unconfirmed account in any other browser. Return the user, with this name
    and (hashed) password. Raises InvalidLink."""
    with db.atomic():
        links.mark_used(link, at)
        user = find_account(link)
        if user.is_verified:  # by another link, a moment ago
            raise InvalidLink('link.confirmed_before', purpose=link.purpose)
        take_over(user, name, password, keep_texts, at)
    return User.get_by_id(user.id)


def take_over(user: User, name: str, password: str, keep_texts: bool, at: datetime) -> None:
    """Confirm an account for the owner of its address and reset everything that was set in it, its texts only if not
    `keep_texts`. In the caller's transaction. `password` is hashed already."""
    end_other_access(user, at)
    Export.delete().where(Export.user == user).execute()
    if keep_texts:
        Post.update(shared_at=None).where(Post.author == user).execute()
    else:
        delete_texts(user)
    User.update(name=name, handle=_choose_handle(user, name), password=password, bio='', pinned_id=None, verified_at=at,
                mail_trouble=None, **users.default_settings(at)).where(User.id == user.id).execute()


def _choose_handle(user: User, name: str) -> str:
    """Return the handle that the account has, if it was made of the same name, or else a new one."""
    wanted = users.suggest_handle(name)
    if re.fullmatch(re.escape(users.handle_stem(wanted)) + r'(-\d+)?', user.handle) or user.handle == wanted:
        return user.handle
    return users.find_free_handle(wanted)


def end_other_access(user: User, at: datetime, keep: str = '') -> None:
    """End all sessions but the one whose digest is `keep`, second factors and pending links of an account."""
    credentials.end_sessions(user, keep)
    second_factors.remove_all(user)
    links.end_links(user, at, 'verify', 'reset', 'address')


class AccountTexts(NamedTuple):
    """The texts in an account: the titles of some, which may be empty, and how many texts and files there are."""
    titles: list[str]
    total: int
    files: int

    def __bool__(self) -> bool:
        return bool(self.total or self.files)


def list_texts(user: User) -> AccountTexts:
    """Return what was written and uploaded in an account, including the trash and autosaves."""
    posts, unsaved = Post.select(Post.title).where(Post.author == user), Autosave.select().where(Autosave.user == user)
    titles = [post.title for post in posts.order_by(Post.id.desc()).limit(TITLES_SHOWN)]
    titles += [each.beginning for each in unsaved.order_by(Autosave.typed_at.desc()).limit(TITLES_SHOWN)]
    return AccountTexts(titles[:TITLES_SHOWN], posts.count() + unsaved.count(),
                        Upload.select().where(Upload.user == user).count())


def delete_texts(user: User) -> None:
    """Delete what was written and uploaded in an account. A co-written post goes to its next author."""
    handing_over.pass_on_posts(Post.author == user)
    for table, owner in ((Post, Post.author), (Series, Series.author), (Autosave, Autosave.user),
                         (Upload, Upload.user)):
        table.delete().where(owner == user).execute()


def add_confirmed(name: str, email: str, password: str, role: str, at: datetime,
                  keep_texts: bool | None = None) -> User:
    """Create an account whose address the operator vouches for, or take over an unconfirmed one with this address.

    `password` is hashed already. `keep_texts`: what to do with texts in that account; None rejects if there are any.
    Raises Rejected.
    """
    with db.atomic():
        user = users.find_by_email(email)
        if user is None:
            return users.create(name, email, password, at, role=role, is_verified=True)
        if user.is_verified:
            raise Rejected('email.has_account', email=email)
        if not user.is_active:
            raise Rejected('email.suspended', email=email)
        if list_texts(user) and keep_texts is None:
            raise Rejected('texts.missing')
        take_over(user, name, password, bool(keep_texts), at)
        roles.change_role(user, role, at)
    return User.get_by_id(user.id)


def set_up_owner(link: Token, name: str, email: str, password: str, typed: str, at: datetime,
                 keep_texts: bool | None) -> User:
    """Use up the set-up link and return the owner, whose address counts as confirmed.

    A confirmed account with this address becomes the owner's only if `typed` is its password; `password` is the same,
    hashed, for a new account. Raises Rejected or InvalidLink.
    """
    known = users.find_by_email(email)
    if known and known.is_verified and not credentials.is_correct_password(known, typed):
        raise Rejected('password.of_account')
    if known and not known.is_active:
        raise Rejected(SUSPENDED, field='email')
    with db.atomic():
        links.mark_used(link, at)
        if known and known.is_verified:
            credentials.check_password_unchanged(known)
            roles.make_owner(known, at)
            User.update(name=name).where(User.id == known.id).execute()
            return User.get_by_id(known.id)
        return add_confirmed(name, email, password, 'owner', at, keep_texts)
