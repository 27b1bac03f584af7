"""What a spam filter thinks of each kind of mail: Debian's SpamAssassin, without the network. `make spam`.

A person's filter knows more (who sends, from where, what others say of it); this says whether the mail itself is well
made. Exits with 1 where any kind scores above LIMIT; 5 is what SpamAssassin takes for spam.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import quickpub
from quickpub import db, migrating, opening, settings, tasks, throttle
from quickpub.accounts import (
    email_change,
    invitations,
    notifications,
    password_reset,
    registration,
    second_factors,
    users,
)
from quickpub.audience import reports, running_reports
from quickpub.demo import fill
from quickpub.exchange import exports
from quickpub.mail import budgets
from quickpub.mail import message as letter
from quickpub.models import Message, User

LIMIT = 0.5


def main() -> int:
    with tempfile.TemporaryDirectory() as folder:
        config = settings.from_env({'QUICKPUB_DATA': folder, 'QUICKPUB_URL': 'https://blog.example.org'})
        migrating.migrate(config)
        opening.open_site(config)
        with db.db.connection_context():
            _compose_all()
            worst = max(_score(name, letter.render(message)) for name, message in _kinds())
    print(f'The worst is {worst}; at most {LIMIT} is well.')
    return worst > LIMIT


def _compose_all() -> None:
    """One mail of each kind at least, as the site writes them."""
    at = db.now()
    fill(at)
    marta, tunde = User.select().order_by(User.id).limit(2)
    newcomer = users.create('Zoe', 'zoe@example.org', None, at)
    with db.db.atomic():
        registration.resend_verification(newcomer, at)
        registration.sign_up('Marta', marta.email, 'x', at)
        password_reset.request_reset(marta.email, at)
        email_change.request_change(marta, 'marta@example.com', at)
        email_change.request_change(tunde, marta.email, at)
        notifications.notify_email_changed(marta, 'old@example.org', at, 'curl/8')
        notifications.notify_new_device(marta, at, 'curl/8')
        notifications.notify_password_changed(marta, at, 'curl/8')
        notifications.compose_test_email(marta, at)
        invitations.invite('ida@example.org', at)
        password_reset.create_handover_link(tunde, marta, at)
        throttle.note_refusal(throttle.SIGNUPS_HOUR, at)
        budgets.alarm_mails(at)
        second_factors.notify(marta, 'passkey_added', at, name='My phone')
        running_reports.compose_running(None, at)
    tasks.make_export.call_local(exports.request(marta, 'numbers', at).id)
    for days in (1, 2):
        for closed in reports.due(at + timedelta(days=days)):
            with db.db.atomic():
                reports.close_period(closed, at + timedelta(days=days))


def _kinds() -> Iterator[tuple[str, Message]]:
    """The last mail of each kind; of reports also one that has views."""
    kinds = {path.stem for path in (Path(quickpub.__file__).parent / 'templates' / 'mail').glob('[!_]*.txt')}
    assert kinds == {message.kind for message in Message.select(Message.kind)}, 'some kind is not looked at'
    for name in sorted(kinds):
        yield name, Message.select().where(Message.kind == name).order_by(Message.id.desc()).get()
    yield 'report, views', Message.select().where(
        ~Message.subject.contains('report_no_views'), Message.kind == 'report').get()


def _score(name: str, mail: bytes) -> float:
    said = subprocess.run(['spamassassin', '--local', '--test-mode'], input=mail, capture_output=True, check=True)
    verdict = said.stdout.decode('utf-8', 'replace')
    found = re.search(r'^Content analysis details:\s+\(([-\d.]+) points', verdict, re.MULTILINE)
    assert found, verdict
    rules = re.findall(r'^ *(-?\d+\.\d) (\w+)', verdict[found.end():], re.MULTILINE)
    print(f'{float(found[1]):5.1f}  {name:14}', *(f'{rule} {points}' for points, rule in rules if float(points)))
    return float(found[1])


if __name__ == '__main__':
    sys.exit(main())
