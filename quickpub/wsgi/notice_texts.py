"""The texts of notices, by the name that a redirect leaves (see notices.py)."""

NOTICES = {
    # Posts
    'saved': 'Saved.',
    'published': 'Published. Readers can see it now.',
    'unpublished': 'Unpublished. It is a draft again, and readers cannot see it.',
    'scheduled': 'Scheduled. It will be published at the time you chose.',
    'saved-not-scheduled': 'Saved, but not scheduled. To schedule it, use the button below the date.',
    'trashed': 'Moved to the trash. You can restore it for 30 days.',
    'restored': 'Restored.',
    'version-restored': 'The older version is restored. The one before is kept in the version history.',
    'shared': 'Anyone with the link below can read this draft now.',
    'unshared': 'The link does not work any more.',
    'pinned': 'Pinned.',
    'unpinned': 'Unpinned.',
    'duplicated': 'Duplicated. This is the copy; the original is unchanged.',
    'discarded': 'Discarded.',
    'some-offline': 'Unpublished. They are drafts again, and readers cannot see them.',
    'some-trashed': 'Moved to the trash.',
    'some-restored': 'Restored to the state they had.',
    'some-tagged': 'Tag added.',
    'none-ticked': 'No post was selected, so nothing was changed.',

    # Media, exports, reports
    'uploaded': 'Uploaded.',
    'file-deleted': 'Deleted.',
    'report-asked': 'The report is on its way to your mailbox.',
    'export-asked': 'We are preparing it. You can close this page: you will get an email when it is ready.',

    # Accounts
    'welcome': 'Your site is ready. Write the first post, or give the site a tagline under Site.',
    'verified': 'Your email address is confirmed, and you are logged in. You can publish now.',
    'log-in-first': 'You were logged out, and nothing was changed. Log in, then do it again.',
    'address': 'Your new email address is confirmed.',
    'password': 'Password changed. You are logged out everywhere else.',
    'address-sent': 'We sent a link to the new email address. Nothing changes until you follow it.',
    'logged-out': 'You are logged out.',
    'session-ended': 'That device is logged out.',
    'session-gone': 'That device was already logged out, or has logged in again. Check the list below.',
    'others-ended': 'Logged out everywhere else. Only this device is logged in.',
    'deleted': 'Your account is deleted.',

    # Second factors
    'confirmed': 'Confirmed. Now press “Add a passkey” again.',
    'passkey-added': 'Passkey added. You can log in with it from now on.',
    'passkey-removed': 'Passkey removed.',
    'passkey-renamed': 'Passkey renamed.',
    'passkey-not-asked': 'Your log-in no longer asks for a passkey after the password.',
    'app-removed': 'Authenticator app removed.',

    # Owners
    'invited': 'The invitation is on its way.',
    'owner-made': 'They are an owner now, and can do everything that you can do here.',
    'factors-reset': 'Their passkeys and authenticator app are removed. They can log in with the password alone.',
    'queued': 'The email will be sent again in a moment.',
    'held': 'The email is held until you send it.',
    'not-held': 'It was too late: the email has been sent, or is being sent.',
    'job-retry': 'The job will run again in a moment.',
    'job-discard': 'The job is discarded. Emails that were not sent yet will still be sent.',
    'job-gone': 'That job is not there any more, or it is running.',
    'job-pause': 'Paused. Running jobs finish; no other job starts until you resume.',
    'job-resume': 'Resumed.',
}
