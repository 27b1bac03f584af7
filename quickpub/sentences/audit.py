"""The sentences for the codes of the audit log."""

from ..translations.messages import N_, N_plural, Translatable

SENTENCES: dict[str, Translatable] = {
    # Log-ins
    'audit.logged_in': N_('%(actor)s logged in.'),
    'audit.logged_in_new_device': N_('%(actor)s logged in from a new device.'),
    'audit.login_failed': N_('Failed to log in as %(subject)s: wrong password.'),
    'audit.login_unknown': N_('Failed to log in with an email address that has no account.'),
    'audit.login_suspended': N_('%(subject)s tried to log in to a suspended account.'),
    'audit.session_ended': N_('%(actor)s logged out another device.'),
    'audit.sessions_ended': N_('%(actor)s logged out all other devices.'),

    # Passwords, email addresses and sessions
    'audit.password_changed': N_('%(actor)s changed their password.'),
    'audit.password_reset': N_('%(actor)s chose a new password with a link from an email.'),
    'audit.address_asked': N_('%(actor)s asked to change their email address.'),
    'audit.address_changed': N_('%(actor)s changed their email address.'),
    'audit.address_confirmed': N_('%(actor)s confirmed their email address.'),
    'audit.account_claimed': N_('%(actor)s confirmed their email address in another browser, and took over the '
                                'account.'),

    # Second factors
    'audit.passkey_added': N_('%(actor)s added a passkey.'),
    'audit.passkey_removed': N_('%(actor)s removed a passkey.'),
    'audit.passkey_asked': N_('%(actor)s now needs a passkey after the password.'),
    'audit.passkey_not_asked': N_('%(actor)s no longer needs a passkey after the password.'),
    'audit.totp_added': N_('%(actor)s added an authenticator app.'),
    'audit.totp_removed': N_('%(actor)s removed the authenticator app.'),
    'audit.recovery_codes_made': N_('%(actor)s created new recovery codes.'),
    'audit.recovery_code_used': N_('%(actor)s used a recovery code.'),
    'audit.factor_failed': N_('Wrong code in the second step of a log-in as %(subject)s.'),
    'audit.factors_reset': N_('%(actor)s removed the second factors of %(subject)s.'),

    # Members and roles
    'audit.site_set_up': N_('%(actor)s set up the site.'),
    'audit.member_added': N_('%(actor)s created an account for %(subject)s.'),
    'audit.invited': N_('%(actor)s sent an invitation.'),
    'audit.invitation_link_made': N_('%(actor)s created an invitation link.'),
    'audit.invitation_sent_again': N_('%(actor)s sent an invitation again.'),
    'audit.invitation_withdrawn': N_('%(actor)s withdrew an invitation.'),
    'audit.invitation_accepted': N_('%(actor)s joined with an invitation from %(subject)s.'),
    'audit.invitation_used': N_('%(actor)s joined with an invitation.'),
    'audit.role_changed': N_('%(actor)s changed the role of %(subject)s to %(role)s.'),
    'audit.link_handed_over': N_('%(actor)s created a password link for %(subject)s.'),
    'audit.suspended': N_('%(actor)s suspended %(subject)s.'),
    'audit.unsuspended': N_('%(actor)s ended the suspension of %(subject)s.'),
    'audit.posts_hidden': N_('%(actor)s hid the posts of %(subject)s.'),
    'audit.posts_shown': N_('%(actor)s showed the posts of %(subject)s again.'),
    'audit.member_left': N_('%(actor)s deleted their account.'),
    'audit.member_removed': N_('%(actor)s removed %(subject)s.'),
    'audit.posts_given': N_('%(actor)s gave the posts of a former member to %(subject)s.'),
    'audit.domain_blocked': N_('%(actor)s blocked sign-ups from %(domain)s.'),
    'audit.domain_unblocked': N_('%(actor)s allowed sign-ups from %(domain)s again.'),

    # Posts
    'audit.post_approved': N_('%(actor)s published a post that was submitted for review: %(subject)s.'),
    'audit.post_sent_back': N_('%(actor)s sent a post back to its author: %(subject)s.'),
    'audit.post_held': N_('%(actor)s put a post on hold: %(subject)s.'),
    'audit.post_released': N_('%(actor)s ended the hold of a post: %(subject)s.'),
    'audit.post_given': N_('%(actor)s gave post %(post)s to %(subject)s.'),
    'audit.co_author_added': N_('%(actor)s added %(subject)s to the authors of post %(post)s.'),
    'audit.co_author_removed': N_('%(actor)s removed %(subject)s from the authors of post %(post)s.'),
    'audit.co_author_left': N_('%(actor)s left the authors of post %(post)s.'),

    # Settings
    'audit.backup_asked': N_('%(actor)s made a backup.'),
    'audit.backup_downloaded': N_('%(actor)s downloaded a backup.'),
    'audit.backup_deleted': N_('%(actor)s deleted a backup.'),
    'audit.site_restored': N_('%(actor)s restored the site from a backup.'),
    'audit.site_changed': N_('%(actor)s changed the settings of the site: %(changed)s.'),
    'audit.dkim_key_made': N_('%(actor)s created a new key that signs emails.'),

    # Exports, emails and jobs
    'audit.export_asked': N_('%(actor)s requested an export: %(subject)s.'),
    'audit.export_downloaded': N_('%(actor)s downloaded an export: %(subject)s.'),
    'audit.mail_sent_again': N_('%(actor)s sent an email again: %(subject)s.'),
    'audit.mail_held': N_('%(actor)s put an email on hold: %(subject)s.'),
    'audit.test_mail_sent': N_('%(actor)s sent a test email.'),
    'audit.report_sent': N_('%(actor)s sent reports manually.'),
    'audit.job_retried': N_('%(actor)s retried a job.'),
    'audit.job_discarded': N_('%(actor)s discarded a job.'),
    'audit.jobs_paused': N_('%(actor)s paused all jobs.'),
    'audit.jobs_resumed': N_('%(actor)s resumed all jobs.'),

    # Parts of the sentences above; the first letter of a sentence becomes a capital
    'audit.former_member': N_('a former member'),
    'audit.somebody': N_('someone'),
    'audit.command_line': N_('the command line'),
    'audit.deleted': N_('(deleted)'),
    'audit.unknown': N_('(unknown)'),
    'audit.times': N_plural('%(event)s (%(count)s time).', '%(event)s (%(count)s times).'),
    'audit.with_reason': N_('%(event)s. Reason: “%(reason)s”'),
    'audit.other': N_('%(actor)s: %(event)s.'),
}

EXPORTS = {'numbers': N_('the stats of their posts'), 'site': N_('the stats of the whole site')}  # by Export.kind

# For each detail that an entry can have: the words for its values.
DETAILS: dict[str, dict[str, Translatable]] = {
    'domain': {},
    'role': {'owner': N_('owner'), 'editor': N_('editor'), 'author': N_('author'), 'contributor': N_('contributor')},
    'changed': {'title': N_('name'), 'tagline': N_('tagline'), 'hue': N_('colour'), 'language': N_('language'),
                'fonts': N_('fonts'), 'layout': N_('front page'), 'footer': N_('footer'), 'css': N_('CSS'),
                'timezone': N_('time zone'), 'signup': N_('sign-up'),
                'new_role': N_('role of new members'), 'quota': N_('storage for each member'),
                'report': N_('reports of new members'), 'report_time': N_('time of the report')},
    'post': {},  # its number
}
