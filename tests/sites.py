"""For the tests of pages: other settings, filled sites, all that is stored; and an end to what would hang."""

import os
import signal
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC
from functools import cache

from conftest import Browser, drain, outbox, person, write
from playhouse.migrations import Runner

from quickpub import data_folder, db, migrating
from quickpub.jobs.tables import Job, Pause
from quickpub.media import uploads
from quickpub.models import TABLES, AuditEntry, Message, RecentDay, RecentViews, Site
from quickpub.web import create_app


def browser_of(site, **changes):
    """A stranger's browser on the same site with other settings, as after a restart."""
    return Browser(create_app(replace(site, **changes)))


def keep(user, name='paper.pdf', content=b'%PDF-1.7 and so on', follow=lambda: None):
    """An upload, kept through the same function as in the studio; call it on an open database."""
    draft = uploads.open_upload(name)
    try:
        draft.write(content)
        return uploads.store(user, draft, db.now(), follow)
    finally:
        draft.close()


def form_with(page, name):
    """The form of a page that has this field or button."""
    return next(form for form in page.forms.values() if name in form.fields)


def stored(*but):
    """Every row of every table, apart from some tables: equal before and after means that nothing was changed.

    Left out are the audit log, which refused requests are written into too, and sums of the last days: whoever looks
    first on a new day has them made anew.
    """
    with db.db.connection_context():
        tables = [table for table in [*TABLES, Job, Pause] if table not in (*but, AuditEntry, RecentDay, RecentViews)]
        return {table.__name__: sorted(db.rows_of(_select_all(table)), key=repr) for table in tables}


@cache
def _select_all(table):
    return table.select().sql()[0]


def long_ago(model, **fields):
    """Set times of all rows of a table back, as if they were written then: nobody has to wait."""
    with db.db.connection_context():
        model.update(**fields).execute()


def set_modified(path, at):
    """Set the time that a file was modified, so that it does not depend on the disk's clock."""
    os.utime(path, (at.replace(tzinfo=UTC).timestamp(),) * 2)


def newest_mail(site, kind=None):
    """The mail, of this kind if one is named, that was written last, as its reader gets it.
    (Several may have the same second as their date.)"""
    drain()
    with db.db.connection_context():
        found = Message.select() if kind is None else Message.select().where(Message.kind == kind)
        newest = found.order_by(Message.id.desc()).get()
    return next(mail for mail in outbox(site) if mail['Message-ID'] == newest.message_id)


def mails(kind=None):
    """(kind, recipient) of all mails of the ledger, oldest first."""
    with db.db.connection_context():
        rows = list(Message.select().order_by(Message.id))
    return [(row.kind, row.recipient) for row in rows if kind in (None, row.kind)]


def fill(count=3):
    """An owner, two authors and posts of every kind, with `count` public ones; call it on an open database."""
    olga, alice, bob = person('olga', role='owner'), person('alice', bio='Writes about hills.'), person('bob')
    for number in range(count):
        write(alice if number % 3 else bob, f'Post number {number}', body=BODY, tags='Hills, Slow food, 日本',
              summary='What it is about.' if number % 2 else '')
    write(alice, 'Only a draft', published=False, tags='Secret plans')
    write(alice, '', body='Without any title.', published=False)
    trashed = write(alice, 'Thrown away')
    type(trashed).update(deleted_at=db.now()).where(type(trashed).id == trashed.id).execute()
    write(alice, 'Public', body=BODY, tags='Hills', summary='With all that a post can have.')
    Site.update(tagline='“News” & <views> from the hill').execute()
    return olga, alice, bob


BODY = '''A first paragraph with *stress*, `code`, [a link](/archive) and <b>HTML</b>.

## A heading & more

| a | b |
|---|--:|
| 1 | 2 |

- [ ] to do
- [x] done

> A quote[^1]

```python
def hill(height: int) -> str:
    return f'{height} m'
```

![A hill](/hill.jpg "The hill")

Term
: What it is

[^1]: A note.
'''


@contextmanager
def ended_if_it_hangs():
    """Raises in a block that has used ten seconds of the processor: what hostile text makes quadratic takes more."""
    def end(*_):
        raise TimeoutError('it goes on and on')
    before = signal.signal(signal.SIGPROF, end)
    signal.setitimer(signal.ITIMER_PROF, 10)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@contextmanager
def make_old_site(config, up_to='0008_numbers'):
    """Make a site with the tables of an older version, open in this block for rows that are written by SQL."""
    data_folder.create(config.paths)
    db.bind(config, 1)
    with db.db.connection_context():
        Runner(db.db, str(migrating.MIGRATIONS)).up(up_to)
        yield
