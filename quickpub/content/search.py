"""Full-text search in published posts. Triggers keep the index (migration 9), which has drafts too: each search asks
what is published.

Everything that is typed is a valid query: each word is quoted for the index, so that it is text and no syntax. Words
are compared folded (folding.py), and marked in the original text.
"""

import json
import re
from collections.abc import Hashable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate, count
from typing import Any

from markupsafe import Markup, escape
from peewee import SQL, Field, Select, fn

from .. import text
from ..codes import Code
from ..db import among, db, let_others_write, rows, time_limit
from ..gates import Gate
from ..markup import excerpts, folding
from ..models import Post
from . import spelling

MAX_TYPED, MAX_WORDS = 200, 12  # characters, words
FOUND = 200  # posts shown at most, on several pages
WEIGHED = 1000  # the newest posts with all the words, of which the best come first
WEIGHTS = 8, 5, 3, 1, 4  # a word in title, tags, summary, text, author
NEWNESS = 0.3  # how much more a post of today weighs than a very old one
MIN_BEGINNING = 3  # bytes of the last word that may be the beginning of a longer one
MAX_GUESSED, MAX_ALIKE = 2, 20_000  # words that may be misspelt, words of the index that each is compared with
MERGED = 200  # pages of the index that are merged in one transaction
PASSAGE, BEFORE, MAX_SHOWN = 240, 60, 100_000  # characters: shown, before the first word found, looked through

SECONDS = 3.0  # of processor time for one search; with 100,000 posts the slowest take a tenth
GATE = Gate(at_once=2, waiting=28, patience=3, busy=Code('busy.search'))

STRETCH = re.compile(r'(?s).{1,500}[^ ]* *')  # of a text, cut between two words
PART = re.compile(r'"([^"]*)"?|([^\s"]+)')


def contains(column: Field, typed: str) -> Any:
    """Return the condition that a short column contains this text, compared like words in search."""
    return fn.FOLD(column).contains(folding.fold(typed))


@contextmanager
def run_in_turn(who: Hashable = None) -> Iterator[None]:
    """Let a few searches run at a time, each for a limited time, inside of this block. For `who` see
    gates.Gate.entered. Raises Busy or TooMuch."""
    with GATE.entered(who), time_limit(SECONDS):
        yield


@dataclass(frozen=True)
class Query:
    """The phrases that a post must have, all of them."""
    typed: str
    phrases: tuple[str, ...]  # words and "phrases", as typed
    is_open: bool  # the last one may be the beginning of a word

    @classmethod
    def of(cls, typed: str) -> 'Query':
        typed = text.line(typed[:10 * MAX_TYPED], MAX_TYPED)
        parts = [match for match in PART.finditer(typed) if folding.words(match[0])][:MAX_WORDS]
        last = parts[-1] if parts else None
        is_open = last is not None and last[2] is not None and len(folding.words(last[2])[-1].encode()) >= MIN_BEGINNING
        return cls(typed, tuple(match[1] or match[2] for match in parts), is_open)

    def _each(self) -> Iterable[tuple[str, bool]]:
        """Return each phrase, and whether it is open."""
        for number, phrase in enumerate(self.phrases, 1):
            yield phrase, self.is_open and number == len(self.phrases)

    @property
    def match(self) -> str:
        """Return the query in the syntax of FTS5."""
        return ' '.join(folding.query(phrase, is_open) for phrase, is_open in self._each())

    def exchanged(self, better: dict[str, str]) -> 'Query':
        """Return the query with other words."""
        def exchange(match: re.Match) -> str:
            return better.get(match[0], match[0])
        return Query.of(PART.sub(exchange, self.typed))

    def pattern(self) -> re.Pattern[str]:
        """Return the pattern that finds any of the phrases in a folded text."""
        found = [folding.pattern(phrase, is_open) for phrase, is_open in self._each()]
        return re.compile('|'.join(sorted(found, key=len, reverse=True)) or '(?!)')


def find_posts(query: Query, at: datetime) -> list[int]:
    """Return the ids of published posts that match, the best first; one more than FOUND if there are more."""
    if not query.phrases:
        return []
    newness = NEWNESS / (1 + (fn.JULIANDAY(at) - fn.JULIANDAY(Post.published_at)) / 365)
    near = _public_with(query.match, at).order_by(SQL('rowid DESC')).limit(WEIGHED).alias('near')
    posts = (Post.select(Post.id).join(near, on=Post.id == near.c.id)
             .order_by(near.c.score * (1 + newness), Post.id.desc()))  # scores are below zero, the best lowest
    return [id for (id,) in rows(posts.limit(FOUND + 1))]


def _public_with(match: str, at: datetime) -> Any:
    """Return the query of id and score of each published post that matches."""
    return (Select([SQL('search')], [SQL('rowid AS id'), fn.BM25(SQL('search'), *WEIGHTS).alias('score')])
            .where(SQL('search MATCH ?', [match]), fn.EXISTS(
                Post.select(Post.id).where(Post.id == SQL('search.rowid'), Post.public_at(at)))))


def suggest_query(query: Query, at: datetime) -> Query | None:
    """Return the query that may have been meant if nothing was found, or None: words that no published post has are
    replaced by the most similar ones that one has. A word of a hidden post is never offered, and hides no other."""
    guesses: dict[str, str] = {}
    for phrase in query.phrases:
        words = folding.words(phrase)
        if len(guesses) < MAX_GUESSED and len(words) == 1 and not folding.IS_UNSPACED.match(words[0]) \
                and not _is_known(words[0], at) and (guess := _alike(words[0], at)):
            guesses[phrase] = guess
    guessed = query.exchanged(guesses)
    return guessed if guesses and find_posts(guessed, at) else None


def _is_known(word: str, at: datetime) -> bool:
    return bool(rows(_public_with(folding.query(word, False), at).bind(db).limit(1)))


def _alike(word: str, at: datetime) -> str | None:
    """Return the word of a published post that is most similar and begins with the same letter; of several the one that
    most posts have. The index has scheduled posts too; they are not counted."""
    most = 1 if len(word) < 5 else 2 if len(word) < 9 else 3  # letters that are wrong, missing, too many or exchanged
    known = dict(db.execute_sql(
        'SELECT term, doc FROM search_word WHERE term >= ? AND term < ? AND length(term) BETWEEN ? AND ? LIMIT ?',
        (word[0], word[0] + '\U0010ffff', len(word) - most, len(word) + most, MAX_ALIKE)))
    near = spelling.similar(word, known, most)
    hidden = [id for (id,) in rows(Post.select(Post.id).where(Post.published_at > at, Post.deleted_at.is_null()))]
    public = {term: known[term] - _count_among(hidden, term) for _, term in near}
    found = sorted((distance, -public[term], term) for distance, term in near if public[term] > 0)
    return found[0][2] if found else None


def _count_among(ids: list[int], term: str) -> int:
    """Return how many of these posts have this word."""
    if not ids:
        return 0
    found = db.execute_sql('SELECT count(*) FROM search WHERE search MATCH ? AND rowid IN (SELECT value FROM '
                           'json_each(?))', (folding.query(term, False), json.dumps(ids)))
    return found.fetchone()[0]


def forget_deleted_words(steps: int | None = None) -> bool:
    """Remove the words of deleted posts from the index, which only marks them until its parts are merged. It takes at
    most `steps` small transactions. Return whether all of it is done."""
    pages = -MERGED  # below zero: begin to merge all parts
    for _ in count() if steps is None else range(steps):
        if not _has_several_parts():
            return True
        with db.atomic():
            before = db.connection().total_changes
            db.execute_sql("INSERT INTO search (search, rank) VALUES ('merge', ?)", (pages,))
            if db.connection().total_changes - before < 2:  # sqlite.org/fts5.html: there was nothing left to do
                return True
        pages = MERGED
        let_others_write()
    return not _has_several_parts()


def _has_several_parts() -> bool:
    """Return whether the index has more than one part. Its table holds the pages of each under numbers of 37 bits."""
    first, last = db.execute_sql('SELECT (SELECT min(id) FROM search_data WHERE id > 10) >> 37, '
                                 '(SELECT max(id) FROM search_data WHERE id > 10) >> 37').fetchone()
    return first != last


def load_results(query: Query, ids: list[int], at: datetime) -> list[Any]:
    """Return these posts in this order, each with `heading` and `passage`, in which the matches are marked."""
    pattern = query.pattern()
    posts = {post.id: post for post in Post.listed(at).select_extend(Post.html).where(Post.id.in_(among(ids)))}
    Post.load_co_authors(posts.values())
    for post in posts.values():
        post.heading = mark_matches(post.title, pattern)
        post.passage = cut_passage(excerpts.shown(post.html[:MAX_SHOWN]), post.excerpt, pattern)
    return [posts[id] for id in ids if id in posts]


def cut_passage(whole: str, otherwise: str, pattern: re.Pattern[str]) -> Markup:
    """Return the passage of a text around the first match, or `otherwise` if there is none."""
    whole = excerpts.in_one_line(whole)
    first = _place(STRETCH.findall(whole), pattern)
    if first is None:
        return mark_matches(otherwise, pattern)
    start = whole.find(' ', max(first - BEFORE, 0), first) + 1 if first > BEFORE else 0
    passage = text.shorten(whole[start:start + 2 * PASSAGE], PASSAGE)
    return ('… ' if start else Markup()) + mark_matches(passage, pattern)


def _place(stretches: list[str], pattern: re.Pattern[str]) -> int | None:
    """Return where in a text, cut into these stretches, the first match is. Mapping folded letters to their places is
    slow, so it is done for one stretch only."""
    folded = [folding.fold(each) for each in stretches]
    match = pattern.search(''.join(folded))
    if match is None:
        return None
    number = next(number for number, end in enumerate(accumulate(map(len, folded))) if end > match.start())
    return sum(map(len, stretches[:number])) + folding.place(
        stretches[number], match.start() - sum(map(len, folded[:number])))


def mark_matches(plain: str, pattern: re.Pattern[str]) -> Markup:
    """Return the text as HTML with the matches marked: escaped text, and tags that are made here."""
    return Markup().join(_marked(plain, folding.spans(plain, pattern)))


def _marked(plain: str, spans: Iterable[tuple[int, int]]) -> Iterable[Markup]:
    last = 0
    for start, end in spans:
        yield escape(plain[last:start])
        yield Markup('<mark>{}</mark>').format(plain[start:end])
        last = end
    yield escape(plain[last:])
