"""Quickpub: a publishing site for small groups of authors, on one small box."""

__version__ = '0.1.0'
