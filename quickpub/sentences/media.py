"""The sentences for the codes of `media`, and of heavy work that has to wait or takes too much (`gates`)."""

from ..translations.messages import N_, N_plural, Translatable

SENTENCES: dict[str, Translatable] = {
    # Uploads
    'file.not_confirmed': N_('To upload files, first confirm your email address.'),
    'file.too_large': N_('“%(name)s” is larger than %(limit)s MB. Make the file smaller, then upload it again.'),
    'file.empty': N_('“%(name)s” is empty. Choose another file.'),
    'file.unknown_type': N_('“%(name)s” is not in a format that you can upload. Images can be JPEG, PNG, WebP, GIF or '
                            'AVIF; audio MP3, M4A, OGG or WAV; video MP4 or WebM; documents PDF.'),
    'file.over_quota': N_('You do not have enough space: %(free)s MB of your %(quota)s MB are free. Delete media that '
                          'you no longer need, then try again.'),
    'file.in_use': N_('“%(name)s” cannot be deleted, because a post or an earlier version of a post uses it.'),

    # Images that cannot be processed
    'image.damaged': N_('This image cannot be read. The file is damaged, or part of it is missing.'),
    'image.unreadable': N_('This image cannot be read. The file is damaged, or it is not an image.'),
    'image.too_many_pixels': N_('This image is %(width)s × %(height)s pixels. Images can have up to %(millions)s '
                                'million pixels, and up to %(side)s on each side. Make it smaller, then upload it '
                                'again.'),
    'image.too_many_frames': N_plural('This animation is too long: it has %(count)s frame. Make it shorter or smaller, '
                                      'or upload it as a video.',
                                      'This animation is too long: it has %(count)s frames. Make it shorter or '
                                      'smaller, or upload it as a video.'),
    'image.too_much_memory': N_('Processing this image takes too much memory. Make it smaller, then upload it again.'),
    'image.too_much_space': N_('Processing this image takes too much disk space. Make it smaller, then upload it '
                               'again.'),
    'image.too_slow': N_('Processing this image takes too long. Make it smaller, then upload it again.'),
    'image.waits': N_('The image cannot be processed yet, because the disk or the memory of the server is full. The '
                      'site tries again every minute.'),
    'image.interrupted': N_('The image could not be processed: each attempt was interrupted. The server may have too '
                            'little memory. Try again later.'),
    'image.broken': N_('Something went wrong while this image was processed. The error was logged, and it is not your '
                       'fault. Try again later.'),
    'image.stopped': N_('Processing was stopped before the image was ready.'),
    'image.crashed': N_('The image could not be processed: each attempt ended with a crash. The file may be damaged.'),

    # Heavy work
    'busy.texts': N_('The site is processing many long texts. Nothing was changed. Please try again in a minute.'),
    'busy.pages': N_('The site is preparing many long pages. Please try again in a minute.'),
    'busy.search': N_('Search is busy. Please try again in a moment.'),
    'too_much.time': N_('This takes too long. Nothing was changed. Try again with a shorter text.'),
    'too_much.memory': N_('This takes too much memory. Nothing was changed. Try again with a shorter text.'),
    'too_much.query': N_('This search takes too long. Try fewer or longer words.'),
    'too_much.comparison': N_('These texts are too long to be compared. Nothing was changed.'),
    'too_much.page': N_('This text makes too long a page. Nothing was changed. Try again with a shorter text.'),

    # Images with a place of their own
    'image.not_an_image': N_('Choose an image, such as a JPEG or a PNG file.'),
    'file.is_placed': N_('“%(name)s” is a logo, a portrait or a cover. Choose another image there first.'),
}
