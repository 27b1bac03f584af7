"""The front page, and what every list of posts for readers has in common."""

from typing import Any

from ..content import featured, pins
from ..db import now
from ..look import layouts
from ..media import placing
from ..models import Post, Site, User
from .pagination import paginate
from .responses import render_public
from .sharing import share_site


def render_front_page(site: Site) -> str:
    """Return the newest posts of the site, in its layout, colour and fonts."""
    at = now()
    found, older, is_first = paginate(Post.listed(at), '/', within=Post.published(at))
    pinned, found = split_off_pinned(site, found, is_first)
    chosen = [each for each in featured.find_featured(at) if each != pinned] if is_first else []
    found = [each for each in found if each not in chosen]
    images = placing.find_each(_list_owners([*found, *chosen, pinned]) | placing.SITE_PLACES)
    places = placing.of_site(images)
    return render_public('home.html', site=site, places=places, posts=found, older=older, is_first=is_first,
                         pinned=pinned, shared=share_site(site, places.get('front')) if is_first else None,
                         featured=chosen, layout=layouts.find_layout(site.layout),
                         covers=images['cover'], faces=images['avatar'])


def images_of(posts: list[Post | None], author: User | None = None) -> dict[str, Any]:
    """Return the covers of these posts and the portraits of their authors, and of one author, for a list. Load the
    co-authors of the posts, too."""
    found = placing.find_each(_list_owners(posts, author))
    return {'covers': found['cover'], 'faces': found['avatar']}


def _list_owners(posts: list[Post | None], author: User | None = None) -> dict[str, list[int]]:
    """Return the ids of these posts and of their authors, by the place of their images; load the co-authors."""
    listed = [each for each in posts if each]
    Post.load_co_authors(listed)
    authors = {writer.id for each in listed for writer in each.authors} | ({author.id} if author else set())
    return {'cover': [each.id for each in listed], 'avatar': list(authors)}


def split_off_pinned(on: User | Site, found: list[Post], is_first: bool) -> tuple[Post | None, list[Post]]:
    """Return the pinned post, if this is the first page of the list, and the other posts."""
    pinned = pins.find_pinned(on, now()) if is_first else None
    return pinned, [each for each in found if each != pinned]
