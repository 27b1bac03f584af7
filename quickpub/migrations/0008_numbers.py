"""Knowing how it went: days summed for each author and the site, what the last report told and when the next may come,
files to take away."""

from quickpub.settings import current

TOTALS = [
    # By day, for charts. scope: an author's id times -1, 0 for the site; a post's own are in daily_views. They tell
    # what was read on that day, and stay when a post is deleted, as the visitors do.
    '''CREATE TABLE daily_totals (
    scope INTEGER NOT NULL,
    day TEXT NOT NULL,
    views INTEGER NOT NULL,
    PRIMARY KEY (scope, day)
) STRICT, WITHOUT ROWID''',
    '''INSERT INTO daily_totals SELECT -author_id, day, sum(daily_views.views) FROM daily_views
    JOIN post ON id = post_id GROUP BY 1, 2''',
    'INSERT INTO daily_totals SELECT 0, day, sum(views) FROM daily_totals GROUP BY day',
    # The same for where readers came from.
    '''CREATE TABLE daily_hosts (
    scope INTEGER NOT NULL,
    day TEXT NOT NULL,
    host TEXT NOT NULL,
    views INTEGER NOT NULL,
    PRIMARY KEY (scope, day, host)
) STRICT, WITHOUT ROWID''',
    '''INSERT INTO daily_hosts SELECT -author_id, day, host, sum(daily_referrers.views) FROM daily_referrers
    JOIN post ON id = post_id GROUP BY 1, 2, 3''',
    'INSERT INTO daily_hosts SELECT 0, day, host, sum(views) FROM daily_hosts GROUP BY day, host',
    # Which hosts an author's readers ever came from, and how often; is_told: a report has named it.
    '''CREATE TABLE known_host (
    author_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    host TEXT NOT NULL,
    views INTEGER NOT NULL,
    is_told INTEGER NOT NULL,
    PRIMARY KEY (author_id, host)
) STRICT, WITHOUT ROWID''',
    'INSERT INTO known_host SELECT -scope, host, sum(views), 1 FROM daily_hosts WHERE scope < 0 GROUP BY 1, 2',
    'CREATE INDEX known_host_told ON known_host (author_id, is_told)',
]

# The sums of the last days of each post that was read in them, `today` included: what has the most is found at once.
# Triggers add to them, stats.fold takes away the days that leave.
RECENT = [
    '''CREATE TABLE recent_views (
    author_id INTEGER NOT NULL,
    post_id INTEGER NOT NULL REFERENCES post (id) ON DELETE CASCADE,
    days_7 INTEGER NOT NULL,
    days_30 INTEGER NOT NULL,
    days_90 INTEGER NOT NULL,
    PRIMARY KEY (author_id, post_id)
) STRICT, WITHOUT ROWID''',
    'CREATE INDEX recent_views_post ON recent_views (post_id)',
    'CREATE TABLE recent_day (id INTEGER PRIMARY KEY CHECK (id = 1), today TEXT NOT NULL) STRICT',
    "INSERT INTO recent_day VALUES (1, date('now'))",
    'CREATE INDEX daily_views_day ON daily_views (day, views)',
    '''INSERT INTO recent_views SELECT author_id, post_id, sum(iif(day > date('now', '-7 days'), daily_views.views, 0)),
    sum(iif(day > date('now', '-30 days'), daily_views.views, 0)), sum(daily_views.views)
    FROM daily_views JOIN post ON id = post_id WHERE day > date('now', '-90 days') GROUP BY 1, 2''',
]

# What comes to one day of one post is added to all sums that it belongs to.
SCOPES = '(SELECT -author_id AS scope FROM post WHERE id = NEW.post_id UNION ALL SELECT 0)'
VIEWS_COME = '''CREATE TRIGGER views_{name} AFTER {event} ON daily_views BEGIN
    INSERT INTO daily_totals SELECT scope, NEW.day, {more} FROM {scopes} WHERE TRUE
        ON CONFLICT DO UPDATE SET views = views + excluded.views;
    INSERT INTO recent_views SELECT author_id, NEW.post_id, {more} * (NEW.day > date(today, '-7 days')),
            {more} * (NEW.day > date(today, '-30 days')), {more} FROM post JOIN recent_day
            WHERE post.id = NEW.post_id AND NEW.day > date(today, '-90 days')
        ON CONFLICT DO UPDATE SET days_7 = days_7 + excluded.days_7, days_30 = days_30 + excluded.days_30,
            days_90 = days_90 + excluded.days_90;
END'''
HOSTS_COME = '''CREATE TRIGGER hosts_{name} AFTER {event} ON daily_referrers BEGIN
    INSERT INTO daily_hosts SELECT scope, NEW.day, NEW.host, {more} FROM {scopes} WHERE TRUE
        ON CONFLICT DO UPDATE SET views = views + excluded.views;
    INSERT INTO known_host SELECT author_id, NEW.host, {more}, 0 FROM post WHERE id = NEW.post_id
        ON CONFLICT DO UPDATE SET views = views + excluded.views;
END'''
TRIGGERS = [trigger.format(name=name, event=event, more=more, scopes=SCOPES) for trigger in (VIEWS_COME, HOSTS_COME)
            for name, event, more in (('come', 'INSERT', 'NEW.views'),
                                      ('grow', 'UPDATE OF views', '(NEW.views - OLD.views)'))]

REPORTS = [
    # What the last report of its author told about a post: its views in that period.
    '''CREATE TABLE told (
    post_id INTEGER PRIMARY KEY REFERENCES post (id) ON DELETE CASCADE,
    views INTEGER NOT NULL
) STRICT''',
    # The weekday that a week closes with (Monday is 0), and the time of day when any period does.
    'ALTER TABLE user ADD COLUMN report_day INTEGER NOT NULL DEFAULT 6 CHECK (report_day BETWEEN 0 AND 6)',
    "ALTER TABLE user ADD COLUMN report_time TEXT NOT NULL DEFAULT '00:00'",
    'DROP INDEX user_due',
    'CREATE INDEX user_due ON user (report, timezone, report_time, report_day, reported_until)',
]

EXPORTS = [
    '''CREATE TABLE export (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('numbers', 'site')),
    state TEXT NOT NULL CHECK (state IN ('waiting', 'ready', 'failed')),
    progress INTEGER NOT NULL CHECK (progress BETWEEN 0 AND 100),
    file TEXT NOT NULL,
    error TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT''',
    'CREATE INDEX export_user ON export (user_id, id)',
    "CREATE UNIQUE INDEX export_once ON export (user_id, kind) WHERE state = 'waiting'",
]

INDEXES = [
    # Lists of posts: drafts, by views, and the owner's of everybody's posts.
    'CREATE INDEX post_drafts ON post (author_id, updated_at, id) WHERE published_at IS NULL AND deleted_at IS NULL',
    'CREATE INDEX post_viewed ON post (author_id, views, id, published_at, deleted_at) WHERE deleted_at IS NULL',
    'CREATE INDEX post_all ON post (updated_at, id, title, published_at, deleted_at) WHERE deleted_at IS NULL',
    '''CREATE INDEX post_all_drafts ON post (published_at, updated_at, id)
    WHERE published_at IS NULL AND deleted_at IS NULL''',
    'CREATE INDEX post_all_viewed ON post (views, id, published_at, deleted_at) WHERE deleted_at IS NULL',
]


def up(migrator, db):
    for statement in [*TOTALS, *RECENT, *TRIGGERS, *REPORTS, *EXPORTS, *INDEXES]:
        db.execute_sql(statement)
    # Until now all closed at the site's own time.
    db.execute_sql('UPDATE user SET report_time = ?', (f'{current().report_time:%H:%M}',))
