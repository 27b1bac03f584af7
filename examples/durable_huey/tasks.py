"""The background work of the bakery. Start it with `huey_consumer tasks.huey`."""

import os
import signal
import time

from database import Order, create

from quickpub.jobs.huey import DurableHuey

BAKING = float(os.environ.get('BAKERY_SECONDS', '3'))  # seconds in the oven


class BakeryHuey(DurableHuey):
    def set_up_process(self) -> None:
        create()


huey = BakeryHuey('bakery', 'tasks.huey')


@huey.task(retries=3, retry_delay=1)
def bake(order_id: int) -> None:
    """Bake an order. It may run more than once, so it asks first whether it is baked already."""
    order = Order.get_by_id(order_id)
    if order.state == 'baked':
        return
    Order.update(state='in the oven', attempts=Order.attempts + 1).where(Order.id == order_id).execute()
    time.sleep(BAKING)
    if order.item == 'bomb':
        os.kill(os.getpid(), signal.SIGKILL)
    if order.item == 'souffle' and order.attempts < 2:
        raise RuntimeError('it collapsed')
    Order.update(state='baked').where(Order.id == order_id).execute()
