"""Serve a Quickpub site as a plain WSGI application."""

from wsgiref.simple_server import make_server

from quickpub import settings
from quickpub.web import create_app

config = settings.from_env()
application = create_app(config)

if __name__ == '__main__':
    make_server(config.host, config.port, application).serve_forever()
