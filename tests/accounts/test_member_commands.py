"""The commands for members: the same as the owner's pages, from a shell."""

import json
import re
from datetime import timedelta

from conftest import person, write

from quickpub import audit_log, db
from quickpub.content import publishing
from quickpub.models import Message, Post, User


def test_members_are_listed_for_people_and_programs(rig):
    rig.open()
    assert 'No members yet' in rig.run('user', 'list').stdout
    with rig.database():
        olga, zoe = person('olga', role='owner'), person('zoe', verified=False, mail_trouble='550 No')
        write(olga)
    lines = rig.run('user', 'list').stdout.splitlines()
    assert len(lines) == 2 and 'zoe@example.org' in lines[0] and 'emails do not arrive' in lines[0]
    found = json.loads(rig.run('user', 'list', '--json').stdout)
    assert [(each['email'], each['role'], each['state'], each['posts'], each['last_seen'], each['do_emails_arrive'])
            for each in found] == [(zoe.email, 'author', 'unconfirmed', 0, None, False),
                                   (olga.email, 'owner', 'active', 1, None, True)]


def test_roles_change_and_somebody_stays_an_owner(rig):
    rig.open()
    with rig.database():
        olga, zoe, victor = person('olga', role='owner'), person('zoe'), person('victor', verified=False)
    assert 'only owner' in rig.run('user', 'role', olga.email, 'author').stderr
    assert rig.run('user', 'role', victor.email, 'owner').returncode == 1
    assert rig.run('user', 'role', zoe.email, 'owner').stdout == 'Zoe is an owner.\n'
    assert rig.run('user', 'role', zoe.email, 'owner').returncode == 0
    with rig.database():
        publishing.publish(write(olga, published=False), db.now(), db.now() + timedelta(days=1))
    assert rig.run('user', 'role', olga.email, 'contributor').stdout == (
        'Olga is a contributor.\nScheduled posts that are drafts now and wait for review: 1.\n')
    with rig.database():
        assert {user.name: user.role for user in User.select()} == {
            'Olga': 'contributor', 'Zoe': 'owner', 'Victor': 'author'}
        assert [audit_log.describe(entry) for entry in audit_log.select()] == [
            'The command line changed the role of Olga to contributor.',
            'The command line changed the role of Zoe to owner.']


def test_a_member_is_suspended_with_a_reason_and_removed(rig):
    rig.open()
    with rig.database():
        olga, zoe = person('olga', role='owner'), person('zoe')
        write(zoe)
        write(zoe, 'Draft', published=False)
    assert 'within 200' in rig.run('user', 'suspend', zoe.email, '--reason', 'x' * 201).stderr
    assert rig.run('user', 'suspend', zoe.email, '--reason', 'Spam').returncode == 0
    with rig.database():
        assert audit_log.describe(audit_log.select().get()) == 'The command line suspended Zoe. Reason: “Spam”'
    assert '--keep-posts' in rig.run('user', 'remove', zoe.email).stderr
    assert '--yes' in rig.run('user', 'remove', zoe.email, '--keep-posts').stderr
    assert 'only owner' in rig.run('user', 'remove', olga.email, '--keep-posts', '--yes').stderr
    with rig.database():
        assert User.select().count() == 2 and User.get(User.name == 'Zoe').deleted_at is None
    removed = rig.run('user', 'remove', zoe.email, '--keep-published', '--yes')
    assert removed.stdout == 'The account of Zoe is removed.\n'
    with rig.database():
        assert User.get(User.name == 'Zoe').email is None and [post.title for post in Post.select()] == ['A post']
    assert 'No member has' in rig.run('user', 'remove', zoe.email, '--delete-posts', '--yes').stderr


def test_a_password_link_is_printed_and_the_member_told(rig):
    rig.open()
    with rig.database():
        zoe = person('zoe')
        person('olga', role='owner')
    assert re.fullmatch(r'http://\S+/reset/\S+\n', rig.run('user', 'reset-password', zoe.email).stdout)
    with rig.database():
        assert Message.get().kind == 'link_made' and Message.get().user_id == zoe.id
        assert audit_log.describe(audit_log.select().get()) == 'The command line created a password link for Zoe.'
    rig.run('user', 'suspend', zoe.email)
    assert 'is suspended' in rig.run('user', 'reset-password', zoe.email).stderr
