"""The log: one line for each event, on standard error, for people and for journald.

Log lines quote what strangers have typed (a path, a mail server's answer). So nothing in them can begin another line
or control the terminal, and links that let somebody in are hidden.
"""

import logging
import re
from typing import Any

from .signing import redact

SHOWS_LINKS = {'shows_links': True}  # `extra` of a line whose link is meant for readers of the log

# Ends of lines, controls of terminals and of the direction of text.
_CONTROLS = re.compile('[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]')


def escape(text: str) -> str:
    """Return the text with control characters written as their codes, such as `\\n`."""
    return _CONTROLS.sub(lambda found: found[0].encode('unicode_escape').decode(), text)


class LineFormatter(logging.Formatter):
    """Format the time, with its offset from UTC, and the message on one line. Indent the lines of a traceback."""

    def __init__(self) -> None:
        super().__init__('%(asctime)s %(message)s', '%Y-%m-%d %H:%M:%S%z')

    def format(self, record: logging.LogRecord) -> str:
        record.exc_text = None  # another handler may have left its own
        return super().format(record)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - the name is logging's
        line = super().formatMessage(record)
        return escape(line if getattr(record, 'shows_links', False) else redact(line))

    def formatException(self, ei: Any) -> str:  # noqa: N802 - the name is logging's
        return _indent(super().formatException(ei))

    def formatStack(self, stack_info: str) -> str:  # noqa: N802 - the name is logging's
        return _indent(super().formatStack(stack_info))


def _indent(lines: str) -> str:
    return '\n'.join(f'    {escape(redact(line))}' for line in lines.split('\n'))


def log_to_console() -> None:
    """Log to standard error, one line for each event. Leave alone loggers that have a handler already."""
    for name, level in (('quickpub', logging.INFO), ('huey', logging.WARNING)):
        logger = logging.getLogger(name)
        if not logger.handlers:
            handler = logging.StreamHandler()
            handler.setFormatter(LineFormatter())
            logger.addHandler(handler)
            logger.setLevel(level)
            logger.propagate = False
