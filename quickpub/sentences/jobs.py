"""The sentences for the codes of jobs: their titles, and why they ended."""

from ..translations.messages import Translatable

SENTENCES: dict[str, Translatable] = {}
