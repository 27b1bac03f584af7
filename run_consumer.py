"""Run the consumer alone: `python run_consumer.py [-w WORKERS] [-k thread|process]`, the same as `quickpub consumer`."""

from quickpub.cli import consumer

if __name__ == '__main__':
    consumer()
