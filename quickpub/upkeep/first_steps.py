"""The first steps of a new member: each is done as soon as the site has what it asks for."""

from datetime import datetime, timedelta

from peewee import fn

from ..models import PlacedImage, Post, Site, Token, User
from ..permissions import Permission
from ..settings import current

SHOWN = timedelta(days=30)  # from the day that an account was made
OF_OWNERS = ('name', 'look', 'portrait', 'post', 'invitation', 'mail')
OF_AUTHORS = ('portrait', 'post')


def find_first_steps(user: User, at: datetime) -> dict[str, bool]:
    """Return which first steps a new member has done, in their order; nothing if all are done, or after SHOWN."""
    if at - user.created_at > SHOWN:
        return {}
    steps = OF_OWNERS if user.may(Permission.MANAGE_SITE) else OF_AUTHORS
    done = _find_done(user)
    found = {step: done[step] for step in steps}
    return {} if all(found.values()) else found


def _find_done(user: User) -> dict[str, bool]:
    site, default = Site.this(), Site()
    portrait, logo, post, invitation, member = User.select(*(fn.EXISTS(query) for query in (
        PlacedImage.select(PlacedImage.place).where(PlacedImage.place == 'avatar', PlacedImage.owner_id == user.id),
        PlacedImage.select(PlacedImage.place).where(PlacedImage.place == 'logo'),
        Post.select(Post.id).where(Post.author == user, Post.deleted_at.is_null(), ~Post.is_page),
        Token.select(Token.id).where(Token.purpose == 'invite'),
        User.select(User.id).where(User.id != user.id)))).where(User.id == user.id).scalar(as_tuple=True)
    has_look = any(getattr(site, name) != getattr(default, name) for name in ('hue', 'fonts', 'layout', 'css'))
    return {'name': site.title != default.title, 'look': bool(logo) or has_look, 'portrait': bool(portrait),
            'post': bool(post), 'invitation': bool(invitation or member), 'mail': bool(current().smtp)}
