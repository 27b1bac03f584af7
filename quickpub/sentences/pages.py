"""The sentences for the codes of `pages` and `wsgi`: what is wrong with a request."""

from ..translations.messages import Translatable

SENTENCES: dict[str, Translatable] = {}
