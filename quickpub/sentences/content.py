"""The sentences for the codes of `content`."""

from ..translations.messages import N_, N_plural, Translatable

SENTENCES: dict[str, Translatable] = {
    'body.too_complex': N_('This text takes too long to display because it has too many links, brackets, tables or '
                           'formulas. Simplify it, or split it into two posts. Nothing is saved yet, but your text is '
                           'still here.'),
    # Tags
    'tags.too_long': N_plural('Keep each tag within %(count)s character, with commas between tags.',
                              'Keep each tag within %(count)s characters, with commas between tags.'),
    'tags.too_many': N_plural('A post can have %(count)s tag. Remove some.',
                              'A post can have %(count)s tags. Remove some.'),
    'tags.empty': N_('Type a tag first, such as gardening.'),
    'tags.too_many_in_list': N_plural('Nothing was changed: “%(title)s” would have more than %(count)s tag.',
                                      'Nothing was changed: “%(title)s” would have more than %(count)s tags.'),
}
