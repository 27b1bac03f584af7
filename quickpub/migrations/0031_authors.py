"""Authors of a post after the first one, and what follows when the first one changes."""

TABLE = [
    '''CREATE TABLE co_author (
    post_id INTEGER NOT NULL REFERENCES post (id) ON DELETE CASCADE,
    user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    position INTEGER NOT NULL, -- in the by-line, after the first author
    reported_views INTEGER NOT NULL, -- of the post, those that their closed reports have included
    last_views INTEGER, -- those in the last of these reports; NULL: in none
    PRIMARY KEY (post_id, user_id)
) STRICT, WITHOUT ROWID''',
    'CREATE INDEX co_author_user ON co_author (user_id, post_id)',
]

# The first author is never a co-author too. What reports have told either of them stays theirs.
FIRST = '''CREATE TRIGGER first_author_changes AFTER UPDATE OF author_id ON post
WHEN OLD.author_id IS NOT NEW.author_id BEGIN
    INSERT OR REPLACE INTO reported_views SELECT NEW.id, last_views FROM co_author
        WHERE post_id = NEW.id AND user_id = NEW.author_id AND last_views IS NOT NULL;
    UPDATE post SET reported_views = co_author.reported_views FROM co_author
        WHERE post.id = NEW.id AND co_author.post_id = NEW.id AND co_author.user_id = NEW.author_id;
    DELETE FROM co_author WHERE post_id = NEW.id AND user_id = NEW.author_id;
    UPDATE recent_views SET author_id = NEW.author_id WHERE post_id = NEW.id;
    UPDATE user SET pinned_id = NULL WHERE id = OLD.author_id AND pinned_id = NEW.id AND NOT EXISTS (
        SELECT 1 FROM co_author WHERE post_id = NEW.id AND user_id = OLD.author_id);
END'''
PINNED = '''CREATE TRIGGER co_author_unpinned AFTER DELETE ON co_author BEGIN
    UPDATE user SET pinned_id = NULL WHERE id = OLD.user_id AND pinned_id = OLD.post_id AND NOT EXISTS (
        SELECT 1 FROM post WHERE id = OLD.post_id AND author_id = OLD.user_id);
END'''

NEW_VERSION = "UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER))"
SHOWN = [f'''CREATE TRIGGER content_co_author_{name} AFTER {event} ON co_author BEGIN
    DELETE FROM card WHERE kind = 'post' AND owner_id = {row}.post_id;
    {NEW_VERSION} WHERE EXISTS (SELECT 1 FROM post WHERE id = {row}.post_id AND published_at IS NOT NULL);
END''' for name, event, row in (('insert', 'INSERT', 'NEW'), ('update', 'UPDATE OF position', 'NEW'),
                                ('delete', 'DELETE', 'OLD'))]
CARDS = '''CREATE TRIGGER card_posts_of_co_author AFTER UPDATE OF name ON user WHEN OLD.name IS NOT NEW.name BEGIN
    DELETE FROM card WHERE kind = 'post' AND owner_id IN (SELECT post_id FROM co_author WHERE user_id = OLD.id);
END'''

# As in 0008_numbers.py, but a view counts for each author of the post; for the site it counts once.
AUTHORS = '''SELECT author_id FROM post WHERE id = NEW.post_id
        UNION ALL SELECT user_id FROM co_author WHERE post_id = NEW.post_id'''
SCOPES = f'(SELECT -author_id AS scope FROM ({AUTHORS}) UNION ALL SELECT 0)'
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
    INSERT INTO known_host SELECT author_id, NEW.host, {more}, 0 FROM ({authors}) WHERE TRUE
        ON CONFLICT DO UPDATE SET views = views + excluded.views;
END'''
COUNTS = [statement for kind, trigger in (('views', VIEWS_COME), ('hosts', HOSTS_COME))
          for name, event, more in (('come', 'INSERT', 'NEW.views'),
                                    ('grow', 'UPDATE OF views', '(NEW.views - OLD.views)'))
          for statement in (f'DROP TRIGGER {kind}_{name}', trigger.format(
              name=name, event=event, more=more, scopes=SCOPES, authors=AUTHORS))]


def up(migrator, db):
    for statement in [*TABLE, FIRST, PINNED, *SHOWN, CARDS, *COUNTS]:
        db.execute_sql(statement)
