"""The studio's menus: how much waits behind their links, and the portrait of the member."""

from ..content import reviews
from ..jobs import overview
from ..mail import listing
from ..media import placing
from ..media.placing import Picture
from ..models import User
from ..permissions import Permission

MOST = 10  # so many are counted: the menu says "9+"


class StudioMenu:
    """What the menus of this member show. Only the page that shows a number asks for it."""

    def __init__(self, user: User):
        self.user = user

    def count_failed(self) -> dict[str, int]:
        """Return how many emails and jobs failed, by the paths of the pages that list them; for owners."""
        if not self.user.may(Permission.MANAGE_SITE):
            return {}
        return {'/admin/mail': listing.count_failed(MOST), '/admin/jobs': overview.count_dead(MOST)}

    def count_texts(self) -> dict[str, int]:
        """Return how many texts of the member are not saved, and how many posts wait for their review."""
        return reviews.count_texts(self.user, MOST)

    def find_faces(self) -> dict[int, Picture]:
        """Return the portrait of the member, if there is one."""
        return placing.find('avatar', [self.user.id])
