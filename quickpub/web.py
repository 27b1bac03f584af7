"""The web application: every URL, and `create_app`, which makes a WSGI application for any server."""

from functools import cache

from bottle import Bottle

from .db import WEB_PATIENCE
from .opening import open_site
from .pages import (
    account,
    account_deletion,
    admin,
    assets,
    authors,
    autosaves,
    backups,
    blocked_domains,
    dashboard,
    drafts,
    editor,
    errors,
    exports,
    feeds,
    history,
    images,
    invitations,
    jobs,
    login,
    look,
    mail,
    mail_settings,
    media,
    members,
    oembed,
    profile,
    public,
    reports,
    reviews,
    search,
    security,
    selected_members,
    signup,
    site_settings,
    sitemaps,
    stats,
    studio,
    unsubscribing,
)
from .settings import Settings
from .wsgi import forms
from .wsgi.application import Application
from .wsgi.errors import map_errors
from .wsgi.origin_check import check_origin

GET, POST = 'GET', 'POST'

URLS = [
    # Reading
    (GET, '/', public.show_home),
    (GET, '/p/<slug>', public.show_post),
    (GET, '/@<handle>', public.show_author),
    (GET, '/t/<slug>', public.show_tag),
    (GET, '/archive', public.show_archive),
    (GET, '/search', search.show_search),
    (GET, '/follow', feeds.show_follow),
    (GET, '/feed.xml', feeds.show_site_feed),
    (GET, '/feed.json', feeds.show_site_json_feed),
    (GET, '/@<handle>/feed.xml', feeds.show_author_feed),
    (GET, '/@<handle>/feed.json', feeds.show_author_json_feed),
    (GET, '/t/<slug>/feed.xml', feeds.show_tag_feed),
    (GET, '/t/<slug>/feed.json', feeds.show_tag_json_feed),
    (GET, '/sitemap.xml', sitemaps.show_sitemap),
    (GET, '/sitemap-<part>.xml', sitemaps.show_sitemap_part),
    (GET, '/robots.txt', sitemaps.show_robots),
    (GET, '/media/<digest>/<name>', media.send_media_file),
    (GET, '/card/<digest>.png', media.send_card),
    (GET, '/oembed', oembed.show_oembed),
    (GET, '/healthz', assets.check_health),
    (GET, '/static/site.css', assets.send_stylesheet),
    (GET, '/static/own.css', assets.send_own_stylesheet),
    (GET, '/static/<name>', assets.send_static_file),
    (GET, '/static/fonts/<name>', assets.send_font),
    (GET, '/static/icons/<name>', assets.send_icon),
    (GET, '/favicon.ico', assets.send_favicon),
    (GET, '/apple-touch-icon.png', assets.send_touch_icon),
    (GET, '/site.webmanifest', assets.show_manifest),

    # Accounts
    (GET, '/setup/<token>', account.show_setup),
    (POST, '/setup/<token>', account.set_up_site),
    (GET, '/signup', signup.show_sign_up),
    (POST, '/signup', signup.sign_up),
    (GET, '/verify', account.show_verification_request),
    (POST, '/verify', account.request_verification),
    (GET, '/verify/<token>', account.show_verification),
    (POST, '/verify/<token>', account.verify_email),
    (GET, '/login', login.show_login),
    (POST, '/login', login.log_in),
    (GET, '/login/confirm', login.show_login_confirmation),
    (POST, '/login/confirm', login.confirm_login),
    (POST, '/login/passkey/options', login.start_passkey_login),
    (POST, '/login/passkey', login.log_in_by_passkey),
    (POST, '/logout', login.log_out),
    (GET, '/forgot', account.show_reset_request),
    (POST, '/forgot', account.request_reset),
    (GET, '/reset/<token>', account.show_reset),
    (POST, '/reset/<token>', account.reset_password),
    (GET, '/settings', profile.show_settings),
    (POST, '/settings', profile.update_settings),
    (GET, '/settings/delete', account_deletion.show_account_deletion),
    (POST, '/settings/delete', account_deletion.delete_account),
    (GET, '/settings/security', security.show_security),
    (POST, '/settings/security', security.update_security),
    (POST, '/settings/security/passkeys/options', security.start_passkey),
    (POST, '/settings/security/passkeys', security.create_passkey),
    (POST, '/settings/confirm/options', security.start_confirmation),
    (POST, '/settings/confirm', security.confirm_by_passkey),
    (GET, '/unsubscribe/<token>', unsubscribing.show_unsubscribing),
    (POST, '/unsubscribe/<token>', unsubscribing.update_subscription),

    # Writing
    (GET, '/studio', studio.show_posts),
    (POST, '/studio', studio.update_posts),
    (GET, '/studio/dashboard', dashboard.show_dashboard),
    (GET, '/studio/pages', studio.show_pages),
    (POST, '/studio/pages', studio.update_pages),
    (GET, '/studio/trash', studio.show_trash),
    (GET, '/studio/review', reviews.show_reviews),
    (POST, '/studio/review', reviews.answer_review),
    (GET, '/studio/posts/new', editor.show_new_post),
    (POST, '/studio/posts/new', editor.create_post),
    (GET, '/studio/posts/<post_id>', editor.show_editor),
    (POST, '/studio/posts/<post_id>', editor.update_post),
    (GET, '/studio/posts/<post_id>/preview', drafts.show_preview),
    (GET, '/studio/posts/<post_id>/authors', authors.show_authors),
    (POST, '/studio/posts/<post_id>/authors', authors.update_authors),
    (GET, '/studio/posts/<post_id>/hold', reviews.show_hold),
    (POST, '/studio/posts/<post_id>/hold', reviews.update_hold),
    (GET, '/studio/posts/<post_id>/history', history.show_history),
    (POST, '/studio/posts/<post_id>/history', editor.restore_version),
    (POST, '/studio/preview', drafts.render_live_preview),
    (POST, '/studio/unsaved', autosaves.save_autosave),
    (GET, '/draft/<token>', drafts.show_shared_draft),
    (GET, '/studio/media', media.show_media),
    (POST, '/studio/media', media.upload_files),
    (GET, '/studio/media/<upload_id>', media.show_progress),
    (POST, '/studio/media/<upload_id>', media.update_media_file),
    (GET, '/studio/images/<where>/<owner_id>', images.show_image),
    (POST, '/studio/images/<where>/<owner_id>', images.update_image),
    (POST, '/studio/images/<where>/<owner_id>/upload', images.upload_image),

    # Views, reports and exports
    (GET, '/studio/stats', stats.show_stats),
    (GET, '/studio/stats/<post_id>', stats.show_post_stats),
    (GET, '/studio/report', reports.show_report),
    (POST, '/studio/report', reports.send_report),
    (GET, '/studio/report/letter', reports.show_report_email),
    (GET, '/studio/exports', exports.show_exports),
    (POST, '/studio/exports', exports.request_export),
    (GET, '/studio/exports/<export_id>', exports.download_export),

    # The owner's pages
    (GET, '/admin', admin.show_overview),
    (GET, '/admin/jobs', jobs.show_jobs),
    (POST, '/admin/jobs', jobs.update_jobs),
    (GET, '/admin/mail', mail.show_emails),
    (GET, '/admin/mail/<message_id>', mail.show_email),
    (POST, '/admin/mail/<message_id>', mail.update_email),
    (GET, '/admin/members', members.show_members),
    (POST, '/admin/members', members.update_members),
    (POST, '/admin/members/selected', selected_members.update_selected_members),
    (GET, '/admin/members/<member_id>', members.show_member),
    (POST, '/admin/members/<member_id>', members.update_member),
    (GET, '/admin/people', members.redirect_members),
    (POST, '/admin/people', members.update_members),
    (GET, '/admin/invitations', invitations.show_invitations),
    (POST, '/admin/invitations', invitations.update_invitations),
    (GET, '/admin/blocked-domains', blocked_domains.show_blocked_domains),
    (POST, '/admin/blocked-domains', blocked_domains.update_blocked_domains),
    (GET, '/admin/backups', backups.show_backups),
    (POST, '/admin/backups', backups.update_backups),
    (GET, '/admin/audit', admin.show_audit_log),
    (GET, '/admin/look', look.redirect_look),
    (POST, '/admin/look', look.update_look),
    (GET, '/admin/look/preview', look.preview_look),
    (GET, '/admin/settings', site_settings.show_first_group),
    (GET, '/admin/settings/look', look.show_look),
    (POST, '/admin/settings/look', look.update_look),
    (GET, '/admin/settings/mail', mail_settings.show_mail_settings),
    (POST, '/admin/settings/mail', mail_settings.update_mail_settings),
    (GET, '/admin/settings/<group>', site_settings.show_settings),
    (POST, '/admin/settings/<group>', site_settings.update_settings),
    (GET, '/admin/site', site_settings.redirect_site),
    (POST, '/admin/site', site_settings.update_site),

    # The pages that an owner writes, such as /about
    (GET, '/<slug>', public.show_page),
]


def create_app(settings: Settings) -> Application:
    """Return the site as a WSGI application, one per process.

    To mount it below a path, let `settings.url` end with that path. Raises SchemaError if `settings.data` has no site,
    or one with another schema.
    """
    open_site(settings, patience=WEB_PATIENCE)
    forms.accept_long_forms()
    return Application(router(), settings)


@cache
def router() -> Bottle:
    """Return the application that finds the page for a URL. It knows nothing of a site."""
    app = Bottle()
    app.install(map_errors)  # it runs around check_origin, which is installed later
    app.install(check_origin)
    for method, path, page in URLS:
        app.route(path, method, page)
    app.default_error_handler = errors.show_error
    return app
