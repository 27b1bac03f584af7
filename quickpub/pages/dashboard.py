"""The page after a log-in: what was published and how it is read, what waits, and a new member's first steps."""

from .. import dates
from ..audience import calendar, counting, stats, sums
from ..content import autosave, post_lists
from ..db import now
from ..jobs import overview, queue
from ..mail import listing
from ..media import placing
from ..models import User
from ..permissions import Permission
from ..settings import current
from ..translations.messages import N_, Translatable
from ..upkeep import checks, first_steps
from ..wsgi.actions import Answer
from ..wsgi.permissions import login_required
from ..wsgi.responses import render

MANY = 5  # posts or texts in a list
STEPS = {  # what to do, more about it, and where
    'name': (N_('Name the site'), N_('Readers see the name on every page.'), '/admin/settings/general'),
    'look': (N_('Choose how it looks'), N_('A colour, fonts, a front page and a logo.'), '/admin/settings/look'),
    'portrait': (N_('Add a portrait of yourself'), N_('Readers see it beside your name.'),
                 '/studio/images/avatar/{user_id}'),
    'post': (N_('Write your first post'), N_('Nobody sees it until it is published.'), '/studio/posts/new'),
    'invitation': (N_('Invite somebody to write with you'), N_('They get an email with a link to sign up.'),
                   '/admin/members'),
    'mail': (N_('Set up a mail server, so that emails are sent'), N_('Until then, emails stay on this machine.'),
             '/admin/mail'),
}
UNSENT_INVITATION = N_('You get a link to pass on.')  # without a mail server


@login_required
def show_dashboard(user: User) -> Answer:
    """Show what a member wants to know first."""
    counting.count_if_possible()
    at = now()
    today = calendar.site_day(at)
    is_everybodys = post_lists.is_everybodys(user)
    lately = post_lists.find_lately(user, at, is_everybodys, MANY)
    steps = first_steps.find_first_steps(user, at)
    ids = [post.id for post in lately.published]
    figures = stats.collect(sums.SITE if is_everybodys else -user.id, stats.RECENT, today, is_compared=False)
    return render('dashboard.html', is_everybodys=is_everybodys, lately=lately, covers=placing.find('cover', ids),
                  recent=stats.recent_views(ids, today), figures=figures,
                  names={bar.first: dates.date(bar.first) for bar in figures.bars},
                  marks={bar.first: dates.short_date(bar.first) for bar in figures.marked},
                  unsaved=autosave.latest(user, MANY), is_verified=user.is_verified,
                  steps=[_describe_step(name, is_done, user) for name, is_done in steps.items()],
                  **(_find_trouble(is_in_steps='mail' in steps) if user.may(Permission.MANAGE_SITE) else {}))


def _describe_step(name: str, is_done: bool, user: User) -> tuple[Translatable, Translatable, str, bool]:
    """Return a step in words, more about it, its path, and whether it is done."""
    words, more, path = STEPS[name]
    if name == 'invitation' and not current().smtp:
        more = UNSENT_INVITATION
    return words, more, path.format(user_id=user.id), is_done


def _find_trouble(is_in_steps: bool) -> dict[str, object]:
    """Return what an owner should look at; the missing mail server only if it is not among the first steps."""
    return {'damage': checks.check_integrity(), 'paused_since': queue.paused_since(),
            'failed_mail': listing.count_failed(), 'dead_jobs': overview.count_dead(),
            'has_no_mail_server': not current().smtp and not is_in_steps}
