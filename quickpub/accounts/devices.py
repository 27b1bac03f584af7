"""Devices in words: "Firefox on Android", from what a browser or a program says about itself.

Whoever is logged in only has to tell their own devices apart, so the usual names are enough, without versions. Nothing
of the header itself is repeated: these words also stand in emails.
"""

import re

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
    ('Lynx', r'Lynx/'), ('w3m', r'w3m/'), ('Links', r'E?Links\b'),
    ('a Python program', r'python|.*\b(?:aiohttp|httpx)/'), ('a Go program', r'Go-http-client/'),
    ('a Java program', r'(?:Java|okhttp|Apache-HttpClient)/'), ('a JavaScript program', r'(?:node|axios|undici|Bun)\b'),
]


def describe(agent: str) -> str:
    """Return a User-Agent header in a few words, such as "Safari on iPhone" or "curl"."""
    agent = agent[:LOOKED_AT]
    browser, system = _first(BROWSERS, agent), _first(SYSTEMS, agent)
    if browser and system:
        return f'{browser} on {system}'
    if program := next((name for name, pattern in PROGRAMS if re.match(pattern, agent, re.IGNORECASE)), None):
        return program[0].upper() + program[1:] if program.startswith('a ') else program
    return browser or (f'An unknown browser on {system}' if system else 'An unknown device')


def _first(names: list[tuple[str, str]], agent: str) -> str | None:
    return next((name for name, pattern in names if re.search(pattern, agent)), None)
