"""The buttons of a form: each sends its name in the field `action`."""

from collections.abc import Mapping
from typing import TypeVar

from bottle import HTTPError, HTTPResponse

from ..translations.messages import gettext

Answer = str | HTTPResponse | HTTPError  # what a page function returns
Action = TypeVar('Action')


class UnknownAction(HTTPError):
    """The form names a button that its page does not have."""

    def __init__(self) -> None:
        self.sentence = gettext('Nothing was changed. Please use one of the buttons on this page.')
        super().__init__(400, self.sentence)


def find_action(actions: Mapping[str, Action], name: str) -> Action:
    """Return the action of the button that was pressed. Raises UnknownAction, a 400 page that says so."""
    if name not in actions:
        raise UnknownAction
    return actions[name]
