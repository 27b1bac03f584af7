"""Log in somebody whom a link has proven."""

from ..codes import Rejected
from ..models import User
from . import identity
from .actions import Answer
from .authentication import log_out
from .responses import redirect
from .urls import DASHBOARD


def log_in_by_link(user: User, notice: str) -> Answer:
    """Log in a user who has proven who they are, in place of anybody who was logged in here; after the second step if
    there is one. The dashboard shows this notice."""
    log_out()
    try:
        onward = identity.log_in_or_begin_step(user, DASHBOARD, by_link=True)
    except Rejected:  # the password was changed again at this moment
        return redirect('/login')
    return redirect(onward, notice if onward == DASHBOARD else None)
