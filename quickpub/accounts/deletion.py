"""Delete an account, with or without its posts."""

from datetime import datetime

from ..codes import Rejected
from ..db import among, db, rows
from ..models import Autosave, Export, HiddenPost, Message, OldHandle, Post, Report, Token, Upload, User
from . import audit, handing_over, second_factors, site_pages
from .credentials import end_sessions
from .roles import LastOwner, active_owners, is_sole_owner


def remove_member(user: User, keep_posts: bool, at: datetime, actor: User | str, client: str = '',
                  keep_drafts: bool = True, heir: User | None = None) -> None:
    """Delete the account of another member, as `delete_account` does, and write it into the audit log. `actor` and
    `client` are as in `audit.record`."""
    with db.atomic():
        audit.record('member_removed', at, actor, user, client)
        delete_account(user, keep_posts, at, keep_drafts, heir)
        if heir:
            audit.record('posts_given', at, actor, heir, client)


def delete_account(user: User, keep_posts: bool, at: datetime, keep_drafts: bool = True, heir: User | None = None
                   ) -> None:
    """Delete an account permanently. Everything that it wrote goes to the `heir`, if there is one. Otherwise published
    and scheduled posts stay under its name if `keep_posts`, and drafts too if `keep_drafts`: owners see them among all
    posts. A co-written post that would be deleted goes to its next author instead. The site's pages go to another
    owner. Raises LastOwner, or Rejected if the heir cannot publish."""
    with db.atomic():
        user = User.get_by_id(user.id)  # as it is now, inside the transaction
        if is_sole_owner(user):
            raise LastOwner('role.last_owner', name=user.name)
        if heir and not User.select().where(User.id == heir.id, User.active(),
                                            User.verified_at.is_null(False)).exists():
            raise Rejected('heir.unfit', name=heir.name)
        _delete_emails(user)
        audit.forget_reasons([user.id])
        owner = heir if heir and heir.is_owner else active_owners().where(User.id != user.id).first()
        if owner:
            site_pages.hand_over(user, owner)
        if heir:
            handing_over.give_all(user, heir)
        for table in (Autosave, Export, OldHandle, Report):
            table.delete().where(table.user == user).execute()
        handing_over.leave_posts(user)
        hidden = HiddenPost.select(HiddenPost.post)  # kept as drafts
        kept = Post.select(Post.id).where(Post.author == user, Post.deleted_at.is_null(), keep_posts,
                                          Post.published_at.is_null(False) | Post.id.in_(hidden) | keep_drafts)
        handing_over.pass_on_posts((Post.author == user) & Post.id.not_in(kept))
        Post.delete().where(Post.author == user, Post.id.not_in(kept)).execute()
        if not Post.select().where(Post.author == user).exists():
            user.delete_instance()
            return
        Post.update(shared_at=None).where(Post.author == user).execute()  # nobody could end these links any more
        second_factors.remove_all(user)
        end_sessions(user)
        Token.delete().where(Token.user == user).execute()
        Upload.delete().where(Upload.user == user, Upload.file.not_in(handing_over.files_in(kept))).execute()
        nobody = dict(email=None, password=None, bio='', report='never', mail_trouble=None, deleted_at=at,
                      logged_in_at=None)
        User.update(**nobody).where(User.id == user.id).execute()


def _delete_emails(user: User) -> None:
    """Delete emails to all addresses that this user has or had, whoever caused them, and links for these addresses."""
    proven = Token.select(Token.email).where(
        Token.user == user, Token.used_at.is_null(False), Token.email.is_null(False))
    old = Message.select(Message.recipient).where(Message.user == user, Message.kind == 'address_told')
    made = [f'link_made:{number}' for (number,) in rows(Token.select(Token.id).where(Token.made_by == user))]
    for email in {user.email, *(email for query in (proven, old) for (email,) in rows(query))}:
        Message.delete().where(Message.recipient.collate('NOCASE') == email).execute()
        Token.delete().where(Token.email.collate('NOCASE') == email, Token.email.is_null(False)).execute()
    Message.delete().where(Message.user == user).execute()
    # Other members still have to get the email about a link that this owner made for them, without the owner's name.
    links = Message.key.in_(among(made))
    Message.delete().where(links, Message.state.in_(['sent', 'failed'])).execute()
    Message.update(payload={'owner': ''}).where(links).execute()
    _forget_inviter(user)


def _forget_inviter(user: User) -> None:
    """Remove from this owner's invitations, which still work, the name and what the owner wrote in them."""
    made = Token.select(Token.id).where(Token.made_by == user, Token.purpose == 'invite')
    Message.delete().where(Message.token.in_(made), Message.state.in_(['sent', 'failed'])).execute()
    for message in Message.select().where(Message.token.in_(made)):
        Message.update(payload=message.payload | {'owner': '', 'note': ''}).where(Message.id == message.id).execute()
    Token.update(note='', made_by=None).where(Token.made_by == user, Token.purpose == 'invite').execute()
