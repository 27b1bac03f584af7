"""The sentences for the codes of `accounts` and of the budgets for emails."""

from ..translations.messages import Translatable

SENTENCES: dict[str, Translatable] = {}
