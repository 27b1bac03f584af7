"""The bakery's database: orders, flour, and the tables of the queue, in one SQLite file."""

import os

from peewee import AutoField, CharField, Check, IntegerField, Model, SqliteDatabase

from quickpub.jobs import tables

FLOUR = 12  # loaves that can be baked from what is there at the beginning

db = SqliteDatabase(os.environ.get('BAKERY_DB', 'bakery.db'), lock_type='IMMEDIATE', timeout=10,
                    pragmas={'journal_mode': 'wal', 'synchronous': 'full'})
tables.bind(db)


class Order(Model):
    id = AutoField()
    item = CharField()
    state = CharField(default='ordered')  # ordered, in the oven, baked
    attempts = IntegerField(default=0)

    class Meta:
        database = db


class Flour(Model):
    loaves = IntegerField(constraints=[Check('loaves >= 0')])

    class Meta:
        database = db


def create() -> None:
    """Make the tables, and buy flour, where that was not done yet."""
    with db.connection_context():
        tables.create()
        with db.atomic():
            db.create_tables([Order, Flour])
            if not Flour.select().exists():
                Flour.create(loaves=FLOUR)
