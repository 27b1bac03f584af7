"""The sentences about jobs: their titles, and why they failed."""

from ..codes import Code
from ..jobs import reasons
from ..translations.messages import N_, Translatable

TASKS = 'quickpub.tasks.'
UNKNOWN = N_('Unknown job from another version of Quickpub')

TITLES: dict[str, Translatable] = {  # by the name of the task in tasks.py
    # Emails and reports
    'deliver': N_('Send emails'),
    'deliver_urgent': N_('Send urgent emails'),
    'send_verification_email': N_('Send the email that confirms an email address'),
    'look_up_mail_domain': N_('Look up the DNS records for emails'),
    'wake_mail': N_('Find emails to send'),
    'report_used_up_budgets': N_('Warn owners about too many emails'),
    'close_periods': N_('Make the reports that are due'),
    'send_view_count_report': N_('Send reports so far'),

    # Content
    'make_export': N_('Make an export'),
    'prepare_picture': N_('Prepare an image'),
    'wake_pictures': N_('Find images to prepare'),
    'render_posts': N_('Render posts again'),
    'wake_rendering': N_('Find posts to render again'),
    'draw_cards': N_('Draw images for shared links'),
    'wake_cards': N_('Find images to draw for shared links'),

    # Clean-up
    'check_integrity': N_('Check the database for damage'),
    'back_up': N_('Make the nightly backup'),
    'back_up_now': N_('Make a backup'),
    'forget_visitors': N_('Delete the traces of visitors'),
    'clean_up_jobs': N_('Delete old counts of jobs'),
    'clean_up_set_aside': N_('Delete old errors of single items'),
    'clean_up_accounts': N_('Delete expired links and unconfirmed accounts'),
    'clean_up_sessions': N_('Delete expired log-ins'),
    'clean_up_throttle': N_('Delete old counts of attempts'),
    'clean_up_posts': N_('Empty the trash'),
    'clean_up_revisions': N_('Delete old versions'),
    'clean_up_unsaved': N_('Delete old autosaves'),
    'clean_up_media': N_('Delete unused media'),
    'clean_up_cards': N_('Delete unused images for shared links'),
    'clean_up_mail': N_('Delete old emails'),
    'clean_up_exports': N_('Delete old exports'),
    'clean_up_audit': N_('Delete old entries of the audit log'),
    'erase_deleted': N_('Erase deleted data from the disk'),
    'erase_all': N_('Erase all leftover data from the disk'),

    # After the clock was wrong
    'correct_moments': N_('Correct dates in the future'),
    'correct_reports': N_('Correct reports in the future'),
    'correct_views': N_('Correct views in the future'),
}
SENTENCES: dict[str, Translatable] = {
    'job.died': N_('Its process died each time the job was tried.'),
    'job.unreadable': N_('The stored job cannot be read: %(error)s'),
    'job.not_started': N_('Its process could not start: %(error)s'),
}


def make_title(name: str) -> str:
    """Return what the job with this name (module.function) is called in the language in use."""
    return str(TITLES.get(name.removeprefix(TASKS), UNKNOWN))


def find_reason(stored: str) -> Code | None:
    """Return the code for the reason that is stored with a job, None for ''. An exception stays as it is."""
    if stored == reasons.DIED:
        return Code('job.died')
    start, colon, error = stored.partition(': ')
    match start + colon.rstrip():
        case reasons.UNREADABLE:
            return Code('job.unreadable', error=error)
        case reasons.NOT_STARTED:
            return Code('job.not_started', error=error)
    return Code.from_json(stored)
