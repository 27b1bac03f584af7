"""Do the background work alone: `python run_consumer.py [-w WORKERS] [-k TYPE]` is the same as `quickpub consumer`."""

from quickpub.cli import consumer

if __name__ == '__main__':
    consumer()
