"""The sentences for the codes of `mail` and of reports: subjects, and why an email was not delivered."""

from ..translations.messages import N_, N_plural, Translatable

SENTENCES: dict[str, Translatable] = {
    # Subjects of emails
    'subject.with_site': N_('%(subject)s - %(site)s'),
    'subject.verify': N_('Confirm your email address'),
    'subject.address': N_('Confirm your new email address'),
    'subject.exists': N_('You already have an account'),
    'subject.invite': N_('You are invited to write'),
    'subject.reset': N_('Choose a new password'),
    'subject.link_made': N_('A link to choose a new password was created'),
    'subject.address_told': N_('Your email address was changed'),
    'subject.password_told': N_('Your password was changed'),
    'subject.login_told': N_('A new device logged in to your account'),
    'subject.passkey_added': N_('A passkey was added'),
    'subject.passkey_removed': N_('A passkey was removed'),
    'subject.passkey_asked': N_('You now need a passkey to log in'),
    'subject.passkey_not_asked': N_('You no longer need a passkey to log in'),
    'subject.app_added': N_('An authenticator app was added'),
    'subject.app_removed': N_('The authenticator app was removed'),
    'subject.codes_renewed': N_('You have new recovery codes'),
    'subject.code_used': N_('A recovery code was used'),
    'subject.factors_reset': N_('Your passkeys and authenticator app were removed'),
    'subject.export': N_('Your stats are ready'),
    'subject.test': N_('Test email'),
    'subject.review_asked': N_('To review: “%(title)s”'),
    'subject.review_published': N_('Published: “%(title)s”'),
    'subject.review_sent_back': N_('Sent back: “%(title)s”'),
    'subject.throttled': N_('Too many emails were requested'),
    'subject.report_no_views': N_('No views, %(period)s'),
    'subject.report': N_plural('%(count)s view, %(period)s', '%(count)s views, %(period)s'),
    'subject.report_more': N_plural('%(count)s view, %(change)s more than before, %(period)s',
                                    '%(count)s views, %(change)s more than before, %(period)s'),
    'subject.report_fewer': N_plural('%(count)s view, %(change)s fewer than before, %(period)s',
                                     '%(count)s views, %(change)s fewer than before, %(period)s'),

    # Progress of jobs
    'mail.progress': N_plural('%(count)s email', '%(count)s emails'),
    'report.progress': N_plural('%(done)s of %(count)s report', '%(done)s of %(count)s reports'),

    # In emails
    'mail.moment': N_('%(at)s (%(zone)s)'),
    'mail.missed_periods': N_('It covers more than one period, because no report could be sent in between. Every view '
                              'is counted once.'),

    # Why an email was not delivered, or where it is
    'answer.kept': N_('Saved in %(path)s'),
    'answer.link_expired': N_('Not sent, because the link in this email no longer works.'),
    'answer.not_created': N_('This email could not be created: %(error)s'),
    'answer.other_version': N_('This version of Quickpub cannot create this email, because another version wrote it: '
                               '%(error)s'),
    'answer.not_now': N_('This site cannot send this email at the moment: %(error)s'),
    'answer.restored': N_('On hold, because the site was restored from a backup and this email may have been sent '
                          'already.'),
    'answer.given_up': N_('Not delivered within two days. The last answer was: %(answer)s'),
    'answer.sender_died': N_('The process that was sending this email ended unexpectedly.'),
    'answer.silent': N_('The mail server did not answer within %(seconds)s seconds, or not completely within %(most)s '
                        'seconds.'),
    'answer.not_smtp': N_('The answer of the mail server is not SMTP: …%(words)s'),
    'answer.no_outbox': N_('The folder “outbox”, or a part of it, is missing.'),
    'answer.no_such_letters': N_('This mail server cannot send to addresses with special letters before the @.'),
    'answer.not_an_address': N_('This is not an email address.'),
}
