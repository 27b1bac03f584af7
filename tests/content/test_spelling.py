"""Words that are spelled alike."""

from itertools import islice, permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sites import ended_if_it_hangs

from quickpub.content import spelling

WORDS = st.text('abcä日', max_size=7)


@pytest.mark.parametrize(('first', 'second', 'edits'), [
    ('bean', 'bean', 0), ('bean', 'beans', 1), ('bean', 'ban', 1), ('bean', 'bear', 1), ('bean', 'baen', 1),
    ('bean', 'naeb', 3), ('abcdef', 'badcfe', 3), ('', 'bean', 4), ('ca', 'abc', 3)])
def test_the_distance_is_the_number_of_edits(first, second, edits):
    assert spelling.distance(first, second, 9) == spelling.distance(second, first, 9) == edits
    if edits:  # more than the limit: one more than the limit
        assert spelling.distance(first, second, edits - 1) == edits


@given(WORDS, st.lists(WORDS), st.integers(0, 3))
def test_no_similar_word_is_left_out(word, known, most):
    exact = [(spelling.distance(word, other, 20), other) for other in known]
    assert spelling.similar(word, known, most) == sorted((edits, other) for edits, other in exact if edits <= most)


def test_hostile_words_cost_little():
    """Many words of the same letters have to be compared exactly."""
    known = [''.join(letters) for letters in islice(permutations('abcdefghijklmnopqrstuvwx'), 20_000)]
    with ended_if_it_hangs():
        assert spelling.similar(known[0], known, 3)[0] == (0, known[0])
        assert spelling.similar('a' * 10_000, ['a' * 10_000], 3) == []
