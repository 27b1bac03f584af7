"""The reasons why an email was not sent."""

from ..codes import Code


class Undelivered(Exception):
    """An email was not sent. `answer` says why: the words of the mail server, or a code."""

    def __init__(self, answer: Code | str):
        super().__init__(answer)
        self.answer = answer


class Refused(Undelivered):
    """The server will never take this email. `is_address`: because of its recipient."""

    def __init__(self, answer: Code | str, is_address: bool):
        super().__init__(answer)
        self.is_address = is_address


class NotYet(Undelivered):
    """The server does not take this email now; the next one may be sent over the same connection."""


class Lost(Undelivered):
    """There is no connection, or no longer: the current email may have been taken or not."""


class HungUp(Lost):
    """The conversation ended, or is of no use, before the server got more of this email than its recipient."""
