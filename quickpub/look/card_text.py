"""The words and the colour of a card: the image that other sites show beside a link to a page that has none."""

import json
from dataclasses import astuple, dataclass
from hashlib import sha256
from pathlib import Path

FONT = Path(__file__).parent / 'card.ttf'  # `make card-font` makes it
SIZE = 1200, 630  # pixels, as Open Graph readers crop it
DESIGN = 1  # of all cards; a new number draws them anew


@dataclass(frozen=True)
class CardText:
    """All that a card shows."""
    title: str
    byline: str  # the author or the tagline; may be empty
    site: str  # the name of the site; empty where it is the title
    hue: int  # the accent colour of the site, in degrees

    @property
    def digest(self) -> str:
        """The name of the card's file: another one whenever it would look different."""
        return sha256(json.dumps([DESIGN, *astuple(self)]).encode()).hexdigest()[:32]
