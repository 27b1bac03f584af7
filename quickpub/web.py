"""The web application: every URL, and `create_app`, a plain WSGI application that any server runs or mounts."""

from bottle import Bottle

from .db import WEB_PATIENCE, open_site
from .pages import account, admin, editor, media, profile, public, search, security, stats, studio
from .settings import Settings
from .wsgi.application import Site
from .wsgi.responses import plugin

GET, POST = 'GET', 'POST'

URLS = [
    # Reading
    (GET, '/', public.home),
    (GET, '/p/<slug>', public.post),
    (GET, '/@<handle>', public.author),
    (GET, '/t/<slug>', public.tag),
    (GET, '/archive', public.archive),
    (GET, '/search', search.page),
    (GET, '/feed.xml', public.feed),
    (GET, '/feed.json', public.json_feed),
    (GET, '/@<handle>/feed.xml', public.author_feed),
    (GET, '/@<handle>/feed.json', public.author_json_feed),
    (GET, '/t/<slug>/feed.xml', public.tag_feed),
    (GET, '/t/<slug>/feed.json', public.tag_json_feed),
    (GET, '/sitemap.xml', public.sitemap),
    (GET, '/sitemap-<part>.xml', public.sitemap_part),
    (GET, '/robots.txt', public.robots),
    (GET, '/media/<digest>/<name>', media.send),
    (GET, '/healthz', public.healthz),
    (GET, '/static/site.css', public.site_css),
    (GET, '/static/<name>', public.static),

    # Accounts
    (GET, '/setup/<token>', account.setup_form),
    (POST, '/setup/<token>', account.setup),
    (GET, '/signup', account.signup_form),
    (POST, '/signup', account.signup),
    (GET, '/verify', account.verify_again_form),
    (POST, '/verify', account.verify_again),
    (GET, '/verify/<token>', account.verify_form),
    (POST, '/verify/<token>', account.verify),
    (GET, '/login', account.login_form),
    (POST, '/login', account.login),
    (GET, '/login/confirm', account.confirm_login_form),
    (POST, '/login/confirm', account.confirm_login),
    (POST, '/login/passkey/options', account.passkey_login_options),
    (POST, '/login/passkey', account.passkey_login),
    (POST, '/logout', account.logout),
    (GET, '/forgot', account.forgot_form),
    (POST, '/forgot', account.forgot),
    (GET, '/reset/<token>', account.reset_form),
    (POST, '/reset/<token>', account.reset),
    (GET, '/settings', profile.edit_form),
    (POST, '/settings', profile.edit),
    (GET, '/settings/delete', profile.delete_form),
    (POST, '/settings/delete', profile.delete),
    (GET, '/settings/security', security.security),
    (POST, '/settings/security', security.change_security),
    (POST, '/settings/security/passkeys/options', security.new_passkey_options),
    (POST, '/settings/security/passkeys', security.new_passkey),
    (POST, '/settings/confirm/options', security.confirm_options),
    (POST, '/settings/confirm', security.confirm_by_passkey),
    (GET, '/unsubscribe/<token>', profile.unsubscribe_form),
    (POST, '/unsubscribe/<token>', profile.unsubscribe),

    # Writing
    (GET, '/studio', studio.desk),
    (POST, '/studio', studio.change),
    (GET, '/studio/trash', studio.show_trash),
    (GET, '/studio/posts/new', editor.new_form),
    (POST, '/studio/posts/new', editor.new),
    (GET, '/studio/posts/<post_id>', editor.edit_form),
    (POST, '/studio/posts/<post_id>', editor.edit),
    (GET, '/studio/posts/<post_id>/preview', editor.preview),
    (GET, '/studio/posts/<post_id>/history', editor.history),
    (POST, '/studio/posts/<post_id>/history', editor.restore_version),
    (POST, '/studio/preview', editor.render_text),
    (POST, '/studio/unsaved', editor.keep_unsaved),
    (GET, '/draft/<token>', editor.draft),
    (GET, '/studio/media', media.mine),
    (POST, '/studio/media', media.upload),
    (GET, '/studio/media/<upload_id>', media.one),
    (POST, '/studio/media/<upload_id>', media.change),

    # Knowing how it went
    (GET, '/studio/stats', stats.overview),
    (GET, '/studio/stats/<post_id>', stats.of_post),
    (GET, '/studio/report', stats.report),
    (POST, '/studio/report', stats.send_report),
    (GET, '/studio/report/letter', stats.report_letter),
    (GET, '/studio/exports', stats.exports),
    (POST, '/studio/exports', stats.ask),
    (GET, '/studio/exports/<export_id>', stats.download),

    # Keeping the site
    (GET, '/admin', admin.overview),
    (GET, '/admin/jobs', admin.work),
    (POST, '/admin/jobs', admin.do_work),
    (GET, '/admin/mail', admin.mails),
    (GET, '/admin/mail/<message_id>', admin.message),
    (POST, '/admin/mail/<message_id>', admin.change_message),
    (GET, '/admin/people', admin.people),
    (POST, '/admin/people', admin.change_people),
    (GET, '/admin/audit', admin.audit_log),
    (GET, '/admin/site', admin.site_form),
    (POST, '/admin/site', admin.site),

    # Whatever else: the pages that an owner writes, such as /about
    (GET, '/<slug>', public.page),
]


def create_app(settings: Settings) -> Site:
    """The site as a WSGI application. It must exist: raises SchemaError where `settings.data` holds none, or one of
    another version. One site per process; below a path, let `settings.url` end with that path."""
    open_site(settings, patience=WEB_PATIENCE)
    app = Bottle()
    app.install(plugin)
    for method, path, page in URLS:
        app.route(path, method, page)
    app.default_error_handler = public.error
    return Site(app, settings)
