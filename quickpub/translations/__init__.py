"""Every sentence in the reader's language: the catalogs, the language in use, and messages to translate later."""
