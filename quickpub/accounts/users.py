"""Accounts: passwords, the links in mails, coming and leaving. Nothing here sends or enqueues anything itself."""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from peewee import fn

from .. import batches, clocks, dates, email_addresses, text, throttle
from ..db import among, db, now, rows
from ..email_addresses import Unreachable
from ..mail import budgets, ledger, transport
from ..mail.budgets import Cause, Occasion
from ..models import (
    Export,
    KnownHost,
    LoginStep,
    Message,
    OldHandle,
    Post,
    PostFile,
    Report,
    Session,
    Site,
    Token,
    Unsaved,
    Upload,
    User,
)
from ..settings import current
from ..signing import nonce_in, sign, unsign
from ..text import Rejected
from . import devices, known_devices, passwords, second_factors
from .passwords import hash_password as hash_password

VERIFY_LASTS, RESET_LASTS, INVITE_LASTS = timedelta(hours=48), timedelta(hours=2), timedelta(days=7)
SETUP_LASTS = timedelta(days=365)
UNCONFIRMED_KEPT = timedelta(days=30)
TOLD_A_DAY = 3  # mails of one kind about changes of who gets in; more would say nothing new
MAIL_AGAIN_AFTER = timedelta(minutes=10)  # nobody's mailbox can be flooded by asking for the same mail
NAME_LENGTH, TITLE_LENGTH = 60, 100
RESERVED_HANDLES = frozenset({'admin', 'owner', 'root', 'support', 'feed', 'settings'})

USED = 'This link was used already. It works once.'
ENDED = {  # why a link is dead that nobody used
    'verify': 'This link is not needed any more. The address is confirmed already, or the account has another one.',
    'reset': 'This link has ended. The password or the email address of the account was changed after it was sent.',
    'address': 'This link has ended. A newer one was sent, or the account was changed after it was sent.',
    'setup': 'This link has ended. The site has an owner already.'}
SUSPENDED = 'This account is suspended. Please ask an owner of this site.'
UNUSED = (Token.used_at.is_null(), Token.ended_at.is_null())  # the conditions for a link that may still work


class LinkDead(Exception):
    """The link in a mail does not work (any more). The message says why; `purpose` what it was for."""

    def __init__(self, purpose: str, sentence: str):
        super().__init__(sentence)
        self.purpose = purpose


class LastOwner(Exception):
    """Nothing was changed, because the site would have been left without an owner."""


# Passwords

def check_password(user: User | None, password: str) -> bool:
    """Whether this is the user's password; as slow for somebody who does not exist."""
    return passwords.matches(user.password if user else None, password)


def renew_hash(user: User, password: str) -> User:
    """Replace a hash that matches but was made in an older way, unless the password was changed meanwhile; the user."""
    if not passwords.is_outdated(user.password or '', password):
        return user
    User.update(password=hash_password(password)).where(User.id == user.id, User.password == user.password).execute()
    return User.get_by_id(user.id)


def check_unchanged(user: User, field: str = 'password') -> None:
    """Raise Rejected where the password of `user` was changed since this row was read, or the account is suspended or
    gone. In the transaction of what only the password allows: it was checked before, because that takes long."""
    if not User.select().where(User.id == user.id, User.password == user.password, User.active()).exists():
        raise Rejected(**{field: 'The password was changed a moment ago. Nothing was done. Please try again.'})


# What people type

INVISIBLE = ' \t\r\n\xa0\u3000\u200b\u200c\u200d\u2060\ufeff'  # what copying an address brings along at its ends


def clean_email(typed: str) -> str:
    """Return one email address that email can reach, normalised. Raises Rejected."""
    email = _normal_email(typed)
    if not email.isascii() and not transport.takes_international():
        raise Rejected(email='The email server of this site cannot send to an address with such letters before the @. '
                             'Use one with the letters a to z.')
    return email


def known_email(typed: str) -> str:
    """Return the address that somebody logs in with, in the form in which it would be stored. One that could not be
    given today may have an account of earlier times."""
    try:
        return _normal_email(typed)
    except Rejected:
        return typed.strip(INVISIBLE)


def _normal_email(typed: str) -> str:
    typed = typed.strip(INVISIBLE)
    try:
        if typed != text.line(typed, 1000):
            raise ValueError
        return email_addresses.parse(typed)
    except Unreachable as problem:
        raise Rejected(email=str(problem)) from None
    except ValueError:
        raise Rejected(email='This is not an email address. An email address looks like name@example.org.') from None


def clean_name(typed: str) -> str:
    """What readers see as an author. Raises Rejected."""
    name = text.whole_line(typed, NAME_LENGTH)
    if name is None:
        raise Rejected(name=f'Please keep your name within {NAME_LENGTH} characters.')
    if not name:
        raise Rejected(name='Please give the name that readers will see.')
    return name


def clean_title(typed: str, field: str = 'title') -> str:
    """The site's name."""
    title = text.whole_line(typed, TITLE_LENGTH)
    if not title:
        raise Rejected(**{field: f'Please give the site a name of at most {TITLE_LENGTH} characters.'})
    return title


def clean_password(typed: str, field: str = 'password', about: Iterable[str] = ()) -> str:
    """A new password, which must not be easy to guess from words `about` its owner and the site. Raises Rejected."""
    return passwords.clean(typed, field, about)


def about(*words: str | None) -> list[str]:
    """What a password must not be made of: these words about its owner, and the site's name."""
    return [*filter(None, words), Site.this().title]


def all_of(*checks: tuple) -> list:
    """Run (check, argument, …) each, and reject with the sentences of all that fail, not only of the first."""
    errors: dict[str, str] = {}
    values = []
    for check, *args in checks:
        try:
            values.append(check(*args))
        except Rejected as error:
            errors |= error.errors
    if errors:
        raise Rejected(**errors)
    return values


# Signing up

def create(name: str, email: str | None, password: str | None, at: datetime, role: str = 'author',
           is_verified: bool = False) -> User:
    """A new account, with the site's defaults. `password` is hashed already. Raises IntegrityError where the address
    has one."""
    if role == 'owner':
        end_setup_links(at)
    return User.create(name=name, handle=free_handle(text.slug(name, 'author')[:40]), email=email, password=password,
                       role=role, created_at=at, verified_at=at if is_verified else None, **defaults(at))


def defaults(at: datetime) -> dict[str, Any]:
    """The settings that a new account begins with."""
    return {'timezone': current().timezone, 'report': current().report, 'report_day': User.report_day.default,
            'report_time': f'{current().report_time:%H:%M}', 'reported_until': at}


def free_handle(wanted: str) -> str:
    """This handle, or where it is taken, the next one with a number."""
    stem = wanted[:36].rstrip('-')  # at most 40 with the number, as a form takes it
    taken, kept = (model.select(model.handle).where((model.handle == wanted) | (model.handle % f'{stem}-[0-9]*'))
                   for model in (User, OldHandle))
    return text.free(wanted, stem, {handle for (handle,) in rows(taken.union_all(kept))} | RESERVED_HANDLES)


def sign_up(name: str, email: str, password: str, at: datetime, invited: Token | None = None,
            cause: Cause | None = None) -> list[int]:
    """Sign somebody up, in the caller's transaction; the ids of the mails to send. `password` is hashed already.

    Whether the address is known already makes no difference that can be seen, not even in the time that it takes: its
    owner gets a mail in any case, at most every ten minutes. An account that is not confirmed is not changed: whose it
    is shows when somebody confirms the address (proofs.py). Where a budget of emails is used up, nothing is written.
    """
    occasion = budgets.SIGN_UP_INVITED if invited else budgets.SIGN_UP
    if not budgets.admit(occasion, cause, at):
        return []

    def make_account() -> list[int]:
        created = create(name, email if user is None else None, password, at)
        if invited:
            use(invited, at)
        return _verify_mail(created, email, at)
    user = by_email(email)
    recipient = user.email or '' if user else email
    is_mailed = _mailed_lately('verify', user, at), _mailed_lately('exists', user, at)
    made = _only_if(user is None, make_account, occasion, email, cause, at)
    made += _only_if(user is not None and user.is_active and not user.is_verified and not is_mailed[0],
                     lambda: _verify_mail(user, recipient, at), occasion, recipient, cause, at)
    return made + _only_if(user is not None and user.is_verified and not is_mailed[1],
                           lambda: _exists_mail(user, recipient, at), occasion, recipient, cause, at)


def by_email(email: str) -> User | None:
    return User.get_or_none(User.email == email, User.deleted_at.is_null())


def verification_mail(user: User, at: datetime) -> list[int]:
    """Compose the mail that asks to confirm the address, in the caller's transaction; its id, or [] where it is not
    needed or one was just sent."""
    return _verify_again(user, user.email or '', None, at)


def verification_mail_to(email: str, at: datetime, cause: Cause | None = None) -> list[int]:
    """Compose the same for whoever asks for it by their address. An address that needs none makes as much work."""
    if not budgets.admit(budgets.CONFIRM_AGAIN, cause, at):
        return []
    return _verify_again(by_email(email), email, cause, at)


def _verify_again(user: User | None, email: str, cause: Cause | None, at: datetime) -> list[int]:
    recipient, is_mailed = user.email or '' if user else email, _mailed_lately('verify', user, at)
    is_wanted = user is not None and user.is_active and not (user.is_verified or is_mailed) and bool(user.email)
    return _only_if(is_wanted, lambda: _verify_mail(user, recipient, at), budgets.CONFIRM_AGAIN, recipient, cause,
                    at)


def _verify_mail(user: User | None, recipient: str, at: datetime) -> list[int]:
    return _link_mail('verify', user, recipient, VERIFY_LASTS, at, subject='Please confirm your address')


def _exists_mail(user: User | None, recipient: str, at: datetime) -> list[int]:
    url = current().url
    return _compose('exists', recipient, key=f'exists:{user and user.id}:{at}', user=user,
                    subject='You already have an account',
                    payload={'login_url': f'{url}/login', 'forgot_url': f'{url}/forgot'})


def _mailed_lately(kind: str, user: User | None, at: datetime) -> bool:
    return Message.select().where(Message.user == (user.id if user else 0), Message.kind == kind,
                                  clocks.is_lately(Message.created_at, MAIL_AGAIN_AFTER, at)).exists()


def _only_if(is_wanted: bool, write: Callable[[], list[int]], occasion: Occasion, recipient: str,
             cause: Cause | None, at: datetime) -> list[int]:
    """Let `write` compose an email where it is wanted and its budgets have room; its ids. Where it is not wanted, the
    same work is done and undone: otherwise the time would tell a stranger whether somebody has an account."""
    refused = None
    with db.atomic() as attempt:
        try:
            budgets.take(occasion, recipient, cause, at)
            made = write()
        except throttle.Throttled as error:
            refused = error.budget
        if refused or not is_wanted:
            attempt.rollback()
            made = []
    if refused and is_wanted:
        throttle.note_refusal(refused, at)
    return made


def _link_mail(kind: str, user: User | None, recipient: str, lasts: timedelta, at: datetime, subject: str) -> list[int]:
    return _link_to(issue(kind, lasts, at, user=user, email=recipient), user, recipient, lasts, subject)


def _link_to(token: Token, user: User | None, recipient: str, lasts: timedelta, subject: str) -> list[int]:
    return _compose(token.purpose, recipient, key=f'{token.purpose}:{token.id}', user=user, token=token,
                    subject=subject, payload={'hours': int(lasts.total_seconds()) // 3600, 'days': lasts.days})


def _compose(kind: str, recipient: str, subject: str, **fields: Any) -> list[int]:
    """The id of a mail that somebody waits for; [] where its cause has made one already."""
    found = ledger.compose(kind, recipient, urgent=True, subject=f'{subject} - {Site.this().title}', **fields)
    return [found] if found else []


# Links in mails

def issue(purpose: str, lasts: timedelta, at: datetime, user: User | None = None, email: str | None = None,
          made_by: User | None = None) -> Token:
    return Token.create(purpose=purpose, user=user, email=email, created_at=at, expires_at=at + lasts, made_by=made_by)


def token(purpose: str, typed: str, at: datetime) -> Token:
    """The row behind a link, still good. Raises LinkDead with a sentence that says why not."""
    number = unsign(purpose, typed)
    if number is None:
        raise LinkDead(purpose, 'This link is not complete. Mail programs sometimes break a long link in two: '
                                'copy all of it from the mail into the address bar.')
    found = Token.get_or_none(Token.id == number, Token.purpose == purpose, Token.nonce == nonce_in(typed))
    if found is None:
        raise LinkDead(purpose, 'This link is too old, or what it was for is gone.')
    if found.used_at:
        raise LinkDead(purpose, USED)
    if found.user is not None and not found.user.is_active:
        raise LinkDead(purpose, SUSPENDED)
    if found.ended_at:
        raise LinkDead(purpose, ENDED.get(purpose, 'This link has ended.'))
    if found.expires_at <= at:
        raise LinkDead(purpose, 'This link has expired.')
    return found


def use(found: Token, at: datetime) -> None:
    """Use the link up, in the caller's transaction. Raises LinkDead for the slower one of two."""
    if not Token.update(used_at=at).where(Token.id == found.id, *UNUSED).execute():
        raise LinkDead(found.purpose, USED)


def end_links(user: User, at: datetime, *purposes: str) -> None:
    """Let no link for these purposes work any more; emails that carry one are not sent (mail.py)."""
    Token.update(ended_at=at).where(Token.user == user, Token.purpose.in_(purposes), *UNUSED).execute()


# Settings

def change_profile(user: User, changes: dict[str, Any], at: datetime) -> None:
    """Change name, handle, bio, timezone, report. Raises IntegrityError where the handle is taken.

    Who takes reports again gets the first one over what is to come, not over the time without.
    """
    with db.atomic():
        if user.report == 'never' and changes.get('report', 'never') != 'never':
            changes = changes | {'reported_until': at}
            Post.update(reported_views=Post.views).where(Post.author == user).execute()
            KnownHost.update(is_told=True).where(KnownHost.author == user).execute()
        User.update(**changes).where(User.id == user.id).execute()


# Passwords forgotten and changed, addresses changed

def reset_mail(email: str, at: datetime, cause: Cause | None = None) -> list[int]:
    """Compose the mail for somebody who forgot the password, to the address as it is stored; [] where nobody has the
    address, or one was just sent. That makes as much work."""
    if not budgets.admit(budgets.FORGOT, cause, at):
        return []
    user = by_email(email)
    recipient, is_mailed = user.email or '' if user else email, _mailed_lately('reset', user, at)
    return _only_if(
        user is not None and user.is_active and not is_mailed,
        lambda: _link_mail('reset', user, recipient, RESET_LASTS, at, subject='Choose a new password'),
        budgets.FORGOT, recipient, cause, at)


def set_password(user: User, password: str, keep: Session | None = None) -> None:
    """A new (hashed) password: other sessions end, and links that get whoever asked for them in another way die: to set
    another password, to change the address. In the caller's transaction."""
    User.update(password=password).where(User.id == user.id).execute()
    end_sessions(user, keep.digest if keep else '')
    LoginStep.delete().where(LoginStep.user == user).execute()
    end_links(user, now(), 'reset', 'address')


def end_sessions(user: User, keep: str = '') -> int:
    """Log a user out on all devices, and forget these, but for the session whose digest is `keep` and its device. In
    the caller's transaction. Returns how many sessions that were."""
    kept = Session.get_or_none(Session.user == user, Session.digest == keep)
    ended = Session.delete().where(Session.user == user, Session.digest != keep).execute()
    known_devices.forget(user, kept.device_id if kept else None)
    return ended


def reset_password(found: Token, password: str, at: datetime) -> User:
    """Use up the `reset` link of a confirmed account for a new (hashed) password. Raises LinkDead."""
    with db.atomic():
        use(found, at)
        user = User.get_by_id(found.user_id)
        set_password(user, password)
    return User.get_by_id(user.id)


def address_mail(user: User, email: str, at: datetime, cause: Cause | None = None) -> list[int]:
    """Compose the mail to the new address, whose link makes the change; for a taken one all looks the same, but the
    mail is another and its link is sent to nobody. Where the budgets of others than the member are used up, all looks
    the same too. Raises Throttled where the member's own is."""
    if Token.select().where(Token.user == user, Token.purpose == 'address',
                            clocks.is_lately(Token.created_at, MAIL_AGAIN_AFTER, at)).exists():
        raise Rejected(email='We sent a mail for a change of address a moment ago. Please wait ten minutes.')
    occasion = budgets.CHANGE_ADDRESS if user.is_verified else budgets.CHANGE_UNCONFIRMED_ADDRESS
    is_admitted = budgets.admit(occasion, cause, at)
    end_links(user, at, 'address')
    taken = by_email(email)
    if taken and not taken.is_verified:  # nobody knows yet whose it is
        taken = None
    is_mailed = _mailed_lately('exists', taken, at)
    link = issue('address', VERIFY_LASTS, at, user=user, email=email)
    if not is_admitted:
        return []
    recipient = taken.email or '' if taken else email
    made = _only_if(taken is None, lambda: _link_to(link, user, recipient, VERIFY_LASTS,
                                                    subject='Please confirm your new address'),
                    occasion, recipient, cause, at)
    return made + _only_if(taken is not None and not is_mailed, lambda: _exists_mail(taken, recipient, at), occasion,
                           recipient, cause, at)


def address_told_mail(user: User, old: str, at: datetime, agent: str = '') -> list[int]:
    """Compose the mail that tells the old address about the change, and in which browser it was made."""
    local, _, domain = (user.email or '').partition('@')
    return _compose('address_told', old, key=f'address_told:{user.id}:{at}', user=user,
                    subject='Your address was changed',
                    payload={'new_hint': f'{local[:1]}…@{domain}', **_when_and_where(user, at, agent)})


# A change of who gets in is told to the member, as soon as it is made

def password_told_mail(user: User, at: datetime, agent: str = '') -> list[int]:
    """Compose the mail that tells a member about their new password, and in which browser it was set."""
    return _told('password_told', user, at, agent, 'Your password was changed')


def login_told_mail(user: User, at: datetime, agent: str = '') -> list[int]:
    """Compose the mail that tells a member about a log-in from a new device."""
    return _told('login_told', user, at, agent, 'A new device logged in to your account')


def _told(kind: str, user: User, at: datetime, agent: str, subject: str) -> list[int]:
    """Compose such a mail, at most a few a day; none to an unconfirmed address, which may be somebody else's."""
    lately = Message.select().where(Message.user == user, Message.kind == kind,
                                    clocks.is_lately(Message.created_at, timedelta(days=1), at))
    if not user.is_verified or not user.email or lately.count() >= TOLD_A_DAY:
        return []
    url = current().url
    return _compose(kind, user.email, key=f'{kind}:{user.id}:{at}', user=user, subject=subject,
                    payload={**_when_and_where(user, at, agent), 'forgot_url': f'{url}/forgot',
                             'settings_url': f'{url}/settings'})


def _when_and_where(user: User, at: datetime, agent: str) -> dict[str, str]:
    return {'when': f'{dates.clock(at, user.timezone)} ({dates.zone_name(user.timezone)})',
            'device': devices.describe(agent)}


def pending_address(user: User, at: datetime) -> str | None:
    found = Token.get_or_none(Token.user == user, Token.purpose == 'address', *UNUSED, Token.expires_at > at)
    return found.email if found else None


def invite_mail(email: str, at: datetime, cause: Cause | None = None) -> list[int]:
    """Compose an invitation. Raises Throttled where a budget is used up: whoever invites may know."""
    budgets.admit(budgets.INVITE, cause, at)
    budgets.take(budgets.INVITE, email, cause, at)
    return _link_mail('invite', None, email, INVITE_LASTS, at, subject='You are invited to write')


def hand_over_link(user: User, owner: User, at: datetime) -> tuple[str, list[int]]:
    """Make a link to a new password that this owner hands over, for a member whose email does not arrive, in the
    caller's transaction: its URL and the emails to send. The member is told, and the link is kept on record."""
    found = issue('reset', RESET_LASTS, at, user=user, email=user.email, made_by=owner)
    told = _compose('link_made', user.email or '', key=f'link_made:{found.id}', user=user,
                    subject='A link to your account was made', payload={'owner': owner.name})
    return f'{current().url}/reset/{found.text}', told


def handed_over(user_ids: list[int]) -> list[Token]:
    """Return the links that owners have made for these members, the newest first, each with its owner."""
    return list(Token.select(Token, User).join(User, on=Token.made_by).where(
        Token.user.in_(user_ids)).order_by(Token.id.desc()))


# Setting up, and leaving

def setup_link(at: datetime) -> str | None:
    """The address of the page that makes the owner's account, as long as nobody is owner; the same until it is used."""
    with db.atomic():
        if _owners().exists():
            return None
        found = Token.get_or_none(Token.purpose == 'setup', *UNUSED, Token.expires_at > at)
        found = found or issue('setup', SETUP_LASTS, at)
    return f'{current().url}/setup/{found.text}'


def end_setup_links(at: datetime) -> None:
    """End the links that would make an owner, in the transaction in which somebody becomes one."""
    Token.update(ended_at=at).where(Token.purpose == 'setup', *UNUSED).execute()


def is_sole_owner(user: User) -> bool:
    return user.is_owner and not _owners().where(User.id != user.id).exists()


def _owners() -> Any:
    return User.select().where(User.role == 'owner', User.active())


def delete(user: User, keep_posts: bool, at: datetime, keep_drafts: bool = True) -> None:
    """Delete an account for good. Where `keep_posts`, published and scheduled posts stay under its name, and drafts
    where `keep_drafts`: owners see them among all posts. The site's pages go to another owner; everything else goes.
    Raises LastOwner; then nothing is changed."""
    with db.atomic():
        user = User.get_by_id(user.id)  # by now somebody may have become an owner, or have left
        if is_sole_owner(user):
            raise LastOwner
        _delete_mail(user)
        for theirs in (Unsaved, Export, OldHandle, Report):
            theirs.delete().where(theirs.user == user).execute()
        if heir := _owners().where(User.id != user.id).first():
            _hand_over_pages(user, heir)
        kept = Post.select(Post.id).where(Post.author == user, Post.deleted_at.is_null(), keep_posts,
                                          Post.published_at.is_null(False) | keep_drafts)
        Post.delete().where(Post.author == user, Post.id.not_in(kept)).execute()
        if not Post.select().where(Post.author == user).exists():
            user.delete_instance()
            return
        Post.update(shared_at=None).where(Post.author == user).execute()  # nobody could take the links back
        second_factors.remove_all(user)
        end_sessions(user)
        Token.delete().where(Token.user == user).execute()
        Upload.delete().where(Upload.user == user, Upload.file.not_in(_files_in(kept))).execute()
        nobody = dict(email=None, password=None, bio='', report='never', mail_trouble=None, deleted_at=at,
                      logged_in_at=None)
        User.update(**nobody).where(User.id == user.id).execute()


def _delete_mail(user: User) -> None:
    """Delete emails to this user, whoever caused them, and links for their address: today's, and those they had."""
    mine = Token.user == user
    proven = Token.select(Token.email).where(mine, Token.used_at.is_null(False), Token.email.is_null(False))
    told = Message.select(Message.recipient).where(Message.user == user, Message.kind == 'address_told')
    made = [f'link_made:{number}' for (number,) in rows(Token.select(Token.id).where(Token.made_by == user))]
    for email in {user.email, *(email for query in (proven, told) for (email,) in rows(query))}:
        Message.delete().where(Message.recipient.collate('NOCASE') == email).execute()
        Token.delete().where(Token.email.collate('NOCASE') == email, Token.email.is_null(False)).execute()
    Message.delete().where(Message.user == user).execute()
    # Others were told by name that an owner made a link for them. That is still to be told where it was not yet.
    links = Message.key.in_(among(made))
    Message.delete().where(links, Message.state.in_(['sent', 'failed'])).execute()
    Message.update(payload={'owner': 'An owner'}).where(links).execute()


def _hand_over_pages(user: User, heir: User) -> None:
    """Give the site's pages of this user to another owner, and the files that they show."""
    pages = Post.select(Post.id).where(Post.author == user, Post.is_page)
    heirs_own = Upload.select(Upload.file).where(Upload.user == heir)
    Upload.update(user=heir).where(Upload.user == user, Upload.file.in_(_files_in(pages)),
                                   Upload.file.not_in(heirs_own)).execute()
    Post.update(author=heir).where(Post.author == user, Post.is_page).execute()


def _files_in(posts: Any) -> Any:
    """The digests of all files that these posts mention."""
    return PostFile.select(PostFile.digest).where(PostFile.post.in_(posts))


def unsubscribe_url(user_id: int) -> str:
    return f'{current().url}/unsubscribe/{sign("unsubscribe", user_id)}'


def unsubscriber(typed: str) -> User:
    """Who an unsubscribe link belongs to. It stays valid. Raises LinkDead."""
    number = unsign('unsubscribe', typed)
    user = User.get_or_none(User.id == number, User.deleted_at.is_null()) if number else None
    if user is None:
        raise LinkDead('unsubscribe', 'This link is not complete. Copy all of it from the mail into the address bar.')
    return user


def make_owner(user: User, at: datetime) -> None:
    """Let somebody keep the site, not only write."""
    with db.atomic():
        if User.update(role='owner').where(User.id == user.id, User.verified_at.is_null(False),
                                           User.active()).execute():
            end_setup_links(at)


def clean_up(at: datetime) -> None:
    """Forget what has expired, and accounts that nobody ever confirmed or wrote anything with."""
    old = User.select(User.id).where(User.verified_at.is_null(), User.created_at <= at - UNCONFIRMED_KEPT,
                                     ~fn.EXISTS(Post.select(Post.id).where(Post.author == User.id)))
    batches.handle('removal of account', [user_id for (user_id,) in rows(old)],
                 lambda ids: User.delete().where(User.id.in_(among(ids))).execute(), at)
    Token.delete().where(Token.expires_at <= at - timedelta(days=30)).execute()
