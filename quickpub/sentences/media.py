"""The sentences for the codes of `media`."""

from ..translations.messages import N_, Translatable

SENTENCES: dict[str, Translatable] = {
    # Images with a place of their own
    'image.not_an_image': N_('Choose an image, such as a JPEG or a PNG file.'),
    'file.is_placed': N_('“%(name)s” is a logo, a portrait or a cover. Choose another image there first.'),
}
