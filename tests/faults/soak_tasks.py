"""Long jobs for the soak, registered beside the product's own tasks."""

import os
import time

from quickpub.tasks import huey


@huey.task()
def long_job(number, seconds):
    """Sleeps, then says that it is done: one line in the file that SOAK_LOG names."""
    time.sleep(seconds)
    with open(os.environ['SOAK_LOG'], 'a') as log:
        log.write(f'{number}\n')
