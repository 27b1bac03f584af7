"""The text that all sides publish, so that nobody's page is shorter."""

SENTENCES = [
    'The reading room opens at nine, and the first who comes lights the stove.',
    'Whoever borrows a book writes the day on a card, and whoever brings it back crosses it out again.',
    'In a wet spring the cards swell, and the drawer has to be opened by two.',
    'We counted them once: four hundred and twelve, of which thirty had no name that anybody could read.',
    'Nobody has ever been asked to pay for a lost book, but a good many have brought another one instead.',
    'What is missed most is the almanac of 1931, with the tide tables and the prices of rope.',
]


def paragraphs(count):
    """So many paragraphs as HTML, each a little different."""
    return '\n'.join(f'<p>Note {number}. {" ".join(SENTENCES[number % 6:] + SENTENCES[:number % 6])}</p>'
                     for number in range(1, count + 1))


NORMAL = paragraphs(12)
LARGE = paragraphs(900)
