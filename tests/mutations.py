"""Seeded faults: each is one change of the program that some test must notice. `make mutants` applies them in turn.

Every fault is put into a copy of the program, and the tests named beside it run on that copy until the first fails.
A fault is found by its text alone, anywhere in its package, so that it survives when code moves.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[1]
QUEUE, STORAGE = 'jobs/test_queue.py', 'jobs/test_huey_suite.py'
COUNTING, REPORTS, LEDGER = 'audience/test_counting.py', 'audience/test_reports.py', 'mail/test_ledger.py'
PERMISSIONS, POSTS, GUARDS = 'pages/test_permissions.py', 'content/test_posts.py', 'wsgi/test_guards.py'
SESSIONS, USERS, MARKDOWN = 'accounts/test_sessions.py', 'accounts/test_users.py', 'markup/test_markdown.py'
RETRIED, RESENT = 'jobs/test_retried_jobs.py', 'mail/test_resent_mail.py'
PAGECACHE, SUSPENSIONS = 'wsgi/test_pagecache.py', 'accounts/test_suspensions.py'
REVIEWS = 'content/test_reviews.py'


class Mutation(NamedTuple):
    """Replace `old`, which occurs once in a package (or in one module), by `new`; `tests` must then fail."""
    package: str
    old: str
    new: str
    tests: str

    def file(self, root: Path = ROOT) -> Path:
        """Return the one file that has `old`. Raises LookupError if it occurs elsewhere too, or nowhere."""
        place = root / 'quickpub' / self.package
        paths = [place] if place.is_file() else sorted(place.rglob('*.py'))
        found = [path for path in paths for _ in range(path.read_text('utf-8').count(self.old))]
        if len(found) != 1:
            raise LookupError(f'{self.old!r} occurs {len(found)} times in quickpub/{self.package}')
        return found[0]


MUTATIONS = [
    # The queue
    Mutation('jobs', 'ORDER BY priority DESC, run_at, id LIMIT 1', 'ORDER BY run_at, id LIMIT 1', QUEUE),
    Mutation('jobs', 'ORDER BY priority DESC, run_at, id LIMIT 1', 'ORDER BY priority DESC, id DESC LIMIT 1', QUEUE),
    Mutation('jobs', "HELD = \"id = ? AND state = 'running' AND owner = ?\"",
             "HELD = \"id = ? AND state = 'running' AND owner IS NOT NULL AND ? IS NOT NULL\"", QUEUE),
    Mutation('jobs', "READY = \"state = 'ready' AND run_at <= ?", "READY = \"state = 'ready' AND run_at >= ?", QUEUE),
    Mutation('jobs', 'AND NOT EXISTS (SELECT 1 FROM job_pause)', '', 'jobs/test_job_pages.py'),
    Mutation('jobs', 'run_at = min(run_at, excluded.run_at)', 'run_at = excluded.run_at', RETRIED),
    Mutation('jobs', 'SUSPECT + OWN_DEATHS - 1', 'SUSPECT + OWN_DEATHS', QUEUE),
    Mutation('jobs', 'attempts = 0, strikes = 0 WHERE', 'attempts = 0 WHERE', RETRIED),
    Mutation('jobs', "Job.id == job_id, Job.state != 'running'", 'Job.id == job_id', QUEUE),
    Mutation('jobs', 'f"{TO_READY}, strikes = strikes + (strikes < ?)', 'f"{TO_READY}, strikes = strikes * (? > 0)',
             QUEUE),
    Mutation('jobs', 'max(run_at or envelope.run_at or now(), now())', 'now()', STORAGE),
    Mutation('jobs', 'done = done + excluded.done', 'done = excluded.done', 'jobs/test_job_pages.py'),
    # The email ledger
    Mutation('mail', "ON CONFLICT DO NOTHING RETURNING id", 'RETURNING id', LEDGER),
    Mutation('mail', 'ORDER BY urgent DESC, attempts, id LIMIT 1', 'ORDER BY id LIMIT 1', LEDGER),
    Mutation('mail', "state='queued', sent_at=None, attempts=0", "state='queued', sent_at=None", RESENT),
    Mutation('mail', "Message.id == message.id, Message.state != 'sending'", 'Message.id == message.id', RESENT),
    Mutation('mail', "['queued', 'deferred', 'failed']", "['queued', 'failed']", RESENT),
    Mutation('mail', 'AND (next_try <= ? OR next_try > ?)', 'AND (next_try >= ? OR next_try > ?)', LEDGER),
    Mutation('mail', 'GIVE_UP_AFTER = timedelta(days=2)', 'GIVE_UP_AFTER = timedelta(days=20)', LEDGER),
    Mutation('mail', 'rate - rate // URGENT_SHARE', 'rate', 'mail/test_mail_rate.py'),
    # Counting and reports
    Mutation('audience', 'counted.get(key, 0) + added[key] < CAP', 'counted.get(key, 0) + added[key] <= CAP',
             'audience/test_counting_cap.py'),
    Mutation('audience', 'SpoolOffset.replace(file=path.name, bytes=end)',
             'SpoolOffset.replace(file=path.name, bytes=0)', COUNTING),
    Mutation('audience', 'UPDATE post SET views = views + ?', 'UPDATE post SET views = ?', COUNTING),
    Mutation('audience', 'if CONTACT.search(agent) or PROGRAM.search(agent):', 'if PROGRAM.search(agent):',
             'audience/test_user_agents.py'),
    Mutation('audience', 'if not user.mail_trouble', 'if True', LEDGER),
    Mutation('audience', 'found = users.where(User.reported_until < end)', 'found = users', REPORTS),
    Mutation('audience', "User.report != 'never', User.active()", 'User.active()', REPORTS),
    Mutation('audience', 'Post.views - Post.reported_views).where(posts)', 'Post.views).where(posts)',
             'audience/test_report_mail.py'),
    Mutation('audience', '(day.weekday() - weekday - 1) % 7', '(day.weekday() - weekday) % 7', REPORTS),
    Mutation('audience', 'kept = today - timedelta(days=1), today', 'kept = today - timedelta(days=9), today',
             'test_privacy.py'),
    # Permissions
    Mutation('wsgi', 'if user.may(permission) else not_found()', 'if user else not_found()', PERMISSIONS),
    Mutation('models', 'return cls.is_by(user)', "return SQL('TRUE')", PERMISSIONS),
    Mutation('models', 'if user.may(Permission.PUBLISH):', 'if True:', PERMISSIONS),
    Mutation('permissions.py', 'AUTHOR: frozenset({Permission.PUBLISH})', 'AUTHOR: frozenset(Permission)', REVIEWS),
    Mutation('permissions.py', '(is_confirmed or role == OWNER or permission is Permission.PUBLISH)', 'True', REVIEWS),
    Mutation('content', 'if submissions.as_seen([now])[now.id] != seen:', 'if False:', REVIEWS),
    Mutation('content', 'if post and not post.is_editable_by(editor):', 'if False:', REVIEWS),
    Mutation('content', 'if not may_release(user, post):', 'if False:', REVIEWS),
    Mutation('content', 'return not is_held(post) or may_release(user, post)', 'return True', REVIEWS),
    Mutation('pages', "form['seen'] != submissions.as_seen_beside_form(post, _describe_cover(post))", 'False', REVIEWS),
    Mutation('models', 'fn.LIKELY(cls.published_at <= at) & cls.deleted_at.is_null()',
             'fn.LIKELY(cls.published_at <= at)', POSTS),
    Mutation('models', 'cls.deleted_at.is_null() & cls.suspended_at.is_null()', 'cls.deleted_at.is_null()',
             SUSPENSIONS),
    Mutation('wsgi', "is_same = fetch_site in ('same-origin', 'none')",
             "is_same = fetch_site in ('same-origin', 'same-site', 'none')", GUARDS),
    Mutation('wsgi', 'asked.host == ours.host or settings.is_local and', 'asked.host == ours.host or', GUARDS),
    Mutation('wsgi', "('X-Frame-Options', 'DENY'),", '', 'pages/test_pages.py'),
    Mutation('accounts', 'Session.created_at > at - LONGEST_SESSION,', '', SESSIONS),
    Mutation('accounts', 'Session.digest == digest(token), Session.expires_at > at,',
             'Session.digest == digest(token),', SESSIONS),
    Mutation('accounts', 'if roles.is_sole_owner(user):', 'if False:', SUSPENSIONS),
    Mutation('accounts', 'throttle.forget((own[0], key))', 'pass', 'accounts/test_devices.py'),
    Mutation('accounts', "User.select().where(User.role == 'owner', User.active())",
             'User.select().where(User.active())', USERS),
    # Rendering, and what readers get
    Mutation('markup', 'cleaner.clean(parser.make_parser(typography.quotes(language)).render(text.body(source)))',
             'parser.make_parser(typography.quotes(language)).render(text.body(source))', MARKDOWN),
    Mutation('markup', "re.match(r'h-|fn(ref)?\\d', value) else f'h-{value}'", "True else f'h-{value}'", MARKDOWN),
    Mutation('markup', "link_rel='noopener'", 'link_rel=None', MARKDOWN),
    Mutation('markup', 'if _is_below(path[0], prefix) else prefix + path[0]', 'if False else prefix + path[0]',
             'markup/test_links.py'),
    Mutation('content', 'if based_on not in (None, post.version):', 'if False:', POSTS),
    Mutation('content', 'found.setdefault(text.caseless(name), name)', 'found.setdefault(name, name)',
             'content/test_tags.py'),
    Mutation('content', 'Post.version == post.version, Post.html == post.html', 'Post.version == post.version',
             'content/test_rendering.py'),
    Mutation('wsgi', "if (tags := environ.get('HTTP_IF_NONE_MATCH')) is not None:",
             "if (tags := environ.get('HTTP_IF_NONE_MATCH')):", PAGECACHE),
    Mutation('wsgi', 'self._due is not None and at >= self._due', 'False', PAGECACHE),
    Mutation('wsgi', 'weights.get(best, weights.get(\'*\', 0)) > 0', 'True', PAGECACHE),
]


def is_caught(mutation: Mutation, root: Path) -> bool:
    """Run this fault's tests on the copy of the program in `root`. Return whether any of them fails."""
    path = mutation.file(root)
    before, times = path.read_text('utf-8'), path.stat()
    path.write_text(before.replace(mutation.old, mutation.new), 'utf-8')
    try:
        code = subprocess.run(
            [sys.executable, '-m', 'pytest', '-q', '-x', '-p', 'no:cacheprovider', f'tests/{mutation.tests}'],
            cwd=root, env=os.environ | {'PYTHONPATH': str(root)}, capture_output=True).returncode
    finally:
        path.write_text(before, 'utf-8')
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))  # so that its bytecode counts again
    if code not in (0, 1):
        raise RuntimeError(f'pytest ended with {code} on {mutation.old!r}')
    return code == 1


def main() -> None:
    """Apply each fault, and print which are caught. The exit code is 1 if any is missed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--only', default='', help='only faults of packages or tests whose name has this')
    wanted, missed = parser.parse_args().only, 0
    with tempfile.TemporaryDirectory(prefix='mutants-') as folder:
        root = Path(folder)
        shutil.copytree(ROOT, root, dirs_exist_ok=True, ignore=shutil.ignore_patterns('.*', 'data', '__pycache__'))
        shutil.copytree(ROOT / 'tests' / 'data', root / 'tests' / 'data', dirs_exist_ok=True)
        for mutation in MUTATIONS:
            if wanted not in mutation.package and wanted not in mutation.tests:
                continue
            begun, caught = time.monotonic(), is_caught(mutation, root)
            missed += not caught
            print(f'{"caught" if caught else "MISSED"} {time.monotonic() - begun:6.1f} s  {mutation.package:<10} '
                  f'{mutation.tests:<30} {mutation.old[:60]}', flush=True)
    sys.exit(f'{missed} missed' if missed else 0)


if __name__ == '__main__':
    main()
