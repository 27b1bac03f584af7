"""A sheet to draw on: flat shapes with grain at one side, as a printer with few inks makes them."""

from functools import cache
from math import cos, radians, sin
from random import Random

from PIL import Image, ImageChops, ImageDraw

INK, DEEP, TEAL, SKY, MIST = '#10303a', '#0f5363', '#2f8f9b', '#a5d2d2', '#d9e9e4'
PAPER, SAND, OCHRE, CORAL, ROSE, SAGE = '#f6eedd', '#e9d7b8', '#eab04f', '#e4674a', '#f2b9a1', '#7aa583'
BRICK, LEAF = '#b9523d', '#3f7d5f'

SCALE = 2  # drawn larger, then made smaller, so that edges are smooth
SHADE, GRAIN, CELL = 0.7, 0.14, 5
Point = tuple[float, float]
Grain = tuple[str, float, float]  # colour, the direction in degrees in which it grows (90 is down), and how much, to 1


class Sheet:
    """A picture while it is drawn. Lengths are pixels of the finished picture; angles are degrees, clockwise."""

    def __init__(self, ground: str | None = PAPER, width: int = 1440, height: int = 960, seed: int = 1):
        self.width, self.height, self.chance = width, height, Random(seed)
        self._size = (width * SCALE, height * SCALE)
        self.image = Image.new('RGBA', self._size, ground or (0, 0, 0, 0))

    def paint(self, mask: Image.Image, at: tuple[int, int], colour: str, grain: Grain | None = None) -> None:
        """Lay a colour on what is white in the mask, whose corner is `at`; then shade it, and put grain over that."""
        self.image.paste(colour, at, mask)
        if grain:
            second, direction, amount = grain
            ramp = _ramp(mask.size, direction)
            shade = ramp.point(lambda value: round(SHADE * amount * value))
            self.image.paste(second, at, ImageChops.multiply(shade, mask))
            few = ramp.point(lambda value: round(GRAIN * amount * value))
            dots = ImageChops.subtract(few, _noise(at, mask.size)).point(lambda value: 255 if value else 0)
            self.image.paste(second, at, ImageChops.multiply(dots, mask))

    def shape(self, points: list[Point], colour: str, grain: Grain | None = None) -> None:
        mask, draw, at = self._mask(points)
        draw.polygon([(x * SCALE - at[0], y * SCALE - at[1]) for x, y in points], fill=255)
        self.paint(mask, at, colour, grain)

    def circle(self, x: float, y: float, radius: float, colour: str, grain: Grain | None = None) -> None:
        self.oval(x, y, radius, radius, colour, grain)

    def oval(self, x: float, y: float, across: float, down: float, colour: str, grain: Grain | None = None,
             turn: float = 0) -> None:
        """Draw an ellipse about a point; `across` and `down` are half of its width and height."""
        self.shape([_turned(x, y, across * cos(radians(a)), down * sin(radians(a)), turn)
                    for a in range(0, 360, 3)], colour, grain)

    def ring(self, x: float, y: float, radius: float, stroke: float, colour: str, squash: float = 1) -> None:
        self.line(curve(x, y, radius, radius * squash, 0, 360), stroke, colour)

    def box(self, x: float, y: float, width: float, height: float, colour: str, grain: Grain | None = None,
            round_by: float = 0, turn: float = 0) -> None:
        """Draw a rectangle from its upper left corner, turned about its centre."""
        corners = [(dx * (width / 2 - round_by), dy * (height / 2 - round_by), start) for dx, dy, start in (
            (1, 1, 0), (-1, 1, 90), (-1, -1, 180), (1, -1, 270))]
        self.shape([_turned(x + width / 2, y + height / 2, cx + round_by * cos(radians(start + a)),
                            cy + round_by * sin(radians(start + a)), turn)
                    for cx, cy, start in corners for a in range(0, 91, 10 if round_by else 90)], colour, grain)

    def line(self, points: list[Point], stroke: float, colour: str) -> None:
        """Draw a line with round ends and corners."""
        mask, draw, at = self._mask(points, stroke)
        scaled = [(x * SCALE - at[0], y * SCALE - at[1]) for x, y in points]
        draw.line(scaled, fill=255, width=round(stroke * SCALE), joint='curve')
        for x, y in (scaled[0], scaled[-1]):
            half = stroke * SCALE / 2
            draw.ellipse([x - half, y - half, x + half, y + half], fill=255)
        self.paint(mask, at, colour)

    def arc(self, x: float, y: float, radius: float, first: float, last: float, stroke: float, colour: str) -> None:
        self.line(curve(x, y, radius, radius, first, last), stroke, colour)

    def leaf(self, x: float, y: float, length: float, width: float, angle: float, colour: str,
             grain: Grain | None = None) -> None:
        """Draw a leaf that begins at a point and grows at an angle."""
        edge = [(t / 20, sin(radians(180 * (t / 20) ** 0.8)) * width / 2) for t in range(21)]
        side = [*edge, *((t, -w) for t, w in reversed(edge))]
        self.shape([_turned(x, y, t * length, w, angle) for t, w in side], colour, grain)

    def finish(self, flecks: int = 260) -> Image.Image:
        """Return the picture in its size, with a few flecks that the ink has missed."""
        for _ in range(flecks):
            x, y = self.chance.uniform(0, self.width), self.chance.uniform(0, self.height)
            self.circle(x, y, self.chance.uniform(0.7, 1.7), PAPER)
        return self.image.resize((self.width, self.height), Image.Resampling.LANCZOS)

    def _mask(self, points: list[Point], margin: float = 0) -> tuple[Image.Image, ImageDraw.ImageDraw, tuple[int, int]]:
        """Return an empty mask that has room for these points, and where its corner is."""
        left, right = min(x for x, _ in points) - margin, max(x for x, _ in points) + margin
        top, bottom = min(y for _, y in points) - margin, max(y for _, y in points) + margin
        at = (round(max(0, left) * SCALE), round(max(0, top) * SCALE))
        mask = Image.new('L', (max(1, round(min(right, self.width) * SCALE) - at[0] + 1),
                               max(1, round(min(bottom, self.height) * SCALE) - at[1] + 1)))
        return mask, ImageDraw.Draw(mask), at


def curve(x: float, y: float, across: float, down: float, first: float, last: float) -> list[Point]:
    """Return points of an ellipse from one angle to another."""
    steps = max(2, round(abs(last - first) / 3))
    angles = [radians(first + (last - first) * step / steps) for step in range(steps + 1)]
    return [(x + across * cos(a), y + down * sin(a)) for a in angles]


def around(x: float, y: float, radius: float, angle: float) -> Point:
    """Return the point at this distance and angle."""
    return x + radius * cos(radians(angle)), y + radius * sin(radians(angle))


def _turned(x: float, y: float, dx: float, dy: float, angle: float) -> Point:
    c, s = cos(radians(angle)), sin(radians(angle))
    return x + dx * c - dy * s, y + dx * s + dy * c


def _ramp(size: tuple[int, int], direction: float) -> Image.Image:
    """Return a grey ramp that fills the size: black at its beginning, white at its end."""
    width, height = size
    c, s = cos(radians(direction)), sin(radians(direction))
    reach = abs(width * c) + abs(height * s)
    offset = 127 - 254 * (width / 2 * c + height / 2 * s) / reach
    ramp = Image.linear_gradient('L').transform(
        size, Image.Transform.AFFINE, (0, 0, 128, 254 * c / reach, 254 * s / reach, offset), Image.Resampling.BILINEAR)
    return ramp.point(lambda value: round(255 * (value / 255) ** 1.6))


def _noise(at: tuple[int, int], size: tuple[int, int]) -> Image.Image:
    left, top = at[0] % 400, at[1] % 400
    return _much_noise().crop((left, top, left + size[0], top + size[1]))


@cache
def _much_noise() -> Image.Image:
    width, height = 2000 * SCALE + 400, 1000 * SCALE + 400
    small = (width // CELL, height // CELL)
    return Image.frombytes('L', small, Random(7).randbytes(small[0] * small[1])).resize(
        (width, height), Image.Resampling.BICUBIC)
