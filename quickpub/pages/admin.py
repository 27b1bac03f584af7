"""The owner's pages: the site, the mail, the people."""

import re

from bottle import response
from peewee import fn

from .. import accounts, jobs, mail, text
from ..accounts import Rejected
from ..db import db, now
from ..models import Message, Post, Site, User
from ..settings import current
from ..shortcuts import Form, find, number, owner_only, page_of, redirect, render, render_form, typed
from ..tasks import deliver_soon

PER_LIST = 50
UNSENT = ('queued', 'sending', 'deferred')


@owner_only
def overview(user):
    return render('admin.html', counts={
        'authors': User.select().where(User.deleted_at.is_null()).count(),
        'posts': Post.published(now()).count(),
        'views': Post.select(fn.COALESCE(fn.SUM(Post.views), 0)).scalar(),
        'queued_mail': Message.select().where(Message.state.in_(UNSENT)).count(),
        'failed_mail': Message.select().where(Message.state == 'failed').count(),
        'dead_jobs': jobs.Job.select().where(jobs.Job.state == 'dead').count()})


@owner_only
def mails(user):
    found, older, _ = page_of(Message.select().order_by(Message.id.desc()), '/admin/mail', PER_LIST, by=Message.id)
    return render('admin_mail.html', messages=found, older=older, outbox=not current().smtp,
                  folder=str(current().data / 'outbox'))


@owner_only
def message(user, message_id):
    found = find(Message.select(), message_id)
    made = mail.render(found)
    part = made.get_body(('plain',))
    assert part is not None  # every mail has a text
    body = part.get_content()
    headers = [(name, str(value)) for name, value in made.items() if not name.startswith(('Content-', 'MIME-'))]
    return render('admin_message.html', message=found, text=body, headers=headers,
                  links=re.findall(r'https?://\S+', body))


@owner_only
def send_again(user, message_id):
    found = find(Message.select(), message_id)
    with db.atomic():
        deliver_soon(mail.send_again(found))
    return redirect(f'/admin/mail/{found.id}', 'queued')


@owner_only
def people(user):
    return _people(Form())


def _people(form, status=200):
    response.status = status
    found = list(User.select().where(User.deleted_at.is_null()).order_by(User.id))
    return render('admin_people.html', people=found, form=form, signup=current().signup)


@owner_only
def invite(user):
    form = typed('email')
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
    title, tagline = text.line(form['title'], 101), text.line(form['tagline'], 201)
    if not title or len(title) > 100:
        form.errors['title'] = 'Please give the site a name of at most 100 characters.'
    if len(tagline) > 200:
        form.errors['tagline'] = 'Please keep the tagline within 200 characters.'
    hue = number(form['hue'])
    if hue is None or hue > 359:
        form.errors['hue'] = 'Please give a number from 0 to 359.'
    if form.errors:
        return render_form('admin_site.html', form)
    Site.replace(id=1, title=title, tagline=tagline, hue=hue).execute()
    return redirect('/admin/site', 'saved')
