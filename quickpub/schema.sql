CREATE TABLE audit_entry (
    id INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    until TEXT NOT NULL,  -- when it happened last, where one entry stands for several
    times INTEGER NOT NULL DEFAULT 1,
    code TEXT NOT NULL,
    actor_kind TEXT NOT NULL,  -- member, command, or '' where nobody was logged in
    actor_id INTEGER REFERENCES user (id) ON DELETE SET NULL,
    actor_name TEXT NOT NULL DEFAULT '',  -- as it was then; '' once the member has left
    subject_kind TEXT NOT NULL DEFAULT '',
    subject_id INTEGER,
    subject_label TEXT NOT NULL DEFAULT '',
    network TEXT NOT NULL DEFAULT '',
    details TEXT NOT NULL DEFAULT '{}');

CREATE INDEX audit_entry_actor ON audit_entry (actor_id) WHERE actor_id IS NOT NULL;

CREATE INDEX audit_entry_at ON audit_entry (at);

CREATE INDEX audit_entry_code ON audit_entry (code);

CREATE TRIGGER audit_entry_member_gone BEFORE DELETE ON user BEGIN
        UPDATE audit_entry SET actor_name = '', network = '' WHERE actor_id = OLD.id;
        UPDATE audit_entry SET subject_id = NULL, subject_label = '', network = ''
        WHERE subject_kind = 'member' AND subject_id = OLD.id;
    END;

CREATE TRIGGER audit_entry_member_left AFTER UPDATE OF deleted_at ON user
    WHEN NEW.deleted_at IS NOT NULL AND OLD.deleted_at IS NULL BEGIN
        UPDATE audit_entry SET actor_name = '', network = '' WHERE actor_id = OLD.id;
        UPDATE audit_entry SET subject_id = NULL, subject_label = '', network = ''
        WHERE subject_kind = 'member' AND subject_id = OLD.id;
    END;

CREATE TRIGGER audit_entry_post_gone BEFORE DELETE ON post
    BEGIN
        UPDATE audit_entry SET subject_id = NULL, subject_label = ''
        WHERE subject_kind = 'post' AND subject_id = OLD.id;
    END;

CREATE INDEX audit_entry_subject ON audit_entry (subject_kind, subject_id) WHERE subject_id IS NOT NULL;

CREATE TABLE authenticator (
    user_id INTEGER PRIMARY KEY REFERENCES user (id) ON DELETE CASCADE,
    secret TEXT NOT NULL, -- encrypted
    last_step INTEGER NOT NULL, -- of 30 seconds: the one whose code was used last
    created_at TEXT NOT NULL,
    confirmed_at TEXT -- NULL: does not count yet
) STRICT;

CREATE TABLE "author_totals" (
    user_id INTEGER PRIMARY KEY REFERENCES user (id) ON DELETE CASCADE,
    posts INTEGER NOT NULL,
    views INTEGER NOT NULL
) STRICT;

CREATE TABLE "autosave" (
    user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    tab TEXT NOT NULL,
    post_id INTEGER REFERENCES post (id) ON DELETE CASCADE,
    typed_at TEXT NOT NULL,
    beginning TEXT NOT NULL,
    size INTEGER NOT NULL,
    fields TEXT NOT NULL,
    PRIMARY KEY (user_id, tab)
) STRICT;

CREATE INDEX autosave_age ON autosave (typed_at);

CREATE INDEX autosave_post ON autosave (post_id);

CREATE TABLE blocked_domain (
    domain TEXT PRIMARY KEY, -- in ASCII, as in stored email addresses; its subdomains are blocked too
    blocked_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE card (
        kind TEXT NOT NULL,
        owner_id INTEGER NOT NULL,
        digest TEXT NOT NULL,
        PRIMARY KEY (kind, owner_id)
    ) WITHOUT ROWID;

CREATE INDEX card_digest ON card (digest);

CREATE TRIGGER card_post_changed AFTER UPDATE OF title, author_id, published_at, deleted_at, place ON post WHEN OLD.title IS NOT NEW.title OR OLD.author_id IS NOT NEW.author_id OR OLD.published_at IS NOT NEW.published_at OR NEW.deleted_at IS NOT NULL OR (NEW.published_at IS NULL AND NEW.place IS NULL) BEGIN DELETE FROM card WHERE kind = 'post' AND owner_id = OLD.id; END;

CREATE TRIGGER card_post_deleted AFTER DELETE ON post BEGIN DELETE FROM card WHERE kind = 'post' AND owner_id = OLD.id; END;

CREATE TRIGGER card_posts_of_co_author AFTER UPDATE OF name ON user WHEN OLD.name IS NOT NEW.name BEGIN
    DELETE FROM card WHERE kind = 'post' AND owner_id IN (SELECT post_id FROM co_author WHERE user_id = OLD.id);
END;

CREATE TRIGGER card_posts_of_user AFTER UPDATE OF name ON user WHEN OLD.name IS NOT NEW.name BEGIN DELETE FROM card WHERE kind = 'post' AND owner_id IN (SELECT id FROM post WHERE author_id = OLD.id); END;

CREATE TRIGGER card_site_added AFTER INSERT ON site BEGIN DELETE FROM card WHERE TRUE; END;

CREATE TRIGGER card_site_changed AFTER UPDATE OF title, hue ON site WHEN OLD.title IS NOT NEW.title OR OLD.hue IS NOT NEW.hue BEGIN DELETE FROM card WHERE TRUE; END;

CREATE TRIGGER card_tag_changed AFTER UPDATE OF name ON tag WHEN OLD.name IS NOT NEW.name BEGIN DELETE FROM card WHERE kind = 'tag' AND owner_id = OLD.id; END;

CREATE TRIGGER card_tag_deleted AFTER DELETE ON tag BEGIN DELETE FROM card WHERE kind = 'tag' AND owner_id = OLD.id; END;

CREATE TRIGGER card_tagline_changed AFTER UPDATE OF tagline ON site WHEN OLD.tagline IS NOT NEW.tagline BEGIN DELETE FROM card WHERE kind = 'site'; END;

CREATE TRIGGER card_user_changed AFTER UPDATE OF name, deleted_at ON user WHEN OLD.name IS NOT NEW.name OR NEW.deleted_at IS NOT NULL BEGIN DELETE FROM card WHERE kind = 'author' AND owner_id = OLD.id; END;

CREATE TRIGGER card_user_deleted AFTER DELETE ON user BEGIN DELETE FROM card WHERE kind = 'author' AND owner_id = OLD.id; END;

CREATE TABLE client_views (
    post_id INTEGER NOT NULL REFERENCES post (id) ON DELETE CASCADE,
    day TEXT NOT NULL,
    network TEXT NOT NULL,
    views INTEGER NOT NULL,
    PRIMARY KEY (post_id, day, network)
) STRICT, WITHOUT ROWID;

CREATE TABLE co_author (
    post_id INTEGER NOT NULL REFERENCES post (id) ON DELETE CASCADE,
    user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    position INTEGER NOT NULL, -- in the by-line, after the first author
    reported_views INTEGER NOT NULL, -- of the post, those that their closed reports have included
    last_views INTEGER, -- those in the last of these reports; NULL: in none
    PRIMARY KEY (post_id, user_id)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER co_author_unpinned AFTER DELETE ON co_author BEGIN
    UPDATE user SET pinned_id = NULL WHERE id = OLD.user_id AND pinned_id = OLD.post_id AND NOT EXISTS (
        SELECT 1 FROM post WHERE id = OLD.post_id AND author_id = OLD.user_id);
END;

CREATE INDEX co_author_user ON co_author (user_id, post_id);

CREATE TABLE content (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL
, feed_id TEXT NOT NULL DEFAULT '') STRICT;

CREATE TRIGGER content_card_delete AFTER DELETE ON card BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;

CREATE TRIGGER content_card_insert AFTER INSERT ON card BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;

CREATE TRIGGER content_card_update AFTER UPDATE ON card BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;

CREATE TRIGGER content_co_author_delete AFTER DELETE ON co_author BEGIN
    DELETE FROM card WHERE kind = 'post' AND owner_id = OLD.post_id;
    UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)) WHERE EXISTS (SELECT 1 FROM post WHERE id = OLD.post_id AND published_at IS NOT NULL);
END;

CREATE TRIGGER content_co_author_insert AFTER INSERT ON co_author BEGIN
    DELETE FROM card WHERE kind = 'post' AND owner_id = NEW.post_id;
    UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)) WHERE EXISTS (SELECT 1 FROM post WHERE id = NEW.post_id AND published_at IS NOT NULL);
END;

CREATE TRIGGER content_co_author_update AFTER UPDATE OF position ON co_author BEGIN
    DELETE FROM card WHERE kind = 'post' AND owner_id = NEW.post_id;
    UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)) WHERE EXISTS (SELECT 1 FROM post WHERE id = NEW.post_id AND published_at IS NOT NULL);
END;

CREATE TRIGGER content_desk AFTER UPDATE OF canonical, series_id, part, place ON post WHEN (OLD.published_at IS NOT NULL OR OLD.place IS NOT NULL OR NEW.place IS NOT NULL) AND (OLD.canonical, OLD.series_id, OLD.part, OLD.place) IS NOT (NEW.canonical, NEW.series_id, NEW.part, NEW.place) BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;

CREATE TRIGGER content_featured_post_delete AFTER DELETE ON featured_post BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;

CREATE TRIGGER content_featured_post_insert AFTER INSERT ON featured_post BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;

CREATE TRIGGER content_featured_post_update AFTER UPDATE ON featured_post BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;

CREATE TRIGGER content_old_slug_delete AFTER DELETE ON old_slug WHEN TRUE BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;

CREATE TRIGGER content_old_slug_insert AFTER INSERT ON old_slug WHEN TRUE BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;

CREATE TRIGGER content_page AFTER UPDATE OF title, slug, html, summary, excerpt, updated_at, deleted_at ON post WHEN OLD.place IS NOT NULL BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;

CREATE TRIGGER content_page_delete AFTER DELETE ON post WHEN OLD.place IS NOT NULL BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;

CREATE TRIGGER content_placed_image_delete AFTER DELETE ON placed_image BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;

CREATE TRIGGER content_placed_image_insert AFTER INSERT ON placed_image BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;

CREATE TRIGGER content_placed_image_ready AFTER UPDATE OF state, made ON media_file
    WHEN EXISTS (SELECT 1 FROM placed_image WHERE digest = NEW.digest) BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;

CREATE TRIGGER content_placed_image_update AFTER UPDATE ON placed_image BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;

CREATE TRIGGER content_post_delete AFTER DELETE ON post WHEN OLD.published_at IS NOT NULL BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;

CREATE TRIGGER content_post_insert AFTER INSERT ON post WHEN NEW.published_at IS NOT NULL BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;

CREATE TRIGGER content_post_language AFTER UPDATE OF language ON post
    WHEN OLD.language IS NOT NEW.language AND (OLD.published_at IS NOT NULL OR OLD.place IS NOT NULL)
    BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;

CREATE TRIGGER content_post_tag_delete AFTER DELETE ON post_tag WHEN EXISTS (SELECT 1 FROM post WHERE id = OLD.post_id AND published_at IS NOT NULL) BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;

CREATE TRIGGER content_post_tag_insert AFTER INSERT ON post_tag WHEN EXISTS (SELECT 1 FROM post WHERE id = NEW.post_id AND published_at IS NOT NULL) BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;

CREATE TRIGGER content_post_tag_update AFTER UPDATE OF position, spelling ON post_tag
WHEN (OLD.position, OLD.spelling) IS NOT (NEW.position, NEW.spelling) AND EXISTS (
    SELECT 1 FROM post WHERE id = NEW.post_id AND published_at IS NOT NULL) BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;

CREATE TRIGGER content_post_update AFTER UPDATE OF author_id, title, slug, html, summary, excerpt, words, published_at, updated_at, deleted_at ON post WHEN OLD.published_at IS NOT NULL OR NEW.published_at IS NOT NULL BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;

CREATE TRIGGER content_series AFTER UPDATE OF name ON series WHEN TRUE BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;

CREATE TRIGGER content_site_insert AFTER INSERT ON site WHEN TRUE BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;

CREATE TRIGGER content_site_language AFTER UPDATE OF language ON site WHEN OLD.language IS NOT NEW.language
    BEGIN
        UPDATE post SET rendered_by = -1 WHERE language IS NULL;
        UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER));
    END;

CREATE TRIGGER content_site_look AFTER UPDATE OF fonts, layout, footer, css ON site
    WHEN OLD.fonts IS NOT NEW.fonts OR OLD.layout IS NOT NEW.layout OR OLD.footer IS NOT NEW.footer
        OR OLD.css IS NOT NEW.css
    BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;

CREATE TRIGGER content_site_pin AFTER UPDATE OF pinned_id ON site WHEN OLD.pinned_id IS NOT NEW.pinned_id BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;

CREATE TRIGGER content_site_setting_delete AFTER DELETE ON site_setting BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;

CREATE TRIGGER content_site_setting_insert AFTER INSERT ON site_setting BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;

CREATE TRIGGER content_site_setting_update AFTER UPDATE ON site_setting BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;

CREATE TRIGGER content_site_update AFTER UPDATE OF title, tagline, hue ON site WHEN TRUE BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;

CREATE TRIGGER content_tag_update AFTER UPDATE OF name, slug ON tag WHEN TRUE BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;

CREATE TRIGGER content_titled AFTER UPDATE OF is_titled ON post WHEN OLD.is_titled IS NOT NEW.is_titled BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;

CREATE TRIGGER content_user_delete AFTER DELETE ON user WHEN TRUE BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;

CREATE TRIGGER content_user_links AFTER UPDATE OF links, fediverse ON user
    WHEN OLD.links IS NOT NEW.links OR OLD.fediverse IS NOT NEW.fediverse BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;

CREATE TRIGGER content_user_pin AFTER UPDATE OF pinned_id ON user WHEN OLD.pinned_id IS NOT NEW.pinned_id BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;

CREATE TRIGGER content_user_update AFTER UPDATE OF name, handle, bio, verified_at, deleted_at ON user WHEN OLD.name IS NOT NEW.name OR OLD.handle IS NOT NEW.handle OR OLD.bio IS NOT NEW.bio OR OLD.verified_at IS NOT NEW.verified_at OR OLD.deleted_at IS NOT NEW.deleted_at BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;

CREATE TABLE daily_hosts (
    scope INTEGER NOT NULL,
    day TEXT NOT NULL,
    host TEXT NOT NULL,
    views INTEGER NOT NULL,
    PRIMARY KEY (scope, day, host)
) STRICT, WITHOUT ROWID;

CREATE TABLE daily_referrers (
    post_id INTEGER NOT NULL REFERENCES post (id) ON DELETE CASCADE,
    day TEXT NOT NULL,
    host TEXT NOT NULL,
    views INTEGER NOT NULL,
    PRIMARY KEY (post_id, day, host)
) STRICT, WITHOUT ROWID;

CREATE TABLE "daily_salt" (
    day TEXT PRIMARY KEY,
    key BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE daily_totals (
    scope INTEGER NOT NULL,
    day TEXT NOT NULL,
    views INTEGER NOT NULL,
    PRIMARY KEY (scope, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE daily_views (
    post_id INTEGER NOT NULL REFERENCES post (id) ON DELETE CASCADE,
    day TEXT NOT NULL,
    views INTEGER NOT NULL,
    PRIMARY KEY (post_id, day)
) STRICT, WITHOUT ROWID;

CREATE INDEX daily_views_day ON daily_views (day, views);

CREATE TABLE "daily_visitor" (
    day TEXT NOT NULL,
    scope INTEGER NOT NULL,
    visitor TEXT NOT NULL,
    PRIMARY KEY (day, scope, visitor)
) STRICT, WITHOUT ROWID;

CREATE TABLE "daily_visitor_count" (
    scope INTEGER NOT NULL,
    day TEXT NOT NULL,
    visitors INTEGER NOT NULL,
    PRIMARY KEY (scope, day)
) STRICT, WITHOUT ROWID;

CREATE TABLE device (
        digest TEXT PRIMARY KEY,
        user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
        created_at TEXT NOT NULL,
        used_at TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;

CREATE INDEX device_age ON device (used_at);

CREATE INDEX device_user ON device (user_id);

CREATE TABLE erasure (
    kind TEXT PRIMARY KEY CHECK (kind IN ('rows', 'words')),
    wanted INTEGER NOT NULL,
    done INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER erasure_autosave AFTER DELETE ON "autosave" BEGIN
    UPDATE erasure SET wanted = wanted + 1 WHERE kind = 'rows';
END;

CREATE TRIGGER erasure_card AFTER DELETE ON card
    BEGIN UPDATE erasure SET wanted = wanted + 1 WHERE kind = 'rows'; END;

CREATE TRIGGER erasure_export AFTER DELETE ON export BEGIN
    UPDATE erasure SET wanted = wanted + 1 WHERE kind = 'rows';
END;

CREATE TRIGGER erasure_left AFTER UPDATE OF deleted_at ON user WHEN OLD.deleted_at IS NOT NEW.deleted_at BEGIN
    UPDATE erasure SET wanted = wanted + 1 WHERE kind = 'rows';
END;

CREATE TRIGGER erasure_message AFTER DELETE ON message BEGIN
    UPDATE erasure SET wanted = wanted + 1 WHERE kind = 'rows';
END;

CREATE TRIGGER erasure_post AFTER DELETE ON post BEGIN
    UPDATE erasure SET wanted = wanted + 1 WHERE kind = 'words';
END;

CREATE TRIGGER erasure_revision AFTER DELETE ON revision BEGIN
    UPDATE erasure SET wanted = wanted + 1 WHERE kind = 'words';
END;

CREATE TRIGGER erasure_session AFTER DELETE ON session BEGIN
    UPDATE erasure SET wanted = wanted + 1 WHERE kind = 'rows';
END;

CREATE TRIGGER erasure_upload AFTER DELETE ON upload BEGIN
    UPDATE erasure SET wanted = wanted + 1 WHERE kind = 'rows';
END;

CREATE TRIGGER erasure_user AFTER DELETE ON user BEGIN
    UPDATE erasure SET wanted = wanted + 1 WHERE kind = 'rows';
END;

CREATE TABLE export (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('numbers', 'site')),
    state TEXT NOT NULL CHECK (state IN ('waiting', 'ready', 'failed')),
    progress INTEGER NOT NULL CHECK (progress BETWEEN 0 AND 100),
    file TEXT NOT NULL,
    error TEXT NOT NULL,
    created_at TEXT NOT NULL
, bytes INTEGER NOT NULL DEFAULT 0, last_post INTEGER NOT NULL DEFAULT 0) STRICT;

CREATE TRIGGER export_buried AFTER UPDATE OF state ON job
    WHEN NEW.subject = 'export' AND NEW.state = 'dead' BEGIN
    UPDATE export SET state = 'failed', error = iif(error = '', 'Something went wrong.', error)
        WHERE id = NEW.subject_id AND state IN ('waiting');
END;

CREATE TRIGGER export_discarded AFTER DELETE ON job WHEN OLD.subject = 'export' BEGIN
    UPDATE export SET state = 'failed', error = 'It was stopped before it was finished.'
        WHERE id = OLD.subject_id AND state IN ('waiting');
END;

CREATE TRIGGER export_retried AFTER UPDATE OF state ON job
    WHEN NEW.subject = 'export' AND OLD.state = 'dead' AND NEW.state = 'ready' BEGIN
    UPDATE export SET state = 'waiting', error = '' WHERE id = NEW.subject_id AND state = 'failed';
END;

CREATE INDEX export_user ON export (user_id, id);

CREATE INDEX export_waiting ON export (user_id, kind) WHERE state = 'waiting';

CREATE TABLE featured_post (
        post_id INTEGER PRIMARY KEY REFERENCES post (id) ON DELETE CASCADE,
        featured_at TEXT NOT NULL
    );

CREATE INDEX featured_post_newest ON featured_post (featured_at);

CREATE TABLE finding (
    name TEXT PRIMARY KEY,
    problem TEXT NOT NULL, -- '' where all was well
    at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TRIGGER first_author_changes AFTER UPDATE OF author_id ON post
WHEN OLD.author_id IS NOT NEW.author_id BEGIN
    INSERT OR REPLACE INTO reported_views SELECT NEW.id, last_views FROM co_author
        WHERE post_id = NEW.id AND user_id = NEW.author_id AND last_views IS NOT NULL;
    UPDATE post SET reported_views = co_author.reported_views FROM co_author
        WHERE post.id = NEW.id AND co_author.post_id = NEW.id AND co_author.user_id = NEW.author_id;
    DELETE FROM co_author WHERE post_id = NEW.id AND user_id = NEW.author_id;
    UPDATE recent_views SET author_id = NEW.author_id WHERE post_id = NEW.id;
    UPDATE user SET pinned_id = NULL WHERE id = OLD.author_id AND pinned_id = NEW.id AND NOT EXISTS (
        SELECT 1 FROM co_author WHERE post_id = NEW.id AND user_id = OLD.author_id);
END;

CREATE TRIGGER handle_changed AFTER UPDATE OF handle ON user WHEN OLD.handle IS NOT NEW.handle BEGIN
    DELETE FROM old_handle WHERE handle IN (OLD.handle, NEW.handle);
    INSERT INTO old_handle (handle, user_id) SELECT OLD.handle, NEW.id WHERE OLD.verified_at IS NOT NULL;
    DELETE FROM old_handle WHERE user_id = NEW.id AND id NOT IN (
        SELECT id FROM old_handle WHERE user_id = NEW.id ORDER BY id DESC LIMIT 10);
END;

CREATE TRIGGER handle_changes BEFORE UPDATE OF handle ON user
WHEN EXISTS (SELECT 1 FROM old_handle WHERE handle = NEW.handle AND user_id IS NOT NEW.id) BEGIN
    SELECT RAISE(ABORT, 'UNIQUE constraint failed: user.handle');
END;

CREATE TRIGGER handle_comes BEFORE INSERT ON user
WHEN EXISTS (SELECT 1 FROM old_handle WHERE handle = NEW.handle AND user_id IS NOT NEW.id) BEGIN
    SELECT RAISE(ABORT, 'UNIQUE constraint failed: user.handle');
END;

CREATE TABLE hidden_post (
    post_id INTEGER PRIMARY KEY REFERENCES post (id) ON DELETE CASCADE,
    published_at TEXT NOT NULL
) STRICT;

CREATE TRIGGER hidden_post_given AFTER UPDATE OF author_id ON post WHEN OLD.author_id IS NOT NEW.author_id
    BEGIN DELETE FROM hidden_post WHERE post_id = NEW.id; END;

CREATE TRIGGER hidden_post_of_former_user AFTER UPDATE OF deleted_at ON user
WHEN NEW.deleted_at IS NOT NULL BEGIN
    DELETE FROM hidden_post WHERE post_id IN (SELECT id FROM post WHERE author_id = NEW.id);
    UPDATE user SET hides_posts = 0 WHERE id = NEW.id AND hides_posts;
END;

CREATE TRIGGER hidden_post_published AFTER UPDATE OF published_at ON post WHEN NEW.published_at IS NOT NULL
    BEGIN DELETE FROM hidden_post WHERE post_id = NEW.id; END;

CREATE TRIGGER hosts_come AFTER INSERT ON daily_referrers BEGIN
    INSERT INTO daily_hosts SELECT scope, NEW.day, NEW.host, NEW.views FROM (SELECT -author_id AS scope FROM (SELECT author_id FROM post WHERE id = NEW.post_id
        UNION ALL SELECT user_id FROM co_author WHERE post_id = NEW.post_id) UNION ALL SELECT 0) WHERE TRUE
        ON CONFLICT DO UPDATE SET views = views + excluded.views;
    INSERT INTO known_host SELECT author_id, NEW.host, NEW.views, 0 FROM (SELECT author_id FROM post WHERE id = NEW.post_id
        UNION ALL SELECT user_id FROM co_author WHERE post_id = NEW.post_id) WHERE TRUE
        ON CONFLICT DO UPDATE SET views = views + excluded.views;
END;

CREATE TRIGGER hosts_grow AFTER UPDATE OF views ON daily_referrers BEGIN
    INSERT INTO daily_hosts SELECT scope, NEW.day, NEW.host, (NEW.views - OLD.views) FROM (SELECT -author_id AS scope FROM (SELECT author_id FROM post WHERE id = NEW.post_id
        UNION ALL SELECT user_id FROM co_author WHERE post_id = NEW.post_id) UNION ALL SELECT 0) WHERE TRUE
        ON CONFLICT DO UPDATE SET views = views + excluded.views;
    INSERT INTO known_host SELECT author_id, NEW.host, (NEW.views - OLD.views), 0 FROM (SELECT author_id FROM post WHERE id = NEW.post_id
        UNION ALL SELECT user_id FROM co_author WHERE post_id = NEW.post_id) WHERE TRUE
        ON CONFLICT DO UPDATE SET views = views + excluded.views;
END;

CREATE TRIGGER invitation_of_member AFTER UPDATE OF email, verified_at ON user WHEN NEW.verified_at IS NOT NULL BEGIN
    UPDATE token SET ended_at = max(created_at, NEW.verified_at) WHERE email = NEW.email COLLATE NOCASE AND purpose = 'invite' AND used_at IS NULL AND ended_at IS NULL;
END;

CREATE TRIGGER invitation_of_new_member AFTER INSERT ON user WHEN NEW.verified_at IS NOT NULL BEGIN
    UPDATE token SET ended_at = max(created_at, NEW.verified_at) WHERE email = NEW.email COLLATE NOCASE AND purpose = 'invite' AND used_at IS NULL AND ended_at IS NULL;
END;

CREATE TABLE job (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    message BLOB NOT NULL,
    state TEXT NOT NULL DEFAULT 'ready' CHECK (state IN ('ready', 'running', 'dead')),
    priority REAL NOT NULL DEFAULT 0,
    run_at TEXT NOT NULL,
    is_single INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    strikes INTEGER NOT NULL DEFAULT 0,
    owner TEXT,
    started_at TEXT,
    error TEXT NOT NULL DEFAULT '',
    created_at TEXT NOT NULL, progress TEXT NOT NULL DEFAULT '', subject TEXT, subject_id TEXT,
    CHECK ((state = 'running') = (owner IS NOT NULL))
) STRICT;

CREATE TABLE job_counter (
    queue TEXT NOT NULL,
    key TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (queue, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX job_dead ON job (priority DESC, run_at, id) WHERE state = 'dead';

CREATE TABLE "job_key_value" (
    queue TEXT NOT NULL,
    key TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (queue, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX job_next ON job (priority DESC, run_at, id) WHERE state = 'ready';

CREATE TABLE job_pause (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    since TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX job_periodic_once ON job (name, state) WHERE is_single AND state != 'running';

CREATE INDEX job_running ON job (owner) WHERE state = 'running';

CREATE INDEX job_subject ON job (subject, subject_id) WHERE subject IS NOT NULL;

CREATE TABLE job_tally (
    minute TEXT NOT NULL,
    name TEXT NOT NULL,
    done INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    PRIMARY KEY (minute, name)
) STRICT, WITHOUT ROWID;

CREATE INDEX job_tally_last ON job_tally (name, minute);

CREATE TABLE known_host (
    author_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    host TEXT NOT NULL,
    views INTEGER NOT NULL,
    is_told INTEGER NOT NULL,
    PRIMARY KEY (author_id, host)
) STRICT, WITHOUT ROWID;

CREATE INDEX known_host_told ON known_host (author_id, is_told);

CREATE TRIGGER last_owner_changes BEFORE UPDATE OF role, deleted_at, suspended_at ON user
    WHEN (NEW.role != 'owner' OR NEW.deleted_at IS NOT NULL OR NEW.suspended_at IS NOT NULL) AND OLD.role = 'owner' AND OLD.deleted_at IS NULL AND OLD.suspended_at IS NULL AND NOT EXISTS (SELECT 1 FROM user
        WHERE role = 'owner' AND deleted_at IS NULL AND suspended_at IS NULL AND id != OLD.id)
    BEGIN SELECT RAISE(ABORT, 'the last owner'); END;

CREATE TRIGGER last_owner_goes BEFORE DELETE ON user WHEN OLD.role = 'owner' AND OLD.deleted_at IS NULL AND OLD.suspended_at IS NULL AND NOT EXISTS (SELECT 1 FROM user
        WHERE role = 'owner' AND deleted_at IS NULL AND suspended_at IS NULL AND id != OLD.id)
    BEGIN SELECT RAISE(ABORT, 'the last owner'); END;

CREATE TRIGGER links_of_former_user AFTER UPDATE OF deleted_at ON user WHEN NEW.deleted_at IS NOT NULL
    BEGIN UPDATE user SET links = '', fediverse = '' WHERE id = NEW.id; END;

CREATE TABLE login_step (
    digest TEXT PRIMARY KEY, -- sha256 of the random token that only the browser has
    user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    onward TEXT NOT NULL, -- the path to go on to
    failures INTEGER NOT NULL,
    token_id INTEGER REFERENCES token (id) ON DELETE CASCADE, -- the link to a new password that waits with it
    password TEXT, -- that new password, hashed
    created_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX login_step_token ON login_step (token_id) WHERE token_id IS NOT NULL;

CREATE INDEX login_step_user ON login_step (user_id);

CREATE TABLE media_file (
    digest TEXT PRIMARY KEY CHECK (length(digest) = 32), -- the first half of their SHA-256
    kind TEXT NOT NULL CHECK (kind IN ('image', 'audio', 'video', 'document')),
    ending TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'working', 'ready', 'failed')),
    progress INTEGER NOT NULL CHECK (progress BETWEEN 0 AND 100),
    attempts INTEGER NOT NULL,
    error TEXT NOT NULL,
    made TEXT NOT NULL,
    created_at TEXT NOT NULL
, is_news INTEGER NOT NULL DEFAULT 0) STRICT, WITHOUT ROWID;

CREATE INDEX media_file_news ON media_file (digest) WHERE is_news;

CREATE INDEX media_file_unready ON media_file (created_at) WHERE state IN ('waiting', 'working');

CREATE TABLE message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    key TEXT NOT NULL UNIQUE,
    user_id INTEGER REFERENCES user (id) ON DELETE SET NULL,
    token_id INTEGER REFERENCES token (id) ON DELETE SET NULL,
    recipient TEXT NOT NULL,
    subject TEXT NOT NULL,
    payload TEXT NOT NULL,
    message_id TEXT NOT NULL UNIQUE,
    urgent INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'sending', 'sent', 'deferred', 'failed', 'held')),
    sender TEXT,
    attempts INTEGER NOT NULL DEFAULT 0,
    next_try TEXT NOT NULL,
    answer TEXT NOT NULL,
    created_at TEXT NOT NULL,
    sent_at TEXT, language TEXT,
    CHECK ((state = 'sent') = (sent_at IS NOT NULL)),
    CHECK ((state = 'sending') = (sender IS NOT NULL))
) STRICT;

CREATE INDEX message_deferred ON message (next_try) WHERE state = 'deferred';

CREATE INDEX message_done ON message (created_at) WHERE state IN ('sent', 'failed');

CREATE INDEX message_failed ON message (id) WHERE state = 'failed';

CREATE INDEX message_held ON message (id) WHERE state = 'held';

CREATE INDEX message_queued ON message (urgent DESC, attempts, id) WHERE state = 'queued';

CREATE INDEX message_recipient ON message (recipient COLLATE NOCASE);

CREATE INDEX message_search ON message (id, recipient, subject);

CREATE INDEX message_sending ON message (sender) WHERE state = 'sending';

CREATE INDEX message_token ON message (token_id);

CREATE INDEX message_unsent ON message (created_at) WHERE state IN ('queued', 'sending', 'deferred');

CREATE INDEX message_user ON message (user_id, kind);

CREATE TABLE old_handle (
    id INTEGER PRIMARY KEY,
    handle TEXT NOT NULL UNIQUE,
    user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE
) STRICT;

CREATE INDEX old_handle_user ON old_handle (user_id);

CREATE TABLE old_slug (
    slug TEXT PRIMARY KEY,
    post_id INTEGER NOT NULL REFERENCES post (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX old_slug_post ON old_slug (post_id);

CREATE TABLE old_tag (
    slug TEXT PRIMARY KEY,
    tag_id INTEGER NOT NULL REFERENCES tag (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX old_tag_tag ON old_tag (tag_id);

CREATE TABLE outbox_leftover (
    message_id TEXT PRIMARY KEY
) STRICT, WITHOUT ROWID;

CREATE TRIGGER outbox_message_goes AFTER DELETE ON message BEGIN
    INSERT OR IGNORE INTO outbox_leftover VALUES (OLD.message_id);
END;

CREATE TABLE passkey (
    id INTEGER PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    credential_id BLOB NOT NULL UNIQUE,
    credential BLOB NOT NULL, -- with the public key, as the browser sent it
    counter INTEGER NOT NULL, -- of signatures; stays 0 for passkeys that are on several devices
    name TEXT NOT NULL,
    created_at TEXT NOT NULL,
    used_at TEXT
) STRICT;

CREATE INDEX passkey_user ON passkey (user_id);

CREATE TRIGGER picture_buried AFTER UPDATE OF state ON job
    WHEN NEW.subject = 'picture' AND NEW.state = 'dead' BEGIN
    UPDATE media_file SET state = 'failed', error = iif(error = '', 'Something went wrong.', error), is_news = 1
        WHERE digest = NEW.subject_id AND state IN ('waiting', 'working');
END;

CREATE TRIGGER picture_discarded AFTER DELETE ON job WHEN OLD.subject = 'picture' BEGIN
    UPDATE media_file SET state = 'failed', error = 'It was stopped before it was finished.', is_news = 1
        WHERE digest = OLD.subject_id AND state IN ('waiting', 'working');
END;

CREATE TRIGGER picture_retried AFTER UPDATE OF state ON job
    WHEN NEW.subject = 'picture' AND OLD.state = 'dead' AND NEW.state = 'ready' BEGIN
    UPDATE media_file SET state = 'waiting', error = '' WHERE digest = NEW.subject_id AND state = 'failed';
END;

CREATE TABLE placed_image (
        place TEXT NOT NULL,
        owner_id INTEGER NOT NULL,
        digest TEXT NOT NULL,
        alt TEXT NOT NULL DEFAULT '',
        x INTEGER NOT NULL DEFAULT 50,
        y INTEGER NOT NULL DEFAULT 50,
        PRIMARY KEY (place, owner_id)
    ) WITHOUT ROWID;

CREATE INDEX placed_image_digest ON placed_image (digest);

CREATE TRIGGER placed_image_of_former_user AFTER UPDATE OF deleted_at ON user WHEN NEW.deleted_at IS NOT NULL
    BEGIN DELETE FROM placed_image WHERE place IN ('avatar', 'banner') AND owner_id = OLD.id; END;

CREATE TRIGGER placed_image_of_post AFTER DELETE ON post
    BEGIN DELETE FROM placed_image WHERE place = 'cover' AND owner_id = OLD.id; END;

CREATE TRIGGER placed_image_of_user AFTER DELETE ON user
    BEGIN DELETE FROM placed_image WHERE place IN ('avatar', 'banner') AND owner_id = OLD.id; END;

CREATE TABLE post (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    author_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    title TEXT NOT NULL,
    slug TEXT NOT NULL UNIQUE,
    summary TEXT NOT NULL,
    excerpt TEXT NOT NULL,
    words INTEGER NOT NULL,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    published_at TEXT,
    was_public INTEGER NOT NULL DEFAULT 0,
    deleted_at TEXT,
    views INTEGER NOT NULL DEFAULT 0 CHECK (views >= 0),
    reported_views INTEGER NOT NULL DEFAULT 0
, version INTEGER NOT NULL DEFAULT 1, editor_id INTEGER REFERENCES user (id) ON DELETE SET NULL, canonical TEXT NOT NULL DEFAULT '', series_id INTEGER REFERENCES series (id) ON DELETE SET NULL, part INTEGER, shared_at TEXT, is_page INTEGER NOT NULL DEFAULT 0, place INTEGER, first_tab TEXT, title_folded TEXT NOT NULL DEFAULT '', summary_folded TEXT NOT NULL DEFAULT '', html_folded TEXT NOT NULL DEFAULT '', feed_id TEXT NOT NULL DEFAULT '', is_titled INTEGER NOT NULL DEFAULT 1, rendered_by INTEGER NOT NULL DEFAULT 0, language TEXT, body TEXT NOT NULL DEFAULT '', html TEXT NOT NULL DEFAULT '') STRICT;

CREATE INDEX post_all ON post (updated_at, id, title, published_at, deleted_at) WHERE deleted_at IS NULL;

CREATE INDEX post_all_drafts ON post (published_at, updated_at, id)
    WHERE published_at IS NULL AND deleted_at IS NULL;

CREATE INDEX post_all_viewed ON post (views, id, published_at, deleted_at) WHERE deleted_at IS NULL;

CREATE INDEX post_author ON post (author_id, published_at, id, deleted_at) WHERE deleted_at IS NULL;

CREATE TRIGGER post_changes AFTER UPDATE OF author_id, published_at, deleted_at, views ON post BEGIN
    UPDATE author_totals SET posts = posts - (OLD.published_at IS NOT NULL AND OLD.deleted_at IS NULL),
        views = views - iif(OLD.deleted_at IS NULL, OLD.views, 0) WHERE user_id = OLD.author_id;
    INSERT INTO author_totals VALUES (NEW.author_id, NEW.published_at IS NOT NULL AND NEW.deleted_at IS NULL,
                              iif(NEW.deleted_at IS NULL, NEW.views, 0))
        ON CONFLICT DO UPDATE SET posts = posts + excluded.posts, views = views + excluded.views;
END;

CREATE TRIGGER post_comes AFTER INSERT ON post WHEN NEW.deleted_at IS NULL BEGIN
    INSERT INTO author_totals VALUES (NEW.author_id, NEW.published_at IS NOT NULL, NEW.views)
        ON CONFLICT DO UPDATE SET posts = posts + excluded.posts, views = views + excluded.views;
END;

CREATE TRIGGER post_date_changes AFTER UPDATE OF published_at, deleted_at ON post BEGIN
    UPDATE post_tag SET published_at = iif(NEW.deleted_at IS NULL, NEW.published_at, NULL) WHERE post_id = NEW.id;
END;

CREATE INDEX post_desk ON post (author_id, updated_at, id);

CREATE INDEX post_drafts ON post (author_id, updated_at, id) WHERE published_at IS NULL AND deleted_at IS NULL;

CREATE INDEX post_editor ON post (editor_id);

CREATE UNIQUE INDEX post_feed_id ON post (feed_id);

CREATE TABLE post_file (
    post_id INTEGER NOT NULL REFERENCES post (id) ON DELETE CASCADE,
    digest TEXT NOT NULL,
    PRIMARY KEY (post_id, digest)
) STRICT, WITHOUT ROWID;

CREATE INDEX post_file_digest ON post_file (digest, post_id);

CREATE UNIQUE INDEX post_first_tab ON post (author_id, first_tab) WHERE first_tab IS NOT NULL;

CREATE TRIGGER post_goes AFTER DELETE ON post WHEN OLD.deleted_at IS NULL BEGIN
    UPDATE "author_totals" SET posts = posts - (OLD.published_at IS NOT NULL), views = views - OLD.views
        WHERE user_id = OLD.author_id;
END;

CREATE INDEX post_page ON post (place, id) WHERE place IS NOT NULL;

CREATE INDEX post_public ON post (published_at, id, deleted_at) WHERE deleted_at IS NULL;

CREATE INDEX post_rendered ON post (rendered_by);

CREATE INDEX post_series ON post (series_id, part, id) WHERE series_id IS NOT NULL;

CREATE TABLE post_tag (
    post_id INTEGER NOT NULL REFERENCES post (id) ON DELETE CASCADE,
    tag_id INTEGER NOT NULL REFERENCES tag (id) ON DELETE CASCADE,
    position INTEGER NOT NULL, published_at TEXT, spelling TEXT,
    PRIMARY KEY (post_id, tag_id)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER post_tag_comes AFTER INSERT ON post_tag BEGIN
    UPDATE post_tag SET published_at = (SELECT published_at FROM post WHERE id = NEW.post_id AND deleted_at IS NULL)
        WHERE post_id = NEW.post_id AND tag_id = NEW.tag_id;
END;

CREATE INDEX post_tag_dated ON post_tag (tag_id, published_at, post_id);

CREATE INDEX post_trash ON post (deleted_at) WHERE deleted_at IS NOT NULL;

CREATE INDEX post_trash_author ON post (author_id, deleted_at, id) WHERE deleted_at IS NOT NULL;

CREATE INDEX post_viewed ON post (author_id, views, id, published_at, deleted_at) WHERE deleted_at IS NULL;

CREATE TABLE recent_day (id INTEGER PRIMARY KEY CHECK (id = 1), today TEXT NOT NULL) STRICT;

CREATE TABLE recent_views (
    author_id INTEGER NOT NULL,
    post_id INTEGER NOT NULL REFERENCES post (id) ON DELETE CASCADE,
    days_7 INTEGER NOT NULL,
    days_30 INTEGER NOT NULL,
    days_90 INTEGER NOT NULL,
    PRIMARY KEY (author_id, post_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX recent_views_post ON recent_views (post_id);

CREATE TABLE recovery_code (
    digest TEXT PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX recovery_code_user ON recovery_code (user_id);

CREATE TABLE recurring_job (
    name TEXT PRIMARY KEY,
    enqueued_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE report (
    id INTEGER PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    period_start TEXT NOT NULL,
    period_end TEXT NOT NULL,
    views INTEGER NOT NULL,
    message_id INTEGER REFERENCES message (id) ON DELETE SET NULL
) STRICT;

CREATE INDEX report_message ON report (message_id);

CREATE UNIQUE INDEX report_once ON report (user_id, period_end);

CREATE TABLE "reported_views" (
    post_id INTEGER PRIMARY KEY REFERENCES post (id) ON DELETE CASCADE,
    views INTEGER NOT NULL
) STRICT;

CREATE TABLE review (
        post_id INTEGER PRIMARY KEY REFERENCES post (id) ON DELETE CASCADE,
        asked_at TEXT,
        is_held INTEGER NOT NULL DEFAULT 0 CHECK (is_held IN (0, 1)),
        editor_id INTEGER REFERENCES user (id) ON DELETE SET NULL,
        answered_at TEXT,
        reason TEXT NOT NULL DEFAULT ''
    ) STRICT;

CREATE INDEX review_asked ON review (asked_at) WHERE asked_at IS NOT NULL;

CREATE INDEX review_editor ON review (editor_id) WHERE editor_id IS NOT NULL;

CREATE TRIGGER review_ends AFTER UPDATE OF published_at, place ON post
    WHEN NEW.published_at IS NOT NULL OR NEW.place IS NOT NULL
    BEGIN DELETE FROM review WHERE post_id = NEW.id; END;

CREATE TRIGGER review_holds BEFORE UPDATE OF published_at, place, shared_at, deleted_at ON post
    WHEN (NEW.published_at IS NOT NULL OR NEW.place IS NOT NULL OR NEW.shared_at IS NOT NULL
          OR (OLD.deleted_at IS NOT NULL AND NEW.deleted_at IS NULL))
      AND EXISTS (SELECT 1 FROM review WHERE post_id = OLD.id AND is_held)
    BEGIN SELECT RAISE(ABORT, 'an editor holds this post'); END;

CREATE TABLE revision (
    post_id INTEGER NOT NULL REFERENCES post (id) ON DELETE CASCADE,
    version INTEGER NOT NULL,
    saved_at TEXT NOT NULL,
    editor_id INTEGER REFERENCES user (id) ON DELETE SET NULL,
    title TEXT NOT NULL,
    summary TEXT NOT NULL,
    tags TEXT NOT NULL,
    details TEXT NOT NULL, -- what else was typed, as JSON
    body TEXT NOT NULL,
    PRIMARY KEY (post_id, version)
) STRICT;

CREATE INDEX revision_editor ON revision (editor_id);

CREATE INDEX revision_time ON revision (post_id, saved_at);

CREATE TABLE "schema_migration" ("id" INTEGER NOT NULL PRIMARY KEY, "name" VARCHAR(255) NOT NULL, "applied" DATETIME NOT NULL);

CREATE UNIQUE INDEX "schema_migration_name" ON "schema_migration" ("name");

CREATE VIRTUAL TABLE search USING fts5 (title, tags, summary, text, author, content='', tokenize='ascii');

CREATE TRIGGER search_author_ends BEFORE DELETE ON user BEGIN DELETE FROM post WHERE author_id = OLD.id; END;

CREATE TRIGGER search_name_changed AFTER UPDATE OF name_folded ON user WHEN OLD.name_folded IS NOT NEW.name_folded BEGIN INSERT INTO search (rowid, title, tags, summary, text, author) SELECT post.id, title_folded,
    (SELECT group_concat(tag.name_folded, ' ') FROM post_tag JOIN tag ON tag.id = tag_id WHERE post_id = post.id),
    summary_folded, html_folded, user.name_folded
    FROM post CROSS JOIN user ON user.id = author_id WHERE published_at IS NOT NULL AND post.deleted_at IS NULL AND author_id = NEW.id; END;

CREATE TRIGGER search_name_changes BEFORE UPDATE OF name_folded ON user WHEN OLD.name_folded IS NOT NEW.name_folded BEGIN INSERT INTO search (search, rowid, title, tags, summary, text, author) SELECT 'delete', post.id, title_folded,
    (SELECT group_concat(tag.name_folded, ' ') FROM post_tag JOIN tag ON tag.id = tag_id WHERE post_id = post.id),
    summary_folded, html_folded, user.name_folded
    FROM post CROSS JOIN user ON user.id = author_id WHERE published_at IS NOT NULL AND post.deleted_at IS NULL AND author_id = OLD.id; END;

CREATE TRIGGER search_post_changed AFTER UPDATE OF author_id, title_folded, summary_folded, html_folded, published_at, deleted_at ON post WHEN OLD.author_id IS NOT NEW.author_id OR OLD.title_folded IS NOT NEW.title_folded OR OLD.summary_folded IS NOT NEW.summary_folded OR OLD.html_folded IS NOT NEW.html_folded OR OLD.published_at IS NOT NEW.published_at OR OLD.deleted_at IS NOT NEW.deleted_at BEGIN INSERT INTO search (rowid, title, tags, summary, text, author) SELECT post.id, title_folded,
    (SELECT group_concat(tag.name_folded, ' ') FROM post_tag JOIN tag ON tag.id = tag_id WHERE post_id = post.id),
    summary_folded, html_folded, user.name_folded
    FROM post CROSS JOIN user ON user.id = author_id WHERE published_at IS NOT NULL AND post.deleted_at IS NULL AND post.id = NEW.id; END;

CREATE TRIGGER search_post_changes BEFORE UPDATE OF author_id, title_folded, summary_folded, html_folded, published_at, deleted_at ON post WHEN OLD.author_id IS NOT NEW.author_id OR OLD.title_folded IS NOT NEW.title_folded OR OLD.summary_folded IS NOT NEW.summary_folded OR OLD.html_folded IS NOT NEW.html_folded OR OLD.published_at IS NOT NEW.published_at OR OLD.deleted_at IS NOT NEW.deleted_at BEGIN INSERT INTO search (search, rowid, title, tags, summary, text, author) SELECT 'delete', post.id, title_folded,
    (SELECT group_concat(tag.name_folded, ' ') FROM post_tag JOIN tag ON tag.id = tag_id WHERE post_id = post.id),
    summary_folded, html_folded, user.name_folded
    FROM post CROSS JOIN user ON user.id = author_id WHERE published_at IS NOT NULL AND post.deleted_at IS NULL AND post.id = OLD.id; END;

CREATE TRIGGER search_post_comes AFTER INSERT ON post BEGIN INSERT INTO search (rowid, title, tags, summary, text, author) SELECT post.id, title_folded,
    (SELECT group_concat(tag.name_folded, ' ') FROM post_tag JOIN tag ON tag.id = tag_id WHERE post_id = post.id),
    summary_folded, html_folded, user.name_folded
    FROM post CROSS JOIN user ON user.id = author_id WHERE published_at IS NOT NULL AND post.deleted_at IS NULL AND post.id = NEW.id; END;

CREATE TRIGGER search_post_goes BEFORE DELETE ON post BEGIN INSERT INTO search (search, rowid, title, tags, summary, text, author) SELECT 'delete', post.id, title_folded,
    (SELECT group_concat(tag.name_folded, ' ') FROM post_tag JOIN tag ON tag.id = tag_id WHERE post_id = post.id),
    summary_folded, html_folded, user.name_folded
    FROM post CROSS JOIN user ON user.id = author_id WHERE published_at IS NOT NULL AND post.deleted_at IS NULL AND post.id = OLD.id; END;

CREATE TRIGGER search_tag_came AFTER INSERT ON post_tag BEGIN INSERT INTO search (rowid, title, tags, summary, text, author) SELECT post.id, title_folded,
    (SELECT group_concat(tag.name_folded, ' ') FROM post_tag JOIN tag ON tag.id = tag_id WHERE post_id = post.id),
    summary_folded, html_folded, user.name_folded
    FROM post CROSS JOIN user ON user.id = author_id WHERE published_at IS NOT NULL AND post.deleted_at IS NULL AND post.id = NEW.post_id; END;

CREATE TRIGGER search_tag_changed AFTER UPDATE OF name_folded ON tag WHEN OLD.name_folded IS NOT NEW.name_folded BEGIN INSERT INTO search (rowid, title, tags, summary, text, author) SELECT post.id, title_folded,
    (SELECT group_concat(tag.name_folded, ' ') FROM post_tag JOIN tag ON tag.id = tag_id WHERE post_id = post.id),
    summary_folded, html_folded, user.name_folded
    FROM post CROSS JOIN user ON user.id = author_id WHERE published_at IS NOT NULL AND post.deleted_at IS NULL AND post.id IN (SELECT post_id FROM post_tag WHERE tag_id = OLD.id); END;

CREATE TRIGGER search_tag_changes BEFORE UPDATE OF name_folded ON tag WHEN OLD.name_folded IS NOT NEW.name_folded BEGIN INSERT INTO search (search, rowid, title, tags, summary, text, author) SELECT 'delete', post.id, title_folded,
    (SELECT group_concat(tag.name_folded, ' ') FROM post_tag JOIN tag ON tag.id = tag_id WHERE post_id = post.id),
    summary_folded, html_folded, user.name_folded
    FROM post CROSS JOIN user ON user.id = author_id WHERE published_at IS NOT NULL AND post.deleted_at IS NULL AND post.id IN (SELECT post_id FROM post_tag WHERE tag_id = OLD.id); END;

CREATE TRIGGER search_tag_comes BEFORE INSERT ON post_tag WHEN NOT EXISTS (SELECT 1 FROM post_tag WHERE post_id = NEW.post_id AND tag_id = NEW.tag_id) BEGIN INSERT INTO search (search, rowid, title, tags, summary, text, author) SELECT 'delete', post.id, title_folded,
    (SELECT group_concat(tag.name_folded, ' ') FROM post_tag JOIN tag ON tag.id = tag_id WHERE post_id = post.id),
    summary_folded, html_folded, user.name_folded
    FROM post CROSS JOIN user ON user.id = author_id WHERE published_at IS NOT NULL AND post.deleted_at IS NULL AND post.id = NEW.post_id; END;

CREATE TRIGGER search_tag_ends BEFORE DELETE ON tag BEGIN DELETE FROM post_tag WHERE tag_id = OLD.id; END;

CREATE TRIGGER search_tag_goes BEFORE DELETE ON post_tag BEGIN INSERT INTO search (search, rowid, title, tags, summary, text, author) SELECT 'delete', post.id, title_folded,
    (SELECT group_concat(tag.name_folded, ' ') FROM post_tag JOIN tag ON tag.id = tag_id WHERE post_id = post.id),
    summary_folded, html_folded, user.name_folded
    FROM post CROSS JOIN user ON user.id = author_id WHERE published_at IS NOT NULL AND post.deleted_at IS NULL AND post.id = OLD.post_id; END;

CREATE TRIGGER search_tag_went AFTER DELETE ON post_tag BEGIN INSERT INTO search (rowid, title, tags, summary, text, author) SELECT post.id, title_folded,
    (SELECT group_concat(tag.name_folded, ' ') FROM post_tag JOIN tag ON tag.id = tag_id WHERE post_id = post.id),
    summary_folded, html_folded, user.name_folded
    FROM post CROSS JOIN user ON user.id = author_id WHERE published_at IS NOT NULL AND post.deleted_at IS NULL AND post.id = OLD.post_id; END;

CREATE TABLE series (
    id INTEGER PRIMARY KEY,
    author_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    UNIQUE (author_id, name)
) STRICT;

CREATE TABLE session (
    digest TEXT PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    agent TEXT NOT NULL,
    created_at TEXT NOT NULL,
    seen_at TEXT NOT NULL,
    expires_at TEXT NOT NULL
, device_id TEXT REFERENCES device (digest) ON DELETE SET NULL, cookie TEXT NOT NULL DEFAULT 'quickpub', is_stale INTEGER NOT NULL DEFAULT 0, confirmed_at TEXT) STRICT, WITHOUT ROWID;

CREATE INDEX session_device ON session (device_id) WHERE device_id IS NOT NULL;

CREATE INDEX session_expiry ON session (expires_at);

CREATE TRIGGER session_stale AFTER UPDATE OF role, email, password, verified_at ON user
    WHEN OLD.role IS NOT NEW.role OR OLD.email IS NOT NEW.email OR OLD.password IS NOT NEW.password
      OR OLD.verified_at IS NOT NEW.verified_at
    BEGIN UPDATE session SET is_stale = 1 WHERE user_id = NEW.id; END;

CREATE INDEX session_user ON session (user_id);

CREATE TABLE set_aside (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    reason TEXT NOT NULL,
    at TEXT NOT NULL,
    PRIMARY KEY (kind, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE site (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    title TEXT NOT NULL,
    tagline TEXT NOT NULL,
    hue INTEGER NOT NULL CHECK (hue BETWEEN 0 AND 359)
, pinned_id INTEGER REFERENCES post (id) ON DELETE SET NULL, language TEXT NOT NULL DEFAULT 'en', fonts TEXT NOT NULL DEFAULT 'book', layout TEXT NOT NULL DEFAULT 'magazine', footer TEXT NOT NULL DEFAULT '', css TEXT NOT NULL DEFAULT '', new_role TEXT NOT NULL DEFAULT 'author'
        CHECK (new_role IN ('author', 'contributor'))) STRICT;

CREATE TABLE site_setting (
        name TEXT NOT NULL PRIMARY KEY,
        value TEXT NOT NULL
    ) WITHOUT ROWID;

CREATE TABLE spool_offset (
    file TEXT PRIMARY KEY,
    bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE tag (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    slug TEXT NOT NULL UNIQUE
, name_folded TEXT NOT NULL DEFAULT '', key TEXT NOT NULL DEFAULT '', feed_id TEXT NOT NULL DEFAULT '') STRICT;

CREATE UNIQUE INDEX tag_feed_id ON tag (feed_id);

CREATE UNIQUE INDEX tag_key ON tag (key);

CREATE TRIGGER text_author_changes AFTER UPDATE OF author_id ON post
WHEN OLD.author_id IS NOT NEW.author_id BEGIN
    UPDATE text_size SET author_id = NEW.author_id WHERE post_id = NEW.id;
END;

CREATE TRIGGER text_changes AFTER UPDATE OF body, summary ON post
WHEN OLD.body IS NOT NEW.body OR OLD.summary IS NOT NEW.summary BEGIN
    UPDATE text_size SET text = (1000 + length(CAST(NEW.body AS BLOB)) + length(CAST(NEW.summary AS BLOB))) WHERE post_id = NEW.id;
END;

CREATE TRIGGER text_comes AFTER INSERT ON post BEGIN
    INSERT INTO text_size VALUES (NEW.author_id, NEW.id, (1000 + length(CAST(NEW.body AS BLOB)) + length(CAST(NEW.summary AS BLOB))), 0);
END;

CREATE TABLE text_size (
    author_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    post_id INTEGER NOT NULL UNIQUE REFERENCES post (id) ON DELETE CASCADE,
    text INTEGER NOT NULL,
    versions INTEGER NOT NULL,
    PRIMARY KEY (author_id, post_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE throttle_refusal (
    budget TEXT PRIMARY KEY,
    count INTEGER NOT NULL,
    since TEXT NOT NULL,
    last_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE throttle_use (
    id INTEGER PRIMARY KEY,
    budget TEXT NOT NULL,
    key TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;

CREATE INDEX throttle_use_age ON throttle_use (at);

CREATE INDEX throttle_use_key ON throttle_use (budget, key, at);

CREATE TABLE token (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- never used twice: the id is what the link's signature covers
    purpose TEXT NOT NULL CHECK (purpose IN ('setup', 'invite', 'verify', 'reset', 'address')),
    user_id INTEGER REFERENCES user (id) ON DELETE CASCADE,
    email TEXT,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    used_at TEXT
, ended_at TEXT, made_by_id INTEGER REFERENCES user (id) ON DELETE SET NULL, nonce TEXT NOT NULL DEFAULT '', note TEXT NOT NULL DEFAULT '', role TEXT CHECK (role IN ('editor', 'author', 'contributor'))) STRICT;

CREATE INDEX token_email ON token (email COLLATE NOCASE) WHERE email IS NOT NULL;

CREATE INDEX token_expiry ON token (expires_at);

CREATE INDEX token_made_by ON token (made_by_id) WHERE made_by_id IS NOT NULL;

CREATE INDEX token_user ON token (user_id);

CREATE TABLE upload (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    file_id TEXT NOT NULL REFERENCES media_file (digest),
    name TEXT NOT NULL,
    bytes INTEGER NOT NULL CHECK (bytes > 0),
    alt TEXT NOT NULL,
    created_at TEXT NOT NULL,
    touched_at TEXT NOT NULL
) STRICT;

CREATE INDEX upload_file ON upload (file_id);

CREATE UNIQUE INDEX upload_once ON upload (user_id, file_id);

CREATE INDEX upload_touched ON upload (touched_at);

CREATE INDEX upload_user ON upload (user_id, id, bytes);

CREATE TABLE used_challenge (
    digest TEXT PRIMARY KEY,
    expires_at TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE user (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    handle TEXT NOT NULL UNIQUE,
    email TEXT COLLATE NOCASE UNIQUE,
    password TEXT,
    bio TEXT NOT NULL,
    timezone TEXT NOT NULL,
    report TEXT NOT NULL CHECK (report IN ('minute', 'daily', 'weekly', 'monthly', 'never')),
    reported_until TEXT NOT NULL,
    created_at TEXT NOT NULL,
    verified_at TEXT,
    deleted_at TEXT,
    mail_trouble TEXT
, pinned_id INTEGER REFERENCES post (id) ON DELETE SET NULL, report_day INTEGER NOT NULL DEFAULT 6 CHECK (report_day BETWEEN 0 AND 6), report_time TEXT NOT NULL DEFAULT '00:00', name_folded TEXT NOT NULL DEFAULT '', feed_id TEXT NOT NULL DEFAULT '', logged_in_at TEXT, suspended_at TEXT, asks_passkey INTEGER NOT NULL DEFAULT 0, language TEXT, links TEXT NOT NULL DEFAULT '', fediverse TEXT NOT NULL DEFAULT '', role TEXT NOT NULL DEFAULT 'author'
        CHECK (role IN ('owner', 'editor', 'author', 'contributor')), hides_posts INTEGER NOT NULL DEFAULT 0) STRICT;

CREATE INDEX user_due ON user (report, timezone, report_time, report_day, reported_until);

CREATE UNIQUE INDEX user_feed_id ON user (feed_id);

CREATE TRIGGER user_goes BEFORE DELETE ON user BEGIN
    DELETE FROM message WHERE user_id = OLD.id;
    DELETE FROM message WHERE recipient = OLD.email COLLATE NOCASE AND user_id IS NULL;
    DELETE FROM token WHERE email = OLD.email COLLATE NOCASE AND user_id IS NULL;
    DELETE FROM daily_totals WHERE scope = -OLD.id;
    DELETE FROM daily_hosts WHERE scope = -OLD.id;
    DELETE FROM "daily_visitor_count" WHERE scope = -OLD.id;
END;

CREATE INDEX user_pinned ON user (pinned_id) WHERE pinned_id IS NOT NULL;

CREATE TRIGGER version_comes AFTER INSERT ON revision BEGIN
    UPDATE text_size SET versions = versions + (1000 + length(CAST(NEW.body AS BLOB)) + length(CAST(NEW.summary AS BLOB))) WHERE post_id = NEW.post_id;
END;

CREATE TRIGGER version_goes AFTER DELETE ON revision BEGIN
    UPDATE text_size SET versions = versions - (1000 + length(CAST(OLD.body AS BLOB)) + length(CAST(OLD.summary AS BLOB))) WHERE post_id = OLD.post_id;
END;

CREATE TRIGGER views_come AFTER INSERT ON daily_views BEGIN
    INSERT INTO daily_totals SELECT scope, NEW.day, NEW.views FROM (SELECT -author_id AS scope FROM (SELECT author_id FROM post WHERE id = NEW.post_id
        UNION ALL SELECT user_id FROM co_author WHERE post_id = NEW.post_id) UNION ALL SELECT 0) WHERE TRUE
        ON CONFLICT DO UPDATE SET views = views + excluded.views;
    INSERT INTO recent_views SELECT author_id, NEW.post_id, NEW.views * (NEW.day > date(today, '-7 days')),
            NEW.views * (NEW.day > date(today, '-30 days')), NEW.views FROM post JOIN recent_day
            WHERE post.id = NEW.post_id AND NEW.day > date(today, '-90 days')
        ON CONFLICT DO UPDATE SET days_7 = days_7 + excluded.days_7, days_30 = days_30 + excluded.days_30,
            days_90 = days_90 + excluded.days_90;
END;

CREATE TRIGGER views_grow AFTER UPDATE OF views ON daily_views BEGIN
    INSERT INTO daily_totals SELECT scope, NEW.day, (NEW.views - OLD.views) FROM (SELECT -author_id AS scope FROM (SELECT author_id FROM post WHERE id = NEW.post_id
        UNION ALL SELECT user_id FROM co_author WHERE post_id = NEW.post_id) UNION ALL SELECT 0) WHERE TRUE
        ON CONFLICT DO UPDATE SET views = views + excluded.views;
    INSERT INTO recent_views SELECT author_id, NEW.post_id, (NEW.views - OLD.views) * (NEW.day > date(today, '-7 days')),
            (NEW.views - OLD.views) * (NEW.day > date(today, '-30 days')), (NEW.views - OLD.views) FROM post JOIN recent_day
            WHERE post.id = NEW.post_id AND NEW.day > date(today, '-90 days')
        ON CONFLICT DO UPDATE SET days_7 = days_7 + excluded.days_7, days_30 = days_30 + excluded.days_30,
            days_90 = days_90 + excluded.days_90;
END;

