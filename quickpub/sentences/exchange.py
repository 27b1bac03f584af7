"""The sentences for the codes of `exchange`."""

from ..translations.messages import Translatable

SENTENCES: dict[str, Translatable] = {}
