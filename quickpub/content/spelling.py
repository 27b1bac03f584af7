"""Find known words that are spelled like a given one."""

from collections.abc import Iterable


def similar(word: str, known: Iterable[str], most: int) -> list[tuple[int, str]]:
    """Return (distance, word) for each known word that is at most `most` edits from this one, in the given order."""
    letters = set(word)
    # A replaced letter changes two members of the set, and no edit changes more: most words need no exact comparison.
    alike = (other for other in known
             if abs(len(other) - len(word)) <= most and len(letters.symmetric_difference(other)) <= 2 * most)
    return [(edits, other) for other in alike if (edits := distance(word, other, most)) <= most]


def distance(first: str, second: str, most: int) -> int:
    """Return how many edits lead from one word to the other, or `most` + 1 if they are more.

    An edit inserts, deletes or replaces a letter, or swaps two neighbours (optimal string alignment).
    """
    before: list[int] = []
    row = list(range(len(second) + 1))
    for i, letter in enumerate(first, 1):
        above, row, before_that = row, [i], before
        for j, other in enumerate(second, 1):
            cost = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (letter != other))
            if i > 1 and j > 1 and letter == second[j - 2] and first[i - 2] == other:
                cost = min(cost, before_that[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
        before = above
    return min(row[-1], most + 1)
