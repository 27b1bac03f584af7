"""Draw cards. It runs in a child process without a database (see sandbox), because titles may be hostile."""

from base64 import b64encode
from io import BytesIO

from PIL import Image, ImageColor, ImageDraw

from . import colours
from .card_text import SIZE
from .lettering import Words, balance, font_of, has_broken, keep_drawable, shorten, wrap

PAPER, INK, SOFT, RULE = colours.PAPER, '#1f1c18', '#4f4a42', '#dcd6cb'  # as in the style sheet
WIDTH, HEIGHT = SIZE
MARGIN, BAR, FRAME = 96, 24, 36  # pixels, as all below
ABOVE, BELOW = 108, HEIGHT - 84  # the baselines of the site's name and of the byline
HEAD, FOOT = 164, 172  # the room of both, with the space to the title
MEASURE = WIDTH - 2 * MARGIN
LARGE, MOST_LARGE_LINES = 60, 4  # titles of more lines are smaller than this
SIZES = 104, 96, 88, 80, 72, 66, 60, 54, 50, 46, 42, 38
SMALL = 34
LEADING = 1.2
SHADES = 20  # between the paper and an ink


def draw(title: str, byline: str, site: str, hue: int) -> str:
    """Return a PNG, in base64. Where the font lacks the letters of the title, the name of the site is the title; where
    it lacks those too, the card is plain."""
    main, above, below = keep_drawable(title), keep_drawable(site), keep_drawable(byline)
    if not main.text:
        main, above = above, Words('')
    accent = colours.hexadecimal(colours.ACCENT, hue)
    image = _draw_words(main, above, below, accent) if main.text else _draw_plain(accent)
    buffer = BytesIO()
    image.quantize(palette=_palette(accent), dither=Image.Dither.NONE).save(buffer, 'PNG')
    return b64encode(buffer.getvalue()).decode()


def _draw_words(main: Words, above: Words, below: Words, accent: str) -> Image.Image:
    image = Image.new('RGB', SIZE, PAPER)
    canvas, is_rtl = ImageDraw.Draw(image), main.direction == 'rtl'
    canvas.rectangle((WIDTH - BAR, 0, WIDTH, HEIGHT) if is_rtl else (0, 0, BAR - 1, HEIGHT), accent)
    _write(canvas, Words(shorten(above, font_of(SMALL), MEASURE), above.direction), ABOVE, SMALL, accent, is_rtl)
    if below.text:
        canvas.line((MARGIN, BELOW - 64, WIDTH - MARGIN, BELOW - 64), RULE, 2)
        _write(canvas, Words(shorten(below, font_of(SMALL), MEASURE), below.direction), BELOW, SMALL, SOFT, is_rtl)
    top, bottom = HEAD if above.text else MARGIN, HEIGHT - (FOOT if below.text else MARGIN)
    size, lines = fit(main, bottom - top)
    height = size * LEADING
    baseline = (top + bottom - height * len(lines)) / 2 + size * 0.95
    for number, line in enumerate(lines):
        _write(canvas, Words(line, main.direction), baseline + number * height, size, INK, is_rtl)
    return image


def _draw_plain(accent: str) -> Image.Image:
    image = Image.new('RGB', SIZE, accent)
    ImageDraw.Draw(image).rectangle((FRAME, FRAME, WIDTH - FRAME - 1, HEIGHT - FRAME - 1), outline=PAPER, width=3)
    return image


def _write(canvas: ImageDraw.ImageDraw, words: Words, baseline: float, size: int, colour: str, is_rtl: bool) -> None:
    if words.text:
        canvas.text((WIDTH - MARGIN if is_rtl else MARGIN, baseline), words.text, colour, font_of(size),
                    anchor='rs' if is_rtl else 'ls', direction=words.direction)


def fit(words: Words, height: int) -> tuple[int, list[str]]:
    """Return the largest size in which a title fits into this height, and its lines. In the smallest one, words are
    broken and the end is left out where needed."""
    for size in SIZES:
        font, room = font_of(size), int(height // (size * LEADING))
        lines = wrap(words, font, MEASURE)
        most = min(room, MOST_LARGE_LINES) if size >= LARGE else room
        if len(lines) <= most and not has_broken(words, lines):
            return size, balance(words, font, lines, MEASURE)
    if len(lines) > room:
        lines = [*lines[:room - 1], shorten(Words(' '.join(lines[room - 1:]), words.direction), font, MEASURE)]
    return size, lines


def _palette(accent: str) -> Image.Image:
    """Return the colours of a card: from the paper to each ink, for the edges of letters. Finding out which colours an
    image has would take ten times as long as drawing it."""
    paper = ImageColor.getrgb(PAPER)
    steps = [(ImageColor.getrgb(ink), step / SHADES) for ink in (INK, SOFT, accent) for step in range(SHADES + 1)]
    colours = [round(a + (b - a) * part) for ink, part in steps for a, b in zip(paper, ink, strict=True)]
    palette = Image.new('P', (1, 1))
    palette.putpalette([*colours, *ImageColor.getrgb(RULE)])
    return palette
