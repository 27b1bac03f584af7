"""People with a browser, each at an address of their own, who use the site over TLS."""

import http.client
import http.cookiejar
import ssl
import urllib.error
import urllib.parse
import urllib.request
from itertools import chain

from bs4 import BeautifulSoup
from conftest import BROWSER

PATIENCE = 120  # seconds


class Person:
    """Somebody who comes from this address of this machine, keeps cookies and follows no redirect by itself."""

    def __init__(self, proxy, address='127.0.0.11'):
        context = ssl.create_default_context(cafile=proxy.certificate)
        self.url, self.cookies = proxy.url, http.cookiejar.CookieJar()
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), _From(context, address), _Stays(),
            urllib.request.HTTPCookieProcessor(self.cookies))
        self._opener.addheaders = [('User-Agent', BROWSER), ('Origin', '/'.join(proxy.url.split('/', 3)[:3]))]

    def get(self, path, **headers):
        return self.send(path, None, headers)

    def post(self, path, fields, **headers):
        return self.send(path, urllib.parse.urlencode(fields).encode(), headers)

    def send(self, path, body=None, headers=()):
        """Ask for an address, or a path below the site's."""
        address = path if path.startswith('https:') else self.url + path
        headers = {name.replace('_', '-'): value for name, value in dict(headers).items()}
        try:
            with self._opener.open(urllib.request.Request(address, body, headers), timeout=PATIENCE) as response:
                return Answer(address, response)
        except urllib.error.HTTPError as error:
            with error:
                return Answer(address, error)

    def log_in(self, email, password, **headers):
        return self.post('/login', {'email': email, 'password': password}, **headers)

    def upload(self, name, size, **headers):
        """Send one PDF of so many bytes, as the form for media does."""
        before = (f'--limit\r\nContent-Disposition: form-data; name="files"; filename="{name}"\r\n'
                  'Content-Type: application/pdf\r\n\r\n').encode()
        after = b'\r\n--limit--\r\n'
        headers |= {'Content_Type': 'multipart/form-data; boundary=limit',
                    'Content_Length': str(len(before) + size + len(after))}
        return self.send('/studio/media', chain([before], pdf(size), [after]), headers)


def pdf(size):
    """A file of so many bytes, in pieces."""
    piece = b'%PDF-1.7'.ljust(64 * 1024, b'.')
    for start in range(0, size, len(piece)):
        yield piece[:size - start]


class Answer:
    def __init__(self, address, response):
        self.address, self.status, self.headers = address, response.status, response.headers
        self.body = response.read()

    @property
    def text(self):
        return self.body.decode()

    @property
    def type(self):
        return self.headers.get_content_type()

    @property
    def location(self):
        """Where it sends the browser."""
        return urllib.parse.urljoin(self.address, self.headers['Location'])

    def links(self):
        """Return the absolute addresses of all that this page refers to."""
        tags = {'a': 'href', 'link': 'href', 'img': 'src', 'script': 'src', 'form': 'action', 'source': 'srcset'}
        page = BeautifulSoup(self.text, 'html.parser')
        found = {element[attribute].split(' ')[0] for tag, attribute in tags.items()
                 for element in page.find_all(tag) if element.get(attribute) and element.get('method') != 'post'}
        return {urllib.parse.urldefrag(urllib.parse.urljoin(self.address, link)).url for link in found}


class _From(urllib.request.HTTPSHandler):
    def __init__(self, context, address):
        super().__init__(context=context)
        self._address = address

    def https_open(self, request):
        return self.do_open(http.client.HTTPSConnection, request, context=self._context,
                            source_address=(self._address, 0))


class _Stays(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None
