"""The layouts of the front page that an owner can choose from."""

LAYOUTS = ('magazine', 'list', 'letters')
DEFAULT = 'magazine'


def find_layout(name: str) -> str:
    """Return the layout with this name; the default one where another version has stored a name that is unknown."""
    return name if name in LAYOUTS else DEFAULT
