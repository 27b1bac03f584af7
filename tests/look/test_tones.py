"""Tones of the style sheet that mean something, whatever the hue of the site: notices, errors, what was added."""

import re

import pytest

from quickpub.look import colours, fonts, stylesheet
from quickpub.models import Site

SHEET = stylesheet.BASE.read_text('utf-8')
LIGHT, DARK = (dict(re.findall(r'--([a-z-]+): ([^;]+);', each)) for each in
               re.findall(r':root \{\n(.*?)\n *\}', SHEET, re.DOTALL)[:2])
TONE = re.compile(r'oklch\(([\d.]+)% ([\d.]+) (\d+)\)')


def luminance(colour):
    """Return the relative luminance (WCAG 2) of a colour in the sheet that does not depend on the site's hue."""
    if tone := TONE.fullmatch(colour):
        colour = colours.hexadecimal((float(tone[1]) / 100, float(tone[2])), int(tone[3]))
    channels = (int(colour[at:at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels]
    return sum(share * each for share, each in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def contrast(tones, one, other):
    darker, lighter = sorted(luminance(tones[each]) for each in (one, other))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize('tones', [LIGHT, DARK], ids=['light', 'dark'])
def test_notices_and_errors_can_be_read_and_do_not_depend_on_the_hue(tones):
    for text, ground in (('ink', 'calm-faint'), ('ink', 'tint'), ('calm', 'paper'), ('calm', 'tint'),
                         ('grave', 'paper')):
        assert contrast(tones, text, ground) >= 4.5, (text, ground)
    assert all('--hue' not in tones[each] for each in ('calm', 'calm-faint', 'grave'))
    grave, calm = (int(TONE.fullmatch(tones[each])[3]) for each in ('grave', 'calm'))
    assert 90 < abs(grave - calm) < 270


def test_what_is_well_is_not_told_in_the_colour_of_the_site():
    found = {}
    for parts, rule in re.findall(r'^ *([^\n{}]+) \{([^{}]*)\}', SHEET, re.MULTILINE):
        for part in parts.split(','):
            found[part.strip()] = found.get(part.strip(), '') + rule
    for selector in ('.notice', '.steps .done::before', '.diff ins', '.prose code .gi'):
        assert '--calm' in found[selector] and '--accent' not in found[selector], selector
    assert '--grave' in found['.diff del']


def test_the_sheet_is_sent_without_comments_and_means_the_same(site):
    def tokens(sheet):
        return re.sub('([{};,]) | (?=[{}])', r'\1', ' '.join(re.sub(r'/\*.*?\*/', '', sheet, flags=re.DOTALL).split()))
    sent = stylesheet.find('', Site())[0].replace(fonts.rules(fonts.find_pair(fonts.DEFAULT)), '')
    assert tokens(sent).startswith(tokens(SHEET))
    assert '/*' not in sent and len(sent) < 0.92 * len(SHEET)
