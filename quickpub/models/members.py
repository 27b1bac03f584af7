"""Members: accounts, what proves who they are, and their sessions."""

from functools import partial
from secrets import token_urlsafe
from typing import Any

from peewee import BlobField, BooleanField, CharField, ForeignKeyField, IntegerField, TextField

from ..db import BaseModel, now
from ..jobs.fields import DateTimeField
from ..markup import folding
from ..permissions import is_allowed
from ..signing import sign
from .base import Searched, new_feed_id


class User(Searched):
    """A member: an account. Its permissions depend on its role."""
    name = CharField()  # what readers see; may repeat
    handle = CharField(unique=True)  # in /@handle
    email = CharField(unique=True, null=True, collation='NOCASE')  # None once the account is deleted
    password = CharField(null=True)  # argon2; None: cannot log in
    role = CharField(default='author')  # one of permissions.ROLES
    bio = TextField(default='')
    timezone = CharField()
    language = CharField(null=True)  # of the studio and of emails to them; None: the site's
    report = CharField()  # one of settings.FREQUENCIES
    report_day = IntegerField(default=6)  # on which a week closes, Monday is 0
    report_time = CharField(default='00:00')  # at which a period closes, in their time zone
    reported_until = DateTimeField()  # the end of the last period with a report
    created_at = DateTimeField(default=now)
    verified_at = DateTimeField(null=True)
    deleted_at = DateTimeField(null=True)
    suspended_at = DateTimeField(null=True)  # cannot log in since then
    hides_posts = BooleanField(default=False)  # while suspended: readers see none of their posts
    mail_trouble = TextField(null=True)  # the mail server's answer when it refused the email address for good
    pinned_id = IntegerField(null=True)  # the post that is first on the author's page
    feed_id = CharField(unique=True, default=new_feed_id)  # of the feed of their posts
    asks_passkey = BooleanField(default=False)  # after the password, for a passkey too
    links = TextField(default='')  # web addresses, one a line
    fediverse = CharField(default='')  # their handle there, such as @anna@example.social
    name_folded = TextField(default='')
    logged_in_at = DateTimeField(null=True)  # the last time; None: never

    FOLDED = {'name': folding.index}

    @property
    def is_owner(self) -> bool:
        return self.role == 'owner'

    def may(self, permission: str) -> bool:
        """Return whether this member has a permission. Which posts it concerns is up to the queries of Post."""
        return is_allowed(self.role, self.is_verified, permission)

    @property
    def is_verified(self) -> bool:
        return self.verified_at is not None

    @property
    def is_active(self) -> bool:
        """Return whether this account may do anything. `active` is the same as a condition for queries."""
        return self.deleted_at is None and self.suspended_at is None

    @classmethod
    def active(cls) -> Any:
        """Return the condition that an account may do anything: it is neither deleted nor suspended."""
        return cls.deleted_at.is_null() & cls.suspended_at.is_null()

    @property
    def path(self) -> str:
        return f'/@{self.handle}'


class OldHandle(BaseModel):
    """A handle that a member once had: it redirects, and nobody else gets it. Triggers keep the last ten of each."""
    handle = CharField(unique=True)
    user = ForeignKeyField(User, on_delete='CASCADE')


class Device(BaseModel):
    """A browser that has logged in to this account before."""
    digest = CharField(primary_key=True)  # sha256 of the random token that only the browser has
    user = ForeignKeyField(User, on_delete='CASCADE')
    created_at = DateTimeField(default=now)
    used_at = DateTimeField(default=now)  # the last log-in


class Session(BaseModel):
    """A log-in of a browser, until it expires or ends."""
    digest = CharField(primary_key=True)  # sha256 of the random token that only the browser has
    user = ForeignKeyField(User, backref='sessions', on_delete='CASCADE')
    agent = CharField(default='')  # the User-Agent header
    created_at = DateTimeField(default=now)  # the log-in
    seen_at = DateTimeField(default=now)
    expires_at = DateTimeField()
    device = ForeignKeyField(Device, null=True, on_delete='SET NULL')
    device_id: str | None
    cookie = CharField(default='quickpub')  # the name of the cookie with the token
    is_stale = BooleanField(default=False)  # set by a trigger: the next request exchanges the token
    confirmed_at = DateTimeField(null=True)  # when its member last proved again who they are


class Token(BaseModel):
    """Permission to do one thing once: the row behind a link in an email."""
    purpose = CharField()  # setup, invite, verify, reset, address
    nonce = CharField(default=partial(token_urlsafe, 12))  # '' in links of 0.1.0 and before
    user = ForeignKeyField(User, null=True, backref='tokens', on_delete='CASCADE')
    user_id: int | None
    email = CharField(null=True)  # that it was sent to, or is about
    created_at = DateTimeField(default=now)
    expires_at = DateTimeField()
    used_at = DateTimeField(null=True)
    ended_at = DateTimeField(null=True)  # invalid since then although unused: replaced, or no longer needed
    made_by = ForeignKeyField(User, null=True, on_delete='SET NULL')  # the owner who passed it on, or who invites
    made_by_id: int | None
    note = TextField(default='')  # what that owner writes to the invited person
    role = CharField(null=True)  # that an invitation gives; None: the one that the site gives to new members

    @property
    def text(self) -> str:
        """The id and the nonce, signed. No later token is equal, even if ids begin again in a restored database."""
        return sign(self.purpose, self.id, self.nonce)


class BlockedDomain(BaseModel):
    """An email domain that nobody can sign up with, nor with its subdomains."""
    domain = CharField(primary_key=True)  # in ASCII
    blocked_at = DateTimeField(default=now)


class Passkey(BaseModel):
    """A key pair whose private half is on a member's device."""
    user = ForeignKeyField(User, on_delete='CASCADE')
    user_id: int
    credential_id = BlobField(unique=True)
    credential = BlobField()  # as the browser sent it, with the public key
    counter = IntegerField(default=0)  # of signatures; stays 0 for passkeys that are on several devices
    name = CharField()
    created_at = DateTimeField(default=now)
    used_at = DateTimeField(null=True)


class Authenticator(BaseModel):
    """The app that shows a member a new code every 30 seconds."""
    user = ForeignKeyField(User, primary_key=True, on_delete='CASCADE')
    secret = TextField()  # encrypted
    last_step = IntegerField(default=0)  # the 30 seconds whose code was used last
    created_at = DateTimeField(default=now)
    confirmed_at = DateTimeField(null=True)  # None: is not used yet


class RecoveryCode(BaseModel):
    """A code that replaces the app or the passkey once. A used one is deleted."""
    digest = CharField(primary_key=True)
    user = ForeignKeyField(User, on_delete='CASCADE')


class UsedChallenge(BaseModel):
    """A challenge that a passkey has answered, so that nobody can answer it again."""
    digest = CharField(primary_key=True)
    expires_at = DateTimeField()


class LoginStep(BaseModel):
    """A log-in whose password was right and whose second factor is still missing. It is no session."""
    digest = CharField(primary_key=True)  # sha256 of the random token that only the browser has
    user = ForeignKeyField(User, on_delete='CASCADE')
    onward = CharField()  # the path of the page after it
    failures = IntegerField(default=0)
    token = ForeignKeyField(Token, null=True, on_delete='CASCADE')  # the link to a new password that waits for it
    token_id: int | None
    password = CharField(null=True)  # that new password, hashed
    created_at = DateTimeField(default=now)
