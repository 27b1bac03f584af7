"""The notices at the top of a page, by the name that a redirect leaves (see wsgi/notices.py)."""

from ..settings import current
from ..translations.messages import N_, Translatable

SENTENCES: dict[str, Translatable] = {
    # Posts
    'notice.saved': N_('Saved.'),
    'notice.published': N_('Published. Readers can see it now.'),
    'notice.unpublished': N_('Unpublished. It is a draft again.'),
    'notice.scheduled': N_('Scheduled. It will be published at the time you chose.'),
    'notice.saved-not-scheduled': N_('Saved, but not scheduled. To schedule the post, press the button below the '
                                     'date.'),
    'notice.submitted': N_('Submitted for review.'),
    'notice.withdrawn': N_('No longer submitted for review.'),
    'notice.sent-back': N_('Sent back to its author.'),
    'notice.post-held': N_('On hold. Its author cannot publish it.'),
    'notice.post-released': N_('No longer on hold.'),
    'notice.trashed': N_('Moved to trash. You can restore it for 30 days.'),
    'notice.restored': N_('Restored.'),
    'notice.version-restored': N_('Older version restored. The text before it is in the version history.'),
    'notice.shared': N_('Link created. Anyone with the link below can read this draft.'),
    'notice.unshared': N_('Link removed.'),
    'notice.pinned': N_('Pinned.'),
    'notice.unpinned': N_('Unpinned.'),
    'notice.featured': N_('Featured on the home page.'),
    'notice.not-featured': N_('No longer featured.'),
    'notice.duplicated': N_('Duplicated. This is the copy; the original is unchanged.'),
    'notice.discarded': N_('Discarded.'),
    'notice.some-offline': N_('Unpublished. The posts are drafts again.'),
    'notice.some-trashed': N_('Moved to trash.'),
    'notice.some-restored': N_('Restored.'),
    'notice.some-tagged': N_('Tag added.'),
    'notice.post-given': N_('The post has a new author.'),
    'notice.co-author-added': N_('Co-author added.'),
    'notice.co-author-removed': N_('Co-author removed.'),
    'notice.co-author-left': N_('You are no longer an author of this post.'),
    'notice.none-ticked': N_('No posts selected. Select at least one post first.'),

    # Media, exports, reports
    'notice.uploaded': N_('Uploaded.'),
    'notice.file-deleted': N_('Deleted.'),
    'notice.report-asked': N_('We are emailing you the report.'),
    'notice.export-asked': N_('We are preparing your export and will email you when it is ready. You can close '
                               'this page.'),

    # Accounts
    'notice.welcome': N_('Your site is ready. Write your first post, or add a tagline under Site.'),
    'notice.verified': N_('Your email address is confirmed, and you are logged in.'),
    'notice.log-in-first': N_('You were logged out, and nothing was changed. Log in and try again.'),
    'notice.address': N_('Your new email address is confirmed.'),
    'notice.password': N_('Password changed. You are logged out everywhere else.'),
    'notice.address-sent': N_('We sent a link to the new email address. Follow it to confirm the change.'),
    'notice.logged-out': N_('You are logged out.'),
    'notice.session-ended': N_('That device is logged out.'),
    'notice.session-gone': N_('That device was already logged out, or has logged in again. Check the list below.'),
    'notice.others-ended': N_('Logged out everywhere else. Only this device is logged in.'),
    'notice.deleted': N_('Your account is deleted.'),

    # Second factors
    'notice.confirmed': N_('Confirmed. Now press “Add a passkey” again.'),
    'notice.passkey-added': N_('Passkey added. You can now log in with it.'),
    'notice.passkey-removed': N_('Passkey removed.'),
    'notice.passkey-renamed': N_('Passkey renamed.'),
    'notice.passkey-not-asked': N_('You are no longer asked for a passkey after the password.'),
    'notice.app-removed': N_('Authenticator app removed.'),

    # Owners
    'notice.invited': N_('The invitation is on its way.'),
    'notice.invitation-withdrawn': N_('Invitation withdrawn. Its links no longer work.'),
    'notice.invitation-gone': N_('This invitation was already used or withdrawn.'),
    'notice.joined': N_('Welcome! Your email address is confirmed, and you are logged in.'),
    'notice.owner-made': N_('The member is now an owner of this site.'),
    'notice.author-made': N_('The member is now an author.'),
    'notice.editor-made': N_('The member is now an editor.'),
    'notice.contributor-made': N_('The member is now a contributor.'),
    'notice.role-now': N_('Your role is changed. You are no longer an owner of this site.'),
    'notice.author-now': N_('You are now an author, and no longer an owner of this site.'),
    'notice.posts-hidden': N_('Posts hidden. Nobody can read them until an owner shows them again.'),
    'notice.posts-shown': N_('Posts shown. Everything is as it was before.'),
    'notice.suspended': N_('Suspended. The member is logged out everywhere and cannot log in.'),
    'notice.unsuspended': N_('Restored. The member can log in again.'),
    'notice.domains-blocked': N_('Blocked. Nobody can sign up with these email domains.'),
    'notice.domains-known': N_('These email domains were already blocked.'),
    'notice.domain-unblocked': N_('Unblocked. People can sign up with this email domain again.'),
    'notice.none-selected': N_('Select the members first.'),
    'notice.too-many-selected': N_('Nothing was changed. Select at most 50 members.'),
    'notice.members-suspended': N_('Suspended. The members cannot log in, and nobody can read their posts.'),
    'notice.members-removed': N_('Accounts removed, with all posts and files.'),
    'notice.member-removed': N_('Account removed.'),
    'notice.factors-reset': N_('Passkeys and authenticator app removed. The member now logs in with the password '
                               'only.'),
    'notice.queued': N_('The email is waiting to be sent again.'),
    'notice.test-mail': N_('The test email is on its way.'),
    'notice.held': N_('The email is on hold until you send it.'),
    'notice.not-held': N_('Too late: the email was sent or is being sent.'),
    'notice.job-retry': N_('The job will be retried in a moment.'),
    'notice.job-discard': N_('Job discarded. Emails that are not sent yet will still be sent.'),
    'notice.backup-asked': N_('The backup is being made. It is listed here when it is complete.'),
    'notice.backup-waits': N_('The backup is made when jobs are resumed.'),
    'notice.backup-gone': N_('This backup no longer exists.'),
    'notice.backup-deleted': N_('Backup deleted.'),
    'notice.job-gone': N_('This job no longer exists, or it is running.'),
    'notice.job-pause': N_('Jobs paused. Running jobs finish, and no new jobs start until you resume.'),
    'notice.job-resume': N_('Jobs resumed.'),
}
# Instead of notices about emails, where no mail server is set up.
UNSENT: dict[str, Translatable] = {
    'notice.report-asked': N_('No mail server is set up, so the report is not sent. It is only saved on the '
                              'server.'),
    'notice.export-asked': N_('We are preparing your export. It will be on this page when it is ready. No mail server '
                              'is set up, so you will get no email.'),
    'notice.address-sent': N_('No mail server is set up, so the link to confirm the new email address is not sent. It '
                              'is only saved on the server. Ask an owner of the site for help.'),
    'notice.invited': N_('The invitation is not sent: no mail server is set up. The email is saved in the folder '
                         '“outbox”. Show a link below, and pass it on yourself.'),
    'notice.test-mail': N_('No mail server is set up, so the test email is only saved in the folder “outbox”.'),
    'notice.queued': N_('No mail server is set up, so the email will only be saved in the folder “outbox” again.'),
}


def find_notice(name: str) -> str:
    """Return the notice of this name in the language in use; '' for a name that has none. Without a mail server, no
    notice says that an email is sent."""
    code = f'notice.{name}'
    notice = SENTENCES.get(code) if current().smtp or code not in UNSENT else UNSENT[code]
    return str(notice) if notice else ''
