"""What other sites and programs learn from the head of a page, to show a link to it: its image and its subject."""

from dataclasses import dataclass

from markupsafe import Markup

from ..look import card_text, sharing
from ..media.placing import Picture
from ..models import Post, Site, Tag, User
from . import linked_data
from .urls import absolute

WIDTH = 1440  # pixels, of a picture
PORTRAIT = 480


@dataclass(frozen=True)
class Image:
    """The image beside a link."""
    url: str
    width: int
    height: int
    alt: str


@dataclass(frozen=True)
class Shared:
    """What the head of a page says to other programs."""
    image: Image | None
    data: Markup  # JSON-LD
    creator: str = ''  # the author's handle in the fediverse
    is_embeddable: bool = False


def share_post(post: Post, site: Site, tags: list[Tag], cover: Picture | None, portrait: Picture | None) -> Shared:
    image = find_image('post', post.id, post.title, cover)
    data = linked_data.describe_post(post, site, tags, image.url if image else None, _url_of(portrait))
    creator = next((author.fediverse for author in post.authors if author.fediverse), '')
    return Shared(image, data, creator, is_embeddable=not post.is_page)


def share_site(site: Site, front: Picture | None) -> Shared:
    image = find_image('site', sharing.SITE, site.title, front)
    return Shared(image, linked_data.describe_site(site, image.url if image else None))


def share_author(author: User, site: Site, banner: Picture | None, portrait: Picture | None) -> Shared:
    return Shared(find_image('author', author.id, author.name, banner),
                  linked_data.describe_author(author, site, _url_of(portrait)), author.fediverse)


def share_tag(tag: Tag, site: Site) -> Shared:
    return Shared(find_image('tag', tag.id, tag.name, None), linked_data.describe_tag(tag, site))


def find_image(kind: str, owner_id: int, title: str, picture: Picture | None, widest: int = WIDTH) -> Image | None:
    """Return the image of a page: its own picture or, without one, its card, once that is drawn."""
    if picture:
        width = picture.nearest(widest)
        return Image(absolute(picture.path(widest)), width, round(picture.height * width / picture.width),
                     picture.alt or title)
    path = sharing.find_path(kind, owner_id)
    return Image(absolute(path), *card_text.SIZE, title) if path else None


def _url_of(portrait: Picture | None) -> str | None:
    return absolute(portrait.path(PORTRAIT)) if portrait else None
