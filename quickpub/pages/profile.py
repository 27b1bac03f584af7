"""A member's settings: profile, reports, email address, password, sessions."""

from collections.abc import Iterable
from typing import Any

from bottle import response

from .. import dates, text
from ..accounts import (
    blocked_domains,
    contacts,
    credentials,
    devices,
    directory,
    email_change,
    notifications,
    passkeys,
    password_reset,
    passwords,
    second_factors,
    sessions,
    users,
    validation,
)
from ..audience import totals
from ..codes import Code, Rejected
from ..db import db, now
from ..mail import listing
from ..media import placing
from ..models import User
from ..sentences import describe, describe_stored, make_sentence, make_sentences
from ..settings import current
from ..tasks import deliver_alike, deliver_soon
from ..throttle import Throttled
from ..translations import languages
from ..translations.messages import N_, gettext
from ..wsgi.actions import Answer, find_action
from ..wsgi.authentication import cause, current_session, log_out, note_action, rotate, user_agent
from ..wsgi.confirmation import confirmation_context
from ..wsgi.forms import Form, typed
from ..wsgi.identity import confirm_identity
from ..wsgi.permissions import login_required
from ..wsgi.responses import redirect, render

FREQUENCIES = 'daily', 'weekly', 'monthly', 'never', 'minute'
WEEKDAYS = range(7)  # from Monday
HOURS = [f'{hour:02}:00' for hour in range(24)]
PROFILE = ('name', 'handle', 'bio', 'links', 'fediverse', 'language', 'timezone', 'report', 'report_day', 'report_time')
MAX_BIO = 500


@login_required
def show_settings(user: User) -> Answer:
    """Show the user's settings."""
    return _render(user)


def _render(user: User, form: Form | None = None, address_form: Form | None = None, password_form: Form | None = None,
            status: int = 200) -> Answer:
    response.status = status
    form = form or Form({name: str(getattr(user, name)) for name in PROFILE}
                        | {'language': user.language or '', 'timezone': dates.zone_name(user.timezone)})
    return render('settings.html', form=form, address_form=address_form or Form({'email': '', 'current': ''}),
                  password_form=password_form or Form({'current': '', 'password': ''}), zones=_list_zones(user),
                  languages=[('', N_('The language of the site')), *languages.supported().items()],
                  frequencies=_list_frequencies(user),
                  weekdays=WEEKDAYS, times=_list_times(user),
                  images={where: placing.find(where, [user.id]) for where in ('avatar', 'banner')},
                  most_links=contacts.MOST_LINKS,
                  email=user.email, pending_email=email_change.find_pending_email(user, now()),
                  devices=_list_devices(user),
                  is_verified=user.is_verified, report_note=_describe_last_report(user),
                  handed_over=password_reset.list_handover_links([user.id]), identity=confirmation_context(user),
                  factors=second_factors.find_factors(user), has_passkeys=passkeys.is_possible(),
                  has_posts=totals.has_posts(user))


def _list_devices(user: User) -> list[dict[str, Any]]:
    """Return the devices on which a user is logged in, this one first."""
    this = current_session()
    found = [{'words': make_sentence(devices.describe(each.agent)), 'digest': each.digest, 'is_this': each == this,
              'since': (each.device or each).created_at, 'seen_at': each.seen_at}
              for each in sessions.list_sessions(user)]
    return sorted(found, key=lambda each: not each['is_this'])


def _list_zones(user: User) -> list[str]:
    """Return the time zones that a user may choose: those of tzdata, and the present one."""
    return sorted({*dates.list_zones(), dates.zone_name(user.timezone)})


def _list_frequencies(user: User) -> list[str]:
    """Return the report frequencies that a user may choose; each minute only where the site is set up so."""
    return [each for each in FREQUENCIES if each != 'minute' or 'minute' in (user.report, current().report)]


def _list_times(user: User) -> list[str]:
    """Return the report times that a user may choose: full hours, and the times that the site and the user have."""
    return sorted({*HOURS, user.report_time, f'{current().report_time:%H:%M}'})


def _describe_last_report(user: User) -> str | None:
    if user.mail_trouble:
        return gettext('You get no reports, because the mail server rejected your email address (%(answer)s). To get '
                       'them again, change the address below.', answer=describe_stored(user.mail_trouble))
    last = listing.find_last_report(user)
    if last is None or last.sent_at is None:
        return None
    when = dates.clock(last.sent_at, user.timezone)
    if current().smtp:
        return gettext('The mail server accepted your last report on %(when)s.', when=when)
    return gettext('Your last report is in the outbox of this site, since %(when)s.', when=when)


@login_required
def update_settings(user: User) -> Answer:
    """Save the part of the settings whose button was pressed."""
    form = typed('action', *PROFILE, 'email', 'current', 'password', 'digest', 'code')
    return find_action(ACTIONS, form['action'])(user, form)


def _update_profile(user: User, form: Form) -> Answer:
    try:
        name, handle, bio, links, fediverse, language, zone, report, day, closes = validation.validate_all(
            (validation.clean_name, form['name']), (_clean_handle, form['handle']), (_clean_bio, form['bio']),
            (contacts.clean_links, form['links']), (contacts.clean_fediverse, form['fediverse']),
            (_clean_choice, ['', *languages.supported()], form['language'], Code('language.not_offered')),
            (_clean_choice, _list_zones(user), form['timezone'], Code('timezone.not_offered')),
            (_clean_choice, _list_frequencies(user), form['report'], Code('report.not_offered')),
            (_clean_choice, [*map(str, WEEKDAYS)], form['report_day'] or str(user.report_day),
             Code('report_day.not_offered')),
            (_clean_choice, _list_times(user), form['report_time'] or user.report_time,
             Code('report_time.not_offered')))
        changes = {'name': name, 'handle': handle, 'bio': bio, 'links': links,
                   'fediverse': fediverse, 'language': language or None, 'timezone': zone,
                   'report': report, 'report_day': int(day), 'report_time': closes}
        directory.change_profile(user, changes, now())
    except Rejected as error:
        form.errors = make_sentences(error.errors)
        return _render(user, form=form, status=400)
    return redirect('/settings', 'saved')


def _clean_handle(typed: str) -> str:
    handle = text.slug(typed, '')[:40].strip('-')
    if not handle:
        raise Rejected('handle.no_letters')
    if handle in users.RESERVED_HANDLES:
        raise directory.handle_taken(handle)
    return handle


def _clean_bio(typed: str) -> str:
    bio = text.body(typed).strip()
    if len(bio) > MAX_BIO:
        raise Rejected('bio.too_long', limit=MAX_BIO)
    return bio


def _clean_choice(choices: Iterable[str], typed: str, problem: Code) -> str:
    if typed not in choices:
        raise Rejected(problem)
    return typed


def _change_email(user: User, form: Form) -> Answer:
    form = Form({'email': form['email'], 'current': form['current'], 'code': form['code']})
    try:
        email = validation.clean_email(form['email'])
        if email.lower() == (user.email or '').lower():
            raise Rejected('email.unchanged')
        blocked_domains.check(email)
        confirmed = confirm_identity(user, form)
        with db.atomic():
            credentials.check_password_unchanged(confirmed, 'current')
            deliver_alike(email_change.request_change(user, email, now(), cause()))
            note_action('address_asked', user)
    except Rejected as error:
        form.errors = make_sentences(error.errors)
        return _render(user, address_form=form, status=400)
    except Throttled as error:
        form.errors = {'email': describe(error, user.timezone)}
        return _render(user, address_form=form, status=429)
    return redirect('/settings', 'address-sent')


def _change_password(user: User, form: Form) -> Answer:
    form = Form({'current': form['current'], 'code': form['code'], 'password': form['password']})
    try:
        confirmed = confirm_identity(user, form)
        hashed = passwords.hash_password(
            validation.clean_password(form['password'], 'password', validation.avoided_words(user.name, user.email)))
        with db.atomic():
            credentials.check_password_unchanged(confirmed, 'current')
            credentials.set_password(confirmed, hashed, keep=current_session())
            deliver_soon(notifications.notify_password_changed(confirmed, now(), user_agent()))
            note_action('password_changed', user)
    except Rejected as error:
        form.errors = make_sentences(error.errors)
        return _render(user, password_form=form, status=400)
    rotate()
    return redirect('/settings', 'password')


def _end_session(user: User, form: Form) -> Answer:
    this = current_session()
    if this and form['digest'] == this.digest:
        log_out()
        return redirect('/login', 'logged-out')
    with db.atomic():
        is_ended = sessions.end_by_digest(user, form['digest'])
        if is_ended:
            note_action('session_ended', user)
    return redirect('/settings', 'session-ended' if is_ended else 'session-gone')


def _end_other_sessions(user: User, form: Form) -> Answer:
    this = current_session()
    assert this is not None  # the page requires a log-in
    with db.atomic():
        if credentials.end_sessions(user, this.digest):
            note_action('sessions_ended', user)
    return redirect('/settings', 'others-ended')


ACTIONS = {'profile': _update_profile, 'address': _change_email, 'password': _change_password,
           'end_session': _end_session, 'end_others': _end_other_sessions}
