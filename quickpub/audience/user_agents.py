"""Which user agents are browsers, with a person before them, and which are programs that fetch pages.

A maintained list knows the crawlers by name. What it does not know yet is told from a browser by its form: browsers
begin alike, name their engine, and leave nobody's address behind; programs do otherwise, or say whom to write to.
"""

import re

from crawlerdetect import CrawlerDetect

ENGINE = r'(?:AppleWebKit|Gecko|KHTML|Trident|Presto|Goanna|Servo|NetFront|NetSurf)/\d|MSIE \d|PlayStation|Nintendo'
BROWSER = re.compile(rf'Mozilla/\d\.\d+ ?\(.*(?:{ENGINE})|Opera[/ ]\d|Mozilla/[34]\.\d+ \[[a-z]{{2}}', re.IGNORECASE)

# Browsers of terminals and old telephones, and some small ones. The list takes a few of them for programs.
SMALL_BROWSER = re.compile(r'(?:Lynx|w3m|Links|ELinks|edbrowse|Dillo|NetSurf|amaya|retawq|UCWEB)[/ ]\(?v?\d'
                           r'|URL/Emacs |Mozilla/5\.0 \(.*\) LibWeb/\d|.*(?:Profile/MIDP|UP\.Browser)')

# Only a program says where its owner is found, or with whom it is compatible; old browsers did that in one way.
CONTACT = re.compile(r'https?:|mailto:|www\.|\w@[\w-]+\.\w|compatible(?!; (?:MSIE \d|Konqueror/|Linux |U;))',
                     re.IGNORECASE)
PROGRAM = re.compile('headless|phantomjs|jsdom|puppeteer|playwright|selenium|webdriver|cypress/|lighthouse|ptst/'
                     '|synthetic|pingdom|uptime|monitor|preview|unfurl|fetcher|scrap|crawl|spider|screenshot|wkhtmlto'
                     r'|validator|archivebox|chrome/(?!\d)|(?<!\bcu)bot\b', re.IGNORECASE)  # Cubot makes telephones

# Browsers by the name that comes first in this list, for nearly all call themselves by the names of others too.
FAMILIES = [(re.compile(pattern, re.IGNORECASE), name) for pattern, name in (
    (r'Edg(?:e|A|iOS)?/', 'Edge'), (r'OPR/|Opera', 'Opera'), (r'SamsungBrowser/', 'Samsung Internet'),
    (r'Vivaldi/', 'Vivaldi'), (r'YaBrowser/', 'Yandex'), (r'DuckDuckGo/', 'DuckDuckGo'),
    (r'Firefox/|FxiOS/|Focus/', 'Firefox'), (r'Chrome/|Chromium/|CriOS/', 'Chrome'), (r'Safari/', 'Safari'))]
PLATFORMS = [(re.compile(pattern, re.IGNORECASE), name) for pattern, name in (
    (r'Android', 'Android'), (r'iPhone|iPod', 'iPhone'), (r'iPad', 'iPad'), (r'Windows', 'Windows'),
    (r'Macintosh|Mac OS X', 'Mac'), (r'CrOS', 'ChromeOS'), (r'Linux|X11', 'Linux'))]
OTHER = 'other'


def family_of(agent: str) -> str:
    """Return the browser and the system that a User-Agent header names, such as "Firefox on Android". There are some
    eighty answers, so nobody becomes many people by changing it."""
    browser, platform = (next((name for pattern, name in known if pattern.search(agent)), OTHER)
                         for known in (FAMILIES, PLATFORMS))
    return f'{browser} on {platform}'


def is_browser(agent: str) -> bool:
    """Return whether a User-Agent header is a browser's, as far as it tells."""
    if CONTACT.search(agent) or PROGRAM.search(agent):
        return False
    return bool(SMALL_BROWSER.match(agent) or (BROWSER.match(agent) and not CrawlerDetect().is_crawler(agent)))
