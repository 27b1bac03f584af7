"""The sentences for the codes of `exchange`."""

from ..translations.messages import N_, Translatable

SENTENCES: dict[str, Translatable] = {
    # Why an export failed
    'export.disk_full': N_('The disk of this site is full.'),
    'export.broken': N_('Something went wrong on this site.'),
    'export.stopped': N_('It was stopped.'),
    'export.lost': N_('It was never finished.'),
    'export.suspended': N_('The account is suspended.'),

    'export.progress': N_('%(percent)s %%'),
}
