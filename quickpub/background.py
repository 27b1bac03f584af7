"""The durable queue of a site: how its processes open the site, and what they report to its owner."""

from datetime import tzinfo

from . import dates, findings, logs, presence, settings, site_settings
from .db import db, now
from .jobs.huey import DurableHuey
from .migrating import SchemaError
from .opening import open_site
from .watch import check_files as look_after_files


class SiteHuey(DurableHuey):
    """Huey over the job table of the site that this process has open, or opens when it begins to run jobs."""

    def set_up_process(self) -> None:
        logs.log_to_console()
        if db.deferred:
            try:
                open_site(settings.from_env())
            except (settings.SettingsError, SchemaError, OSError) as error:
                raise SystemExit(f'quickpub: {error}') from None

    def default_workers(self) -> int:
        return settings.current().consumer_workers

    def prepare_job(self) -> None:
        site_settings.refresh()

    def child_environment(self) -> dict[str, str]:
        return settings.current().environ()

    def find_zone(self) -> tzinfo:
        return dates.find_zone()

    def watch_surroundings(self) -> None:
        look_after_files()

    def is_reported(self, error: BaseException) -> bool:
        return presence.explains(error)

    def report_chore(self, name: str, problem: str) -> None:
        finding = findings.CHORE + name
        findings.record(finding, problem, now()) if problem else findings.forget(finding)
