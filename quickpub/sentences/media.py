"""The sentences for the codes of `media`."""

from ..translations.messages import Translatable

SENTENCES: dict[str, Translatable] = {}
