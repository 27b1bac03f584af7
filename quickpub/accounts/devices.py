"""Devices in words: "Firefox on Android", from what a browser or a program says about itself.

Members only have to tell their own devices apart, so the usual names are enough, without versions. Nothing of the
header itself is repeated: these words are also in emails.
"""

import re

from ..codes import AS_WRITTEN, Code

LOOKED_AT = 1000  # characters

# The first that matches counts: most browsers also name the ones that they are like.
BROWSERS = [
    ('Edge', r'\bEdg(?:e|A|iOS)?/'), ('Opera', r'\bOPR/|\bOPT/|\bOpera\b'), ('Samsung Internet', r'\bSamsungBrowser/'),
    ('Vivaldi', r'\bVivaldi/'), ('Yandex Browser', r'\bYaBrowser/'), ('DuckDuckGo', r'\bDuckDuckGo/|\bDdg/'),
    ('Brave', r'\bBrave\b'), ('Firefox', r'\bFirefox/|\bFxiOS/|\bFocus/'),
    ('Chrome', r'\b(?:Chrome|CriOS|Chromium)/'), ('Safari', r'\bVersion/.*\bSafari/'),
    ('Internet Explorer', r'\bMSIE |\bTrident/'),
]
SYSTEMS = [
    ('iPhone', r'\biPhone\b|\biPod\b'), ('iPad', r'\biPad\b'), ('Android', r'\bAndroid\b'),
    ('Windows', r'\bWindows\b'), ('Chromebook', r'\bCrOS\b'), ('Mac', r'\bMacintosh\b|\bMac OS X\b'),
    ('Linux', r'\bLinux\b|\bX11\b'), ('BSD', r'BSD\b'),
]
PROGRAMS = [
    ('curl', r'curl/'), ('Wget', r'Wget/'), ('HTTPie', r'HTTPie/'), ('PowerShell', r'.*PowerShell/'),
    ('Lynx', r'Lynx/'), ('w3m', r'w3m/'), ('Links', r'E?Links\b')]
LANGUAGES = [
    ('Python', r'python|.*\b(?:aiohttp|httpx)/'), ('Go', r'Go-http-client/'),
    ('Java', r'(?:Java|okhttp|Apache-HttpClient)/'), ('JavaScript', r'(?:node|axios|undici|Bun)\b')]


def describe(agent: str) -> Code:
    """Return what a User-Agent header says, as a code whose sentence is such as "Safari on iPhone" or "curl"."""
    agent = agent[:LOOKED_AT]
    browser, system = _first(BROWSERS, agent), _first(SYSTEMS, agent)
    if browser and system:
        return Code('device.browser_on_system', browser=browser, system=system)
    program, language = _beginning(PROGRAMS, agent), _beginning(LANGUAGES, agent)
    if language and not program:
        return Code('device.program', language=language)
    if name := program or browser:
        return Code(AS_WRITTEN, text=name)  # the same in every language
    return Code('device.unknown_browser', system=system) if system else Code('device.unknown')


def _first(names: list[tuple[str, str]], agent: str) -> str | None:
    return next((name for name, pattern in names if re.search(pattern, agent)), None)


def _beginning(names: list[tuple[str, str]], agent: str) -> str | None:
    return next((name for name, pattern in names if re.match(pattern, agent, re.IGNORECASE)), None)
