"""Buttons that repeat in the lists of the studio: each is named after its row, which not everybody sees around it."""

from collections import defaultdict
from datetime import timedelta

import pytest
from conftest import drain, write
from sites import keep

from quickpub import db
from quickpub.accounts import invitations, sessions
from quickpub.content import autosave, trash
from quickpub.jobs import queue
from quickpub.models import MediaFile, Passkey

PATHS = ('/studio', '/studio/pages', '/studio/trash', '/studio/posts/new', '/studio/media', '/settings',
         '/settings/security', '/admin/members', '/admin/invitations', '/admin/mail', '/admin/jobs', '/admin/look')
REPEATED = 'main :is(button, summary)'


@pytest.fixture
def crowded(site, olga):
    """The owner of a site, with two rows in each list that has buttons."""
    at = db.now()
    for number in range(2):
        name, earlier = f'{number}'.zfill(16), at - timedelta(hours=number)
        autosave.keep(olga, name, None, dict.fromkeys(autosave.FIELDS, '') | {'title': name}, earlier)
        trash.move_to_trash(write(olga, f'Thrown away {number}'), at)
        Passkey.create(user=olga, credential_id=name.encode(), credential=b'', name=f'Key {number}')
        sessions.start(olga, f'Mozilla/5.0 ({("Windows", "Macintosh")[number]}) Firefox/130.0', at)
        invitations.invite(f'new{number}@example.org', at, olga)
        invitations.create_invitation_link(earlier, olga)
        for state in ('ready', 'failed'):
            upload = keep(olga, f'{state} {number}.pdf', f'%PDF-1.7 {state} {number}'.encode())
            made = {'width': 320, 'height': 200, 'widths': {'jpg': [320]}}
            MediaFile.update(kind='image', state=state, made=made, error='').where(
                MediaFile.digest == upload.file_id).execute()
        queue.enqueue('quickpub.tasks.deliver', b'rubbish')
    db.db.close()
    drain()
    return olga


def name_of(control):
    """Return the name that a screen reader says."""
    return ' '.join((control.get('aria-label') or control.text).split())


def effect_of(control):
    """Return what a button sends, or the row that it opens a part of."""
    form = control.find_parent('form')
    if control.name == 'summary' or form is None:
        return control.get('popovertarget') or id(control)
    sent = sorted((each['name'], each.get('value')) for each in form.select('input[type=hidden]'))
    return form['action'], *sent, control.get('name'), control.get('value')


def test_no_two_buttons_of_a_page_have_one_name_and_do_different_things(crowded, browse):
    browser, repeated = browse(crowded), 0
    for path in PATHS:
        effects = defaultdict(set)
        for control in browser.get(path).html.select(REPEATED):
            effects[name_of(control)].add(effect_of(control))
            label, shown = control.get('aria-label'), ' '.join(control.text.split())
            assert not label or set(shown.lower().split()) <= set(label.lower().replace(':', '').split()), label
        assert {name: found for name, found in effects.items() if len(found) > 1} == {}, path
        repeated += len(effects)
    assert repeated > 40, 'there are rows'
