"""Mount a Quickpub site below /blog of a Bottle application."""

from wsgiref.simple_server import make_server

from bottle import Bottle

from quickpub import settings
from quickpub.web import create_app

config = settings.from_env()
application = Bottle()


@application.get('/')
def show_home():
    return '<a href="/blog/">Our blog</a>'


application.mount('/blog/', create_app(config))

if __name__ == '__main__':
    make_server(config.host, config.port, application).serve_forever()
