"""A background task of the host program, in the queue of the Quickpub site."""

import logging

from quickpub.tasks import huey

log = logging.getLogger(__name__)


@huey.task(retries=3, retry_delay=10)
def water_plants(bed: int) -> None:
    """Water one bed of plants."""
    log.warning('Watered bed %s', bed)
