"""The sentences for the codes of `pages` and `wsgi`: what is wrong with a request."""

from ..translations.messages import N_, N_plural, Translatable

SENTENCES: dict[str, Translatable] = {
    # Requests that are refused before a page reads them
    'request.bad_path': N_(
        'This web address is not valid. If you followed a link, tell the author of the page with the link.'),
    'request.foreign_origin': N_('This form was not sent from a page of this site, so nothing was changed. Open the '
                                 'page here and send it again. (Programs that send forms must send the header '
                                 '“Origin: %(origin)s”.)'),
    'request.bad_length': N_('Your browser sent a request that this site cannot read. Please try again.'),
    'request.incomplete': N_('The connection was lost before everything had arrived. Nothing was saved. Go back and '
                             'send the form again.'),
    'request.broken': N_('Only a part of your form arrived, and nothing was saved. Go back and send it again.'),
    'request.too_slow': N_('Your form took too long to arrive, and nothing was saved. Go back and send it again.'),
    'request.too_much_at_once': N_('Your network is sending too much at once. Wait a minute, then try again.'),
    'request.too_large_for_strangers': N_(
        'If you are not logged in, you can send up to %(kilobytes)s KB. Nothing was saved. Log in first, or go back '
        'and make it shorter.'),
    'request.too_large': N_(
        'You can send up to %(megabytes)s MB at once. Nothing was saved. Go back and make it shorter.'),
    'request.files_too_large': N_(
        'You can upload up to %(megabytes)s MB at once. Nothing was saved. Go back and choose fewer files.'),
    'request.disk_full': N_('The disk of this site is full. Nothing was saved. Please tell an owner of the site.'),
    'request.no_storage': N_('This site cannot store files right now. Nothing was saved. Please try again in a few '
                             'minutes.'),

    # The look of the site
    'look.not_in_list': N_('Choose one of these.'),
    'footer.too_long': N_plural('Keep the footer within %(count)s character.',
                                'Keep the footer within %(count)s characters.'),
    'css.too_long': N_plural('Keep your CSS within %(count)s character.', 'Keep your CSS within %(count)s characters.'),
}
