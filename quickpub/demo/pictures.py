"""The pictures of the demo: tests/make_demo_pictures.py draws them. They are stored as uploads of the authors."""

import re
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from typing import Any

from ..content import rerendering
from ..db import db
from ..media import drawing, placing, uploads, variants
from ..models import Post, Upload, User

FOLDER = Path(__file__).parent / 'pictures'
AT_ONCE = 2  # images that are prepared at the same time
FIGURE = re.compile(r'(!\[[^\]]*\]\()([a-z]+\.avif)')


def add_portraits(authors: Mapping[str, User], at: datetime) -> None:
    """Give each author a portrait."""
    for key, author in authors.items():
        placing.place('avatar', author.id, _store(f'portrait-{key}.avif', author, at), at, alt=author.name)


def add_those_of_the_site(owner: User, at: datetime) -> None:
    """Give the site its logo, the one for dark screens, and the image of its front page."""
    for where, name, alt in (('logo', 'logo.webp', 'The Long Table'), ('logo_dark', 'logo-dark.webp', 'The Long Table'),
                             ('front', 'front.avif', 'Five people sit side by side behind a long table.')):
        placing.place(where, placing.SITE, _store(name, owner, at), at, alt=alt)


def add_cover(post: Post, author: User, number: str, alt: str, at: datetime) -> None:
    """Give a post the cover of this number."""
    placing.place('cover', post.id, _store(f'cover-{number}.avif', author, at), at, alt=alt)


def add_figures(body: str, author: User, at: datetime) -> str:
    """Return the text with the links of the figures that it names, which are stored."""
    def link(found: re.Match) -> str:
        stored = _store(found[2], author, at)
        return f'{found[1]}/media/{stored.file_id}/{stored.name}'
    return FIGURE.sub(link, body)


def prepare(show: Callable[[], None]) -> None:
    """Make the variants of all images that wait, so that the site is complete at once. `show` is called after each."""
    def prepare_one(digest: str) -> None:
        with db.connection_context():
            variants.prepare(digest, rerendering.render_posts_with_file, _draw)

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for _ in pool.map(prepare_one, variants.without_job()):
            show()


def _draw(original: Path, made_in: Path, tell: Callable[[int], None]) -> dict[str, Any]:
    """Draw the variants in this process, because the pictures are ours, and without WebP, which takes a quarter of the
    time and is for the few browsers that cannot show AVIF."""
    return {'made': drawing.draw_variants(original, made_in, lambda percent: None, newer=('avif',))}


def _store(name: str, author: User, at: datetime) -> Upload:
    """Store a picture as if its author had uploaded it, and return the upload."""
    uploaded = uploads.open_upload(name)
    try:
        uploaded.write((FOLDER / name).read_bytes())
        return uploads.store(author, uploaded, at)
    finally:
        uploaded.close()
