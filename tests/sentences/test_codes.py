"""Codes are raised and stored by lower packages; each has a sentence, which names what the code gives."""

import ast
import re
from datetime import datetime
from pathlib import Path

import pytest

import quickpub
from quickpub import sentences
from quickpub.codes import Code, Period, Problem, Rejected
from quickpub.sentences import describe, make_sentence, make_sentences

PACKAGE = Path(quickpub.__file__).parent
EDGE = {'audit_log', 'cli', 'pages', 'wsgi', 'mail', 'sentences', 'templating', 'upkeep'}  # where words are made


def uses():
    """Yield (place, name of the code, names of its values or None) for each code in the package."""
    raising = {'Code', 'Rejected', *(kind.__name__ for kind in kinds(Problem))}
    for path in sorted(PACKAGE.rglob('*.py')):
        place = str(path.relative_to(PACKAGE))
        if place == 'codes.py':
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            called = getattr(node, 'func', None)
            if getattr(called, 'attr', getattr(called, 'id', '')) in raising and node.args \
                    and isinstance(node.args[0], ast.Constant) and isinstance(node.args[0].value, str):
                given = {each.arg for each in node.keywords} - {'field'}
                yield f'{place}:{node.lineno}', node.args[0].value, None if None in given else given


def kinds(kind):
    return {kind}.union(*(kinds(each) for each in kind.__subclasses__()))


def placeholders(message):
    return set(re.findall(r'%\((\w+)\)s', message))


def test_each_code_has_a_sentence_that_names_what_it_gives():
    used = list(uses())
    assert used and [use for use in used if not has_its_sentence(*use[1:])] == []


def has_its_sentence(name, given):
    """Return whether the code of this name has a sentence, with no other values than those given."""
    message = sentences.SENTENCES.get(name)
    return message is not None and (
        given is None or placeholders(message.message) | placeholders(message.many) <= given)


def test_no_two_modules_have_the_same_code():
    assert sum(len(module.SENTENCES) for module in sentences.MODULES) == len(sentences.SENTENCES)


def test_words_are_made_at_the_edge():
    for path in PACKAGE.rglob('*.py'):
        if path.relative_to(PACKAGE).parts[0].removesuffix('.py') not in EDGE:
            assert not re.search(r'import .*\bsentences\b|from \.+sentences', path.read_text()), path


def test_a_code_is_stored_and_read_again():
    code = Code('a.b', limit=3, at=datetime(2026, 1, 2, 3, 4), why=Code('c', name='“x”'), list=['a', Code('d')],
                period=Period(datetime(2026, 1, 2), datetime(2026, 1, 3), 'Europe/Berlin'))
    assert Code.from_json(code.to_json()) == code
    assert Code.from_json('') is None


@pytest.mark.parametrize('stored', [
    'A sentence of an older version.', '{}', '[]', '"x"', '3', '{"code": 1}', '{"at": 1}',
    '{"code": "x", "values": []}', '{"at": "2026-01-02T03:04:05"}'])
def test_a_sentence_that_was_stored_is_shown_as_it_is(stored):
    assert make_sentence(Code.from_json(stored)) == stored


def test_the_field_is_the_first_part_of_the_code():
    error = Rejected('tags.too_many', count=12)
    assert error.errors == {'tags': Code('tags.too_many', count=12)}
    assert Rejected(error.errors['tags'], field='x').errors == {'x': Code('tags.too_many', count=12)}
    assert Rejected.of({'x': Code('tags.empty'), 'y': Code('tags.empty')}).errors.keys() == {'x', 'y'}


def test_a_sentence_is_in_the_readers_language_and_time_zone(monkeypatch):
    from quickpub.translations.messages import N_
    monkeypatch.setitem(sentences.SENTENCES, 'x', N_('%(count)s: %(why)s: %(at)s: %(all)s.'))
    code = Code('x', count=1234, why=Code('tags.empty'), at=datetime(2026, 1, 2, 23, 30), all=['a', 'b'])
    assert make_sentence(code, 'Europe/Berlin') == \
        '1\u202f234: Type a tag first, such as gardening.: 3 January 2026, 00:30: a and b.'
    assert make_sentences({'x': Code('tags.empty')}) == {'x': 'Type a tag first, such as gardening.'}
    assert describe(Rejected('tags.empty')) == describe(Problem('tags.empty')) == 'Type a tag first, such as gardening.'
