"""Forms that two people may have open at once. Each field goes with a hidden one that has the value which was shown."""

from collections.abc import Mapping

from ..codes import Code
from ..sentences import make_sentence
from .forms import sent_fields

SHOWN = 'shown_'  # before the name of a field


def typed_shown(*names: str) -> dict[str, str]:
    """Return the values that these fields had when the form was opened, as far as the request says."""
    sent = sent_fields()
    return {name: sent[SHOWN + name] for name in names if SHOWN + name in sent}


def untouched_as_stored(typed: Mapping[str, str], shown: Mapping[str, str], stored: Mapping[str, str]
                        ) -> dict[str, str]:
    """Return what was typed, with what is stored now in the fields that were left as they were shown."""
    return {name: stored.get(name, value) if shown.get(name) == value else value for name, value in typed.items()}


def describe_conflicts(conflicts: Mapping[str, str]) -> dict[str, str]:
    """Return the sentence for each field that somebody else has changed, too. `conflicts` has their values, in words.
    """
    return {name: make_sentence(Code('setting.changed_meanwhile', value=value)) for name, value in conflicts.items()}
