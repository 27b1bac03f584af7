"""Run the consumer in a program of the host, for the background tasks of the site and of the host."""

from host_tasks import huey, water_plants

from quickpub import settings
from quickpub.db import db
from quickpub.opening import open_site


def main() -> None:
    """Enqueue a job of the host's, then do the background work until SIGTERM or SIGINT."""
    open_site(settings.from_env())
    with db.connection_context(), db.atomic():  # the job is kept if the transaction is committed
        water_plants(7)
    huey.create_consumer(workers=2).run()


if __name__ == '__main__':
    main()
