"""Draw the variants of one image: `<width>.<ending>` in several widths and formats, and `<width>-moving.webp` of an
animation.

Everything is drawn anew: no EXIF, no location, no byte of the original is passed on.
"""

import os
import sys
from collections.abc import Callable
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageCms, ImageFile, ImageSequence

from ..codes import Problem
from . import repair

FORMATS = ('JPEG', 'PNG', 'WEBP', 'GIF', 'AVIF')
HEIF = 'HEIF'  # of phones; only with the extra `heic`
# The column is 690 pixels wide, a figure up to 1030; screens have up to twice as many. The smallest is for portraits.
WIDTHS = (160, 480, 800, 1440, 2000)
MOVING_WIDTH = 800
MAX_PIXELS = 50_000_000
MAX_SIDE = 16_000  # WebP has 14 bits for it, and what is scaled down keeps its shape
MAX_FRAMES = 600
MAX_MOVING_PIXELS = 60_000_000  # of all frames as they are shown: they are in memory together
DARK = 110  # of 255: what is darker can hardly be seen on a dark page
SEEN, OPEN = 64, 0.2  # opacity of 255 from which a pixel counts; share of open ground that makes a drawing of an image

# These qualities look alike. Slower is smaller: an AVIF of 2000 x 1500 takes 0.4 s, where the next step takes 1.1 s to
# be a quarter smaller.
OPTIONS: dict[str, dict[str, Any]] = {
    'avif': {'quality': 54, 'speed': 8, 'max_threads': 1},
    'webp': {'quality': 78, 'method': 4},
    'jpg': {'quality': 80, 'progressive': True, 'optimize': True},
    'png': {},
}
NEWER = ('avif', 'webp')  # formats for browsers that know them
NAMES = {'avif': 'AVIF', 'webp': 'WEBP', 'jpg': 'JPEG', 'png': 'PNG'}  # as Pillow calls them

TURNS = {2: Image.Transpose.FLIP_LEFT_RIGHT, 3: Image.Transpose.ROTATE_180, 4: Image.Transpose.FLIP_TOP_BOTTOM,
         5: Image.Transpose.TRANSPOSE, 6: Image.Transpose.ROTATE_270, 7: Image.Transpose.TRANSVERSE,
         8: Image.Transpose.ROTATE_90}  # by EXIF's orientation; from 5 on it lies on its side


class Unusable(Problem):
    """No image can be made of this file."""


def draw_variants(source: Path, folder: Path, show: Callable[[int], None], newer: tuple[str, ...] = NEWER
                  ) -> dict[str, Any]:
    """Write all variants of the image into this folder, and return what a page needs to know: width and height as
    shown, the dominant colour ('' if any part is transparent), whether it is dark on open ground, and the widths for
    each ending: those of `newer` and one for every browser. `show` is called with the progress in percent. Raises
    Unusable."""
    image = _open(source)
    frames = _count_frames(image)
    moving = []
    if frames > 1:
        moving = _draw_animation(image, frames, folder, show)
        image = _open(source)  # at its first frame again
    is_drawing, orientation = image.format in ('PNG', 'GIF'), _find_orientation(image)
    width, height = image.size[::-1] if orientation >= 5 else image.size
    still = _draw_still(image, width, height, orientation)
    show(20)
    is_opaque = still.mode == 'RGB'
    fallback = 'png' if is_drawing or not is_opaque else 'jpg'
    endings = (*newer, fallback) if frames == 1 else (fallback,)
    widths, smallest = _write_variants(still, endings, folder, show)
    return {'width': width, 'height': height, 'colour': _find_colour(smallest) if is_opaque else '', 'moving': moving,
            'is_dark': not is_opaque and _is_dark(still), 'widths': dict.fromkeys(endings, widths)}


def _open(source: Path) -> Image.Image:
    """Return the image, not decoded yet. Raises Unusable."""
    Image.MAX_IMAGE_PIXELS = None  # ours is an error, not a warning
    ImageFile.LOAD_TRUNCATED_IMAGES = True  # browsers show a part; _is_missing checks how much there is
    content, is_whole = repair.repair(source.read_bytes())
    try:
        image = Image.open(BytesIO(content), formats=(*FORMATS, *_find_more_formats()))
        image.info['is_whole'] = is_whole
    except Image.UnidentifiedImageError:
        raise Unusable('image.unreadable') from None
    if image.width * image.height > MAX_PIXELS or max(image.size) > MAX_SIDE:
        raise Unusable('image.too_many_pixels', width=image.width, height=image.height,
                       millions=MAX_PIXELS // 1_000_000, side=MAX_SIDE)
    return image


@cache
def _find_more_formats() -> tuple[str, ...]:
    """Return the formats that Pillow can read here with the help of another library."""
    try:
        from pi_heif import register_heif_opener
    except ImportError:
        return ()
    register_heif_opener()
    return (HEIF,)


def _count_frames(image: Image.Image) -> int:
    """Return the number of frames of an animation. Other images in a JPEG, such as previews, do not count.
    Raises Unusable."""
    if image.format not in ('GIF', 'WEBP', 'PNG', 'AVIF'):
        return 1
    try:
        frames = getattr(image, 'n_frames', 1)
    except Exception:  # the file ends within a frame
        return 1
    shown = frames * image.width * image.height * min(1, MOVING_WIDTH / image.width) ** 2
    if frames > MAX_FRAMES or (frames > 1 and shown > MAX_MOVING_PIXELS):
        raise Unusable('image.too_many_frames', count=frames)
    return frames


def _draw_animation(image: Image.Image, frames: int, folder: Path, show: Callable[[int], None]) -> list[int]:
    """Write an animation as WebP in its own width, within limits, and return its widths."""
    width = min(image.width, MOVING_WIDTH)
    size = (width, max(1, round(width * image.height / image.width)))
    loop = image.info.get('loop', 1 if image.format == 'GIF' else 0)
    drawn, durations = [], []
    try:
        for number, frame in enumerate(ImageSequence.Iterator(image)):
            drawn.append(_flatten(frame, size))
            durations.append(frame.info.get('duration') or 100)
            if number % 20 == 0:
                show(15 * number // frames)
    except (OSError, SyntaxError, ValueError) as error:  # the file ends within a frame: keep those before it
        print(f'An animation is shorter than its header says: {error!r}', file=sys.stderr)
    if not drawn:
        return []
    _write(drawn[0], folder / f'{width}-moving.webp', 'webp', save_all=True, append_images=drawn[1:],
           duration=durations, loop=loop)
    return [width]


def _find_orientation(image: Image.Image) -> int:
    """Return the orientation in EXIF, or 1 if it cannot be read."""
    try:
        orientation = image.getexif().get(0x0112)
    except Exception:  # cameras and applications write metadata of every kind
        return 1
    return orientation if orientation in TURNS else 1


def _draw_still(image: Image.Image, width: int, height: int, orientation: int) -> Image.Image:
    """Return an image, turned upright, in the size of its largest variant. `width` and `height` are those of the
    upright image. Raises Unusable."""
    wanted = min(1, WIDTHS[-1] / width)
    # A JPEG can be read at half size.
    image.draft(None, (max(1, round(image.width * wanted)), max(1, round(image.height * wanted))))
    image.load()
    if not image.info['is_whole'] and _is_missing(image):
        raise Unusable('image.damaged')
    if orientation in TURNS:
        profile, image = image.info.get('icc_profile'), image.transpose(TURNS[orientation])
        image.info['icc_profile'] = profile
    return _flatten(image, (max(1, round(width * wanted)), max(1, round(height * wanted))))


def _is_missing(image: Image.Image) -> bool:
    """Return whether the last quarter is what decoders fill in for missing data: the author should know."""
    fill, most = (127, 129) if image.format == 'JPEG' else (0, 0)
    extrema = image.crop((0, image.height * 3 // 4, *image.size)).getextrema()
    return all(fill <= low and high <= most for low, high in (
        extrema if isinstance(extrema[0], tuple) else (extrema,)))


def _write_variants(image: Image.Image, endings: tuple[str, ...], folder: Path, show: Callable[[int], None]
                    ) -> tuple[list[int], Image.Image]:
    """Write an image in all widths up to its own, each drawn from the next larger one, and in all formats. Return the
    widths, the smallest first, and the image in that width."""
    widths = sorted({*(width for width in WIDTHS if width < image.width), image.width}, reverse=True)
    written = 0
    for width in widths:
        if width != image.width:
            image = image.resize((width, max(1, round(width * image.height / image.width))), Image.Resampling.LANCZOS)
        for ending in endings:
            _write(image, folder / f'{width}.{ending}', ending)
            written += 1
            show(20 + 75 * written // (len(widths) * len(endings)))
    return widths[::-1], image


def _flatten(image: Image.Image, size: tuple[int, int]) -> Image.Image:
    """Return the image in this size, in sRGB, as RGB or, if any part is transparent, RGBA."""
    profile = image.info.get('icc_profile')
    if image.mode.startswith('I;16') or image.mode in ('I', 'F'):
        image = image.point(lambda value: value / 256).convert('L')
    target = 'RGBA' if image.has_transparency_data else 'RGB'
    if image.mode not in ('RGB', 'RGBA', 'CMYK'):
        image, profile = image.convert(target), None if image.mode in ('L', 'LA', '1') else profile
    if image.size != size:
        image = image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3)
    if profile:
        image = _to_srgb(image, profile)
    image = image.convert(target)
    if target == 'RGBA' and image.getchannel('A').getextrema()[0] == 255:
        image = image.convert('RGB')
    image.info.clear()
    return image


def _to_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    """Convert an image to sRGB: without its profile, a photo with more colours would look pale."""
    try:
        theirs, ours = ImageCms.ImageCmsProfile(BytesIO(profile)), ImageCms.createProfile('sRGB')
        mode = 'RGB' if image.mode == 'CMYK' else image.mode
        return ImageCms.profileToProfile(image, theirs, ours, outputMode=mode) or image
    except Exception:  # the profile is damaged, or is for another kind of image
        return image


def _write(image: Image.Image, path: Path, ending: str, **more: Any) -> None:
    """Write a file and sync it; the caller syncs the folder."""
    with open(path, 'wb') as file:
        image.save(file, NAMES[ending], **OPTIONS[ending], **more)
        file.flush()
        os.fsync(file.fileno())


def _is_dark(image: Image.Image) -> bool:
    """Return whether an image with transparent parts is mostly dark, such as line art on open ground."""
    seen = image.getchannel('A').point(lambda value: 255 if value > SEEN else 0)
    counts = image.convert('L').histogram(seen)
    visible = sum(counts)
    return visible <= (1 - OPEN) * image.width * image.height and sum(counts[:DARK]) > visible / 2


def _find_colour(image: Image.Image) -> str:
    """Return the dominant colour."""
    few = image.resize((64, 64), Image.Resampling.BOX).quantize(6)
    counts = few.histogram()
    most = counts.index(max(counts))
    red, green, blue = (few.getpalette() or [])[3 * most:3 * most + 3]
    return f'#{red:02x}{green:02x}{blue:02x}'
