"""The sentences for the codes of `accounts`, of its pages, and of the budgets for emails."""

from ..translations.messages import N_, N_plural, Translatable

SENTENCES: dict[str, Translatable] = {
    # Names, handles, profiles
    'name.missing': N_('Enter the name that readers will see.'),
    'name.too_long': N_('Keep your name within %(limit)s characters.'),
    'handle.taken': N_('This handle is taken. Try %(handle)s.'),
    'handle.no_letters': N_('Use letters or digits in the handle, such as anna-berg.'),
    'bio.too_long': N_('Keep this text within %(limit)s characters.'),
    'links.too_many': N_('Enter at most %(limit)s links, one a line.'),
    'links.invalid': N_('“%(link)s” is not a web address. Enter one such as https://example.org.'),
    'fediverse.invalid': N_('Enter a handle such as @anna@example.social.'),
    'language.not_offered': N_('Choose a language from the list.'),
    'timezone.not_offered': N_('Choose a time zone from the list.'),
    'report.not_offered': N_('Choose how often you want reports.'),
    'report_day.not_offered': N_('Choose a day of the week.'),
    'report_time.not_offered': N_('Choose a time from the list.'),

    # The site
    'site_title.length': N_('Enter a name for the site, within %(limit)s characters.'),
    'tagline.too_long': N_('Keep the tagline within %(limit)s characters.'),
    'hue.out_of_range': N_('Enter a number from %(low)s to %(high)s.'),
    'quota.out_of_range': N_('Enter a whole number from %(low)s to %(high)s.'),
    'signup.not_offered': N_('Choose who can sign up.'),
    'setting.changed_meanwhile': N_('Another owner has changed this to “%(value)s” since you opened the page. Save '
                                    'again to use your value instead.'),

    # Email addresses
    'email.invalid': N_('Enter an email address such as name@example.org.'),
    'email.wide_at': N_('This email address has a wide ＠. Type a plain @ instead.'),
    'email.wide_letters': N_('This email address has wide or joined letters before the @. Type plain ones instead.'),
    'email.too_long_before_at': N_('This email address is too long. It can have up to %(limit)s characters before the '
                                   '@.'),
    'email.too_long': N_('This email address is too long. It can have up to %(limit)s characters.'),
    'email.ends_with_number': N_('This email address ends with a number. It should look like name@example.org.'),
    'email.ascii_only': N_('The mail server of this site cannot send to an email address with special letters before '
                           'the @. Use one with the letters a to z.'),
    'email.unchanged': N_('This is already your email address.'),
    'email.wait': N_('We sent you a link for this a moment ago. Wait ten minutes before you ask for another one.'),
    'email.has_account': N_('%(email)s already has an account.'),
    'email.suspended': N_('The account of %(email)s is suspended.'),
    'email.already_suspended': N_('The account of %(name)s is already suspended.'),
    'email.not_suspended': N_('The account of %(name)s is not suspended.'),
    'posts.not_hideable': N_('The posts of %(name)s are already hidden, or the account is not suspended.'),
    'posts.not_hidden': N_('The posts of %(name)s are not hidden.'),
    'email.not_for_link': N_('Anyone can use a link to copy. Leave this empty for one, or send the invitation by '
                             'email.'),
    'email.invited': N_('%(email)s already has a pending invitation. Send it again, or withdraw it first.'),
    'email.invited_lately': N_('The invitation to %(email)s was sent a moment ago. Wait ten minutes before you send it '
                               'again.'),
    'email.not_invited': N_('This invitation is only for %(email)s.'),
    'email.not_pending': N_('This invitation has ended: it was used, withdrawn or has expired.'),
    'note.too_long': N_('Keep the personal line within %(limit)s characters.'),
    'email.not_accepted': N_('You cannot use an email address of %(domain)s here. Choose another one.'),
    'email.domain_blocked': N_('Email addresses of %(domain)s are blocked. Unblock the domain on the page “Blocked '
                               'domains” first.'),
    'domains.missing': N_('Enter a domain such as example.org.'),
    'domains.invalid': N_('“%(domain)s” is not a domain. Enter one such as example.org.'),
    'domains.too_short': N_('“%(domain)s” is only the end of a domain. Enter a whole one such as example.org.'),
    'domains.too_many': N_('Enter at most %(limit)s domains at once.'),
    'domains.full': N_('At most %(limit)s domains can be blocked. Unblock some of them first.'),
    'email.signup_closed': N_('Sign-up is closed, so an invitation would not work.'),

    # Passwords
    'password.length': N_('Choose a password of %(low)s to %(high)s characters.'),
    'password.too_common': N_('This password is easy to guess because many people use it. Four random words are hard '
                              'to guess and easy to remember.'),
    'password.too_personal': N_('This password is easy to guess because it is made of your name, your email address or '
                                'the name of this site. Four random words are hard to guess and easy to remember.'),
    'password.too_regular': N_('This password is easy to guess because it repeats one character or follows a simple '
                               'sequence. Four random words are hard to guess and easy to remember.'),
    'password.wrong': N_('Wrong password.'),
    'password.wrong_or_email': N_('Wrong email or password. Check both, or ask for a new password.'),
    'password.of_account': N_('This email address already has an account. Enter the password of that account.'),
    'password.changed': N_('The password was changed a moment ago, so nothing was done. Please try again.'),
    'account.suspended': N_('This account is suspended. Contact an owner of this site.'),
    'role.last_owner': N_('%(name)s is the only owner who can log in. Make another member an owner first.'),

    # Logging in
    'login.wait_minutes': N_('Too many tries. Wait 15 minutes, or ask for a new password: the link in that email lets '
                             'you in immediately.'),
    'login.wait_until_tomorrow': N_('Too many tries. Wait until tomorrow, or ask for a new password: the link in that '
                                    'email lets you in immediately.'),
    'step.too_late': N_('That took too long. Please log in again.'),
    'step.too_many_tries': N_('Too many wrong codes. Please log in again.'),
    'identity.not_confirmed': N_('Please confirm first that it’s you.'),
    'form.too_quick': N_('That was very quick. Wait a few seconds, then press the button again. You have to enter the '
                         'password again.'),
    'json.invalid': N_('Your browser sent something that this site cannot read. Please try again.'),

    # Codes of the authenticator app, recovery codes
    'code.missing': N_('Enter a code.'),
    'code.wrong': N_('Wrong code. Enter the one that your app shows now.'),
    'code.used': N_('This code was already used. Wait for the next one: your app shows a new one every 30 seconds.'),
    'code.too_many_tries': N_('Too many wrong codes. Wait 15 minutes, or use a recovery code or a passkey.'),
    'code.has_app': N_('You already have an authenticator app. Remove it first.'),
    'code.no_app': N_('There is nothing to confirm. Start again.'),
    'codes.not_needed': N_('You need recovery codes only with an authenticator app, or if you log in with a password '
                           'and a passkey.'),

    # Passkeys
    'passkey.impossible': N_('Passkeys do not work at this site’s web address.'),
    'passkey.unconfirmed': N_('Confirm your email address first.'),
    'passkey.too_many': N_plural('You have %(count)s passkey. Remove it first.',
                                 'You have %(count)s passkeys. Remove one first.'),
    'passkey.too_late': N_('That took too long, or was already done. Please try again.'),
    'passkey.unverified': N_('This passkey could not be checked. Please try again.'),
    'passkey.added_before': N_('You have already added this passkey.'),
    'passkey.none': N_('This account has no passkey.'),
    'passkey.add_one_first': N_('Add a passkey first.'),
    'passkey.unknown': N_('This passkey was removed from this site, or it belongs to another account. Log in another '
                          'way.'),
    'passkey.copied': N_('This passkey seems to have been copied, so it was rejected. Log in another way, then remove '
                         'it.'),
    'passkey_name.missing': N_('Enter a name for the passkey.'),
    'passkey_name.too_long': N_('Keep the name within %(limit)s characters.'),

    # Links in emails
    'link.incomplete': N_('This link is incomplete. Some email programs break long links in two. Copy the whole link '
                          'from the email into the address bar of your browser.'),
    'link.unknown': N_('This link is too old, or what it was for no longer exists.'),
    'link.used': N_('This link was already used. It works only once.'),
    'link.expired': N_('This link has expired.'),
    'link.ended': N_('This link no longer works.'),
    'link.ended_verify': N_('You no longer need this link. The email address is already confirmed, or the account has '
                            'another one.'),
    'link.ended_reset': N_('This link no longer works. The password or the email address of the account was changed '
                           'after it was sent.'),
    'link.ended_address': N_('This link no longer works. We sent a newer one, or the account was changed after it was '
                             'sent.'),
    'link.ended_setup': N_('This link no longer works. The site already has an owner.'),
    'link.ended_invite': N_('This invitation no longer works. It was withdrawn, or the invited person already has an '
                            'account.'),
    'link.confirmed_before': N_('This email address is already confirmed.'),
    'link.old_email': N_('This link is for an email address that you no longer use here.'),
    'link.email_taken': N_('This email address now belongs to another account.'),
    'link.domain_blocked': N_('You cannot use an email address of %(domain)s here any more.'),

    # Owners and members
    'role.unconfirmed': N_('%(name)s has no confirmed email address, so the role cannot be changed to this one.'),
    'role.not_invitable': N_('Choose one of the roles.'),
    'reason.too_long': N_('Keep the reason within %(limit)s characters.'),
    'members.not_allowed': N_('You are no longer an owner of this site.'),
    'members.changed': N_('The account was removed, or is now an owner.'),
    'members.not_saved': N_('The database was busy, or could not be written. Please try again.'),
    'heir.missing': N_('Choose the member who gets the posts.'),
    'heir.unfit': N_('%(name)s cannot get the posts: the account is suspended or removed, or its email address is not '
                     'confirmed.'),
    'removal.missing': N_('Choose what should happen to the posts.'),

    # Choices
    'texts.missing': N_('Someone signed up with this email address, wrote something, and never confirmed the address. '
                        'Choose whether to keep or to delete these texts.'),
    'posts.missing': N_('Choose what should happen to your posts.'),

    # Devices
    'device.browser_on_system': N_('%(browser)s on %(system)s'),
    'device.unknown_browser': N_('Unknown browser on %(system)s'),
    'device.program': N_('A program written in %(language)s'),
    'device.unknown': N_('Unknown device'),

    # Budgets for emails: what a member is told, and what the owners see
    'limit.reached': N_('You have done this too often. Try again after %(at)s.'),
    'limit.mailbox': N_('This site has already sent several emails to this mailbox today. You can send the next one '
                        'after %(at)s.'),
    'budget.signups_hour': N_('Sign-ups from one network in an hour'),
    'budget.signups_day': N_('Sign-ups from one network in a day'),
    'budget.resets_hour': N_('Forgotten passwords from one network in an hour'),
    'budget.resets_day': N_('Forgotten passwords from one network in a day'),
    'budget.mailbox': N_('Emails to one mailbox in a day'),
    'budget.mailbox_from_one': N_('Emails to one mailbox in a day, requested from one network'),
    'budget.reset_mailbox': N_('New passwords for one mailbox in a day'),
    'budget.reset_mailbox_from_one': N_('New passwords for one mailbox in a day, requested from one network'),
    'budget.site_signups': N_('Emails to new members in a day'),
    'budget.site_resets': N_('Emails about new passwords in a day'),
    'budget.site_members': N_('Emails requested by members in a day'),
}
