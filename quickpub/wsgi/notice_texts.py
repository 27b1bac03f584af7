"""The texts of notices, by the name that a redirect leaves (see notices.py)."""

NOTICES = {
    # Posts
    'saved': 'Saved.',
    'published': 'Published. Readers can see it now.',
    'unpublished': 'Unpublished. It is a draft again.',
    'scheduled': 'Scheduled. It will be published at the time you chose.',
    'saved-not-scheduled': 'Saved, but not scheduled. To schedule the post, use the button below the date.',
    'trashed': 'Moved to trash. You can restore it for 30 days.',
    'restored': 'Restored.',
    'version-restored': 'Older version restored. The text before it is in the version history.',
    'shared': 'Link created. Anyone with the link below can read this draft.',
    'unshared': 'Link removed.',
    'pinned': 'Pinned.',
    'unpinned': 'Unpinned.',
    'duplicated': 'Duplicated. This is the copy; the original is unchanged.',
    'discarded': 'Discarded.',
    'some-offline': 'Unpublished. The posts are drafts again.',
    'some-trashed': 'Moved to trash.',
    'some-restored': 'Restored.',
    'some-tagged': 'Tag added.',
    'none-ticked': 'No posts selected. Select at least one post first.',

    # Media, exports, reports
    'uploaded': 'Uploaded.',
    'file-deleted': 'Deleted.',
    'report-asked': 'We are emailing you the report.',
    'export-asked': 'We are preparing your export and will email you when it is ready. You can close this page.',

    # Accounts
    'welcome': 'Your site is ready. Write your first post, or add a tagline under Site.',
    'verified': 'Your email address is confirmed, and you are logged in. You can publish now.',
    'log-in-first': 'You were logged out, and nothing was changed. Log in and try again.',
    'address': 'Your new email address is confirmed.',
    'password': 'Password changed. You are logged out everywhere else.',
    'address-sent': 'We sent a link to the new email address. Follow it to confirm the change.',
    'logged-out': 'You are logged out.',
    'session-ended': 'That device is logged out.',
    'session-gone': 'That device was already logged out, or has logged in again. Check the list below.',
    'others-ended': 'Logged out everywhere else. Only this device is logged in.',
    'deleted': 'Your account is deleted.',

    # Second factors
    'confirmed': 'Confirmed. Now press “Add a passkey” again.',
    'passkey-added': 'Passkey added. You can now log in with it.',
    'passkey-removed': 'Passkey removed.',
    'passkey-renamed': 'Passkey renamed.',
    'passkey-not-asked': 'You are no longer asked for a passkey after the password.',
    'app-removed': 'Authenticator app removed.',

    # Owners
    'invited': 'The invitation is on its way.',
    'owner-made': 'The member is now an owner of this site.',
    'factors-reset': 'Passkeys and authenticator app removed. The member now logs in with the password only.',
    'queued': 'The email will be sent again in a moment.',
    'held': 'The email is on hold until you send it.',
    'not-held': 'Too late: the email was sent or is being sent.',
    'job-retry': 'The job will be retried in a moment.',
    'job-discard': 'Job discarded. Emails that are not sent yet will still be sent.',
    'job-gone': 'This job no longer exists, or it is running.',
    'job-pause': 'Jobs paused. Running jobs finish, and no new jobs start until you resume.',
    'job-resume': 'Jobs resumed.',
}
