"""Uploads for the tests: pictures and documents, and what the site made of them."""

from io import BytesIO

from conftest import drain
from PIL import Image

from quickpub import db
from quickpub.models import MediaFile, Upload

PDF = b'%PDF-1.7\n' + b'words ' * 200


def picture(kind='JPEG', size=(1200, 800), colour='teal', **options):
    """The bytes of a picture of one colour."""
    file = BytesIO()
    Image.new(options.pop('mode', 'RGB'), size, colour).save(file, kind, **options)
    return file.getvalue()


def send(browser, *files, **options):
    """Upload through the page's own form: (name, bytes) each."""
    form = [('files', name, content) for name, content in files]
    return browser.post('/studio/media', upload_files=form, **options)


def uploads():
    with db.db.connection_context():
        return list(Upload.select(Upload, MediaFile).join(MediaFile).order_by(Upload.id))


def prepared(browser, content, name='hill.jpg'):
    """The upload, with all that readers get of it."""
    send(browser, (name, content), status=303)
    drain()
    return uploads()[-1]
