"""Mount a Quickpub site below /blog of a Flask application."""

from wsgiref.simple_server import make_server

from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from quickpub import settings
from quickpub.web import create_app

config = settings.from_env()
application = Flask(__name__)


@application.get('/')
def show_home():
    return '<a href="/blog/">Our blog</a>'


application.wsgi_app = DispatcherMiddleware(application.wsgi_app, {'/blog': create_app(config)})

if __name__ == '__main__':
    make_server(config.host, config.port, application).serve_forever()
