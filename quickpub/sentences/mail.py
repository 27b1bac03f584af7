"""The sentences for the codes of `mail`: subjects, and why an email was not delivered."""

from ..translations.messages import Translatable

SENTENCES: dict[str, Translatable] = {}
