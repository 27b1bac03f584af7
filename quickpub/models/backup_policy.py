"""The parts of the database that are in a backup: each table, and each column of those that are in it.

A test fails for a table or column that is not declared here.
"""

# Made again when it is needed, tied to files that are in no backup, or promised to be forgotten soon (PRIVACY.md).
NEVER = frozenset('card client_views daily_salt daily_visitor export spool_offset throttle_refusal throttle_use '
                  'used_challenge'.split())

# With these, somebody could log in, or open a link, as another person. They are left out unless the owner wants them.
SECRET = frozenset('authenticator device login_step recovery_code session token'.split())

# Password hashes are in every backup: without them, a restored site would lock all members out.
KEPT = {
    'audit_entry': 'id at until times code actor_kind actor_id actor_name subject_kind subject_id subject_label '
                   'network details',
    'author_totals': 'user_id posts views',
    'autosave': 'user_id tab post_id typed_at beginning size fields',
    'blocked_domain': 'domain blocked_at',
    'co_author': 'post_id user_id position reported_views last_views',
    'content': 'id version feed_id',
    'daily_hosts': 'scope day host views',
    'daily_referrers': 'post_id day host views',
    'daily_totals': 'scope day views',
    'daily_views': 'post_id day views',
    'daily_visitor_count': 'scope day visitors',
    'erasure': 'kind wanted done',
    'featured_post': 'post_id featured_at',
    'finding': 'name problem at',
    'hidden_post': 'post_id published_at',
    'job': 'id name message state priority run_at is_single attempts strikes owner started_at error created_at '
           'progress subject subject_id',
    'job_counter': 'queue key value',
    'job_key_value': 'queue key value',
    'job_pause': 'id since',
    'job_tally': 'minute name done failed',
    'known_host': 'author_id host views is_told',
    'media_file': 'digest kind ending state progress attempts error made created_at is_news',
    'message': 'id kind key user_id token_id recipient subject payload message_id urgent state sender attempts '
               'next_try answer created_at sent_at language',
    'old_handle': 'id handle user_id',
    'old_slug': 'slug post_id',
    'old_tag': 'slug tag_id',
    'outbox_leftover': 'message_id',
    'passkey': 'id user_id credential_id credential counter name created_at used_at',
    'placed_image': 'place owner_id digest alt x y',
    'post': 'id author_id title slug summary excerpt words created_at updated_at published_at was_public deleted_at '
            'views reported_views version editor_id canonical series_id part shared_at is_page place first_tab '
            'title_folded summary_folded html_folded feed_id is_titled rendered_by language body html',
    'post_file': 'post_id digest',
    'post_tag': 'post_id tag_id position published_at spelling',
    'recent_day': 'id today',
    'recent_views': 'author_id post_id days_7 days_30 days_90',
    'recurring_job': 'name enqueued_at',
    'report': 'id user_id period_start period_end views message_id',
    'reported_views': 'post_id views',
    'review': 'post_id asked_at is_held editor_id answered_at reason',
    'revision': 'post_id version saved_at editor_id title summary tags details body',
    'schema_migration': 'id name applied',
    'series': 'id author_id name',
    'set_aside': 'kind key reason at',
    'site': 'id title tagline hue pinned_id language fonts layout footer css new_role',
    'site_setting': 'name value',
    'tag': 'id name slug name_folded key feed_id',
    'text_size': 'author_id post_id text versions',
    'upload': 'id user_id file_id name bytes alt created_at touched_at',
    'user': 'id name handle email password bio timezone report reported_until created_at verified_at deleted_at '
            'mail_trouble pinned_id report_day report_time name_folded feed_id logged_in_at suspended_at '
            'asks_passkey language links fediverse role hides_posts',
}
