"""The owner's pages: the site, the mail, the people."""

import re
from contextlib import nullcontext
from email import message_from_bytes, policy

from bottle import request, response
from peewee import fn

from .. import batches, findings, text
from ..accounts import audit, second_factors, users
from ..content import search
from ..db import db, literal, now
from ..jobs import queue
from ..mail import budgets, ledger
from ..mail import message as letter
from ..models import AuditEntry, Message, Post, Shelf, Site, User
from ..settings import current
from ..signing import HIDDEN, redact
from ..tasks import deliver_soon, huey
from ..text import Rejected
from ..throttle import Throttled
from ..translations import languages
from ..translations.messages import N_
from ..upkeep import health, integrity
from ..wsgi.authentication import cause, note_action
from ..wsgi.forms import Form, number, typed
from ..wsgi.identity import confirm_identity
from ..wsgi.responses import (
    asking,
    confirm_first,
    find,
    identity_context,
    owner_only,
    page_of,
    redirect,
    render,
    render_form,
)

PER_LIST = 50
SITE = ('title', 'tagline', 'hue', 'language')  # the fields of its form
MAX_ASKED = 100  # characters that the audit log is searched for
JOB_ACTIONS = {'retry': 'job_retried', 'discard': 'job_discarded', 'pause': 'jobs_paused', 'resume': 'jobs_resumed'}
MAIL_STATES = 'queued', 'sending', 'sent', 'deferred', 'failed', 'held'


@owner_only
def overview(user):
    posts, views = Shelf.select(fn.TOTAL(Shelf.posts), fn.TOTAL(Shelf.views)).scalar(as_tuple=True)
    scheduled = Post.select().where(Post.published_at > now(), Post.deleted_at.is_null()).count()
    return render('admin.html', paused_since=queue.paused_since(), damage=health.integrity_problem(),
                  checked=findings.last(integrity.NAME), counts={
        'authors': User.select().where(User.deleted_at.is_null()).count(),
        'posts': int(posts) - scheduled,
        'views': int(views),
        'queued_mail': Message.select().where(ledger.UNSENT).count(),
        'failed_mail': Message.select().where(Message.state == literal('failed')).count(),
        'dead_jobs': queue.Job.select().where(queue.Job.state == literal('dead')).count()})


@owner_only
def work(user):
    """What waits, runs and has failed, and how it went in the last hour."""
    at, state, run_at = now(), queue.Job.state, queue.Job.run_at
    rows = queue.Job.select().order_by(queue.Job.priority.desc(), run_at, queue.Job.id)
    return render('admin_jobs.html', now=at, paused_since=queue.paused_since(), set_aside=batches.problem(),
                  schedules=huey.schedules(at), throughput=queue.throughput(at), in_words=huey.in_words, **{
                      name: list(rows.where(condition).limit(PER_LIST)) for name, condition in (
                          ('running', state == literal('running')), ('dead', state == literal('dead')),
                          ('waiting', (state == literal('ready')) & (run_at <= at)),
                          ('later', (state == literal('ready')) & (run_at > at)))})


@owner_only
def do_work(user):
    """Retry or discard what has failed; pause and resume all of it."""
    form = typed('action', 'job')
    with db.atomic():
        if form['action'] == 'pause':
            queue.pause()
        elif form['action'] == 'resume':
            queue.resume()
        else:
            act = {'retry': queue.retry, 'discard': queue.discard}.get(form['action'])
            if act is None or not act(number(form['job']) or 0):
                return redirect('/admin/jobs', 'job-gone')
        note_action(JOB_ACTIONS[form['action']], user)
    return redirect('/admin/jobs', f'job-{form["action"]}')


@owner_only
def mails(user):
    form = Form({'q': request.query.getunicode('q', ''), 'state': request.query.getunicode('state', '')})
    query = Message.select(Message.id).order_by(Message.id.desc())  # no more: then a search reads a narrow index alone
    if form['state'] in MAIL_STATES:
        query = query.where(Message.state == literal(form['state']))
    if form['q']:
        query = query.where(search.has(Message.recipient, form['q']) | search.has(Message.subject, form['q']))
    with search.in_turn(user.id) if form['q'] else nullcontext():
        found, older, _ = page_of(query, asking('/admin/mail', **form.values), PER_LIST, (Message.id,),
                                  Message.select())
    listed = Message.select(Message.id, Message.recipient, Message.subject, Message.state, Message.answer,
                            Message.next_try, Message.created_at, Message.sent_at).order_by(Message.id.desc())
    return render('admin_mail.html', messages=list(listed.where(Message.id.in_([row.id for row in found]))),
                  older=older, outbox=not current().smtp, form=form, states=MAIL_STATES,
                  folder=str(current().data / 'outbox'), trouble=health.mail_problem(now(), user.timezone),
                  refusals=budgets.refusals(now()), rate=ledger.rate_note(now(), user.timezone),
                  paused_since=queue.paused_since())


@owner_only
def message(user, message_id):
    """An email as its reader gets it, but for the links that only its reader may have: with them an owner could log in
    as anybody."""
    return _message_page(user, find(Message.select(), message_id))


def _message_page(user, found, form=None, status=200):
    response.status, headers = status, []
    show = str if found.recipient.lower() == user.email.lower() else redact
    try:
        made = message_from_bytes(letter.render(found), policy=policy.default)
    except letter.CannotBeMade as error:
        body = str(error)
    else:
        part = made.get_body(('plain',))
        assert part is not None  # every mail has a text
        body = show(part.get_content())
        headers = [(name, show(str(value))) for name, value in made.items()
                   if not name.startswith(('Content-', 'MIME-'))]
    return render('admin_message.html', message=found, text=body, headers=headers,
                  links=[link for link in re.findall(r'https?://\S+', body) if HIDDEN not in link],
                  is_redacted=HIDDEN in body, form=form or Form())


@owner_only
def change_message(user, message_id):
    """Send a mail again, or hold back one that is not sent yet."""
    found = find(Message.select(), message_id)
    action = typed('action')['action']
    if action not in ('send', 'hold'):
        return redirect(f'/admin/mail/{found.id}')
    if action == 'hold':
        with db.atomic():
            is_held = ledger.hold(found)
            if is_held:
                note_action('mail_held', user, found)
        return redirect(f'/admin/mail/{found.id}', 'held' if is_held else 'not-held')
    try:
        with db.atomic():
            budgets.admit(budgets.SEND_AGAIN, cause(), now())
            if ids := ledger.send_again(found):
                note_action('mail_sent_again', user, found)
            deliver_soon(ids)
    except Throttled as error:
        return _message_page(user, found, Form(errors={'': budgets.sentence(error, user.timezone)}), 429)
    return redirect(f'/admin/mail/{found.id}', 'queued')


@owner_only
def people(user):
    return _people(Form())


def _people(form, status=200):
    response.status = status
    everybody = User.select().where(User.deleted_at.is_null()).order_by(User.id.desc())
    found, older, _ = page_of(everybody, '/admin/people', PER_LIST, (User.id,), User.select())
    links = {link.user_id: link for link in reversed(users.handed_over([each.id for each in found]))}
    with_factors = second_factors.those_with([each.id for each in found])
    return render('admin_people.html', people=found, older=older, form=form, links=links, signup=current().signup,
                  with_factors=with_factors)


@owner_only
def change_people(user):
    """Invite somebody, make an author an owner too, or help one whose email does not arrive."""
    form = typed('email', 'action', 'person', 'current', 'code', 'step')
    members = User.select().where(User.active())
    if form['action'] == 'make_owner':
        return _make_owner(user, find(members, form['person']))
    if form['action'] == 'reset_factors':
        return _reset_factors(user, find(members.where(User.id != user.id), form['person']))
    if form['action'] == 'link':
        return _hand_over(user, find(members.where(User.role == 'author'), form['person']), form)
    return _invite(user, form)


def _make_owner(user, member):
    page = confirm_first(user, f'Make {member.name} an owner', 'Owners can change everything on this site: its '
                         'members, its settings and everybody’s posts. An owner cannot be made an author again here.',
                         'Make an owner', is_always_asked=True)
    if page is not None:
        return page
    with db.atomic():
        users.make_owner(member, now())
        if not member.is_owner and User.get_by_id(member.id).is_owner:
            note_action('role_changed', user, member, role='owner')
    return redirect('/admin/people', 'owner-made')


def _reset_factors(user, member):
    """Let a member who has lost their phone or key log in with the password alone."""
    page = confirm_first(user, f'Remove the passkeys and the app of {member.name}',
                         'Do this only if they have lost their phone or key, and make sure that you talk to the right '
                         'person. Their passkeys, authenticator app and recovery codes are removed, they are logged '
                         'out everywhere, and they get an email about it. Then their password alone logs them in.',
                         'Remove them', is_always_asked=True)
    if page is not None:
        return page
    with db.atomic():
        deliver_soon(second_factors.reset(member, now(), user))
        note_action('factors_reset', user, member)
    return redirect('/admin/people', 'factors-reset')


def _hand_over(user, member, form):
    """A link with which a member chooses a new password, for the owner to hand over; once they typed their own."""
    context = {'member': member, 'link': None, 'identity': identity_context(user)}
    if not (form['current'] or form['step']):
        return render('admin_link.html', form=Form({'current': '', 'code': ''}), **context)
    try:
        confirmed = confirm_identity(user, form)
        with db.atomic():
            users.check_unchanged(confirmed, 'current')
            budgets.admit(budgets.HAND_OVER_LINK, cause(), now())
            link, told = users.hand_over_link(member, confirmed, now())
            deliver_soon(told)
            note_action('link_handed_over', user, member)
    except Rejected as error:
        form.errors = error.errors
        return render_form('admin_link.html', form, **context)
    except Throttled as error:
        form.errors = {'': budgets.sentence(error, user.timezone)}
        return render_form('admin_link.html', form, 429, **context)
    return render('admin_link.html', form=form, **(context | {'link': link}))


def _invite(user, form):
    try:
        if current().signup == 'closed':
            raise Rejected(email='Sign-up is closed, so an invitation would lead nowhere.')
        email = users.clean_email(form['email'])
    except Rejected as error:
        form.errors = error.errors
        return _people(form, 400)
    try:
        with db.atomic():
            deliver_soon(users.invite_mail(email, now(), cause()))
            note_action('invited', user)
    except Throttled as error:
        form.errors = {'email': budgets.invitation_sentence(error, user.timezone)}
        return _people(form, 429)
    return redirect('/admin/people', 'invited')


@owner_only
def audit_log(user):
    """Who did what that matters for security; all of it, or what was asked for."""
    form = Form({'q': text.line(request.query.getunicode('q', ''), MAX_ASKED), 'kind': request.query.get('kind', '')})
    asked = request.query.get('member', '')
    member = find(User.select(), asked) if asked else None
    query = audit.entries(member, form['kind'], form['q'])
    base = asking('/admin/audit', **form.values, member=member and member.id)
    found, older, _ = page_of(query, base, PER_LIST, by=(AuditEntry.id,))
    return render('admin_audit.html', entries=[(entry, audit.sentence(entry)) for entry in found], older=older,
                  form=form, member=member, groups=audit.GROUPS, kept_days=audit.KEPT.days)


@owner_only
def site_form(user):
    site = Site.this()
    return render('admin_site.html', form=Form({name: str(getattr(site, name)) for name in SITE}),
                  languages=languages.supported().items())


@owner_only
def site(user):
    form = typed(*SITE)
    try:
        title, tagline, hue, language = users.all_of(
            (users.clean_title, form['title']), (_clean_tagline, form['tagline']), (_clean_hue, form['hue']),
            (_clean_language, form['language']))
    except Rejected as error:
        form.errors = error.errors
        return render_form('admin_site.html', form, languages=languages.supported().items())
    before = Site.this()
    changed = [words for name, words, value in (
        ('title', 'name', title), ('tagline', 'tagline', tagline), ('hue', 'colour', hue),
        ('language', 'language', language)) if getattr(before, name) != value]
    with db.atomic():
        Site.change(title=title, tagline=tagline, hue=hue, language=language)
        if changed:
            note_action('site_changed', user, changed=', '.join(changed))
    return redirect('/admin/site', 'saved')


def _clean_tagline(typed):
    tagline = text.whole_line(typed, 200)
    if tagline is None:
        raise Rejected(tagline='Please keep the tagline within 200 characters.')
    return tagline


def _clean_language(typed):
    """Return the language that was chosen; the present one where a script sends none."""
    if typed and typed not in languages.supported():
        raise Rejected(language=N_('Choose a language from the list.'))
    return typed or Site.this().language


def _clean_hue(typed):
    hue = number(typed)
    if hue is None or hue > 359:
        raise Rejected(hue='Please give a number from 0 to 359.')
    return hue
