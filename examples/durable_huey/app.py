"""The bakery's web page. Start it with `python app.py [PORT]`."""

import sys

from bottle import HTTPError, app, get, hook, post, redirect, request, run, template
from database import Flour, Order, create, db
from peewee import IntegrityError
from tasks import bake

PAGE = '''<!doctype html>
<title>Bakery</title>
<form method="post" action="/orders"><label>Order <input name="item" required></label> <button>Order</button></form>
<ol>
% for order in orders:
<li>{{ order.item }}: {{ order.state }}</li>
% end
</ol>
'''


@hook('before_request')
def open_database():
    db.connect()


@hook('after_request')
def close_database():
    db.close()


@get('/')
def show_orders():
    return template(PAGE, orders=list(Order.select().order_by(Order.id)))


@post('/orders')
def place_order():
    """Write the order, its job and the flour it takes: all of them, or none."""
    try:
        with db.atomic():
            order = Order.create(item=request.forms.getunicode('item', '').strip() or 'bread')
            bake(order.id)
            Flour.update(loaves=Flour.loaves - 1).execute()
    except IntegrityError:
        raise HTTPError(409, 'There is no flour left.') from None
    redirect('/')


if __name__ == '__main__':
    create()
    run(app(), host='127.0.0.1', port=int(sys.argv[1]) if len(sys.argv) > 1 else 8080)
