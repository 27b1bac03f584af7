"""Full-text search over what is public. Triggers keep the index (migration 7); who may see what, is asked
when searching.

Whatever is typed is a valid question: each word goes to the index in quotes, where it is text and no syntax.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from markupsafe import Markup, escape
from peewee import SQL, Select, fn
from rapidfuzz import process
from rapidfuzz.distance import OSA

from . import text
from .db import among, db, rows
from .models import Post, User

MAX_TYPED, MAX_WORDS = 200, 12  # characters, words
FOUND = 200  # posts shown at most, on several pages
WEIGHED = 1000  # the newest posts with all the words, of which the best come first
LOOKED_THROUGH = 10_000  # the newest posts, for words of scripts without spaces: the index knows no words of those
WEIGHTS = 8, 5, 3, 1, 4  # a word in title, tags, summary, text, author
NEWNESS = 0.3  # how much more a post of today weighs than a very old one
MIN_BEGINNING = 3  # bytes of the last word that may be the beginning of a longer one: one syllable of Korean
MAX_GUESSED, MAX_ALIKE = 2, 20_000  # words that may be misspelt, words of the index that each is compared with
PASSAGE, BEFORE, MAX_SHOWN = 240, 60, 100_000  # characters: shown, before the first word found, looked through

WITHOUT_SPACES = '\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\ua4cf\uf900-\ufaff\U00020000-\U0003ffff'
SPACELESS = re.compile(f'[{WITHOUT_SPACES}]')
PART = re.compile(r'"([^"]*)"?|([^\s"]+)')


def _bare(code: int) -> str:
    """The letter without its accent, small; always one character, so that places stay the same."""
    return (unicodedata.normalize('NFD', chr(code))[0].lower() or chr(code))[0]


BARE = {code: small for code in range(0x3000) if (small := _bare(code)) != chr(code)}


@db.func('bare', 1, deterministic=True)
def bare(text: str) -> str:
    """In small letters without accents, each in its place; a function of SQL too."""
    return text.translate(BARE)


@dataclass(frozen=True)
class Query:
    """What somebody looks for. All of it must be in a post."""
    typed: str
    phrases: tuple[str, ...]  # words and "phrases", as typed
    is_open: bool  # the last one may be the beginning of a word

    @classmethod
    def of(cls, typed: str) -> 'Query':
        typed = text.line(typed[:10 * MAX_TYPED], MAX_TYPED)
        parts = [match for match in PART.finditer(typed) if _words(match[0])][:MAX_WORDS]
        last = parts[-1] if parts else None
        is_open = last is not None and last[2] is not None and len(_words(last[2])[-1].encode()) >= MIN_BEGINNING
        return cls(typed, tuple(match[1] or match[2] for match in parts), is_open)

    @property
    def indexed(self) -> list[str]:
        return [phrase for phrase in self.phrases if not SPACELESS.search(phrase)]

    @property
    def spaceless(self) -> list[str]:
        return [phrase for phrase in self.phrases if SPACELESS.search(phrase)]

    @property
    def match(self) -> str:
        """In the language of FTS5, where a quoted text is cut into words and looked for as a phrase."""
        quoted = ' '.join(f'"{phrase}"' for phrase in self.indexed)
        return quoted + ' *' if self.is_open and self.phrases[-1] in self.indexed else quoted

    def exchanged(self, better: dict[str, str]) -> 'Query':
        """The same with other words."""
        def exchange(match: re.Match) -> str:
            return better.get(match[0], match[0])
        return Query.of(PART.sub(exchange, self.typed))

    def pattern(self) -> re.Pattern[str]:
        """Finds any of the words in a text of bare letters."""
        found = []
        for phrase in self.phrases:
            words = r'[\W_]+'.join(map(re.escape, _words(bare(phrase))))
            is_open = self.is_open and phrase is self.phrases[-1]
            found.append(words if SPACELESS.search(phrase) else
                         rf'(?<![^\W_]){words}' + (r'[^\W_]*' if is_open else r'(?![^\W_])'))
        return re.compile('|'.join(sorted(found, key=len, reverse=True)))


def _words(phrase: str) -> list[str]:
    return re.findall(r'[^\W_]+', phrase)


def found(query: Query, at: datetime) -> list[int]:
    """The ids of posts that are public now and have all of it, the best first; one more than FOUND where there are
    more."""
    if not query.phrases:
        return []
    newness = NEWNESS / (1 + (fn.JULIANDAY(at) - fn.JULIANDAY(Post.published_at)) / 365)
    if query.indexed:
        near = (Select([SQL('search')], [SQL('rowid AS id'), fn.BM25(SQL('search'), *WEIGHTS).alias('score')])
                .where(SQL('search MATCH ?', [query.match]), fn.EXISTS(
                    Post.select(Post.id).where(Post.id == SQL('search.rowid'), Post.public_at(at))))
                .order_by(SQL('rowid DESC')).limit(WEIGHED).alias('near'))
        order = [near.c.score * (1 + newness)]  # scores are below zero, the best lowest
    else:
        near = (Post.select(Post.id).where(Post.public_at(at)).order_by(Post.published_at.desc(), Post.id.desc())
                .limit(LOOKED_THROUGH).alias('near'))
        order = [~Post.title.contains(each) for each in query.spaceless] + [Post.published_at.desc()]
    posts = Post.select(Post.id).join(near, on=Post.id == near.c.id).switch(Post).join(User).where(Post.public_at(at))
    for each in query.spaceless:
        posts = posts.where(Post.title.contains(each) | Post.summary.contains(each) | Post.html.contains(each)
                            | User.name.contains(each))
    return [id for (id,) in rows(posts.order_by(*order, Post.id.desc()).limit(FOUND + 1))]


def better(query: Query, at: datetime) -> Query | None:
    """What may have been meant where nothing was found: words that no post has are exchanged for the most alike. Only
    what finds something public is offered, so no word of a hidden post comes out."""
    guesses: dict[str, str] = {}
    for phrase in query.indexed:
        words = _words(phrase)
        if len(guesses) < MAX_GUESSED and len(words) == 1 and not _is_known(words[0]) and (guess := _alike(words[0])):
            guesses[phrase] = guess
    guessed = query.exchanged(guesses)
    return guessed if guesses and found(guessed, at) else None


def _is_known(word: str) -> bool:
    return db.execute_sql('SELECT 1 FROM search WHERE search MATCH ? LIMIT 1', (f'"{word}"',)).fetchone() is not None


def _alike(word: str) -> str | None:
    """The word of the index that is most like this one and begins with the same letter; of several the most used."""
    word = bare(word)
    most = 1 if len(word) < 5 else 2 if len(word) < 9 else 3  # letters that are wrong, missing, too many or exchanged
    known = dict(db.execute_sql(
        'SELECT term, doc FROM search_word WHERE term >= ? AND term < ? AND length(term) BETWEEN ? AND ? LIMIT ?',
        (word[0], word[0] + '\U0010ffff', len(word) - most, len(word) + most, MAX_ALIKE)))
    near = process.extract(word, list(known), scorer=OSA.distance, score_cutoff=most, limit=20)
    return min(near, key=lambda each: (each[1], -known[each[0]]))[0] if near else None


def shown(query: Query, ids: list[int], at: datetime) -> list[Any]:
    """These posts in this order, each with `heading` and `passage`: what was found in it is marked."""
    pattern = query.pattern()
    posts = {post.id: post for post in Post.listed(at).select_extend(Post.html).where(Post.id.in_(among(ids)))}
    for post in posts.values():
        post.heading = marked(post.title, pattern)
        post.passage = passage(text.plain(post.html[:MAX_SHOWN]), post.excerpt, pattern)
    return [posts[id] for id in ids if id in posts]


def passage(whole: str, otherwise: str, pattern: re.Pattern[str]) -> Markup:
    """The place of a text where a word is found first; `otherwise` where none is."""
    whole = whole.replace('\n', ' ')
    first = pattern.search(bare(whole))
    if first is None:
        return marked(otherwise, pattern)
    start = whole.find(' ', max(first.start() - BEFORE, 0), first.start()) + 1 if first.start() > BEFORE else 0
    return ('… ' if start else Markup()) + marked(text.shorten(whole[start:start + 2 * PASSAGE], PASSAGE), pattern)


def marked(plain: str, pattern: re.Pattern[str]) -> Markup:
    """The text as HTML with what is found in it marked. Only here a tag is made, around text that is escaped."""
    return Markup().join(_marked(plain, pattern.finditer(bare(plain))))


def _marked(plain: str, matches: Iterable[re.Match[str]]) -> Iterable[Markup]:
    end = 0
    for match in matches:
        yield escape(plain[end:match.start()])
        yield Markup('<mark>{}</mark>').format(plain[match.start():match.end()])
        end = match.end()
    yield escape(plain[end:])
