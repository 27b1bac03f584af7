"""The sentences for the codes of `content`."""

from ..translations.messages import N_, N_plural, Translatable

SENTENCES: dict[str, Translatable] = {
    # The fields of a post
    'post.empty': N_('There is nothing to save yet. Enter a title or write some text.'),
    'title.too_long': N_plural('Keep the title within %(count)s character.',
                               'Keep the title within %(count)s characters.'),
    'summary.too_long': N_plural('Keep the summary within %(count)s character.',
                                 'Keep the summary within %(count)s characters.'),
    'body.too_long': N_('This text has too many characters: %(length)s. The limit is %(limit)s. Split it into two '
                        'posts.'),
    'body.too_complex': N_('This text takes too long to display because it has too many links, brackets, tables or '
                           'formulas. Simplify it, or split it into two posts. Nothing is saved yet, but your text is '
                           'still here.'),
    'canonical.not_web_address': N_('Enter a full web address, such as https://example.org/my-post.'),
    'language.unknown': N_('Choose a language from the list.'),
    'slug.empty': N_('Use at least one letter or digit, such as in my-first-post.'),
    'slug.taken': N_('This web address is already in use. Try %(free)s.'),
    'series.too_long': N_plural('Keep the name of the series within %(count)s character.',
                                'Keep the name of the series within %(count)s characters.'),
    'number.out_of_range': N_('Enter a number from 1 to %(limit)s.'),
    'post.only_editors': N_('Nothing was saved. This post is published now, so only editors can change it. Your text '
                            'is backed up.'),
    'post.conflict': N_('Nothing was saved. While you were writing, this post was saved in another window or by '
                        'another member.'),

    # Tags
    'tags.too_long': N_plural('Keep each tag within %(count)s character, with commas between tags.',
                              'Keep each tag within %(count)s characters, with commas between tags.'),
    'tags.too_many': N_plural('A post can have %(count)s tag. Remove some.',
                              'A post can have %(count)s tags. Remove some.'),
    'tags.empty': N_('Type a tag first, such as gardening.'),
    'tags.too_many_in_list': N_plural('Nothing was changed: “%(title)s” would have more than %(count)s tag.',
                                      'Nothing was changed: “%(title)s” would have more than %(count)s tags.'),

    # Authors
    'authors.changed': N_('Nothing was changed. Somebody else has just changed the authors of this post. Check them '
                          'below, then try again.'),
    'authors.held': N_('Nothing was changed. An editor put this post on hold. Until the hold ends, its authors stay '
                       'the same.'),
    'authors.missing': N_('Choose a member from the list.'),
    'authors.too_many': N_plural('A post can have %(count)s co-author. Remove one first.',
                                 'A post can have %(count)s co-authors. Remove one first.'),
    'authors.only_first': N_('Nothing was changed: only %(name)s or an editor of the site can move “%(title)s” to the '
                             'trash, or restore it. You can leave its authors.'),

    # Publishing and sharing
    'publish.unconfirmed': N_('Your draft is saved. To publish it, first confirm your email address.'),
    'publish.hidden': N_('Your text is saved. The posts of %(name)s are hidden because the account is suspended. Show '
                         'them before you publish this one.'),
    'publish.needs_review': N_('Your text is saved. An editor publishes your posts: submit it for review.'),
    'publish.held': N_('Your text is saved. An editor has put this post on hold: submit it for review.'),
    'publish.unseen': N_('Your text is saved, but the cover or the authors of this post were changed after you opened '
                         'this page. Check them, then publish it.'),
    'restore.held': N_('This post is on hold, so only an editor can restore it. Submit it for review to ask for that.'),
    'duplicate.held': N_('An editor has put this post on hold, so it cannot be duplicated.'),
    'publish.empty': N_('There is nothing to publish yet. Write some text first.'),
    'publish.in_trash': N_('Your text is saved, but this post is in the trash. Restore it, then publish it.'),
    'publish_at.missing': N_('Your text is saved. To schedule it, choose a date and time first.'),
    'publish_at.malformed': N_('Your text is saved. To schedule it, enter a date and time, such as 2027-03-01T08:00.'),
    'publish_at.past': N_('Your text is saved, but this time has passed. Choose a later time, or publish now.'),
    'publish_at.skipped': N_('Your text is saved, but this time does not exist: the clocks go forward that night. '
                             'Choose a time one hour later.'),
    'share.unconfirmed': N_('Your draft is saved. To share it, first confirm your email address.'),

    # Reviews
    'review.not_now': N_('Your text is saved, but it cannot be submitted: it is in the trash, or published.'),
    'review.answered': N_('Nothing was changed: this post no longer waits for review.'),
    'review.changed': N_('Your answer was not saved: “%(title)s” was changed after you opened this page. Read it '
                         'again.'),
    'reason.missing': N_('Enter a reason. The author sees it.'),

    # The limits of an account
    'quota.posts': N_plural('You have reached the limit of %(count)s post. %(advice)s',
                            'You have reached the limit of %(count)s posts. %(advice)s'),
    'quota.size': N_('There is no room for this text. All your posts together can have %(megabytes)s MB. %(advice)s'),
    'quota.confirm_email': N_('For more room, confirm your email address.'),
    'quota.delete_posts': N_('Shorten or delete other posts first. Posts in the trash count until they are deleted '
                             'permanently.'),
}
