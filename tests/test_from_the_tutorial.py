"""The shell transcript in docs/from-the-tutorial.md is what the real commands print."""

import re
import subprocess
import sys
from fnmatch import translate
from pathlib import Path

from rig import PATIENCE, ROOT

PAGE = (ROOT / 'docs' / 'from-the-tutorial.md').read_text()
MARK = '-- next command --'


def transcript():
    """Return [command, expected output] for each command of the page."""
    found = []
    for line in '\n'.join(re.findall(r'```console\n(.*?)```', PAGE, re.DOTALL)).splitlines():
        if line.startswith('$ '):
            found.append([line[2:], ''])
        elif line:
            found[-1][1] = f'{found[-1][1]}\n{line}'.strip()
    return found


def is_like(printed, expected):
    """Tell whether this is the expected output, in which … is any text."""
    pattern = translate(expected.replace('[', '[[]').replace('…', '*'))
    return re.fullmatch(pattern, printed)


def test_the_commands_print_what_the_page_says(rig):
    commands = transcript()
    script = f'\necho "{MARK}"\n'.join(command for command, _ in commands)
    environ = rig.environ(data=rig.elsewhere / 'data')
    environ['PATH'] = f'{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin'
    done = subprocess.run(['bash', '-c', script], cwd=rig.elsewhere, stdin=subprocess.DEVNULL, text=True,
                          capture_output=True, timeout=2 * PATIENCE, env=environ)
    printed = [each.strip() for each in done.stdout.split(MARK)]
    assert len(printed) == len(commands), done.stdout + done.stderr
    for (command, expected), output in zip(commands, printed, strict=True):
        assert is_like(output, expected), f'$ {command}\n{output}\n{done.stderr}'


def test_output_that_differs_is_noticed():
    assert is_like('Set up: http://a/b', 'Set up: …/b') and not is_like('Set up: http://a/c', 'Set up: …/b')
    assert not is_like('5', '4') and not is_like('', '0') and len(transcript()) > 5
