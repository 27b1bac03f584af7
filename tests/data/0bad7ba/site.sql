-- Stopped at 2026-11-28 18:21:40.226636
BEGIN TRANSACTION;
CREATE TABLE attempt (
    id INTEGER PRIMARY KEY,
    bucket TEXT NOT NULL,
    at TEXT NOT NULL
) STRICT;
CREATE TABLE content (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL
) STRICT;
INSERT INTO "content" VALUES(1,1795890107);
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
CREATE TABLE daily_totals (
    scope INTEGER NOT NULL,
    day TEXT NOT NULL,
    views INTEGER NOT NULL,
    PRIMARY KEY (scope, day)
) STRICT, WITHOUT ROWID;
INSERT INTO "daily_totals" VALUES(-2,'2026-11-28',5);
INSERT INTO "daily_totals" VALUES(0,'2026-11-28',5);
CREATE TABLE daily_views (
    post_id INTEGER NOT NULL REFERENCES post (id) ON DELETE CASCADE,
    day TEXT NOT NULL,
    views INTEGER NOT NULL,
    PRIMARY KEY (post_id, day)
) STRICT, WITHOUT ROWID;
INSERT INTO "daily_views" VALUES(1,'2026-11-28',5);
CREATE TABLE daily_visitors (
    scope INTEGER NOT NULL,
    day TEXT NOT NULL,
    visitors INTEGER NOT NULL,
    PRIMARY KEY (scope, day)
) STRICT, WITHOUT ROWID;
INSERT INTO "daily_visitors" VALUES(-2,'2026-11-28',5);
INSERT INTO "daily_visitors" VALUES(0,'2026-11-28',5);
INSERT INTO "daily_visitors" VALUES(1,'2026-11-28',5);
CREATE TABLE day_key (
    day TEXT PRIMARY KEY,
    key BLOB NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "day_key" VALUES('2026-11-28',X'E95BF933FCB62B0585AA82B9D8C1595289E0806F13440AE9C6173AD366E87C5F');
CREATE TABLE export (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    kind TEXT NOT NULL CHECK (kind IN ('numbers', 'site')),
    state TEXT NOT NULL CHECK (state IN ('waiting', 'ready', 'failed')),
    progress INTEGER NOT NULL CHECK (progress BETWEEN 0 AND 100),
    file TEXT NOT NULL,
    error TEXT NOT NULL,
    created_at TEXT NOT NULL
) STRICT;
INSERT INTO "export" VALUES(1,3,'numbers','waiting',0,'b48c2fc8cb41ba9243043a868870f3f6.csv','','2026-11-28 18:21:39.087958');
INSERT INTO "export" VALUES(2,2,'numbers','waiting',0,'e3c4c1dc7d540a30458456951a4e8816.csv','','2026-11-28 18:21:39.087958');
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
    created_at TEXT NOT NULL, progress TEXT NOT NULL DEFAULT '',
    CHECK ((state = 'running') = (owner IS NOT NULL))
) STRICT;
INSERT INTO "job" VALUES(1,'quickpub.tasks.prepare_pictures',X'7B225F5F6B696E645F5F223A20227461736B222C20226964223A202230653937333461662D333330372D343235622D383662372D323165643533643236363636222C20226E616D65223A2022717569636B7075622E7461736B732E707265706172655F7069637475726573222C202272657472696573223A20302C202272657472795F64656C6179223A20302C202261726773223A205B5D2C20226B7761726773223A207B7D2C202272657472795F6261636B6F6666223A20307D','ready',0.0,'2026-11-28 18:21:39.664807',1,0,0,NULL,NULL,'','2026-11-28 18:21:39.664818','');
INSERT INTO "job" VALUES(2,'quickpub.tasks.send_verification_email',X'7B225F5F6B696E645F5F223A20227461736B222C20226964223A202265346333366466342D343330342D343264642D623362342D346636346635383565366634222C20226E616D65223A2022717569636B7075622E7461736B732E73656E645F766572696669636174696F6E5F656D61696C222C202272657472696573223A20302C202272657472795F64656C6179223A20302C20227072696F72697479223A203130302C202261726773223A205B345D2C20226B7761726773223A207B7D2C202272657472795F6261636B6F6666223A20307D','ready',100.0,'2026-11-28 18:21:40.019967',0,0,0,NULL,NULL,'','2026-11-28 18:21:40.019980','');
INSERT INTO "job" VALUES(3,'quickpub.tasks.deliver',X'7B225F5F6B696E645F5F223A20227461736B222C20226964223A202234396137363631372D623337632D343737342D383066302D643737313839363332316233222C20226E616D65223A2022717569636B7075622E7461736B732E64656C69766572222C202272657472696573223A20332C202272657472795F64656C6179223A2031302C202261726773223A205B5D2C20226B7761726773223A207B7D2C202272657472795F6261636B6F6666223A20307D','ready',0.0,'2026-11-28 18:21:40.044431',1,0,0,NULL,NULL,'','2026-11-28 18:21:40.044446','');
INSERT INTO "job" VALUES(4,'quickpub.tasks.deliver_urgent',X'7B225F5F6B696E645F5F223A20227461736B222C20226964223A202262656162326332612D363764342D343137632D613033322D663435623939666266313865222C20226E616D65223A2022717569636B7075622E7461736B732E64656C697665725F757267656E74222C202272657472696573223A20332C202272657472795F64656C6179223A2031302C20227072696F72697479223A203130302C202261726773223A205B5D2C20226B7761726773223A207B7D2C202272657472795F6261636B6F6666223A20307D','ready',100.0,'2026-11-28 18:21:40.049906',1,0,0,NULL,NULL,'','2026-11-28 18:21:40.049916','');
INSERT INTO "job" VALUES(5,'quickpub.tasks.wake_mail',X'7B225F5F6B696E645F5F223A20227461736B222C20226964223A202238613366646366382D386139362D346437382D396634352D646334373232363161336333222C20226E616D65223A2022717569636B7075622E7461736B732E77616B655F6D61696C222C202272657472696573223A20302C202272657472795F64656C6179223A20302C202261726773223A205B5D2C20226B7761726773223A207B7D2C202272657472795F6261636B6F6666223A20307D','ready',0.0,'2026-11-28 18:21:40.059375',1,0,0,NULL,NULL,'','2026-11-28 18:21:40.059383','');
INSERT INTO "job" VALUES(6,'quickpub.tasks.close_periods',X'7B225F5F6B696E645F5F223A20227461736B222C20226964223A202265643139623166642D633137312D343735332D623437352D653839366539643639323334222C20226E616D65223A2022717569636B7075622E7461736B732E636C6F73655F706572696F6473222C202272657472696573223A20302C202272657472795F64656C6179223A20302C202261726773223A205B5D2C20226B7761726773223A207B7D2C202272657472795F6261636B6F6666223A20307D','ready',0.0,'2026-11-28 18:21:40.063396',1,0,0,NULL,NULL,'','2026-11-28 18:21:40.063404','');
INSERT INTO "job" VALUES(7,'quickpub.tasks.wake_pictures',X'7B225F5F6B696E645F5F223A20227461736B222C20226964223A202266333065333262622D336666652D346138362D383834622D373365373165343565306363222C20226E616D65223A2022717569636B7075622E7461736B732E77616B655F7069637475726573222C202272657472696573223A20302C202272657472795F64656C6179223A20302C202261726773223A205B5D2C20226B7761726773223A207B7D2C202272657472795F6261636B6F6666223A20307D','ready',0.0,'2026-11-28 18:21:40.067299',1,0,0,NULL,NULL,'','2026-11-28 18:21:40.067309','');
INSERT INTO "job" VALUES(8,'quickpub.tasks.clean_up',X'7B225F5F6B696E645F5F223A20227461736B222C20226964223A202234646232316665652D666266352D343163392D613832632D353731366562643434333136222C20226E616D65223A2022717569636B7075622E7461736B732E636C65616E5F7570222C202272657472696573223A20302C202272657472795F64656C6179223A20302C202261726773223A205B5D2C20226B7761726773223A207B7D2C202272657472795F6261636B6F6666223A20307D','ready',0.0,'2026-11-28 18:21:40.075513',1,0,0,NULL,NULL,'','2026-11-28 18:21:40.075528','');
INSERT INTO "job" VALUES(9,'quickpub.tasks.make_export',X'7B225F5F6B696E645F5F223A20227461736B222C20226964223A202263376139306631382D613863392D343563342D393034612D316336316633643938363032222C20226E616D65223A2022717569636B7075622E7461736B732E6D616B655F6578706F7274222C202272657472696573223A20332C202272657472795F64656C6179223A2031302C202261726773223A205B315D2C20226B7761726773223A207B7D2C202272657472795F6261636B6F6666223A20307D','dead',0.0,'2026-11-28 18:21:40.087411',0,1,0,NULL,'2026-11-28 18:21:40.095586','Traceback (most recent call last):
OSError: disk full','2026-11-28 18:21:40.087429','');
INSERT INTO "job" VALUES(10,'quickpub.tasks.make_export',X'7B225F5F6B696E645F5F223A20227461736B222C20226964223A202266313632356630372D333739382D343462662D623137352D623330643831323939616230222C20226E616D65223A2022717569636B7075622E7461736B732E6D616B655F6578706F7274222C202272657472696573223A20332C202272657472795F64656C6179223A2031302C202261726773223A205B325D2C20226B7761726773223A207B7D2C202272657472795F6261636B6F6666223A20307D','ready',0.0,'2026-11-28 18:21:40.114487',0,0,0,NULL,NULL,'','2026-11-28 18:21:40.114500','');
INSERT INTO "job" VALUES(11,'quickpub.tasks.send_view_count_report',X'7B225F5F6B696E645F5F223A20227461736B222C20226964223A202237323531646663332D613435642D346332662D383130302D663033373862363739643935222C20226E616D65223A2022717569636B7075622E7461736B732E73656E645F766965775F636F756E745F7265706F7274222C202272657472696573223A20302C202272657472795F64656C6179223A20302C202261726773223A205B335D2C20226B7761726773223A207B7D2C202272657472795F6261636B6F6666223A20307D','running',0.0,'2026-11-28 18:21:40.119881',0,1,0,'2400-037114f61d41.2400-533bd29daa38','2026-11-28 18:21:40.127512','','2026-11-28 18:21:40.119892','');
INSERT INTO "job" VALUES(12,'quickpub.tasks.send_view_count_report',X'7B225F5F6B696E645F5F223A20227461736B222C20226964223A202231623935616336322D333631372D343538342D396533342D643131643737343262353338222C20226E616D65223A2022717569636B7075622E7461736B732E73656E645F766965775F636F756E745F7265706F7274222C202272657472696573223A20302C202272657472795F64656C6179223A20302C202261726773223A205B315D2C20226B7761726773223A207B7D2C202272657472795F6261636B6F6666223A20307D','ready',0.0,'2026-11-28 18:21:40.131222',0,0,0,NULL,NULL,'','2026-11-28 18:21:40.131233','');
INSERT INTO "job" VALUES(13,'quickpub.tasks.send_view_count_report',X'7B225F5F6B696E645F5F223A20227461736B222C20226964223A202235313666313638332D636161642D343437642D623234332D633335643864303633653633222C20226E616D65223A2022717569636B7075622E7461736B732E73656E645F766965775F636F756E745F7265706F7274222C2022657461223A207B225F5F6B696E645F5F223A202274696D65222C202269736F223A2022323032362D31312D32385431383A32313A34322E313433333736227D2C202272657472696573223A20302C202272657472795F64656C6179223A20302C202261726773223A205B325D2C20226B7761726773223A207B7D2C202272657472795F6261636B6F6666223A20307D','ready',0.0,'2026-11-28 18:21:42.143376',0,0,0,NULL,NULL,'','2026-11-28 18:21:40.143526','');
CREATE TABLE job_counter (
    queue TEXT NOT NULL,
    key TEXT NOT NULL,
    value INTEGER NOT NULL,
    PRIMARY KEY (queue, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE job_note (
    queue TEXT NOT NULL,
    key TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (queue, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE job_pause (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    since TEXT NOT NULL
) STRICT;
CREATE TABLE job_tally (
    minute TEXT NOT NULL,
    name TEXT NOT NULL,
    done INTEGER NOT NULL,
    failed INTEGER NOT NULL,
    PRIMARY KEY (minute, name)
) STRICT, WITHOUT ROWID;
CREATE TABLE known_host (
    author_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    host TEXT NOT NULL,
    views INTEGER NOT NULL,
    is_told INTEGER NOT NULL,
    PRIMARY KEY (author_id, host)
) STRICT, WITHOUT ROWID;
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
) STRICT, WITHOUT ROWID;
INSERT INTO "media_file" VALUES('b8491bd1324257d0a05429a5c24955cf','image','jpg','waiting',0,0,'','{}','2026-11-28 18:21:39.087958');
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
    sent_at TEXT,
    CHECK ((state = 'sent') = (sent_at IS NOT NULL)),
    CHECK ((state = 'sending') = (sender IS NOT NULL))
) STRICT;
INSERT INTO "message" VALUES(1,'report','report:2:2026-11-28 00:00:00',2,NULL,'alice@example.org','3 views, 26 to 27 November 2026 - The Village Voice','{"name":"Alice","period":"26 to 27 November 2026","missed":"It covers more than one period, because no report could be sent in between. Every view is counted once.","lines":[["Green hills","http://127.0.0.1:8000/p/green-hills",1,3,3,100,null]],"others":null,"views":3,"total":3,"change":null,"is_running":false,"hosts":[],"more_hosts":0,"stats_url":"http://127.0.0.1:8000/studio/stats","settings_url":"http://127.0.0.1:8000/settings","unsubscribe_url":"http://127.0.0.1:8000/unsubscribe/2.yN2mYf8hn3izjrI5qz6y7JFQ","frequency":"daily"}','<72fb5970-567f-410d-ac48-5722b098e32a@localhost>',0,'sent',NULL,1,'2026-11-28 18:21:39.730049','250 Kept','2026-11-28 18:21:39.730049','2026-11-28 18:21:39.087958');
INSERT INTO "message" VALUES(2,'exists','old:queued',3,NULL,'queued@example.org','An email that is queued','{"login_url":"http://localhost:8000/login","forgot_url":"http://localhost:8000/forgot"}','<d0326e05-11aa-46e9-8d98-58078dd7eac5@localhost>',0,'queued',NULL,0,'2026-11-28 18:21:39.087958','','2026-11-28 18:21:39.762737',NULL);
INSERT INTO "message" VALUES(3,'exists','old:sending',3,NULL,'sending@example.org','An email that is sending','{"login_url":"http://localhost:8000/login","forgot_url":"http://localhost:8000/forgot"}','<81305e0b-758f-4dc6-a295-56c280209fb1@localhost>',0,'sending','2400-037114f61d41.2400-533bd29daa38#1',1,'2026-11-28 18:21:39.087958','','2026-11-28 18:21:39.791223',NULL);
INSERT INTO "message" VALUES(4,'exists','old:deferred',3,NULL,'deferred@example.org','An email that is deferred','{"login_url":"http://localhost:8000/login","forgot_url":"http://localhost:8000/forgot"}','<27104eb6-db84-4cf9-8119-5f496d0e53a9@localhost>',0,'deferred',NULL,1,'2026-11-28 18:21:39.087958','','2026-11-28 18:21:39.795175',NULL);
INSERT INTO "message" VALUES(5,'exists','old:held',3,NULL,'held@example.org','An email that is held','{"login_url":"http://localhost:8000/login","forgot_url":"http://localhost:8000/forgot"}','<6fe3540d-5c6c-4cc1-b20d-88bd003ff763@localhost>',0,'held',NULL,1,'2026-11-28 18:21:39.087958','','2026-11-28 18:21:39.827186',NULL);
INSERT INTO "message" VALUES(6,'exists','old:failed',3,NULL,'failed@example.org','An email that is failed','{"login_url":"http://localhost:8000/login","forgot_url":"http://localhost:8000/forgot"}','<70df68b8-f9cc-4235-88bf-6305089c131b@localhost>',0,'failed',NULL,1,'2026-11-28 18:21:39.087958','','2026-11-28 18:21:39.835884',NULL);
INSERT INTO "message" VALUES(7,'exists','old:sent',3,NULL,'sent@example.org','An email that is sent','{"login_url":"http://localhost:8000/login","forgot_url":"http://localhost:8000/forgot"}','<da65f359-12c6-405f-97c9-dfa9f80865a1@localhost>',0,'sent',NULL,1,'2026-11-28 18:21:39.087958','','2026-11-28 18:21:39.850917','2026-11-28 18:21:39.087958');
CREATE TABLE old_slug (
    slug TEXT PRIMARY KEY,
    post_id INTEGER NOT NULL REFERENCES post (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
INSERT INTO "old_slug" VALUES('hills',1);
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
, version INTEGER NOT NULL DEFAULT 1, editor_id INTEGER REFERENCES user (id) ON DELETE SET NULL, canonical TEXT NOT NULL DEFAULT '', series_id INTEGER REFERENCES series (id) ON DELETE SET NULL, part INTEGER, shared_at TEXT, is_page INTEGER NOT NULL DEFAULT 0, place INTEGER, first_tab TEXT, body TEXT NOT NULL DEFAULT '', html TEXT NOT NULL DEFAULT '') STRICT;
INSERT INTO "post" VALUES(1,2,'Green hills','green-hills','','Hills, with stress.',3,'2026-11-27 12:21:39.087958','2026-11-27 13:21:39.087958','2026-11-27 12:21:39.087958',1,NULL,5,3,2,2,'',NULL,NULL,NULL,0,NULL,NULL,'Hills, with *stress*.','<p>Hills, with <em>stress</em>.</p>');
INSERT INTO "post" VALUES(2,2,'Draft','draft','','Draft, with stress.',3,'2026-11-27 12:21:39.087958','2026-11-27 12:21:39.087958',NULL,0,NULL,0,0,1,2,'',NULL,NULL,NULL,0,NULL,NULL,'Draft, with *stress*.','<p>Draft, with <em>stress</em>.</p>');
INSERT INTO "post" VALUES(3,2,'Scheduled','scheduled','','Scheduled, with stress.',3,'2026-11-27 12:21:39.087958','2026-11-27 12:21:39.087958','2026-12-01 18:21:39.087958',0,NULL,0,0,1,2,'',NULL,NULL,NULL,0,NULL,NULL,'Scheduled, with *stress*.','<p>Scheduled, with <em>stress</em>.</p>');
INSERT INTO "post" VALUES(4,2,'Trash','trash','','Trash, with stress.',3,'2026-11-27 12:21:39.087958','2026-11-27 12:21:39.087958','2026-11-27 12:21:39.087958',1,'2026-11-28 18:21:39.087958',0,0,1,2,'',NULL,NULL,NULL,0,NULL,NULL,'Trash, with *stress*.','<p>Trash, with <em>stress</em>.</p>');
INSERT INTO "post" VALUES(5,2,'Shared','shared','','Shared, with stress.',3,'2026-11-27 12:21:39.087958','2026-11-27 12:21:39.087958',NULL,0,NULL,0,0,1,2,'',NULL,NULL,'2026-11-28 18:21:39.087958',0,NULL,NULL,'Shared, with *stress*.','<p>Shared, with <em>stress</em>.</p>');
INSERT INTO "post" VALUES(6,2,'About','about','','About, with stress.',3,'2026-11-27 12:21:39.087958','2026-11-27 12:21:39.087958',NULL,1,NULL,0,0,1,2,'',NULL,NULL,NULL,1,1,NULL,'About, with *stress*.','<p>About, with <em>stress</em>.</p>');
INSERT INTO "post" VALUES(7,3,'Bread','bread','','Bread, with stress.',3,'2026-11-27 12:21:39.087958','2026-11-27 12:21:39.087958','2026-11-27 12:21:39.087958',1,NULL,0,0,1,3,'',NULL,NULL,NULL,0,NULL,NULL,'Bread, with *stress*.','<p>Bread, with <em>stress</em>.</p>');
INSERT INTO "post" VALUES(8,2,'With an image','with-an-image','','',0,'2026-11-28 18:21:39.087958','2026-11-28 18:21:39.087958',NULL,0,NULL,0,0,1,2,'',NULL,NULL,NULL,0,NULL,NULL,'![](/media/b8491bd1324257d0a05429a5c24955cf/hill.jpg)','<p><span class="picture waiting"></span></p>');
CREATE TABLE post_file (
    post_id INTEGER NOT NULL REFERENCES post (id) ON DELETE CASCADE,
    digest TEXT NOT NULL,
    PRIMARY KEY (post_id, digest)
) STRICT, WITHOUT ROWID;
INSERT INTO "post_file" VALUES(8,'b8491bd1324257d0a05429a5c24955cf');
CREATE TABLE post_tag (
    post_id INTEGER NOT NULL REFERENCES post (id) ON DELETE CASCADE,
    tag_id INTEGER NOT NULL REFERENCES tag (id) ON DELETE CASCADE,
    position INTEGER NOT NULL, published_at TEXT,
    PRIMARY KEY (post_id, tag_id)
) STRICT, WITHOUT ROWID;
INSERT INTO "post_tag" VALUES(1,1,0,'2026-11-27 12:21:39.087958');
INSERT INTO "post_tag" VALUES(1,2,1,'2026-11-27 12:21:39.087958');
INSERT INTO "post_tag" VALUES(7,3,0,'2026-11-27 12:21:39.087958');
CREATE TABLE recent_day (id INTEGER PRIMARY KEY CHECK (id = 1), today TEXT NOT NULL) STRICT;
INSERT INTO "recent_day" VALUES(1,'2026-11-28');
CREATE TABLE recent_views (
    author_id INTEGER NOT NULL,
    post_id INTEGER NOT NULL REFERENCES post (id) ON DELETE CASCADE,
    days_7 INTEGER NOT NULL,
    days_30 INTEGER NOT NULL,
    days_90 INTEGER NOT NULL,
    PRIMARY KEY (author_id, post_id)
) STRICT, WITHOUT ROWID;
INSERT INTO "recent_views" VALUES(2,1,5,5,5);
CREATE TABLE report (
    id INTEGER PRIMARY KEY,
    user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    period_start TEXT NOT NULL,
    period_end TEXT NOT NULL,
    views INTEGER NOT NULL,
    message_id INTEGER REFERENCES message (id) ON DELETE SET NULL
) STRICT;
INSERT INTO "report" VALUES(1,2,'2026-11-26 18:21:39.087958','2026-11-28 00:00:00',3,1);
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
INSERT INTO "revision" VALUES(1,1,'2026-11-27 12:21:39.087958',2,'Hills','','Walks, 日本','{"slug":"hills","canonical":"","series":"","part":"","place":""}','Hills, with *stress*.');
CREATE TABLE "schema_migration" ("id" INTEGER NOT NULL PRIMARY KEY, "name" VARCHAR(255) NOT NULL, "applied" DATETIME NOT NULL);
INSERT INTO "schema_migration" VALUES(1,'0001_initial','2026-11-28 18:21:38.849750');
INSERT INTO "schema_migration" VALUES(2,'0002_queued_mail','2026-11-28 18:21:38.869747');
INSERT INTO "schema_migration" VALUES(3,'0003_reading','2026-11-28 18:21:38.884166');
INSERT INTO "schema_migration" VALUES(4,'0004_growth','2026-11-28 18:21:38.925194');
INSERT INTO "schema_migration" VALUES(5,'0005_desk','2026-11-28 18:21:38.999878');
INSERT INTO "schema_migration" VALUES(6,'0006_media','2026-11-28 18:21:39.011977');
INSERT INTO "schema_migration" VALUES(7,'0007_search','2026-11-28 18:21:39.029100');
INSERT INTO "schema_migration" VALUES(8,'0008_numbers','2026-11-28 18:21:39.048137');
PRAGMA writable_schema=ON;
INSERT INTO sqlite_master(type,name,tbl_name,rootpage,sql)VALUES('table','search','search',0,'CREATE VIRTUAL TABLE search USING fts5 (title, tags, summary, text, author, content='''', tokenize=''unicode61 remove_diacritics 2'')');
CREATE TABLE 'search_config'(k PRIMARY KEY, v) WITHOUT ROWID;
INSERT INTO "search_config" VALUES('version',4);
CREATE TABLE 'search_data'(id INTEGER PRIMARY KEY, block BLOB);
INSERT INTO "search_data" VALUES(1,X'030403000903');
INSERT INTO "search_data" VALUES(10,X'000000000106060006010101020101030101040101050101060101');
INSERT INTO "search_data" VALUES(137438953473,X'0000004D0630616C6963650106010402010568696C6C7301080201030201067374726573730106010304010577616C6B730106010102020369746801060103030106E697A5E69CAC0106010103040C0D0D0C0A');
INSERT INTO "search_data" VALUES(274877906945,X'000000350630616C696365040601040201067374726573730406010304010574726173680408020103020104776974680406010303040C0D0D');
INSERT INTO "search_data" VALUES(412316860417,X'0000003D0430626F6207060104020204726561640708020103020104666F6F640706010102010673747265737307060103040104776974680706010303040A0C0B0D');
INSERT INTO "search_data" VALUES(549755813889,X'000000380630616C696365030601040201097363686564756C65640308020103020205747265737303060103040104776974680306010303040C110C');
INSERT INTO "search_data" VALUES(687194767361,X'000000280630616C696365040101067374726573730401010574726173680401010477697468040104090A09');
INSERT INTO "search_data" VALUES(824633720833,X'000000570630616C69636501070104020105677265656E010202010568696C6C7301090301030201067374726573730107010304010577616C6B730107010102020369746801070103030106E697A5E69CAC0107010103040C0A0D0D0C0A');
CREATE TABLE 'search_docsize'(id INTEGER PRIMARY KEY, sz BLOB);
INSERT INTO "search_docsize" VALUES(1,X'0202000301');
INSERT INTO "search_docsize" VALUES(3,X'0100000301');
INSERT INTO "search_docsize" VALUES(7,X'0101000301');
CREATE TABLE 'search_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;
INSERT INTO "search_idx" VALUES(1,X'',2);
INSERT INTO "search_idx" VALUES(2,X'',2);
INSERT INTO "search_idx" VALUES(3,X'',2);
INSERT INTO "search_idx" VALUES(4,X'',2);
INSERT INTO "search_idx" VALUES(5,X'',2);
INSERT INTO "search_idx" VALUES(6,X'',2);
INSERT INTO sqlite_master(type,name,tbl_name,rootpage,sql)VALUES('table','search_word','search_word',0,'CREATE VIRTUAL TABLE search_word USING fts5vocab (search, row)');
CREATE TABLE seen (
    day TEXT NOT NULL,
    scope INTEGER NOT NULL,
    visitor TEXT NOT NULL,
    PRIMARY KEY (day, scope, visitor)
) STRICT, WITHOUT ROWID;
INSERT INTO "seen" VALUES('2026-11-28',-2,'0c1b714a29eb8cd7');
INSERT INTO "seen" VALUES('2026-11-28',-2,'31271d03bf57da96');
INSERT INTO "seen" VALUES('2026-11-28',-2,'532c855b8287b977');
INSERT INTO "seen" VALUES('2026-11-28',-2,'549ac3de601ce41d');
INSERT INTO "seen" VALUES('2026-11-28',-2,'cadfb5da867a77eb');
INSERT INTO "seen" VALUES('2026-11-28',0,'0c1b714a29eb8cd7');
INSERT INTO "seen" VALUES('2026-11-28',0,'31271d03bf57da96');
INSERT INTO "seen" VALUES('2026-11-28',0,'532c855b8287b977');
INSERT INTO "seen" VALUES('2026-11-28',0,'549ac3de601ce41d');
INSERT INTO "seen" VALUES('2026-11-28',0,'cadfb5da867a77eb');
INSERT INTO "seen" VALUES('2026-11-28',1,'0c1b714a29eb8cd7');
INSERT INTO "seen" VALUES('2026-11-28',1,'31271d03bf57da96');
INSERT INTO "seen" VALUES('2026-11-28',1,'532c855b8287b977');
INSERT INTO "seen" VALUES('2026-11-28',1,'549ac3de601ce41d');
INSERT INTO "seen" VALUES('2026-11-28',1,'cadfb5da867a77eb');
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
) STRICT, WITHOUT ROWID;
INSERT INTO "session" VALUES('b5c5ae575720b3cfa2be763c760ff57bbeca81ac25aa2d6f92f4762ba85bf8b9',2,'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36','2026-11-28 18:21:39.087958','2026-11-28 18:21:39.087958','2027-01-27 18:21:39.087958');
CREATE TABLE shelf (
    user_id INTEGER PRIMARY KEY REFERENCES user (id) ON DELETE CASCADE,
    posts INTEGER NOT NULL,
    views INTEGER NOT NULL
) STRICT;
INSERT INTO "shelf" VALUES(2,2,5);
INSERT INTO "shelf" VALUES(3,1,0);
CREATE TABLE site (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    title TEXT NOT NULL,
    tagline TEXT NOT NULL,
    hue INTEGER NOT NULL CHECK (hue BETWEEN 0 AND 359)
, pinned_id INTEGER REFERENCES post (id) ON DELETE SET NULL) STRICT;
INSERT INTO "site" VALUES(1,'The Village Voice','News from the hill',215,NULL);
CREATE TABLE spool_offset (
    file TEXT PRIMARY KEY,
    bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO "spool_offset" VALUES('2400-ce2c1d8498b9.views',160);
CREATE TABLE tag (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    slug TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO "tag" VALUES(1,'Walks','walks');
INSERT INTO "tag" VALUES(2,'日本','ri-ben');
INSERT INTO "tag" VALUES(3,'Food','food');
CREATE TABLE token (
    id INTEGER PRIMARY KEY AUTOINCREMENT, -- never used twice: the id is what the link's signature covers
    purpose TEXT NOT NULL CHECK (purpose IN ('setup', 'invite', 'verify', 'reset', 'address')),
    user_id INTEGER REFERENCES user (id) ON DELETE CASCADE,
    email TEXT,
    created_at TEXT NOT NULL,
    expires_at TEXT NOT NULL,
    used_at TEXT
) STRICT;
CREATE TABLE told (
    post_id INTEGER PRIMARY KEY REFERENCES post (id) ON DELETE CASCADE,
    views INTEGER NOT NULL
) STRICT;
INSERT INTO "told" VALUES(1,3);
CREATE TABLE unsaved (
    user_id INTEGER NOT NULL REFERENCES user (id) ON DELETE CASCADE,
    tab TEXT NOT NULL,
    post_id INTEGER REFERENCES post (id) ON DELETE CASCADE,
    typed_at TEXT NOT NULL,
    beginning TEXT NOT NULL,
    size INTEGER NOT NULL,
    fields TEXT NOT NULL,
    PRIMARY KEY (user_id, tab)
) STRICT;
INSERT INTO "unsaved" VALUES(2,'-HOf1zca_njPz7AM',2,'2026-11-28 18:21:39.087958','Draft',16,'{"title":"Draft","body":"Half a sent"}');
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
INSERT INTO "upload" VALUES(1,2,'b8491bd1324257d0a05429a5c24955cf','hill.jpg',9293,'','2026-11-28 18:21:39.087958','2026-11-28 18:21:39.087958');
CREATE TABLE user (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL,
    handle TEXT NOT NULL UNIQUE,
    email TEXT COLLATE NOCASE UNIQUE,
    password TEXT,
    role TEXT NOT NULL CHECK (role IN ('author', 'owner')),
    bio TEXT NOT NULL,
    timezone TEXT NOT NULL,
    report TEXT NOT NULL CHECK (report IN ('minute', 'daily', 'weekly', 'monthly', 'never')),
    reported_until TEXT NOT NULL,
    created_at TEXT NOT NULL,
    verified_at TEXT,
    deleted_at TEXT,
    mail_trouble TEXT
, pinned_id INTEGER REFERENCES post (id) ON DELETE SET NULL, report_day INTEGER NOT NULL DEFAULT 6 CHECK (report_day BETWEEN 0 AND 6), report_time TEXT NOT NULL DEFAULT '00:00') STRICT;
INSERT INTO "user" VALUES(1,'Olga','olga','olga@example.org','$argon2id$v=19$m=19456,t=2,p=1$+iupjRJgRW9Yzgp9hgbpZg$Xp/GDhf4ReeAAHI+hSysextshhmVq4J3nEnmPLXLBnI','owner','','UTC','weekly','2026-11-28 18:21:39.087958','2026-11-26 18:21:39.087958','2026-11-26 18:21:39.087958',NULL,NULL,NULL,6,'00:00');
INSERT INTO "user" VALUES(2,'Alice','alice','alice@example.org','$argon2id$v=19$m=19456,t=2,p=1$+iupjRJgRW9Yzgp9hgbpZg$Xp/GDhf4ReeAAHI+hSysextshhmVq4J3nEnmPLXLBnI','author','','UTC','daily','2026-11-28 00:00:00','2026-11-26 18:21:39.087958','2026-11-26 18:21:39.087958',NULL,NULL,NULL,6,'00:00');
INSERT INTO "user" VALUES(3,'Bob','bob','bob@example.org','$argon2id$v=19$m=19456,t=2,p=1$+iupjRJgRW9Yzgp9hgbpZg$Xp/GDhf4ReeAAHI+hSysextshhmVq4J3nEnmPLXLBnI','author','','UTC','weekly','2026-11-28 18:21:39.087958','2026-11-26 18:21:39.087958','2026-11-26 18:21:39.087958',NULL,NULL,NULL,6,'00:00');
INSERT INTO "user" VALUES(4,'Carol','carol','carol@example.org','$argon2id$v=19$m=19456,t=2,p=1$DdQqnBhlALVlLj6Cby7ueQ$anbVgf/+MHKMSJdCG26DcZ/7YeId6Y+eEMaw5Q8XRik','author','','UTC','daily','2026-11-28 18:21:39.087958','2026-11-28 18:21:39.087958',NULL,NULL,NULL,NULL,6,'00:00');
CREATE UNIQUE INDEX "schema_migration_name" ON "schema_migration" ("name");
CREATE INDEX session_user ON session (user_id);
CREATE INDEX session_expiry ON session (expires_at);
CREATE INDEX token_user ON token (user_id);
CREATE INDEX token_expiry ON token (expires_at);
CREATE INDEX attempt_bucket ON attempt (bucket, at);
CREATE INDEX attempt_age ON attempt (at);
CREATE INDEX post_desk ON post (author_id, updated_at, id);
CREATE INDEX post_trash ON post (deleted_at) WHERE deleted_at IS NOT NULL;
CREATE INDEX old_slug_post ON old_slug (post_id);
CREATE INDEX message_token ON message (token_id);
CREATE UNIQUE INDEX report_once ON report (user_id, period_end);
CREATE INDEX report_message ON report (message_id);
CREATE INDEX job_next ON job (priority DESC, run_at, id) WHERE state = 'ready';
CREATE INDEX job_running ON job (owner) WHERE state = 'running';
CREATE UNIQUE INDEX job_periodic_once ON job (name, state) WHERE is_single AND state != 'running';
CREATE INDEX job_tally_last ON job_tally (name, minute);
CREATE INDEX message_unsent ON message (created_at) WHERE state IN ('queued', 'sending', 'deferred');
CREATE INDEX message_queued ON message (urgent DESC, attempts, id) WHERE state = 'queued';
CREATE INDEX message_deferred ON message (next_try) WHERE state = 'deferred';
CREATE INDEX message_sending ON message (sender) WHERE state = 'sending';
CREATE INDEX post_tag_dated ON post_tag (tag_id, published_at, post_id);
CREATE INDEX post_public ON post (published_at, id, deleted_at) WHERE deleted_at IS NULL;
CREATE INDEX post_author ON post (author_id, published_at, id, deleted_at) WHERE deleted_at IS NULL;
CREATE INDEX post_trash_author ON post (author_id, deleted_at, id) WHERE deleted_at IS NOT NULL;
CREATE INDEX message_user ON message (user_id, kind);
CREATE INDEX message_failed ON message (id) WHERE state = 'failed';
CREATE INDEX message_held ON message (id) WHERE state = 'held';
CREATE INDEX message_done ON message (created_at) WHERE state IN ('sent', 'failed');
CREATE INDEX message_search ON message (id, recipient, subject);
CREATE INDEX job_dead ON job (priority DESC, run_at, id) WHERE state = 'dead';
CREATE INDEX revision_time ON revision (post_id, saved_at);
CREATE INDEX revision_editor ON revision (editor_id);
CREATE INDEX unsaved_post ON unsaved (post_id);
CREATE INDEX unsaved_age ON unsaved (typed_at);
CREATE INDEX user_pinned ON user (pinned_id) WHERE pinned_id IS NOT NULL;
CREATE INDEX post_series ON post (series_id, part, id) WHERE series_id IS NOT NULL;
CREATE INDEX post_page ON post (place, id) WHERE place IS NOT NULL;
CREATE INDEX post_editor ON post (editor_id);
CREATE UNIQUE INDEX post_first_tab ON post (author_id, first_tab) WHERE first_tab IS NOT NULL;
CREATE TRIGGER content_post_insert AFTER INSERT ON post WHEN NEW.published_at IS NOT NULL BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;
CREATE TRIGGER content_post_delete AFTER DELETE ON post WHEN OLD.published_at IS NOT NULL BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;
CREATE TRIGGER content_post_update AFTER UPDATE OF author_id, title, slug, html, summary, excerpt, words, published_at, updated_at, deleted_at ON post WHEN OLD.published_at IS NOT NULL OR NEW.published_at IS NOT NULL BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;
CREATE TRIGGER content_post_tag_insert AFTER INSERT ON post_tag WHEN EXISTS (SELECT 1 FROM post WHERE id = NEW.post_id AND published_at IS NOT NULL) BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;
CREATE TRIGGER content_post_tag_delete AFTER DELETE ON post_tag WHEN EXISTS (SELECT 1 FROM post WHERE id = OLD.post_id AND published_at IS NOT NULL) BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;
CREATE TRIGGER content_tag_update AFTER UPDATE OF name, slug ON tag WHEN TRUE BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;
CREATE TRIGGER content_old_slug_insert AFTER INSERT ON old_slug WHEN TRUE BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;
CREATE TRIGGER content_old_slug_delete AFTER DELETE ON old_slug WHEN TRUE BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;
CREATE TRIGGER content_user_update AFTER UPDATE OF name, handle, bio, verified_at, deleted_at ON user WHEN OLD.name IS NOT NEW.name OR OLD.handle IS NOT NEW.handle OR OLD.bio IS NOT NEW.bio OR OLD.verified_at IS NOT NEW.verified_at OR OLD.deleted_at IS NOT NEW.deleted_at BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;
CREATE TRIGGER content_user_delete AFTER DELETE ON user WHEN TRUE BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;
CREATE TRIGGER content_site_insert AFTER INSERT ON site WHEN TRUE BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;
CREATE TRIGGER content_site_update AFTER UPDATE OF title, tagline, hue ON site WHEN TRUE BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;
CREATE TRIGGER post_comes AFTER INSERT ON post WHEN NEW.deleted_at IS NULL BEGIN
    INSERT INTO shelf VALUES (NEW.author_id, NEW.published_at IS NOT NULL, NEW.views)
        ON CONFLICT DO UPDATE SET posts = posts + excluded.posts, views = views + excluded.views;
END;
CREATE TRIGGER post_goes AFTER DELETE ON post WHEN OLD.deleted_at IS NULL BEGIN
    UPDATE shelf SET posts = posts - (OLD.published_at IS NOT NULL), views = views - OLD.views
        WHERE user_id = OLD.author_id;
END;
CREATE TRIGGER post_changes AFTER UPDATE OF author_id, published_at, deleted_at, views ON post BEGIN
    UPDATE shelf SET posts = posts - (OLD.published_at IS NOT NULL AND OLD.deleted_at IS NULL),
        views = views - iif(OLD.deleted_at IS NULL, OLD.views, 0) WHERE user_id = OLD.author_id;
    INSERT INTO shelf VALUES (NEW.author_id, NEW.published_at IS NOT NULL AND NEW.deleted_at IS NULL,
                              iif(NEW.deleted_at IS NULL, NEW.views, 0))
        ON CONFLICT DO UPDATE SET posts = posts + excluded.posts, views = views + excluded.views;
END;
CREATE TRIGGER post_tag_comes AFTER INSERT ON post_tag BEGIN
    UPDATE post_tag SET published_at = (SELECT published_at FROM post WHERE id = NEW.post_id AND deleted_at IS NULL)
        WHERE post_id = NEW.post_id AND tag_id = NEW.tag_id;
END;
CREATE TRIGGER post_date_changes AFTER UPDATE OF published_at, deleted_at ON post BEGIN
    UPDATE post_tag SET published_at = iif(NEW.deleted_at IS NULL, NEW.published_at, NULL) WHERE post_id = NEW.id;
END;
CREATE TRIGGER content_desk AFTER UPDATE OF canonical, series_id, part, place ON post WHEN (OLD.published_at IS NOT NULL OR OLD.place IS NOT NULL OR NEW.place IS NOT NULL) AND (OLD.canonical, OLD.series_id, OLD.part, OLD.place) IS NOT (NEW.canonical, NEW.series_id, NEW.part, NEW.place) BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;
CREATE TRIGGER content_page AFTER UPDATE OF title, slug, html, summary, excerpt, updated_at, deleted_at ON post WHEN OLD.place IS NOT NULL BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;
CREATE TRIGGER content_page_delete AFTER DELETE ON post WHEN OLD.place IS NOT NULL BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;
CREATE TRIGGER content_series AFTER UPDATE OF name ON series WHEN TRUE BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;
CREATE TRIGGER content_user_pin AFTER UPDATE OF pinned_id ON user WHEN OLD.pinned_id IS NOT NEW.pinned_id BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;
CREATE TRIGGER content_site_pin AFTER UPDATE OF pinned_id ON site WHEN OLD.pinned_id IS NOT NEW.pinned_id BEGIN UPDATE content SET version = max(version + 1, CAST(strftime('%s', 'now') AS INTEGER)); END;
CREATE INDEX media_file_unready ON media_file (created_at) WHERE state IN ('waiting', 'working');
CREATE UNIQUE INDEX upload_once ON upload (user_id, file_id);
CREATE INDEX upload_user ON upload (user_id, id, bytes);
CREATE INDEX upload_file ON upload (file_id);
CREATE INDEX upload_touched ON upload (touched_at);
CREATE INDEX post_file_digest ON post_file (digest, post_id);
CREATE TRIGGER search_post_comes AFTER INSERT ON post BEGIN INSERT INTO search (rowid, title, tags, summary, text, author) SELECT post.id, title,
    (SELECT group_concat(tag.name, ', ') FROM post_tag JOIN tag ON tag.id = tag_id WHERE post_id = post.id),
    summary, replace(replace(replace(replace((SELECT group_concat(iif(substr(value, 1, instr(value, '>') - 1) IN ('br', '/p', '/li', '/td', '/th', '/dt', '/dd', '/div', '/pre', '/summary', '/figcaption'), ' ', '')
    || substr(value, instr(value, '>') + 1), '')
    FROM json_each('[' || replace(json_quote('>' || post.html), '<', '","') || ']')), '&lt;', '<'), '&gt;', '>'), '&nbsp;', ' '), '&amp;', '&'), user.name
    FROM post CROSS JOIN user ON user.id = author_id WHERE published_at IS NOT NULL AND post.deleted_at IS NULL AND post.id = NEW.id; END;
CREATE TRIGGER search_post_changes BEFORE UPDATE OF author_id, title, summary, html, published_at, deleted_at ON post BEGIN INSERT INTO search (search, rowid, title, tags, summary, text, author) SELECT 'delete', post.id, title,
    (SELECT group_concat(tag.name, ', ') FROM post_tag JOIN tag ON tag.id = tag_id WHERE post_id = post.id),
    summary, replace(replace(replace(replace((SELECT group_concat(iif(substr(value, 1, instr(value, '>') - 1) IN ('br', '/p', '/li', '/td', '/th', '/dt', '/dd', '/div', '/pre', '/summary', '/figcaption'), ' ', '')
    || substr(value, instr(value, '>') + 1), '')
    FROM json_each('[' || replace(json_quote('>' || post.html), '<', '","') || ']')), '&lt;', '<'), '&gt;', '>'), '&nbsp;', ' '), '&amp;', '&'), user.name
    FROM post CROSS JOIN user ON user.id = author_id WHERE published_at IS NOT NULL AND post.deleted_at IS NULL AND post.id = OLD.id; END;
CREATE TRIGGER search_post_changed AFTER UPDATE OF author_id, title, summary, html, published_at, deleted_at ON post BEGIN INSERT INTO search (rowid, title, tags, summary, text, author) SELECT post.id, title,
    (SELECT group_concat(tag.name, ', ') FROM post_tag JOIN tag ON tag.id = tag_id WHERE post_id = post.id),
    summary, replace(replace(replace(replace((SELECT group_concat(iif(substr(value, 1, instr(value, '>') - 1) IN ('br', '/p', '/li', '/td', '/th', '/dt', '/dd', '/div', '/pre', '/summary', '/figcaption'), ' ', '')
    || substr(value, instr(value, '>') + 1), '')
    FROM json_each('[' || replace(json_quote('>' || post.html), '<', '","') || ']')), '&lt;', '<'), '&gt;', '>'), '&nbsp;', ' '), '&amp;', '&'), user.name
    FROM post CROSS JOIN user ON user.id = author_id WHERE published_at IS NOT NULL AND post.deleted_at IS NULL AND post.id = NEW.id; END;
CREATE TRIGGER search_post_goes BEFORE DELETE ON post BEGIN INSERT INTO search (search, rowid, title, tags, summary, text, author) SELECT 'delete', post.id, title,
    (SELECT group_concat(tag.name, ', ') FROM post_tag JOIN tag ON tag.id = tag_id WHERE post_id = post.id),
    summary, replace(replace(replace(replace((SELECT group_concat(iif(substr(value, 1, instr(value, '>') - 1) IN ('br', '/p', '/li', '/td', '/th', '/dt', '/dd', '/div', '/pre', '/summary', '/figcaption'), ' ', '')
    || substr(value, instr(value, '>') + 1), '')
    FROM json_each('[' || replace(json_quote('>' || post.html), '<', '","') || ']')), '&lt;', '<'), '&gt;', '>'), '&nbsp;', ' '), '&amp;', '&'), user.name
    FROM post CROSS JOIN user ON user.id = author_id WHERE published_at IS NOT NULL AND post.deleted_at IS NULL AND post.id = OLD.id; END;
CREATE TRIGGER search_tag_comes BEFORE INSERT ON post_tag WHEN NOT EXISTS (SELECT 1 FROM post_tag WHERE post_id = NEW.post_id AND tag_id = NEW.tag_id) BEGIN INSERT INTO search (search, rowid, title, tags, summary, text, author) SELECT 'delete', post.id, title,
    (SELECT group_concat(tag.name, ', ') FROM post_tag JOIN tag ON tag.id = tag_id WHERE post_id = post.id),
    summary, replace(replace(replace(replace((SELECT group_concat(iif(substr(value, 1, instr(value, '>') - 1) IN ('br', '/p', '/li', '/td', '/th', '/dt', '/dd', '/div', '/pre', '/summary', '/figcaption'), ' ', '')
    || substr(value, instr(value, '>') + 1), '')
    FROM json_each('[' || replace(json_quote('>' || post.html), '<', '","') || ']')), '&lt;', '<'), '&gt;', '>'), '&nbsp;', ' '), '&amp;', '&'), user.name
    FROM post CROSS JOIN user ON user.id = author_id WHERE published_at IS NOT NULL AND post.deleted_at IS NULL AND post.id = NEW.post_id; END;
CREATE TRIGGER search_tag_came AFTER INSERT ON post_tag BEGIN INSERT INTO search (rowid, title, tags, summary, text, author) SELECT post.id, title,
    (SELECT group_concat(tag.name, ', ') FROM post_tag JOIN tag ON tag.id = tag_id WHERE post_id = post.id),
    summary, replace(replace(replace(replace((SELECT group_concat(iif(substr(value, 1, instr(value, '>') - 1) IN ('br', '/p', '/li', '/td', '/th', '/dt', '/dd', '/div', '/pre', '/summary', '/figcaption'), ' ', '')
    || substr(value, instr(value, '>') + 1), '')
    FROM json_each('[' || replace(json_quote('>' || post.html), '<', '","') || ']')), '&lt;', '<'), '&gt;', '>'), '&nbsp;', ' '), '&amp;', '&'), user.name
    FROM post CROSS JOIN user ON user.id = author_id WHERE published_at IS NOT NULL AND post.deleted_at IS NULL AND post.id = NEW.post_id; END;
CREATE TRIGGER search_tag_goes BEFORE DELETE ON post_tag BEGIN INSERT INTO search (search, rowid, title, tags, summary, text, author) SELECT 'delete', post.id, title,
    (SELECT group_concat(tag.name, ', ') FROM post_tag JOIN tag ON tag.id = tag_id WHERE post_id = post.id),
    summary, replace(replace(replace(replace((SELECT group_concat(iif(substr(value, 1, instr(value, '>') - 1) IN ('br', '/p', '/li', '/td', '/th', '/dt', '/dd', '/div', '/pre', '/summary', '/figcaption'), ' ', '')
    || substr(value, instr(value, '>') + 1), '')
    FROM json_each('[' || replace(json_quote('>' || post.html), '<', '","') || ']')), '&lt;', '<'), '&gt;', '>'), '&nbsp;', ' '), '&amp;', '&'), user.name
    FROM post CROSS JOIN user ON user.id = author_id WHERE published_at IS NOT NULL AND post.deleted_at IS NULL AND post.id = OLD.post_id; END;
CREATE TRIGGER search_tag_went AFTER DELETE ON post_tag BEGIN INSERT INTO search (rowid, title, tags, summary, text, author) SELECT post.id, title,
    (SELECT group_concat(tag.name, ', ') FROM post_tag JOIN tag ON tag.id = tag_id WHERE post_id = post.id),
    summary, replace(replace(replace(replace((SELECT group_concat(iif(substr(value, 1, instr(value, '>') - 1) IN ('br', '/p', '/li', '/td', '/th', '/dt', '/dd', '/div', '/pre', '/summary', '/figcaption'), ' ', '')
    || substr(value, instr(value, '>') + 1), '')
    FROM json_each('[' || replace(json_quote('>' || post.html), '<', '","') || ']')), '&lt;', '<'), '&gt;', '>'), '&nbsp;', ' '), '&amp;', '&'), user.name
    FROM post CROSS JOIN user ON user.id = author_id WHERE published_at IS NOT NULL AND post.deleted_at IS NULL AND post.id = OLD.post_id; END;
CREATE TRIGGER search_tag_changes BEFORE UPDATE OF name ON tag WHEN OLD.name IS NOT NEW.name BEGIN INSERT INTO search (search, rowid, title, tags, summary, text, author) SELECT 'delete', post.id, title,
    (SELECT group_concat(tag.name, ', ') FROM post_tag JOIN tag ON tag.id = tag_id WHERE post_id = post.id),
    summary, replace(replace(replace(replace((SELECT group_concat(iif(substr(value, 1, instr(value, '>') - 1) IN ('br', '/p', '/li', '/td', '/th', '/dt', '/dd', '/div', '/pre', '/summary', '/figcaption'), ' ', '')
    || substr(value, instr(value, '>') + 1), '')
    FROM json_each('[' || replace(json_quote('>' || post.html), '<', '","') || ']')), '&lt;', '<'), '&gt;', '>'), '&nbsp;', ' '), '&amp;', '&'), user.name
    FROM post CROSS JOIN user ON user.id = author_id WHERE published_at IS NOT NULL AND post.deleted_at IS NULL AND post.id IN (SELECT post_id FROM post_tag WHERE tag_id = OLD.id); END;
CREATE TRIGGER search_tag_changed AFTER UPDATE OF name ON tag WHEN OLD.name IS NOT NEW.name BEGIN INSERT INTO search (rowid, title, tags, summary, text, author) SELECT post.id, title,
    (SELECT group_concat(tag.name, ', ') FROM post_tag JOIN tag ON tag.id = tag_id WHERE post_id = post.id),
    summary, replace(replace(replace(replace((SELECT group_concat(iif(substr(value, 1, instr(value, '>') - 1) IN ('br', '/p', '/li', '/td', '/th', '/dt', '/dd', '/div', '/pre', '/summary', '/figcaption'), ' ', '')
    || substr(value, instr(value, '>') + 1), '')
    FROM json_each('[' || replace(json_quote('>' || post.html), '<', '","') || ']')), '&lt;', '<'), '&gt;', '>'), '&nbsp;', ' '), '&amp;', '&'), user.name
    FROM post CROSS JOIN user ON user.id = author_id WHERE published_at IS NOT NULL AND post.deleted_at IS NULL AND post.id IN (SELECT post_id FROM post_tag WHERE tag_id = OLD.id); END;
CREATE TRIGGER search_name_changes BEFORE UPDATE OF name ON user WHEN OLD.name IS NOT NEW.name BEGIN INSERT INTO search (search, rowid, title, tags, summary, text, author) SELECT 'delete', post.id, title,
    (SELECT group_concat(tag.name, ', ') FROM post_tag JOIN tag ON tag.id = tag_id WHERE post_id = post.id),
    summary, replace(replace(replace(replace((SELECT group_concat(iif(substr(value, 1, instr(value, '>') - 1) IN ('br', '/p', '/li', '/td', '/th', '/dt', '/dd', '/div', '/pre', '/summary', '/figcaption'), ' ', '')
    || substr(value, instr(value, '>') + 1), '')
    FROM json_each('[' || replace(json_quote('>' || post.html), '<', '","') || ']')), '&lt;', '<'), '&gt;', '>'), '&nbsp;', ' '), '&amp;', '&'), user.name
    FROM post CROSS JOIN user ON user.id = author_id WHERE published_at IS NOT NULL AND post.deleted_at IS NULL AND author_id = OLD.id; END;
CREATE TRIGGER search_name_changed AFTER UPDATE OF name ON user WHEN OLD.name IS NOT NEW.name BEGIN INSERT INTO search (rowid, title, tags, summary, text, author) SELECT post.id, title,
    (SELECT group_concat(tag.name, ', ') FROM post_tag JOIN tag ON tag.id = tag_id WHERE post_id = post.id),
    summary, replace(replace(replace(replace((SELECT group_concat(iif(substr(value, 1, instr(value, '>') - 1) IN ('br', '/p', '/li', '/td', '/th', '/dt', '/dd', '/div', '/pre', '/summary', '/figcaption'), ' ', '')
    || substr(value, instr(value, '>') + 1), '')
    FROM json_each('[' || replace(json_quote('>' || post.html), '<', '","') || ']')), '&lt;', '<'), '&gt;', '>'), '&nbsp;', ' '), '&amp;', '&'), user.name
    FROM post CROSS JOIN user ON user.id = author_id WHERE published_at IS NOT NULL AND post.deleted_at IS NULL AND author_id = NEW.id; END;
CREATE TRIGGER search_tag_ends BEFORE DELETE ON tag BEGIN DELETE FROM post_tag WHERE tag_id = OLD.id; END;
CREATE TRIGGER search_author_ends BEFORE DELETE ON user BEGIN DELETE FROM post WHERE author_id = OLD.id; END;
CREATE INDEX known_host_told ON known_host (author_id, is_told);
CREATE INDEX recent_views_post ON recent_views (post_id);
CREATE INDEX daily_views_day ON daily_views (day, views);
CREATE TRIGGER views_come AFTER INSERT ON daily_views BEGIN
    INSERT INTO daily_totals SELECT scope, NEW.day, NEW.views FROM (SELECT -author_id AS scope FROM post WHERE id = NEW.post_id UNION ALL SELECT 0) WHERE TRUE
        ON CONFLICT DO UPDATE SET views = views + excluded.views;
    INSERT INTO recent_views SELECT author_id, NEW.post_id, NEW.views * (NEW.day > date(today, '-7 days')),
            NEW.views * (NEW.day > date(today, '-30 days')), NEW.views FROM post JOIN recent_day
            WHERE post.id = NEW.post_id AND NEW.day > date(today, '-90 days')
        ON CONFLICT DO UPDATE SET days_7 = days_7 + excluded.days_7, days_30 = days_30 + excluded.days_30,
            days_90 = days_90 + excluded.days_90;
END;
CREATE TRIGGER views_grow AFTER UPDATE OF views ON daily_views BEGIN
    INSERT INTO daily_totals SELECT scope, NEW.day, (NEW.views - OLD.views) FROM (SELECT -author_id AS scope FROM post WHERE id = NEW.post_id UNION ALL SELECT 0) WHERE TRUE
        ON CONFLICT DO UPDATE SET views = views + excluded.views;
    INSERT INTO recent_views SELECT author_id, NEW.post_id, (NEW.views - OLD.views) * (NEW.day > date(today, '-7 days')),
            (NEW.views - OLD.views) * (NEW.day > date(today, '-30 days')), (NEW.views - OLD.views) FROM post JOIN recent_day
            WHERE post.id = NEW.post_id AND NEW.day > date(today, '-90 days')
        ON CONFLICT DO UPDATE SET days_7 = days_7 + excluded.days_7, days_30 = days_30 + excluded.days_30,
            days_90 = days_90 + excluded.days_90;
END;
CREATE TRIGGER hosts_come AFTER INSERT ON daily_referrers BEGIN
    INSERT INTO daily_hosts SELECT scope, NEW.day, NEW.host, NEW.views FROM (SELECT -author_id AS scope FROM post WHERE id = NEW.post_id UNION ALL SELECT 0) WHERE TRUE
        ON CONFLICT DO UPDATE SET views = views + excluded.views;
    INSERT INTO known_host SELECT author_id, NEW.host, NEW.views, 0 FROM post WHERE id = NEW.post_id
        ON CONFLICT DO UPDATE SET views = views + excluded.views;
END;
CREATE TRIGGER hosts_grow AFTER UPDATE OF views ON daily_referrers BEGIN
    INSERT INTO daily_hosts SELECT scope, NEW.day, NEW.host, (NEW.views - OLD.views) FROM (SELECT -author_id AS scope FROM post WHERE id = NEW.post_id UNION ALL SELECT 0) WHERE TRUE
        ON CONFLICT DO UPDATE SET views = views + excluded.views;
    INSERT INTO known_host SELECT author_id, NEW.host, (NEW.views - OLD.views), 0 FROM post WHERE id = NEW.post_id
        ON CONFLICT DO UPDATE SET views = views + excluded.views;
END;
CREATE INDEX user_due ON user (report, timezone, report_time, report_day, reported_until);
CREATE INDEX export_user ON export (user_id, id);
CREATE UNIQUE INDEX export_once ON export (user_id, kind) WHERE state = 'waiting';
CREATE INDEX post_drafts ON post (author_id, updated_at, id) WHERE published_at IS NULL AND deleted_at IS NULL;
CREATE INDEX post_viewed ON post (author_id, views, id, published_at, deleted_at) WHERE deleted_at IS NULL;
CREATE INDEX post_all ON post (updated_at, id, title, published_at, deleted_at) WHERE deleted_at IS NULL;
CREATE INDEX post_all_drafts ON post (published_at, updated_at, id)
    WHERE published_at IS NULL AND deleted_at IS NULL;
CREATE INDEX post_all_viewed ON post (views, id, published_at, deleted_at) WHERE deleted_at IS NULL;
PRAGMA writable_schema=OFF;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('user',4);
INSERT INTO "sqlite_sequence" VALUES('post',8);
INSERT INTO "sqlite_sequence" VALUES('upload',1);
INSERT INTO "sqlite_sequence" VALUES('job',13);
INSERT INTO "sqlite_sequence" VALUES('message',7);
INSERT INTO "sqlite_sequence" VALUES('export',2);
COMMIT;
