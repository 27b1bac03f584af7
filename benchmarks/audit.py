"""Let others look at the pages of a demo site: `make audit`, or ARGS="browser" for one part. It fails where one finds
an error, or gives fewer points than it should.

- checker: the Nu HTML Checker looks at all pages, feeds and style sheets;
- lighthouse: Lighthouse gives points to one page of each kind, on a phone and on a desktop;
- browser: Chromium opens all pages in two widths, light and dark: axe, layout shifts also with slow fonts, requests
  to other hosts.
"""

import sys
import tempfile
from pathlib import Path

import audit_browser
import audit_checker
import audit_lighthouse
from audit_site import demo_site

PARTS = {'checker': audit_checker.check, 'lighthouse': audit_lighthouse.look, 'browser': audit_browser.visit}


def main(wanted):
    unknown = set(wanted) - PARTS.keys()
    if unknown:
        sys.exit(f'No such part: {", ".join(unknown)}. There are: {", ".join(PARTS)}')
    with tempfile.TemporaryDirectory() as folder, demo_site(Path(folder)) as site:
        missed = [line for name in wanted or PARTS for line in PARTS[name](site)]
    if missed:
        sys.exit('\n'.join(missed))


if __name__ == '__main__':
    main(sys.argv[1:])
