"""Compare what a site at work asks of Linux with what its unit allows: `make trace-service`. Needs root and strace.

An installed site runs as the user nobody below strace, and works: an owner is set up, uploads an image, publishes a
post and invites somebody by email. A system call that SystemCallFilter= refuses is a failure, and so are memory that
can be both written and run (MemoryDenyWriteExecute=), and a kind of address that RestrictAddressFamilies= refuses.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2]))

from conftest import PASSWORD  # noqa: E402 - the helpers of the tests are found after the path is set
from images import picture  # noqa: E402
from installing import install, run  # noqa: E402
from rig import ROOT, MailServer, Rig, Visitor, wait_for  # noqa: E402

USER = 'nobody'
MAPPING = {'mmap', 'mprotect', 'pkey_mprotect'}


def main() -> int:
    folder = Path(tempfile.mkdtemp(prefix='quickpub-trace-'))
    folder.chmod(0o755)
    try:
        subprocess.run(install(folder / 'opt'), cwd=ROOT, check=True)
        program, trace = folder / 'opt' / 'bin' / 'quickpub', folder / 'traces' / 'calls'
        unit = run(program, 'install-service', '--url', 'https://blog.example.org', '--show')
        trace_work(folder, program, trace)
        lines = [line for path in trace.parent.iterdir() for line in path.read_text(errors='replace').splitlines()]
    finally:
        shutil.rmtree(folder)
    problems = set(find_problems(lines, unit))
    print('\n'.join(sorted(problems)) or f'The unit allows everything that the site has asked for: {len(lines)} calls.')
    return bool(problems)


def trace_work(folder, program, trace):
    """Run a site below strace, and let it work."""
    mail_server, rig = MailServer(), Rig(folder)
    rig.data, rig.settings['smtp'] = folder / 'data', mail_server.url
    for path in (rig.data, trace.parent):
        path.mkdir(mode=0o700)
        shutil.chown(path, USER)
    try:
        served = rig.start('/usr/sbin/runuser', '-u', USER, '--', '/usr/bin/strace', '-ff', '--quiet=all', '-o', trace,
                           program, 'serve')
        link = served.says(r'Set up your site: +(\S+)')[1]
        rig.wait_until_well()
        owner = Visitor(rig.url)
        owner.post(link, site_title='The Voice', name='Olga', email='olga@example.org', password=PASSWORD)
        assert upload(owner, picture()).status == 200
        answer = owner.post('/studio/posts/new', title='On hills', body='Some text.', action='publish')
        assert answer.status == 200, answer.text
        wait_for(lambda: Visitor(rig.url).get('/p/on-hills').status == 200, 'the post')
        wait_for(lambda: '.webp' in owner.get('/studio/media').text, 'the sizes of the image')
        owner.post('/admin/invitations', email='zoe@example.org')
        mail_server.wait_for('zoe@example.org')
        (strace,) = served.process.children()
        (site,) = strace.children()
        site.terminate()
        served.ends()
    finally:
        rig.close()
        mail_server.close()


def upload(person, data):
    body = (b'--limit\r\nContent-Disposition: form-data; name="files"; filename="hill.jpg"\r\n'
            b'Content-Type: image/jpeg\r\n\r\n' + data + b'\r\n--limit--\r\n')
    return person._ask('/studio/media', body, {'Content_Type': 'multipart/form-data; boundary=limit'})


def find_problems(lines, unit):
    """Return a sentence for each thing in these lines of strace that the unit does not allow."""
    allowed, families = allowed_calls(unit), re.search(r'^RestrictAddressFamilies=(.*)$', unit, re.MULTILINE)[1].split()
    for line in lines:
        call = re.match(r'(\w+)\(', line)
        if call and call[1] not in allowed:
            yield f'{call[1]} is not allowed: {line}'
        if call and call[1] in MAPPING and {'PROT_WRITE', 'PROT_EXEC'} <= {*re.findall(r'\w+', line)}:
            yield f'Memory that can be written and run: {line}'
        if (family := re.match(r'socket\((AF_\w+)', line)) and family[1] not in families:
            yield f'{family[1]} is not allowed: {line}'


def allowed_calls(unit):
    """Return the system calls that the unit allows."""
    found = set()
    for line in re.findall(r'^SystemCallFilter=(.*)$', unit, re.MULTILINE):
        names = set().union(*map(calls_in, line.lstrip('~').split()))
        found = found - names if line.startswith('~') else found | names
    return found


def calls_in(group):
    """Return the system calls of a group of systemd, such as @system-service."""
    lines = run('systemd-analyze', 'syscall-filter', group).splitlines()
    words = [line.strip() for line in lines if line.startswith('    ') and not line.strip().startswith('#')]
    return set().union(*(calls_in(word) if word.startswith('@') else {word} for word in words))


if __name__ == '__main__':
    sys.exit(main())
