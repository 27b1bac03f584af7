"""Draw the pictures of the demo site anew: `make demo-pictures` writes quickpub/demo/pictures/."""

import sys
from collections.abc import Callable
from pathlib import Path

from PIL import Image

sys.path.insert(0, str(Path(__file__).parent))

from drawn.covers import COVERS  # noqa: E402
from drawn.others import OTHERS  # noqa: E402

FOLDER = Path(__file__).parents[1] / 'quickpub/demo/pictures'

WIDEST = 1200  # pixels: all pictures together are less than 400 KB


def find_pictures() -> dict[str, Callable]:
    """Return the function that draws each picture, by the name of its file."""
    return {f'cover-{number}.avif': draw for number, draw in COVERS.items()} | OTHERS


def main(wanted: list[str]) -> None:
    FOLDER.mkdir(exist_ok=True)
    for name, draw in find_pictures().items():
        if not wanted or any(each in name for each in wanted):
            _write(draw().finish(0 if name.startswith('logo') else 90), FOLDER / name)


def _write(picture: Image.Image, path: Path) -> None:
    if path.suffix == '.avif':
        picture.thumbnail((WIDEST, WIDEST), Image.Resampling.LANCZOS)
        picture.convert('RGB').save(path, quality=26 if path.name.startswith('cover') else 36, speed=4)
    else:
        picture.save(path, lossless=True, method=6)


if __name__ == '__main__':
    main(sys.argv[1:])
