"""Lighthouse gives points to one page of each kind, on a phone and on a desktop."""

import json
import os
import shutil
import subprocess
from urllib.parse import urlsplit

LIGHTHOUSE = 'lighthouse@12'  # the last one for the Node.js that Debian has
FULL = {'performance': 100, 'accessibility': 100, 'best-practices': 100, 'seo': 100}
IN_STUDIO = {'performance': 95, 'accessibility': 95, 'best-practices': 95}  # no search engine is to find it
SHIFT = 0.01  # the most that a page may move while it loads
ATTEMPTS = 3  # the points depend on how busy the machine is
DEVICES = {'phone': [], 'desktop': ['--preset=desktop']}
PUBLIC = {'post': '/p/counting-what-nobody-planted', 'author': '/@sadia-rahman', 'archive': '/archive',
          'tag': '/t/rowing', 'follow': '/follow'}
SEARCH = {key: points for key, points in FULL.items() if key != 'seo'}  # results are not to be indexed
STUDIO = {'dashboard': '/studio/dashboard', 'posts': '/studio', 'editor': '/studio/posts/new',
          'stats': '/studio/stats?days=90', 'settings': '/settings', 'media': '/studio/media', 'look': '/admin/settings/look'}
LAYOUTS = ('list', 'letters', 'magazine')


def look(site):
    """Print the points of each page; a line for each that is too low, with what costs them."""
    missed = []
    for layout in LAYOUTS:
        site.change('UPDATE site SET layout = ?', layout)
        missed += _look(site, layout, '/', FULL)
    missed += [line for name, path in PUBLIC.items() for line in _look(site, name, path, FULL)]
    missed += _look(site, 'search', '/search?q=boat', SEARCH)
    missed += [line for name, path in STUDIO.items() for line in _look(site, name, path, IN_STUDIO, site.cookie_header)]
    return missed


def _look(site, name, path, wanted, cookie=None):
    missed = []
    for device in DEVICES:
        reports = (_run(device, site, path, wanted, cookie) for _ in range(ATTEMPTS))
        attempts = []
        for report in reports:
            attempts.append(_judge(name, device, path, wanted, report) if report else ['no report'] * 9)
            if not attempts[-1]:
                break
        missed += [f'{name} ({device}): {problem}' for problem in min(attempts, key=len)]
    return missed


def _run(device, site, path, wanted, cookie):
    """Return the report on a page, or None where Lighthouse lost the browser."""
    file = site.folder / 'report.json'
    file.unlink(missing_ok=True)
    headers = [f'--extra-headers={json.dumps({"Cookie": cookie})}'] if cookie else []
    subprocess.run(
        ['npx', '--yes', LIGHTHOUSE, site.url + path, '--quiet', '--output=json', f'--output-path={file}', *headers,
         *DEVICES[device], f'--only-categories={",".join(wanted)}', '--chrome-flags=--headless=new --no-sandbox'],
        env=os.environ | {'CHROME_PATH': shutil.which('chromium') or shutil.which('google-chrome') or ''})
    return json.loads(file.read_text()) if file.exists() else None


def _judge(name, device, path, wanted, report):
    """Print the points, and return what is wrong."""
    if urlsplit(report['finalDisplayedUrl']).path != urlsplit(path).path:
        return [f'led to {report["finalDisplayedUrl"]}']
    points = {each: round(100 * (report['categories'][each]['score'] or 0)) for each in wanted}
    shift = report['audits']['cumulative-layout-shift'].get('numericValue', 1)
    print(f'{name:10}{device:8}', *(f'{each} {count}' for each, count in points.items()), f'shift {shift:.3f}',
          flush=True)
    lacking = '; '.join(audit['title'] for audit in report['audits'].values() if audit['score'] not in (None, 1))
    print(f'  {lacking}')
    problems = [f'{points[each]} for {each}, not {least}: {lacking}'
                for each, least in wanted.items() if points[each] < least]
    if shift > SHIFT:
        problems.append(f'it shifts by {shift:.3f}')
    return problems
