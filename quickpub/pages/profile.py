"""What somebody sets about themselves: name, address, password, sessions, reports; and leaving."""

from functools import cache
from zoneinfo import available_timezones

from bottle import response
from peewee import IntegrityError

from .. import dates, text
from ..accounts import devices, passkeys, second_factors, sessions, users
from ..db import db, now
from ..mail import budgets
from ..models import Message, Post, Shelf, Unsaved
from ..settings import current
from ..tasks import deliver_alike, deliver_soon
from ..text import Rejected
from ..throttle import Throttled
from ..translations import languages
from ..translations.messages import N_
from ..upkeep import erasure
from ..wsgi.authentication import cause, current_session, log_out, note_action, rotate, user_agent
from ..wsgi.forms import Form, typed
from ..wsgi.identity import confirm_identity
from ..wsgi.responses import identity_context, redirect, render, signed_in, url

FREQUENCIES = 'daily', 'weekly', 'monthly', 'never', 'minute'
AGAIN = ('daily', 'weekly', 'monthly')
WEEKDAYS = range(7)  # from Monday
HOURS = [f'{hour:02}:00' for hour in range(24)]
PROFILE = ('name', 'handle', 'bio', 'language', 'timezone', 'report', 'report_day', 'report_time')
MAX_BIO = 500


@signed_in
def edit_form(user):
    return _page(user)


def _page(user, form=None, address_form=None, password_form=None, status=200):
    response.status = status
    form = form or Form({name: str(getattr(user, name)) for name in PROFILE}
                        | {'language': user.language or '', 'timezone': dates.zone_name(user.timezone)})
    return render('settings.html', form=form, address_form=address_form or Form({'email': '', 'current': ''}),
                  password_form=password_form or Form({'current': '', 'password': ''}), zones=_zones_for(user),
                  frequencies=_frequencies(user),
                  weekdays=WEEKDAYS, times=_times(user),
                  languages=[('', N_('The language of the site')), *languages.supported().items()],
                  email=user.email, pending_email=users.pending_address(user, now()), devices=_devices(user),
                  is_verified=user.is_verified, report_note=_report_note(user),
                  handed_over=users.handed_over([user.id]), identity=identity_context(user),
                  factors=second_factors.of(user), has_passkeys=passkeys.is_possible(),
                  has_posts=_posts_of(user).exists())


def _devices(user):
    """Where this user is logged in, this device first."""
    this = current_session()
    found = [{'words': devices.describe(each.agent), 'digest': each.digest, 'is_this': each == this,
              'since': (each.device or each).created_at, 'seen_at': each.seen_at} for each in sessions.of_user(user)]
    return sorted(found, key=lambda each: not each['is_this'])


def _zones_for(user):
    """Return the time zones that this user may choose: those of tzdata, and the one in force, whatever its name."""
    return sorted({*_zones(), dates.zone_name(user.timezone)})


@cache
def _zones():
    return available_timezones() - {'localtime', 'Factory'}  # reads a folder of hundreds of files


def _frequencies(user):
    """What this user may choose. A mail each minute is for the site that is set up so."""
    return [each for each in FREQUENCIES if each != 'minute' or 'minute' in (user.report, current().report)]


def _times(user):
    """Full hours, and where the site or this user has another time, that one too."""
    return sorted({*HOURS, user.report_time, f'{current().report_time:%H:%M}'})


def _report_note(user):
    if user.mail_trouble:
        return f'No reports are sent now: the mail server refused your address ({user.mail_trouble}). ' \
               'Change the address below, and they begin again.'
    last = Message.select(Message.sent_at).where(
        Message.user == user, Message.kind == 'report', Message.state == 'sent').order_by(Message.id.desc()).first()
    if last is None:
        return None
    return f'Your last report was sent on {dates.clock(last.sent_at, user.timezone)}, and ' + (
        'accepted by the mail server.' if current().smtp else 'kept in the outbox of this site.')


@signed_in
def edit(user):
    form = typed('action', *PROFILE, 'email', 'current', 'password', 'digest', 'code')
    act = {'profile': _profile, 'address': _address, 'password': _password, 'end_session': _end_session,
           'end_others': _end_others}.get(form['action'], _unknown)
    return act(user, form)


def _unknown(user, form):
    form.errors = {'': 'Nothing was changed: please use one of the buttons on this page.'}
    return _page(user, form=form, status=400)


def _profile(user, form):
    try:
        name, handle, bio, language, zone, report, day, closes = users.all_of(
            (users.clean_name, form['name']), (_clean_handle, form['handle']), (_clean_bio, form['bio']),
            (_one_of, ['', *languages.supported()], form['language'], 'language',
             N_('Choose a language from the list.')),
            (_one_of, _zones_for(user), form['timezone'], 'timezone', 'Please choose a time zone from the list.'),
            (_one_of, _frequencies(user), form['report'], 'report', 'Please choose one of the list.'),
            (_one_of, [*map(str, WEEKDAYS)], form['report_day'] or str(user.report_day), 'report_day',
             'Please choose a day of the week.'),
            (_one_of, _times(user), form['report_time'] or user.report_time, 'report_time',
             'Please choose one of the list.'))
        _change(user, dict(name=name, handle=handle, bio=bio, language=language or None, timezone=zone, report=report,
                           report_day=int(day), report_time=closes))
    except Rejected as error:
        form.errors = error.errors
        return _page(user, form=form, status=400)
    return redirect('/settings', 'saved')


def _clean_handle(typed):
    handle = text.slug(typed, '')[:40].strip('-')
    if not handle:
        raise Rejected(handle='A handle needs letters or digits, such as anna-berg.')
    if handle in users.RESERVED_HANDLES:
        raise _taken(handle)
    return handle


def _clean_bio(typed):
    bio = text.whole_line(typed, MAX_BIO)
    if bio is None:
        raise Rejected(bio=f'Please keep this within {MAX_BIO} characters.')
    return bio


def _one_of(choices, typed, field, sentence):
    if typed not in choices:
        raise Rejected(**{field: sentence})
    return typed


def _change(user, changes):
    try:
        users.change_profile(user, changes, now())
    except IntegrityError:
        raise _taken(changes['handle']) from None


def _taken(handle):
    return Rejected(handle=f'This handle is taken. Try {users.free_handle(handle)}.')


def _address(user, form):
    form = Form({'email': form['email'], 'current': form['current'], 'code': form['code']})
    try:
        email = users.clean_email(form['email'])
        if email.lower() == user.email.lower():
            raise Rejected(email='This is your address already.')
        confirmed = confirm_identity(user, form)
        with db.atomic():
            users.check_unchanged(confirmed, 'current')
            deliver_alike(users.address_mail(user, email, now(), cause()))
            note_action('address_asked', user)
    except Rejected as error:
        form.errors = error.errors
        return _page(user, address_form=form, status=400)
    except Throttled as error:
        form.errors = {'email': budgets.sentence(error, user.timezone)}
        return _page(user, address_form=form, status=429)
    return redirect('/settings', 'address-sent')


def _password(user, form):
    form = Form({'current': form['current'], 'code': form['code'], 'password': form['password']})
    try:
        confirmed = confirm_identity(user, form)
        hashed = users.hash_password(
            users.clean_password(form['password'], 'password', users.about(user.name, user.email)))
        with db.atomic():
            users.check_unchanged(confirmed, 'current')
            users.set_password(confirmed, hashed, keep=current_session())
            deliver_soon(users.password_told_mail(confirmed, now(), user_agent()))
            note_action('password_changed', user)
    except Rejected as error:
        form.errors = error.errors
        return _page(user, password_form=form, status=400)
    rotate()
    return redirect('/settings', 'password')


def _end_session(user, form):
    this = current_session()
    if this and form['digest'] == this.digest:
        log_out()
        return redirect('/login', 'logged-out')
    with db.atomic():
        is_ended = sessions.end_there(user, form['digest'])
        if is_ended:
            note_action('session_ended', user)
    return redirect('/settings', 'session-ended' if is_ended else 'session-gone')


def _end_others(user, form):
    this = current_session()
    assert this is not None  # the page is for who is logged in
    with db.atomic():
        if users.end_sessions(user, this.digest):
            note_action('sessions_ended', user)
    return redirect('/settings', 'others-ended')


@signed_in
def delete_form(user):
    return _delete_page(user, Form({'password': '', 'posts': 'keep'}))


def _delete_page(user, form, status=200):
    response.status = status
    return render('delete_account.html', form=form, identity=identity_context(user),
                  sole_owner=users.is_sole_owner(user), kinds=_kinds(user))


def _kinds(user):
    """How many posts of each kind this user has: what leaving means for them."""
    posts = Post.select(Post.id).where(Post.author == user)
    pages = posts.where(Post.is_page)
    scheduled = posts.where(Post.published_at > now(), Post.deleted_at.is_null()).count()
    if user.is_owner:  # nobody else has pages; the question takes longer
        posts = posts.where(~Post.is_page)
    return {'published': Shelf.of(user).posts - scheduled, 'scheduled': scheduled,
            'drafts': posts.where(Post.published_at.is_null(), Post.deleted_at.is_null()).count(),
            'trash': posts.where(Post.deleted_at.is_null(False)).count(),
            'unsaved': Unsaved.select().where(Unsaved.user == user).count(),
            'pages': pages.count() if user.is_owner else 0}


def _posts_of(user):
    return Post.select(Post.id).where(Post.author == user, Post.deleted_at.is_null())


@signed_in
def delete(user):
    form = typed('password', 'code', 'posts')
    try:
        if form['posts'] not in ('keep', 'published', 'delete') and _posts_of(user).exists():
            raise Rejected(posts='Please choose what happens to your posts.')
        confirmed = confirm_identity(user, form, 'password')
        with db.atomic():
            users.check_unchanged(confirmed)
            note_action('member_left', user)
            users.delete(confirmed, form['posts'] != 'delete', now(), keep_drafts=form['posts'] != 'published')
    except Rejected as error:
        form.errors = error.errors
        return _delete_page(user, form, status=400)
    except users.LastOwner:
        return _delete_page(user, form, status=400)
    erasure.erase_now()
    log_out()
    return redirect('/', 'deleted')


# Unsubscribing

def unsubscribe_form(token):
    user = users.unsubscriber(token)
    return _unsubscribe_page(token, user, user.report)


def unsubscribe(token):
    """Stop the reports: mail programs press this button themselves (RFC 8058). Or have them again, as chosen there."""
    user, again = users.unsubscriber(token), typed('again')['again']
    report = again if again in AGAIN else 'never'
    users.change_profile(user, {'report': report}, now())
    return _unsubscribe_page(token, user, report, before=user.report)


def _unsubscribe_page(token, user, report, before='never'):
    usual = next(each for each in (before, current().report, 'daily') if each in AGAIN)
    return render('unsubscribe.html', action=url(f'/unsubscribe/{token}'), email=user.email, report=report,
                  usual=usual, again=AGAIN)
