"""Who may import whom: downward only. The same picture stands in README.md."""

import ast
from pathlib import Path

import pytest
from peewee import Tuple, fn

import quickpub
from quickpub import mail, pictures

HOUSE = Path(quickpub.__file__).parent

# Top to bottom: a module may import what stands in a lower row, never its own row or a higher one.
FLOORS = [
    ['__main__'],
    ['cli'],
    ['server'],
    ['web', 'front'],
    ['wsgi', 'pages.public', 'pages.account', 'pages.profile', 'pages.studio', 'pages.editor', 'pages.media',
     'pages.search', 'pages.numbers', 'pages.admin', 'pages.security'],
    ['shortcuts', 'pagecache'],
    ['identity', 'notices'],
    ['forms', 'visitor'],
    ['tasks', 'health'],
    ['demo'],
    ['erasure'],
    ['reports', 'transfer', 'corrections'],
    ['posts', 'pictures'],
    ['revisions', 'rendering', 'unsaved', 'figures', 'media'],
    ['sessions', 'proofs', 'suspensions', 'login_steps', 'quota'],
    ['stats', 'accounts', 'search', 'neighbours', 'redirects', 'integrity'],
    ['second_factors'],
    ['spool', 'aside', 'mail_budgets', 'known_devices', 'audit', 'passkeys', 'totp', 'recovery'],
    ['mail'],
    ['letter', 'transport'],
    ['worker'],
    ['storage', 'consumer', 'recurring'],
    ['jobs', 'findings', 'throttle'],
    ['models'],
    ['markdown', 'templating'],
    ['passwords'],
    ['text'],
    ['formulas', 'dkim', 'logs', 'folding', 'agents', 'links', 'typography', 'direction', 'devices', 'guessable',
     'honeypot', 'comparison'],
    ['db', 'imaging', 'dates', 'signing'],
    ['presence', 'bodies', 'guards', 'sandbox', 'sandboxed'],
    ['settings', 'processes', 'heartbeat', 'schema', 'connections', 'mending', 'clocks', 'removal', 'budget'],
    ['networks'],
]
FLOOR = {module: number for number, floor in enumerate(FLOORS) for module in floor}

# These libraries only there, so that each can be exchanged or upgraded in one place.
ONLY_IN = {
    'bottle': {'web', 'shortcuts', 'identity', 'forms', 'visitor', 'notices', 'pages.public', 'pages.account',
               'pages.profile', 'pages.studio', 'pages.editor', 'pages.media', 'pages.search', 'pages.numbers',
               'pages.admin', 'pages.security'},
    'huey': {'worker', 'storage', 'consumer', 'tasks'},
    'granian': {'server'},
    'click': {'cli'},
    'jinja2': {'templating'},
    'nh3': {'markdown', 'text'},
    'markdown_it': {'markdown', 'links', 'typography'},
    'linkify_it': {'links'},
    'pygments': {'markdown'},
    'PIL': {'imaging'},  # never in a process that holds a database
    'multipart': {'bodies'},
    'wcwidth': {'text'},
    'argon2': {'passwords'},
    'brotli': {'pagecache'},
    'diff_match_patch': {'comparison'},
    'merge3': {'comparison'},
    'crawlerdetect': {'agents'},
    'cryptography': {'dkim', 'signing'},
    'fido2': {'passkeys'},
    'pyotp': {'totp'},
    'segno': {'totp'},
    'rapidfuzz': {'search'},
    'latex2mathml': {'formulas'},
    'email_validator': {'settings'},
    'idna': {'guards'},
    'smtplib': {'transport'},
    'sqlite3': set(),  # peewee's own, or two copies in one process would drop each other's locks
    'pickle': set(),
}


def modules():
    for path in sorted(HOUSE.rglob('*.py')):
        name = '.'.join(path.relative_to(HOUSE).with_suffix('').parts)
        if not name.startswith('migrations') and name not in ('__init__', 'pages.__init__'):
            yield name.removesuffix('.__init__'), path


def imports(name, path):
    """What a module imports: names inside the package, and top-level names of libraries."""
    inside, outside = set(), set()
    package = name.split('.')[:-1] if path.name != '__init__.py' else name.split('.')
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            outside |= {alias.name.split('.')[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            outside.add(node.module.split('.')[0])
        elif isinstance(node, ast.ImportFrom):
            base = '.'.join([*package[:len(package) - (node.level - 1)], node.module or '']).strip('.')
            inside |= {f'{base}.{alias.name}'.strip('.') if base in ('', 'pages') else base for alias in node.names
                       if not alias.name.startswith('__')}
    return inside, outside


def test_every_module_has_its_floor():
    assert {name for name, _ in modules()} == set(FLOOR)


@pytest.mark.parametrize(('name', 'path'), list(modules()), ids=lambda value: value if isinstance(value, str) else '')
def test_imports_run_downward(name, path):
    inside, outside = imports(name, path)
    for other in inside:
        assert FLOOR[other] > FLOOR[name], f'{name} must not import {other}'
    for library, allowed in ONLY_IN.items():
        assert library not in outside or name in allowed, f'{name} must not import {library}'


def test_a_task_leaves_its_work_to_others():
    tasks = ast.parse((HOUSE / 'tasks.py').read_text())
    for node in tasks.body:
        if isinstance(node, ast.FunctionDef) and node.decorator_list:
            body = node.body[1:] if ast.get_docstring(node) else node.body
            lines = body[-1].end_lineno - body[0].lineno + 1
            assert lines <= 4, f'the task {node.name} does its work itself'


def test_models_and_tables_agree(site):
    """Every column of every table is a field, and the other way round."""
    from quickpub.db import db
    from quickpub.jobs import Job, Pause, Tally
    from quickpub.models import TABLES
    from quickpub.recurring import RecurringJob
    from quickpub.storage import Counter, Note
    from quickpub.throttle import ThrottleRefusal, ThrottleUse
    for table in [*TABLES, Job, Tally, Pause, Note, Counter, RecurringJob, ThrottleUse, ThrottleRefusal]:
        columns = {column.name: column.null for column in db.get_columns(table._meta.table_name)}
        fields = {field.column_name: field.null for field in table._meta.sorted_fields if not field.primary_key}
        assert {name: null for name, null in columns.items() if name in fields} == fields, table
        assert set(columns) == {field.column_name for field in table._meta.sorted_fields}, table


def test_no_index_that_is_there_for_speed_is_missed(site):
    """The questions asked most often are answered from an index, not by reading or sorting a table."""
    from quickpub.db import db
    questions = [
        ("SELECT id FROM job WHERE state = 'ready' AND run_at <= '2026' AND name IN ('a') "
         'ORDER BY priority DESC, run_at, id LIMIT 1', 'job_next'),
        ("SELECT id FROM message WHERE state = 'queued' AND urgent = 1 ORDER BY urgent DESC, attempts, id LIMIT 1",
         'message_queued'),
        ("SELECT id FROM message WHERE state = 'queued' ORDER BY urgent DESC, attempts, id LIMIT 1", 'message_queued'),
        ("SELECT DISTINCT sender FROM message WHERE state = 'sending'", 'message_sending'),
        ("UPDATE message SET state = 'queued' WHERE state = 'deferred' AND (next_try <= '2026' OR next_try > '2027')",
         'message_deferred'),
        (f"SELECT id FROM message WHERE {mail.DONE} AND created_at < '2026' LIMIT 9", 'message_done'),
        ("DELETE FROM post WHERE author_id = 1", 'post_desk'),  # what a deleted account takes with it
        ("DELETE FROM post_tag WHERE tag_id = 1", 'post_tag_dated'),
        ("DELETE FROM message WHERE user_id = 1", 'message_user'),
    ]
    for question, index in questions:
        plan = ' '.join(row[3] for row in db.execute_sql(f'EXPLAIN QUERY PLAN {question}'))
        assert index in plan and 'TEMP B-TREE' not in plan, plan


def test_lists_come_from_an_index_in_their_order(site):
    """As peewee puts the question, parameters and all."""
    from quickpub.db import db, literal, now
    from quickpub.jobs import Job
    from quickpub.models import (
        DailyTotals,
        KnownHost,
        Message,
        Post,
        PostFile,
        PostTag,
        RecentViews,
        Shelf,
        Tag,
        Upload,
        User,
    )
    at, alice, hills = now(), User(id=1), Tag(id=1)
    order = Tuple(Post.published_at, Post.id)
    by_id = Message.select(Message.id).order_by(Message.id.desc())
    trash = Post.select(Post.id).where(Post.deleted_at.is_null(False)).order_by(Post.deleted_at.desc(), Post.id.desc())
    all_drafts = Post.select(Post.id).where(Post.published_at.is_null(), Post.deleted_at.is_null()).order_by(
        Post.updated_at.desc(), Post.id.desc())
    viewed = Post.select(Post.id).where(Post.deleted_at.is_null()).order_by(Post.views.desc(), Post.id.desc())
    recent = RecentViews.select(RecentViews.post).where(RecentViews.author == alice)
    lists = [
        (Post.listed(at), 'post_public (published_at<?)'),
        (Post.listed(at).where(order < Tuple(at, 9)), 'post_public (published_at<?)'),
        (Post.listed(at).where(Post.author == alice), 'post_author (author_id=? AND published_at<?)'),
        (Post.published(at).where(Post.slug == 'x'), 'sqlite_autoindex_post_1 (slug=?)'),
        (Post.tagged(hills, at), 'COVERING INDEX post_tag_dated (tag_id=? AND published_at<?)'),
        (Post.tagged(hills, at).where(Tuple(PostTag.published_at, PostTag.post) < Tuple(at, 9)),
         'COVERING INDEX post_tag_dated (tag_id=? AND (published_at,post_id)<(?,?))'),
        (Post.select(Post.id).where(Post.published_at > at, Post.deleted_at.is_null()), 'COVERING INDEX post_public'),
        (Post.select(Post.id).where(Post.author == alice, Post.deleted_at.is_null()), 'COVERING INDEX post_'),
        (trash, 'post_trash (deleted_at>?)'), (trash.where(Post.author == alice), 'post_trash_author (author_id=?'),
        (Shelf.select().where(Shelf.user == alice), 'PRIMARY KEY'),
        (all_drafts, 'post_all_drafts'), (all_drafts.where(Post.author == alice), 'post_drafts (author_id=?'),
        (viewed, 'post_all_viewed'), (viewed.where(Post.author == alice), 'COVERING INDEX post_viewed (author_id=?'),
        (Post.select(Post.id).where(Post.title.contains('x'), Post.deleted_at.is_null()).order_by(
            Post.updated_at.desc(), Post.id.desc()), 'COVERING INDEX post_all'),
        (recent, 'PRIMARY KEY (author_id=?)'),
        (DailyTotals.select().where(DailyTotals.scope == 0, DailyTotals.day >= at.date()), 'PRIMARY KEY'),
        (KnownHost.select(KnownHost.host).where(KnownHost.author == alice, KnownHost.is_told == False),
         'known_host_told (author_id=? AND is_told=?)'),
        (by_id.where(Message.state == literal('failed')), 'message_failed'),
        (by_id.where(Message.state == literal('held')), 'message_held'),
        (by_id.where(Message.subject.contains('x') | Message.recipient.contains('x')), 'COVERING INDEX message_search'),
        (by_id.where(Message.user == alice, Message.kind == 'report'), 'message_user (user_id=? AND kind=?)'),
        (Job.select().where(Job.state == literal('dead')).order_by(Job.priority.desc(), Job.run_at, Job.id),
         'job_dead'),
        (User.select(User.id).where(User.report == 'daily', User.timezone == 'UTC', User.report_time == '00:00',
                                    User.report_day == 6, User.reported_until < at),
         'user_due (report=? AND timezone=? AND report_time=? AND report_day=? AND reported_until<?)'),
        (pictures._waiting(), 'media_file_unready'),
        (Upload.select(Upload.id).where(Upload.user == alice).order_by(Upload.id.desc()), 'upload_user (user_id=?)'),
        (Upload.select(fn.SUM(Upload.bytes)).where(Upload.user == alice), 'COVERING INDEX upload_user (user_id=?)'),
        (PostFile.select(PostFile.post).where(PostFile.digest == 'x'), 'COVERING INDEX post_file_digest (digest=?)'),
        (User.select(User.handle).where((User.handle == 'anna') | (User.handle % 'anna-[0-9]*')), 'MULTI-INDEX OR'),
    ]
    for query, index in lists:
        sql, values = query.limit(20).sql()
        plan = ' '.join(row[3] for row in db.execute_sql(f'EXPLAIN QUERY PLAN {sql}', values))
        assert index in plan and 'TEMP B-TREE' not in plan, (sql, plan)
