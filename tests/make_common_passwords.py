"""Write quickpub/wordlists/common_passwords.txt from the zxcvbn package, with its licence: `make common-passwords`."""

from importlib.metadata import distribution

from quickpub.accounts import password_strength

SHORTEST = 8  # shorter ones count only within longer passwords, which are none of them


def words():
    """Return the package's list of leaked passwords, the most frequent first, without the short ones."""
    from zxcvbn.frequency_lists import FREQUENCY_LISTS
    return [word for word in FREQUENCY_LISTS['passwords'] if len(word) >= SHORTEST]


def licence():
    """Return the package's licence."""
    return distribution('zxcvbn').read_text('LICENSE.txt')


if __name__ == '__main__':
    password_strength.COMMON.write_text('\n'.join(words()) + '\n', 'utf-8')
    password_strength.COMMON.with_name('LICENSE').write_text(licence(), 'utf-8')
