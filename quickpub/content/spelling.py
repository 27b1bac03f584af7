"""Find known words that are spelled like a given one."""

from collections.abc import Iterable

LONGEST = 24  # characters of a word that is compared
COMPARED = 1000  # known words that are compared exactly, so that hostile texts cost little time


def similar(word: str, known: Iterable[str], most: int) -> list[tuple[int, str]]:
    """Return (distance, word) for known words that are at most `most` edits from this one, nearest first.

    Only the `COMPARED` words with the most letters in common are compared, and no words longer than `LONGEST`.
    """
    if len(word) > LONGEST:
        return []
    letters = set(word)
    candidates = []
    for other in known:
        different = len(letters.symmetric_difference(other))
        if different <= 2 * most and abs(len(other) - len(word)) <= most:  # an edit changes two at most
            candidates.append((different, other))
    near = ((distance(word, other, most), other) for _, other in sorted(candidates)[:COMPARED])
    return sorted((edits, other) for edits, other in near if edits <= most)


def distance(first: str, second: str, most: int) -> int:
    """Return how many edits lead from one word to the other, or `most` + 1 if they are more.

    An edit inserts, deletes or replaces a letter, or swaps two neighbours (optimal string alignment).
    """
    too_many = most + 1
    row, above = [min(j, too_many) for j in range(len(second) + 1)], [too_many] * (len(second) + 1)
    for i, letter in enumerate(first, 1):
        before, above, row = above, row, [too_many] * (len(second) + 1)
        row[0] = min(i, too_many)
        for j in range(max(1, i - most), min(len(second), i + most) + 1):  # elsewhere too many are missing
            cost = min(above[j] + 1, row[j - 1] + 1, above[j - 1] + (letter != second[j - 1]), too_many)
            if i > 1 and j > 1 and letter == second[j - 2] and first[i - 2] == second[j - 1]:
                cost = min(cost, before[j - 2] + 1)
            row[j] = cost
        if min(row) == too_many:
            break
    return row[-1]
