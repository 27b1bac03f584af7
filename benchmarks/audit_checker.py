"""The Nu HTML Checker looks at all pages, feeds and style sheets of a site."""

import json
import subprocess
from pathlib import Path

CHECKER = 'vnu-jar@26'  # what validator.w3.org/nu runs; it needs Java and no network
ATOM = Path(__file__).with_name('atom.rnc').absolute()
# Parts of messages that are mistakes of the checker's: a property that it does not know yet, and a <source> before
# another <source>, of which it does not see that the image is lazy.
MISTAKES = ['“field-sizing”', 'attribute value starting with “auto” is only valid for lazy-loaded images']
ENDINGS = {'pages': 'html', 'style sheets': 'css', 'feeds': 'xml'}
OPTIONS = {'pages': [], 'style sheets': ['--css'], 'feeds': ['--xml', '--schema', ATOM.as_uri()]}


def check(site):
    """A line for each error."""
    found = {'pages': [], 'style sheets': [], 'feeds': []}
    for page in site.public + site.studio:
        if page.kind == 'text/html':
            found['pages'].append(page)
        elif page.kind == 'text/css':
            found['style sheets'].append(page)
        elif page.path.endswith('/feed.xml'):
            found['feeds'].append(page)
    return [line for what, pages in found.items() for line in _check(what, pages, site.folder)]


def _check(what, pages, folder):
    assert pages, f'there are no {what}'
    files = [folder / f'{number}.{ENDINGS[what]}' for number in range(len(pages))]
    for file, page in zip(files, pages, strict=True):
        file.write_bytes(page.content)
    print(f'checking {len(pages)} {what}', flush=True)
    answer = subprocess.run(
        ['npx', '--yes', f'--package={CHECKER}', 'vnu', *OPTIONS[what], '--errors-only', '--exit-zero-always',
         '--stdout', '--format', 'json', *files], stdout=subprocess.PIPE, check=True)
    return [f'{pages[int(Path(each["url"]).stem)].path}: {each["message"]}: {each.get("extract", "")}'
            for each in json.loads(answer.stdout)['messages'] if not any(name in each['message'] for name in MISTAKES)]
