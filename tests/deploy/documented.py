"""What docs/deploy.md says, with only hosts, ports and folders replaced, as files for real programs."""

import os
import re
import shutil
import socket
import subprocess

from rig import ROOT
from smtp_rig import free_port

DOCS = (ROOT / 'docs' / 'deploy.md').read_text()
UPSTREAM = '127.0.0.1:8000'


def blocks(kind):
    """Return the code blocks of this kind, in the order of the page."""
    return re.findall(rf'^```{kind}\n(.*?)^```', DOCS, re.MULTILINE | re.DOTALL)


def replaced(text, *pairs):
    """Replace each of these by the other. All of them must be there: a test must not go on with another text."""
    for old, new in pairs:
        assert old in text, old
        text = text.replace(old, str(new))
    return text


class Proxy:
    """A proxy that runs in a folder of its own, listens on this machine only, and passes on to a port."""

    def __init__(self, prefix, upstream, folder):
        self.port, self.folder, self._upstream = free_port(), folder, upstream
        self.host = 'example.org' if prefix else 'blog.example.org'
        self.url = f'https://localhost:{self.port}{prefix}'
        self.started = None

    def start(self, *command, **environ):
        with open(self.folder / 'log', 'wb') as log:
            self.started = subprocess.Popen(command, env=os.environ | environ, cwd=self.folder,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def said(self):
        return (self.folder / 'log').read_text(errors='replace')

    def listens(self):
        assert self.started.poll() is None, self.said()
        try:
            socket.create_connection(('127.0.0.1', self.port), timeout=1).close()
            return True
        except OSError:
            return False

    def stop(self):
        if self.started:
            self.started.terminate()
            self.started.wait(30)
        print(self.said())


class Caddy(Proxy):
    """With the certificate that Caddy makes for `localhost` by itself."""
    OPTIONS = '{\n\tadmin off\n\tskip_install_trust\n\tauto_https disable_redirects\n\tdefault_bind 127.0.0.1\n}\n'

    def __init__(self, prefix, upstream, folder):
        super().__init__(prefix, upstream, folder)
        self.certificate = folder / 'caddy' / 'pki' / 'authorities' / 'local' / 'root.crt'
        text = replaced(blocks('caddy')[1 if prefix else 0], (UPSTREAM, f'127.0.0.1:{upstream}'),
                        (f'{self.host} {{', f'localhost:{self.port} {{'))
        (folder / 'Caddyfile').write_text(self.OPTIONS + text)
        self.start('caddy', 'run', '--config', folder / 'Caddyfile', XDG_DATA_HOME=str(folder),
                   XDG_CONFIG_HOME=str(folder), HOME=str(folder))

    def is_ready(self):
        return self.listens() and self.certificate.exists()


class Nginx(Proxy):
    """With a certificate made for `localhost`."""

    def __init__(self, prefix, upstream, folder):
        super().__init__(prefix, upstream, folder)
        self.certificate, key = folder / 'fullchain.pem', folder / 'privkey.pem'
        subprocess.run(['openssl', 'req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj',
                        '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost', '-keyout', key, '-out',
                        self.certificate], check=True, capture_output=True)
        text = replaced(blocks('nginx')[1 if prefix else 0], (UPSTREAM, f'127.0.0.1:{upstream}'),
                        (f'/etc/letsencrypt/live/{self.host}', folder), (f'server_name {self.host};',
                                                                         'server_name localhost;'))
        text = re.sub(r'listen \[::\]:\d+( ssl)?;', '', text)  # this machine may have no IPv6
        text = replaced(text, ('listen 443 ssl;', f'listen 127.0.0.1:{self.port} ssl;'))
        if not prefix:
            self.plain = free_port()
            text = replaced(text, ('listen 80;', f'listen 127.0.0.1:{self.plain};'))
        user = 'user root;' if os.geteuid() == 0 else ''  # so that its workers may use this folder
        temporary = '\n'.join(f'{kind}_temp_path {folder}/{kind};'
                              for kind in ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'))
        (folder / 'nginx.conf').write_text(
            f'{user} worker_processes 1; daemon off; pid {folder}/pid; error_log {folder}/log;\n'
            f'events {{}}\nhttp {{ include /etc/nginx/mime.types; access_log off; {temporary}\n{text}\n}}\n')
        nginx = shutil.which('nginx') or '/usr/sbin/nginx'
        self.start(nginx, '-p', folder, '-c', folder / 'nginx.conf')

    def is_ready(self):
        return self.listens()
