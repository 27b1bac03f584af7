"""The owner's pages: the site, the mail, the people."""

import re
from email import message_from_bytes, policy

from bottle import request, response
from peewee import fn

from .. import accounts, aside, findings, health, integrity, jobs, letter, mail, search, text
from ..db import db, literal, now
from ..forms import Form, number, typed
from ..models import Message, Post, Shelf, Site, User
from ..settings import current
from ..shortcuts import asking, confirm_password, find, owner_only, page_of, redirect, render, render_form
from ..signing import HIDDEN, redact
from ..tasks import deliver_soon, huey
from ..text import Rejected

PER_LIST = 50
MAIL_STATES = {'queued': 'Waiting', 'sending': 'Being sent', 'sent': 'Sent', 'deferred': 'Will be tried again',
               'failed': 'Failed', 'held': 'Held back'}


@owner_only
def overview(user):
    posts, views = Shelf.select(fn.TOTAL(Shelf.posts), fn.TOTAL(Shelf.views)).scalar(as_tuple=True)
    scheduled = Post.select().where(Post.published_at > now(), Post.deleted_at.is_null()).count()
    return render('admin.html', paused_since=jobs.paused_since(), damage=health.integrity_problem(),
                  checked=findings.last(integrity.NAME), counts={
        'authors': User.select().where(User.deleted_at.is_null()).count(),
        'posts': int(posts) - scheduled,
        'views': int(views),
        'queued_mail': Message.select().where(mail.UNSENT).count(),
        'failed_mail': Message.select().where(Message.state == literal('failed')).count(),
        'dead_jobs': jobs.Job.select().where(jobs.Job.state == literal('dead')).count()})


@owner_only
def work(user):
    """What waits, runs and has failed, and how it went in the last hour."""
    at, state, run_at = now(), jobs.Job.state, jobs.Job.run_at
    rows = jobs.Job.select().order_by(jobs.Job.priority.desc(), run_at, jobs.Job.id)
    return render('admin_jobs.html', now=at, paused_since=jobs.paused_since(), set_aside=aside.problem(),
                  schedules=huey.schedules(at), throughput=jobs.throughput(at), in_words=huey.in_words, **{
                      name: list(rows.where(condition).limit(PER_LIST)) for name, condition in (
                          ('running', state == literal('running')), ('dead', state == literal('dead')),
                          ('waiting', (state == literal('ready')) & (run_at <= at)),
                          ('later', (state == literal('ready')) & (run_at > at)))})


@owner_only
def do_work(user):
    """Retry or discard what has failed; pause and resume all of it."""
    form = typed('action', 'job')
    if form['action'] == 'pause':
        jobs.pause()
    elif form['action'] == 'resume':
        jobs.resume()
    else:
        act = {'retry': jobs.retry, 'discard': jobs.discard}.get(form['action'])
        if act is None or not act(number(form['job']) or 0):
            return redirect('/admin/jobs', 'job-gone')
    return redirect('/admin/jobs', f'job-{form["action"]}')


@owner_only
def mails(user):
    form = Form({'q': request.query.getunicode('q', ''), 'state': request.query.getunicode('state', '')})
    query = Message.select(Message.id).order_by(Message.id.desc())  # no more: then a search reads a narrow index alone
    if form['state'] in MAIL_STATES:
        query = query.where(Message.state == literal(form['state']))
    if form['q']:
        query = query.where(search.has(Message.recipient, form['q']) | search.has(Message.subject, form['q']))
    found, older, _ = page_of(query, asking('/admin/mail', **form.values), PER_LIST, (Message.id,), Message.select())
    listed = Message.select(Message.id, Message.recipient, Message.subject, Message.state, Message.answer,
                            Message.next_try, Message.created_at, Message.sent_at).order_by(Message.id.desc())
    return render('admin_mail.html', messages=list(listed.where(Message.id.in_([row.id for row in found]))),
                  older=older, outbox=not current().smtp, form=form, states=MAIL_STATES,
                  folder=str(current().data / 'outbox'), trouble=health.mail_problem(now(), user.timezone),
                  paused_since=jobs.paused_since())


@owner_only
def message(user, message_id):
    """An email as its reader gets it, but for the links that only its reader may have: with them an owner could log in
    as anybody."""
    found, headers = find(Message.select(), message_id), []
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
                  is_redacted=HIDDEN in body)


@owner_only
def change_message(user, message_id):
    """Send a mail again, or hold back one that is not sent yet."""
    found = find(Message.select(), message_id)
    action = typed('action')['action']
    if action not in ('send', 'hold'):
        return redirect(f'/admin/mail/{found.id}')
    if action == 'hold':
        return redirect(f'/admin/mail/{found.id}', 'held' if mail.hold(found) else 'not-held')
    with db.atomic():
        deliver_soon(mail.send_again(found))
    return redirect(f'/admin/mail/{found.id}', 'queued')


@owner_only
def people(user):
    return _people(Form())


def _people(form, status=200):
    response.status = status
    everybody = User.select().where(User.deleted_at.is_null()).order_by(User.id.desc())
    found, older, _ = page_of(everybody, '/admin/people', PER_LIST, (User.id,), User.select())
    links = {link.user_id: link for link in reversed(accounts.handed_over([each.id for each in found]))}
    return render('admin_people.html', people=found, older=older, form=form, links=links, signup=current().signup)


@owner_only
def change_people(user):
    """Invite somebody, make an author an owner too, or help one whose email does not arrive."""
    form = typed('email', 'action', 'person', 'current')
    if form['action'] == 'make_owner':
        accounts.make_owner(find(User.select().where(User.deleted_at.is_null()), form['person']), now())
        return redirect('/admin/people', 'owner-made')
    if form['action'] == 'link':
        return _hand_over(user, find(User.select().where(User.deleted_at.is_null(), User.role == 'author'),
                                     form['person']), form)
    return _invite(form)


def _hand_over(user, member, form):
    """A link with which a member chooses a new password, for the owner to hand over; once they typed their own."""
    if not form['current']:
        return render('admin_link.html', form=Form({'current': ''}), member=member, link=None)
    try:
        confirmed = confirm_password(user, form['current'])
        with db.atomic():
            accounts.check_unchanged(confirmed, 'current')
            link, told = accounts.hand_over_link(member, confirmed, now())
            deliver_soon(told)
    except Rejected as error:
        form.errors = error.errors
        return render_form('admin_link.html', form, member=member, link=None)
    return render('admin_link.html', form=form, member=member, link=link)


def _invite(form):
    try:
        if current().signup == 'closed':
            raise Rejected(email='Sign-up is closed, so an invitation would lead nowhere.')
        email = accounts.clean_email(form['email'])
    except Rejected as error:
        form.errors = error.errors
        return _people(form, 400)
    with db.atomic():
        deliver_soon(accounts.invite_mail(email, now()))
    return redirect('/admin/people', 'invited')


@owner_only
def site_form(user):
    site = Site.this()
    return render('admin_site.html', form=Form({'title': site.title, 'tagline': site.tagline, 'hue': str(site.hue)}))


@owner_only
def site(user):
    form = typed('title', 'tagline', 'hue')
    try:
        title, tagline, hue = accounts.all_of(
            (accounts.clean_title, form['title']), (_clean_tagline, form['tagline']), (_clean_hue, form['hue']))
    except Rejected as error:
        form.errors = error.errors
        return render_form('admin_site.html', form)
    Site.change(title=title, tagline=tagline, hue=hue)
    return redirect('/admin/site', 'saved')


def _clean_tagline(typed):
    tagline = text.whole_line(typed, 200)
    if tagline is None:
        raise Rejected(tagline='Please keep the tagline within 200 characters.')
    return tagline


def _clean_hue(typed):
    hue = number(typed)
    if hue is None or hue > 359:
        raise Rejected(hue='Please give a number from 0 to 359.')
    return hue
