"""Who may import whom: downward only. The same picture stands in README.md."""

import ast
import re
import sys
from pathlib import Path

import pytest
from peewee import Tuple, fn

import quickpub
from quickpub.mail import ledger, listing
from quickpub.media import variants

PACKAGE = Path(quickpub.__file__).parent

# Top to bottom: a package or a module of its own may import what is in a lower row, never its own row or a higher one.
LAYERS = [
    ['__main__'],
    ['cli'],
    ['server'],
    ['web'],
    ['pages'],
    ['wsgi'],
    ['tasks'],
    ['background'],
    ['demo'],
    ['upkeep'],
    ['exchange'],
    ['audience'],
    ['content'],
    ['media'],
    ['audit_log', 'setting_groups'],
    ['accounts'],
    ['mail'],
    ['batches'],
    ['findings', 'look'],
    ['models'],
    ['templating'],
    ['markup'],
    ['throttle', 'logs'],
    ['signing', 'sentences'],
    ['text', 'formats', 'dates'],
    ['opening', 'watch'],
    ['migrating', 'site_settings'],
    ['db', 'presence', 'schema'],
    ['settings'],
    ['clocks'],
    ['data_folder', 'email_addresses'],
    ['secret', 'sqlite'],
    ['jobs'],
    ['sandbox'],
    ['translations'],
    ['gates', 'removal', 'networks', 'mailboxes', 'paths'],
    ['codes', 'permissions', 'processes'],
]
# The same inside each package. The pages never import each other; the buttons of the editor have a module of their own.
INSIDE = {
    'cli': [['backups', 'checks', 'demo', 'dkim', 'invitations', 'jobs', 'members', 'reports', 'service',
            'serving', 'shell'], ['site']],
    'server': [['supervisor'], ['asgi'], ['known_readers', 'limits'], ['connections']],
    'wsgi': [['front_page', 'permissions'], ['about_author', 'application', 'confirmation', 'errors', 'inline_login',
             'link_login', 'pagination'], ['conflicts', 'identity', 'request_body', 'responses', 'sharing'],
             ['downloads', 'forms', 'linked_data', 'long_pages', 'notices', 'origin_check'],
             ['actions', 'authentication', 'bodies', 'error_pages', 'guards', 'pagecache', 'site_icon', 'studio_menu',
              'urls']],
    'pages': [['account', 'account_deletion', 'admin', 'assets', 'authors', 'autosaves', 'backups',
              'blocked_domains', 'dashboard', 'drafts', 'editor', 'errors', 'exports', 'feeds', 'history', 'images',
              'invitations', 'jobs', 'login', 'look', 'mail', 'mail_settings', 'media', 'members', 'oembed', 'profile',
              'public', 'reports', 'reviews', 'search', 'security', 'selected_members', 'signup', 'site_settings',
              'sitemaps', 'stats', 'studio', 'unsubscribing'],
              ['editor_actions']],
    'demo': [['pictures']],
    'look': [['icons', 'sharing'], ['bios', 'cards', 'footer', 'icon_drawing', 'stylesheet'],
             ['colours', 'fonts', 'layouts', 'lettering'], ['card_text']],
    'sentences': [['accounts', 'audit', 'content', 'exchange', 'jobs', 'mail', 'media', 'notices', 'pages', 'upkeep']],
    'upkeep': [['drill', 'nightly'], ['backup', 'restore'], ['archive', 'frozen_media', 'restored_site', 'snapshot'],
               ['media_store'], ['copying'], ['data_folders', 'manifest'], ['health'],
               ['checks', 'erasure'], ['backup_folder', 'corrections', 'first_steps', 'full_disk', 'integrity',
               'service', 'sqlite_version', 'wal']],
    'exchange': [['exports']],
    'audience': [['counting', 'future_days', 'stats'], ['sums'], ['network_cap'], ['recording'], ['reports',
                 'running_reports', 'visitors'], ['report_email', 'views'], ['calendar', 'periods', 'recent_window',
                 'report_contents', 'spool', 'totals', 'user_agents']],
    'content': [['posts'], ['post_lists', 'rerendering', 'reviews'], ['authorship', 'autosave', 'post_input',
                'publishing', 'revisions', 'search', 'submissions', 'trash'], ['comparison', 'featured', 'pins',
                'published', 'quota', 'redirects', 'related', 'rendering', 'series', 'slugs', 'spelling', 'tags']],
    'media': [['cleaning', 'imaging', 'replacing', 'uploads', 'usage', 'variants'],
              ['drawing', 'files', 'intake', 'placing'], ['repair']],
    'accounts': [['email_change', 'invitations', 'login_steps', 'several_members'], ['directory', 'password_reset',
                 'registration', 'sessions', 'verification'], ['deletion', 'notifications', 'suspensions', 'users'],
                 ['blocked_domains', 'credentials', 'emails', 'hidden_posts', 'roles', 'signup_claim'],
                 ['links', 'scheduled_posts', 'site_pages'], ['handing_over', 'validation'],
                 ['passwords', 'second_factors'], ['audit', 'contacts', 'devices', 'honeypot', 'known_devices',
                 'passkeys', 'password_strength', 'recovery_codes', 'totp']],
    'mail': [['budgets', 'delivery', 'listing'], ['message', 'transport'], ['domain_records', 'ledger', 'mail_server'],
             ['outbox'], ['conversation', 'dkim', 'rate', 'undelivered']],
    'models': [['look'], ['mail', 'media', 'stats'], ['posts', 'upkeep'], ['members'], ['backup_policy', 'base',
               'site']],
    'markup': [['excerpts', 'markdown'], ['cleaner', 'images', 'parser', 'sidenotes'], ['highlighting', 'rules',
               'transforms'], ['direction', 'folding', 'formulas', 'links', 'typography']],
    'translations': [['messages'], ['languages'], ['catalogs']],
    'sqlite': [['database'], ['connection', 'files']],
    'jobs': [['huey'], ['execution', 'isolation'], ['rescue', 'storage'], ['endings', 'queue'], ['claims', 'periodic'],
             ['hooks', 'limits'], ['overview', 'owners', 'recurring', 'tally'], ['chores', 'consumer', 'tables'],
             ['fields'], ['clock', 'compat', 'errors', 'liveness', 'reasons', 'serializer']],
    'sandbox': [['child', 'pool']],
}

# These libraries only there, so that each can be exchanged or upgraded in one place.
ONLY_IN = {
    'bottle': {'web', 'wsgi', 'pages'},
    'peewee': {row for rows in LAYERS for row in rows} - {'pages'},
    'huey': {'jobs'},
    'granian': {'server.supervisor'},
    'click': {'cli'},
    'jinja2': {'templating'},
    'nh3': {'markup.cleaner', 'markup.excerpts'},
    'markdown_it': {'markup.highlighting', 'markup.links', 'markup.parser', 'markup.rules',
                    'markup.transforms', 'markup.typography'},
    'linkify_it': {'markup.links'},
    'pygments': {'markup.highlighting'},
    # Never in a process that holds a database, but for the cards of our own.
    'PIL': {'look.cards', 'look.icon_drawing', 'look.lettering', 'media.drawing'},
    'pi_heif': {'media.drawing'},
    'multipart': {'wsgi.bodies'},
    'wcwidth': {'formats'},
    'babel': {'translations', 'dates', 'formats'},
    'argon2': {'accounts.passwords'},
    'brotli': {'wsgi.pagecache'},
    'diff_match_patch': {'content.comparison'},
    'merge3': {'content.comparison'},
    'crawlerdetect': {'audience.user_agents'},
    'cryptography': {'mail.dkim', 'signing'},
    'fido2': {'accounts.passkeys'},
    'pyotp': {'accounts.totp'},
    'segno': {'accounts.totp'},
    'latex2mathml': {'markup.formulas'},
    'email_validator': {'email_addresses'},
    'idna': {'email_addresses', 'wsgi.guards'},
    'dns': {'mail.domain_records'},
    'smtplib': {'mail.conversation', 'mail.mail_server'},
    'sqlite3': set(),  # peewee's own, or two copies in one process would drop each other's locks
    'pickle': set(),
}


def modules():
    for path in sorted(PACKAGE.rglob('*.py')):
        name = '.'.join(path.relative_to(PACKAGE).with_suffix('').parts).removesuffix('.__init__')
        if not name.startswith('migrations') and name != '__init__':
            yield name, path


MODULES = dict(modules())
ROW = {name: number for number, row in enumerate(LAYERS) for name in row}
ROW_INSIDE = {f'{package}.{name}': number for package, rows in INSIDE.items()
              for number, row in enumerate(rows) for name in row}


def imports(name):
    """Return what a module imports: names inside the package, and top-level names of libraries."""
    inside, outside = set(), set()
    path = MODULES[name]
    package = name.split('.') if path.name == '__init__.py' else name.split('.')[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            outside |= {alias.name.split('.')[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            outside.add(node.module.split('.')[0])
        elif isinstance(node, ast.ImportFrom):
            base = '.'.join([*package[:len(package) - (node.level - 1)], node.module or '']).strip('.')
            for alias in node.names:
                whole = f'{base}.{alias.name}'.strip('.')
                inside.add(whole if whole in MODULES else base)
    return inside - {''}, outside


def test_every_module_has_its_layer():
    assert {name.split('.')[0] for name in MODULES} == set(ROW)
    assert {name for name, path in MODULES.items() if path.name != '__init__.py' and '.' in name} == set(ROW_INSIDE)


@pytest.mark.parametrize('name', MODULES)
def test_imports_run_downward(name):
    inside, outside = imports(name)
    package = name.split('.')[0]
    for other in inside:
        if other.split('.')[0] != package:
            assert ROW[other.split('.')[0]] > ROW[package], f'{name} must not import {other}'
        else:
            assert ROW_INSIDE[other] > ROW_INSIDE.get(name, -1), f'{name} must not import {other}'
    for library, allowed in ONLY_IN.items():
        assert library not in outside or {name, package} & allowed, f'{name} must not import {library}'


@pytest.mark.parametrize('name', [name for name in MODULES if name.split('.')[0] == 'jobs'])
def test_the_queue_can_be_lifted_out(name):
    inside, outside = imports(name)
    assert {other.split('.')[0] for other in inside} <= {'jobs', 'processes'}
    assert outside - sys.stdlib_module_names <= {'huey', 'peewee'}


def test_a_task_leaves_its_work_to_others():
    tasks = ast.parse((PACKAGE / 'tasks.py').read_text())
    for node in tasks.body:
        if isinstance(node, ast.FunctionDef) and node.decorator_list:
            body = node.body[1:] if ast.get_docstring(node) else node.body
            lines = body[-1].end_lineno - body[0].lineno + 1
            assert lines <= 4, f'the task {node.name} does its work itself'


def test_models_and_tables_agree(site):
    """Every column of every table is a field, and the other way round."""
    from quickpub.db import db
    from quickpub.jobs.tables import Counter, Job, KeyValue, Pause, RecurringJob, Tally
    from quickpub.models import TABLES
    from quickpub.throttle import ThrottleRefusal, ThrottleUse
    tables = [*TABLES, Job, Tally, Pause, KeyValue, Counter, RecurringJob, ThrottleUse, ThrottleRefusal]
    without_a_class = {'schema_migration', 'sqlite_sequence', 'sqlite_stat1',
                       *(name for name in db.get_tables() if re.fullmatch('search(_[a-z]+)?', name))}
    assert {table._meta.table_name for table in tables} == set(db.get_tables()) - without_a_class
    for table in tables:
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
        (f"SELECT id FROM message WHERE {ledger.DONE} AND created_at < '2026' LIMIT 9", 'message_done'),
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
    from quickpub.jobs.tables import Job
    from quickpub.models import (
        AuthorTotals,
        DailyTotals,
        KnownHost,
        Message,
        Post,
        PostFile,
        PostTag,
        RecentViews,
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
        (AuthorTotals.select().where(AuthorTotals.user == alice), 'PRIMARY KEY'),
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
        (listing.select(words='confirm 37'), 'COVERING INDEX message_search'),
        (by_id.where(Message.user == alice, Message.kind == 'report'), 'message_user (user_id=? AND kind=?)'),
        (Job.select().where(Job.state == literal('dead')).order_by(Job.priority.desc(), Job.run_at, Job.id),
         'job_dead'),
        (User.select(User.id).where(User.report == 'daily', User.timezone == 'UTC', User.report_time == '00:00',
                                    User.report_day == 6, User.reported_until < at),
         'user_due (report=? AND timezone=? AND report_time=? AND report_day=? AND reported_until<?)'),
        (variants._waiting(), 'media_file_unready'),
        (Upload.select(Upload.id).where(Upload.user == alice).order_by(Upload.id.desc()), 'upload_user (user_id=?)'),
        (Upload.select(fn.SUM(Upload.bytes)).where(Upload.user == alice), 'COVERING INDEX upload_user (user_id=?)'),
        (PostFile.select(PostFile.post).where(PostFile.digest == 'x'), 'COVERING INDEX post_file_digest (digest=?)'),
        (User.select(User.handle).where((User.handle == 'anna') | (User.handle % 'anna-[0-9]*')), 'MULTI-INDEX OR'),
    ]
    for query, index in lists:
        sql, values = query.limit(20).sql()
        plan = ' '.join(row[3] for row in db.execute_sql(f'EXPLAIN QUERY PLAN {sql}', values))
        assert index in plan and 'TEMP B-TREE' not in plan, (sql, plan)
