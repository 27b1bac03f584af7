"""The sentences for the codes of notices."""

from ..translations.messages import Translatable

SENTENCES: dict[str, Translatable] = {}
