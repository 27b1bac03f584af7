"""The sentences for the codes of the audit log."""

from ..translations.messages import Translatable

SENTENCES: dict[str, Translatable] = {}
