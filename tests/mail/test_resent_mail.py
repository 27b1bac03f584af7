"""Emails that a person sends again."""

from quickpub.db import now
from quickpub.mail import ledger
from quickpub.models import Message


def test_an_email_sent_again_is_urgent_and_has_all_its_attempts(site):
    number = ledger.compose('signup', 'zoe@example.org', key='x', subject='x')
    Message.update(state='sent', attempts=7, sent_at=now()).execute()
    assert ledger.send_again(Message.get_by_id(number)) == [number]
    mail = Message.get_by_id(number)
    assert (mail.state, mail.attempts, mail.urgent, mail.sent_at) == ('queued', 0, True, None)


def test_an_email_that_is_being_sent_is_not_sent_again(site):
    number = ledger.compose('signup', 'zoe@example.org', key='x', subject='x')
    Message.update(state='sending', sender='somebody').execute()
    assert ledger.send_again(Message.get_by_id(number)) == []
    assert Message.get_by_id(number).state == 'sending'


def test_an_email_that_waits_for_its_next_try_can_be_held(site):
    number = ledger.compose('signup', 'zoe@example.org', key='x', subject='x')
    Message.update(state='deferred').execute()
    assert ledger.hold(Message.get_by_id(number))
    assert Message.get_by_id(number).state == 'held'
