"""The sentences for the codes of `pages` and `wsgi`: what is wrong with a request."""

from ..translations.messages import N_, N_plural, Translatable

SENTENCES: dict[str, Translatable] = {
    # The look of the site
    'look.not_in_list': N_('Choose one of these.'),
    'footer.too_long': N_plural('Keep the footer within %(count)s character.',
                                'Keep the footer within %(count)s characters.'),
    'css.too_long': N_plural('Keep your CSS within %(count)s character.', 'Keep your CSS within %(count)s characters.'),
}
