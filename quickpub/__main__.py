"""`python -m quickpub` is the same as `quickpub`."""

from .cli import main

if __name__ == '__main__':
    main(prog_name='quickpub')
