"""Who reads and who fetches, by the user agents of real browsers and real programs."""

import pytest

from quickpub.audience import user_agents

MAC = 'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko)'
WINDOWS = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)'
ANDROID = 'Mozilla/5.0 (Linux; Android 14; SM-S918B) AppleWebKit/537.36 (KHTML, like Gecko)'
IPHONE = 'Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko)'
WEBVIEW = ('Mozilla/5.0 (Linux; Android 13; Pixel 7 Build/TQ3A; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 '
           'Chrome/126.0.6478.71 Mobile Safari/537.36')

BROWSERS = [
    f'{MAC} Version/17.5 Safari/605.1.15', f'{IPHONE} Version/17.5 Mobile/15E148 Safari/604.1',
    'Mozilla/5.0 (iPad; CPU OS 12_5_7 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/12.1.2 '
    'Mobile/15E148 Safari/604.1',
    f'{IPHONE} CriOS/126.0.6478.54 Mobile/15E148 Safari/604.1', f'{IPHONE} FxiOS/127.0 Mobile/15E148 Safari/605.1.15',
    f'{IPHONE} GSA/319.0.642 Mobile/15E148 Safari/604.1',
    'Mozilla/5.0 (Android 14; Mobile; rv:127.0) Gecko/127.0 Firefox/127.0',
    'Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0',
    'Mozilla/5.0 (X11; Ubuntu; Linux x86_64; rv:15.0) Gecko/20100101 Firefox/15.0.1',
    f'{WINDOWS} Chrome/126.0.0.0 Safari/537.36', f'{WINDOWS} Chrome/126.0.0.0 Safari/537.36 Edg/126.0.0.0',
    f'{WINDOWS} Chrome/126.0.0.0 Safari/537.36 OPR/112.0.0.0', f'{WINDOWS} Chrome/126.0.0.0 Safari/537.36 Vivaldi/6.8',
    f'{WINDOWS} Chrome/126.0.0.0 YaBrowser/24.6.0.0 Safari/537.36',
    f'{WINDOWS} Chrome/126.0.0.0 Electron/31.0 Safari/537.36',
    f'{ANDROID} SamsungBrowser/25.0 Chrome/121.0.0.0 Mobile Safari/537.36',
    f'{ANDROID} Chrome/126.0.0.0 Mobile Safari/537.36',
    f'{MAC} Version/17.5 Safari/605.1.15 Ddg/17.5', f'{ANDROID} Chrome/126.0.0.0 Mobile DuckDuckGo/5 Safari/537.36',
    'Mozilla/5.0 (Linux; U; Android 13; en-US; CPH2343) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 '
    'Chrome/100.0.4896.58 UCBrowser/13.5.0.1311 Mobile Safari/537.36',
    'Mozilla/5.0 (Linux; Android 11; CUBOT NOTE 20 PRO) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 '
    'Mobile '
    'Safari/537.36',
    f'{WEBVIEW} Instagram 334.0.0.42.95 Android (33/13; 420dpi; 1080x2205; Google/google; Pixel 7; panther; en_US)',
    f'{IPHONE} Mobile/15E148 Instagram 334.1.10.35.95 (iPhone14,5; iOS 17_5; en_US; en; scale=3.00; 1170x2532)',
    f'{IPHONE} Mobile/15E148 [FBAN/FBIOS;FBAV/467.1.0.42.96;FBDV/iPhone14,5;FBMD/iPhone;FBSN/iOS;FBLC/en_US]',
    f'{WEBVIEW} [FB_IAB/FB4A;FBAV/467.0.0.50.108;]', f'{IPHONE} Mobile/15E148 [LinkedInApp]/9.29.6458',
    f'{WEBVIEW} MMWEBID/6852 MicroMessenger/8.0.49.2600(0x28003133) WeChat/arm64 Weixin NetType/WIFI Language/zh_CN',
    f'{IPHONE} Mobile/15E148 Snapchat/12.92.0.33 (like Safari/8618.2.12.10.9, panda)',
    f'{IPHONE} Mobile/15E148 Twitter for iPhone/10.45',
    f'{IPHONE} Mobile/15E148 [Pinterest/iOS]', f'{WEBVIEW} musical_ly_2023500030 BytedanceWebview/d8a21c6',
    f'{WEBVIEW} Line/14.9.0/IAB', f'{IPHONE} Mobile/15E148 MicroMessenger/8.0.49(0x18003137) NetType/4G Language/en',
    'Mozilla/5.0 (X11; U; Linux armv7l like Android; en-us) AppleWebKit/531.2+ (KHTML, like Gecko) Version/5.0 '
    'Safari/533.2+ Kindle/3.0+', 'Mozilla/4.0 (compatible; Linux 2.6.22) NetFront/3.4 Kindle/2.0 (screen 600x800)',
    'Mozilla/5.0 (Linux; Android 9; KFMAWI) AppleWebKit/537.36 (KHTML, like Gecko) Silk/108.4.6 like Chrome/108 '
    'Safari/537.36',
    'Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) 76.0.3809.146/6.0 TV '
    'Safari/537.36',
    'Mozilla/5.0 (Web0S; Linux/SmartTV) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/94.0.4606.128 Safari/537.36 '
    'WebAppManager', 'Mozilla/5.0 (PlayStation; PlayStation 5/2.26) AppleWebKit/605.1.15 (KHTML, like Gecko) '
    'Version/13.0 Safari/605.1.15', 'Mozilla/5.0 (Nintendo 3DS; U; ; en) Version/1.7567.EU',
    'Mozilla/5.0 (Windows NT 10.0; WOW64; Trident/7.0; rv:11.0) like Gecko',
    'Mozilla/5.0 (compatible; MSIE 10.0; Windows NT 6.2; Trident/6.0)',
    'Mozilla/4.0 (compatible; MSIE 6.0; Windows NT 5.1)',
    'Mozilla/5.0 (compatible; Konqueror/4.14; Linux) KHTML/4.14.2 (like Gecko)',
    'Opera/9.80 (Windows NT 6.1; U; en) Presto/2.12.388 Version/12.18',
    'Opera/9.80 (J2ME/MIDP; Opera Mini/9.80/28.2051; U; en) Presto/2.8.119 Version/11.10',
    'Mozilla/5.0 (Mobile; Nokia 8000 4G; rv:48.0) Gecko/48.0 Firefox/48.0 KAIOS/2.5',
    'Mozilla/4.79 [en] (X11; U; Linux 2.4.7 i686)',
    'Mozilla/5.0 (X11; Linux x86_64; rv:6.7) Goanna/6.7 PaleMoon/33.1.1',
    'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Servo/0.0.1 Firefox/128.0',
    'Mozilla/5.0 (Linux; x86_64) LibWeb/1.0 Ladybird/1.0', 'Mozilla/5.0 (X11; Linux) NetSurf/3.11',
    'NetSurf/3.10 (Linux)',
    'Nokia6230/2.0 (04.44) Profile/MIDP-2.0 Configuration/CLDC-1.1', 'Dillo/3.1.0',
    'Lynx/2.9.2 libwww-FM/2.14 SSL-MM/1.4.1 OpenSSL/3.2.1', 'w3m/0.5.3+git20230121',
    'Links (2.29; Linux 6.8 x86_64; GNU C 13)',
    'ELinks/0.16.1 (textmode; Linux; 80x24-2)', 'ELinks (0.12pre6; Linux; 80x24)',
    'URL/Emacs Emacs/29.3 (X11; x86_64-pc-linux-gnu)']

PROGRAMS = [
    '', ' ', '-', 'undefined', 'Mozilla', 'Mozilla/5.0', 'Mozilla/4.0 (compatible;)', 'Mozilla/5.0 (compatible)',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/W.X.Y.Z Safari/537.36',
    'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120 Safari/537.36 ArchiveBox/0.7',
    # Link previews
    'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; Bluesky Cardyb/1.1; +mailto:support@bsky.app) '
    'Chrome/W.X.Y.Z Safari/537.36',
    'Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)', 'Slack-ImgProxy (+https://api.slack.com/robots)',
    'Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)', 'TelegramBot (like TwitterBot)',
    'WhatsApp/2.23.20.0 A', 'WhatsApp/2.2336.9 N',
    'facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)',
    'meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)', 'Twitterbot/1.0',
    'LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)',
    'http.rb/5.1.1 (Mastodon/4.2.1; +https://mastodon.social/) Bot',
    'Mastodon/4.3.0 (http.rb/5.2.0; +https://a.example/)',
    'Misskey/2024.5.0 (https://misskey.io)', 'Pleroma 2.6.0; https://pleroma.example <a@pleroma.example>',
    'Iframely/1.3.1 (+https://iframely.com/docs/about)',
    'Mozilla/5.0 (compatible; Embedly/0.2; +http://support.embed.ly/)',
    'Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5 skype-url-preview@microsoft.com',
    f'{ANDROID} Chrome/59.0 Mobile Safari/537.36 (compatible; Google-Read-Aloud; '
    '+https://support.google.com/webmasters)',
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 '
    'Safari/601.2.4 '
    'facebookexternalhit/1.1 Facebot Twitterbot/1.0', 'Synapse (bot; +https://github.com/matrix-org/synapse)',
    'Signal-Desktop/7.0', 'Viber', 'Snap URL Preview Service; bot; snapchat; https://developers.snap.com/robots',
    'Mozilla/5.0 (compatible; redditbot/1.0; +http://www.reddit.com/feedback)', 'Zulip URL preview',
    'Notion/1.0 LinkPreview',
    f'{WINDOWS} Chrome/126.0.0.0 Safari/537.36 SomeCard/1.0 (+mailto:cards@example.net)',
    f'{WINDOWS} Chrome/126.0.0.0 Safari/537.36 (compatible; NobodyKnowsMe/1.0)',
    # Programs
    'node', 'node-fetch/1.0', 'Bun/1.1.0', 'Deno/1.40.0', 'undici', 'axios/1.6.2',
    'got (https://github.com/sindresorhus/got)',
    'Go-http-client/2.0', 'okhttp/4.12.0', 'python-httpx/0.27.0', 'python-requests/2.32.3', 'Python-urllib/3.12',
    'Python/3.11 aiohttp/3.9.1', 'Java/17.0.9', 'Java-http-client/21', 'Apache-HttpClient/4.5.14 (Java/17)',
    'libwww-perl/6.72',
    'Ruby', 'Faraday v2.9.0', 'PHP/8.2', 'GuzzleHttp/7', 'curl/8.5.0', 'Wget/1.21.4', 'PostmanRuntime/7.36.0',
    'Dart/3.2 (dart:io)', 'reqwest/0.11', 'hyper/1.0', 'Dalvik/2.1.0 (Linux; U; Android 13; Pixel 7 Build/TQ3A)',
    'MyApp/1 CFNetwork/1490.0.4 Darwin/23.2.0', 'insomnia/9.2', 'HTTPie/3.2', 'Scrapy/2.11 (+https://scrapy.org)',
    'Mozilla/5.0 (Windows NT; Windows NT 10.0; en-US) WindowsPowerShell/5.1.19041',
    'WordPress/6.5; https://blog.example',
    f'{WINDOWS} HeadlessChrome/126.0.0.0 Safari/537.36',
    'Mozilla/5.0 (linux) AppleWebKit/537.36 (KHTML, like Gecko) jsdom/22.1.0',
    'Mozilla/5.0 (Unknown; Linux x86_64) AppleWebKit/538.1 (KHTML, like Gecko) PhantomJS/2.1.1 Safari/538.1',
    f'{MAC} Chrome/126.0.0.0 Safari/537.36 Chrome-Lighthouse', f'{WINDOWS} Chrome/126.0.0.0 Safari/537.36 PTST/240601',
    # Monitors, feed readers, archives, AI and search
    'Mozilla/5.0+(compatible; UptimeRobot/2.0; http://www.uptimerobot.com/)', 'Uptime-Kuma/1.23.11',
    'Blackbox Exporter/0.25',
    'Better Uptime Bot Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_6) AppleWebKit/537.36 (KHTML, like Gecko) '
    'Chrome/99 '
    'Safari/537.36', f'{WINDOWS} Chrome/126.0.0.0 Safari/537.36 DatadogSynthetics', 'Pingdom.com_bot_version_1.4',
    'Mozilla/5.0 (compatible; Miniflux/2.1.3; +https://miniflux.app)', 'FreshRSS/1.24.1 (Linux; https://freshrss.org)',
    'NetNewsWire (RSS Reader; https://netnewswire.com/)',
    'Feedly/1.0 (+http://www.feedly.com/fetcher.html; 3 subscribers)',
    'Feedbin feed-id:1 - 2 subscribers', 'Tiny Tiny RSS/24.06 (https://tt-rss.org/)', 'newsboat/2.35', 'Inoreader/1.0',
    'Mozilla/5.0 (compatible; archive.org_bot +http://archive.org/details/archive.org_bot)', 'ia_archiver',
    'ArchiveBox/0.7.2',
    'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.2; +https://openai.com/gptbot)',
    'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ChatGPT-User/1.0; +https://openai.com/bot)',
    'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)',
    'CCBot/2.0',
    'Mozilla/5.0 (Linux; Android 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Mobile Safari/537.36 (compatible; '
    'Bytespider; '
    'spider-feedback@bytedance.com)',
    f'{MAC} Version/17.4 Safari/605.1.15 (Applebot/0.1; +http://www.apple.com/go/applebot)',
    'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
    'Mozilla/5.0 (compatible; bingbot/2.0)',
    'Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm) '
    'Chrome/116.0.1938.76 Safari/537.36', 'Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)']


@pytest.mark.parametrize('agent', BROWSERS)
def test_a_browser_is_a_reader(agent):
    assert user_agents.is_browser(agent)


@pytest.mark.parametrize('agent', PROGRAMS)
def test_a_program_is_none(agent):
    assert not user_agents.is_browser(agent)
