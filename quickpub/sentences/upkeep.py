"""The sentences for the codes of `upkeep` and `gates`."""

from ..translations.messages import Translatable

SENTENCES: dict[str, Translatable] = {}
