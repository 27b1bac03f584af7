"""The soak: a whole site at work while its processes are killed at random, and then the books are balanced.

Sign-ups, posts, readers, reports every minute and long jobs go on; every few seconds some process of the tree gets
`kill -9`: the web server, its worker, the consumer, a process for one job, or the parent of them all, which is then
started again. At the end the killing stops, what is waiting gets done, and `Books` must have no difference.

    make soak MINUTES=10
"""

import os
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import psutil
from conftest import PASSWORD, person, write
from rig import MailServer, Rig, Visitor, wait_for
from soak_tasks import long_job

from quickpub import db, migrating, opening, settings
from quickpub.audience import counting
from quickpub.jobs import owners, tables
from quickpub.models import DailyViews, Message, Post, Report, User

HERE = Path(__file__).parent
SERVE = (f'import sys; sys.path.insert(0, {str(HERE)!r}); import soak_tasks; '
         'from quickpub.cli import main; main(["serve"])')
AHEAD = 100  # jobs that wait at most
BETWEEN_KILLS = (0.5, 2.0)  # seconds; a kill waits for the site to be well again first, so they are 1 to 4 s apart
SETTLES_WITHIN = 240


@dataclass
class Books:
    """What was promised, and what came of it."""
    kills: Counter = field(default_factory=Counter)
    signups: list[str] = field(default_factory=list)  # addresses whose page said "look in your mailbox"
    posts: list[str] = field(default_factory=list)  # titles whose page said "saved"
    views_made: int = 0  # pages that arrived
    views_tried: int = 0  # pages that were asked for: some were counted, and then the process was killed
    queue: int = 0
    problems: list[str] = field(default_factory=list)

    def check(self, is_right: bool, problem: str) -> None:
        if not is_right:
            self.problems.append(problem)


class Soak:
    def __init__(self, folder: Path, seed: int):
        self.random = random.Random(seed)
        self.mail = MailServer()
        self.log = folder / 'jobs.log'
        self.log.touch()
        self.rig = Rig(folder, smtp=self.mail.url, report='minute', trusted_proxy='127.0.0.1')
        self.books = Books()
        self.over = threading.Event()
        self.lock = threading.Lock()
        os.environ['SOAK_LOG'] = str(self.log)

    def run(self, seconds: float, kills: int, jobs_wanted: int) -> Books:
        """Go on for so many seconds, and until there were so many kills and jobs."""
        self._set_up()
        drivers = [threading.Thread(target=self._drive, args=(step,)) for step in (
            self._sign_up, self._write, self._read, self._read, self._give_work)]
        for driver in drivers:
            driver.start()
        until = time.monotonic() + seconds
        while time.monotonic() < until or self.books.kills.total() < kills or self._accepted() < jobs_wanted:
            self.over.wait(self.random.uniform(*BETWEEN_KILLS))
            self._kill_one()
        self.over.set()
        for driver in drivers:
            driver.join()
        self._settle()
        self._balance()
        return self.books

    def close(self) -> None:
        self.rig.close()
        self.mail.close()

    # The site

    def _set_up(self) -> None:
        migrating.migrate(settings.from_env(self.rig.environ()))
        opening.open_site(settings.from_env(self.rig.environ()))
        owners.reset()
        with db.db.connection_context():
            self.writer = person('writer')
            self.post = write(self.writer, 'The post that is read')
        self._serve()

    def _serve(self) -> None:
        self.served = self.rig.start(sys.executable, '-c', SERVE)
        self.rig.wait_until_well()

    def _kill_one(self) -> None:
        tree = {self._kind(process): process for process in
                [self.served.process, *self.served.process.children(recursive=True)]}
        # Now this kind of process, now that: whichever of those there are was struck least often.
        kind = min(sorted(tree), key=lambda kind: (self.books.kills[kind], self.random.random()))
        victim = tree[kind]
        try:
            victim.kill()
        except psutil.NoSuchProcess:
            return
        self.books.kills[kind] += 1
        if victim == self.served.process:
            self.served.popen.wait()
            self.rig.wait_until_gone()
            self._serve()
        else:
            self.rig.wait_until_well()

    def _kind(self, process: psutil.Process) -> str:
        try:
            if process == self.served.process:
                return 'parent'
            if 'quickpub.jobs.isolation' in process.cmdline():
                return 'process for one job'
            if process.parent() != self.served.process:
                return 'web worker'
            proofs_of_life = (path.name.partition('.')[2] for path in tables.run_folder().glob('*.life'))
            return 'consumer' if any(name.startswith(f'{process.pid}-') for name in proofs_of_life) else 'web server'
        except psutil.NoSuchProcess:
            return 'gone already'

    # Those who use it

    def _drive(self, step) -> None:
        number = 0
        while not self.over.is_set():
            number += 1
            step(number)
            self.over.wait(0.02)

    def _sign_up(self, number: int) -> None:
        address = f'reader{number}@example.org'
        page = Visitor(self.rig.url).post('/signup', name=f'Reader {number}', email=address, password=PASSWORD)
        if page.status == 200 and 'Check your email' in page.text:
            self.books.signups.append(address)

    def _write(self, number: int) -> None:
        if number == 1 or '/login' in self.author.get('/studio').url:
            self.author = Visitor(self.rig.url)
            self.author.post('/login', email='writer@example.org', password=PASSWORD)
        title = f'Post number {number}'
        page = self.author.post('/studio/posts/new', title=title, body='Some *text*.', slug='', tags='soak', summary='',
                                action='publish')
        if page.status == 200 and 'Published. Readers can see it now.' in page.text:
            self.books.posts.append(title)
        elif page.status not in (0, 503):  # not reached, or told to try again
            self.books.check('You were logged out' in page.text, f'a post was answered with {page.status} {page.url}')

    def _read(self, number: int) -> None:
        with self.lock:
            self.books.views_tried += 1
        # Each from a network of its own: one counts for at most 300 views a day.
        client = f'10.{number >> 8 & 255}.{number & 255}.1'
        if Visitor(self.rig.url).get(self.post.path, X_Forwarded_For=client).status == 200:
            with self.lock:
                self.books.views_made += 1

    def _give_work(self, number: int) -> None:
        """As fast as it gets done, or the end would be waiting for what was left over."""
        with db.db.connection_context():
            while not self.over.is_set() and tables.Job.select().count() > AHEAD:
                self.over.wait(0.1)
            long_job(number, self.random.choice((0, 0, 0, 0.05, 0.5)) if number % 80 else 4)
        self.books.jobs = number

    def _accepted(self) -> int:
        return self.books.jobs + len(self.books.signups)

    # Afterwards

    def _settle(self) -> None:
        """Wait until nothing is left to do."""
        def is_idle() -> bool:
            with db.db.connection_context():
                waiting = tables.Job.select().where(tables.Job.state != 'dead', ~tables.Job.is_single).count()
                unsent = Message.select().where(Message.state.in_(['queued', 'sending', 'deferred'])).count()
            return not waiting and not unsent
        self.rig.wait_until_well()
        wait_for(is_idle, 'all work to be done', SETTLES_WITHIN)

    def _balance(self) -> None:
        books, check = self.books, self.books.check
        with db.db.connection_context():
            counting.count_recorded_views()
            done = Counter(map(int, self.log.read_text().split()))
            self.dead = tables.Job.select().where(tables.Job.state == 'dead', ~tables.Job.is_single).count()
            self.done = len(done)
            self.lost = books.jobs - len(done) - self.dead
            check(self.lost == 0, f'{self.lost} of {books.jobs} jobs are lost')

            users = {user.email: user.id for user in User.select()}
            verify = Counter(message.recipient for message in Message.select().where(Message.kind == 'verify'))
            check(set(books.signups) <= set(users), 'an account that was promised is not there')
            check(set(verify) == set(users) - {'writer@example.org'} and set(verify.values()) <= {1},
                  'accounts and verification mails do not match one to one')
            titles = {post.title for post in Post.select(Post.title)}
            check(set(books.posts) <= titles, 'a post that was saved is not there')

            self.owed = {message.message_id for message in Message.select().where(Message.state == 'sent')}
            check(Message.select().where(Message.state != 'sent').count() == 0, 'a mail is not sent')
            arrived = Counter(mail['Message-ID'] for mail in self.mail.mails)
            self.doubled = sum(arrived.values()) - len(arrived)
            check(set(arrived) == self.owed, 'the mails that arrived are not those of the ledger')
            check(self.doubled <= books.kills.total(), f'{self.doubled} copies of mails')

            periods = Counter((report.user_id, report.period_end) for report in Report.select())
            check(set(periods.values()) <= {1}, 'a period was closed twice')
            told = sum(report.views for report in Report.select())
            post = Post.get_by_id(self.post.id)
            self.counted = post.views
            check(books.views_made <= self.counted <= books.views_tried,
                  f'{books.views_made} pages arrived, {self.counted} views counted, {books.views_tried} asked for')
            check(sum(day.views for day in DailyViews.select().where(DailyViews.post == post)) == self.counted,
                  'the days do not add up to the total')
            check(told == sum(post.reported_views for post in Post.select()), 'the reports do not add up')
            check(db.db.execute_sql('PRAGMA integrity_check').fetchone()[0] == 'ok', 'the database is damaged')

    def table(self) -> str:
        books = self.books
        kills = ', '.join(f'{count} {kind}' for kind, count in books.kills.most_common())
        rows = [('kills', f'{books.kills.total()} ({kills})'),
                ('jobs', f'{books.jobs} accepted, {self.done} done, {self.dead} failed visibly, {self.lost} lost'),
                ('sign-ups, posts', f'{len(books.signups)}, {len(books.posts)} promised, all kept'),
                ('mails', f'{len(self.owed)} owed, {len(self.mail.mails)} arrived, {self.doubled} of them copies'),
                ('views', f'{books.views_made} made, {self.counted} counted, {books.views_tried} asked for'),
                ('differences', '; '.join(books.problems) or 'none')]
        return '\n'.join(f'{name:<16} {what}' for name, what in rows)


def main() -> None:
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 10
    with tempfile.TemporaryDirectory() as folder:
        soak = Soak(Path(folder), seed=int(sys.argv[2]) if len(sys.argv) > 2 else 1)
        try:
            books = soak.run(minutes * 60, kills=0, jobs_wanted=0)
            print(soak.table())
        finally:
            soak.close()
    sys.exit(1 if books.problems else 0)


if __name__ == '__main__':
    main()
