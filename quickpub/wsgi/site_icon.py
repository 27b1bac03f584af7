"""The icon of the site, for pages and for the files that they link to."""

from collections.abc import Mapping

from ..look import icons
from ..media import files, placing
from ..models import Site

LOGO_WIDTH = 480  # pixels of the variant that is drawn
MOST_OBLONG = 2  # a longer logo is unreadable as an icon


def find_icon(site: Site, places: Mapping[str, placing.Picture]) -> icons.Icon:
    """Return the icon: the logo among the images of the site, if it is there and not too long, or else its initial."""
    logo = places.get('logo')
    path = ''
    if logo and max(logo.width, logo.height) <= MOST_OBLONG * min(logo.width, logo.height):
        _, _, digest, name = logo.path(LOGO_WIDTH).split('/')
        found = files.find(digest, name)
        path = str(found[0]) if found else ''
    return icons.Icon(icons.find_initial(site.title), site.hue, path)
