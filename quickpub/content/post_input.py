"""A post as an author submits it: by the editor, the API, an import or the demo."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self
from urllib.parse import urlsplit

from .. import text
from ..codes import Code, Rejected
from ..models import Post
from ..translations import languages
from . import series, tags

MAX_TITLE, MAX_SUMMARY, MAX_BODY, MAX_CANONICAL = 300, 500, 500_000, 500  # characters


@dataclass(frozen=True)
class PostInput:
    """The text and details of a post, before they are validated.

    An empty `slug` is made from the title. `part` is the number in the series, None for the last; `place` is a page's
    place in the navigation, None to leave it.
    """
    title: str = ''
    body: str = ''  # Markdown
    summary: str = ''
    tags: tuple[str, ...] = ()
    slug: str = ''
    language: str = ''  # that it is written in; '' is the site's
    canonical: str = ''
    series: str = ''
    part: int | None = None
    place: int | None = None

    @classmethod
    def from_form(cls, form: Mapping[str, str]) -> Self:
        """Return the input that a form holds; missing fields are empty. Raises Rejected for a part or a place that is
        no number."""
        name = form.get('series', '')
        return cls(
            **{field: form.get(field, '') for field in ('title', 'body', 'summary', 'slug', 'language', 'canonical')},
            tags=tags.split(form.get('tags', '')), series=name,
            part=series.parse_number(form.get('part', ''), 'part') if text.line(name, 1) else None,
            place=series.parse_number(form.get('place', ''), 'place'))

    def clean_text(self) -> dict[str, Any]:
        """Return the columns that are stored as submitted. Raises Rejected with the errors of all fields."""
        title, body = text.whole_line(self.title, MAX_TITLE), text.body(self.body)
        summary, canonical = text.whole_line(self.summary, MAX_SUMMARY), self.canonical.strip()
        errors: dict[str, Code] = {}
        if title == '' and not body.strip():
            errors['title'] = Code('post.empty')
        if title is None:
            errors['title'] = Code('title.too_long', count=MAX_TITLE)
        if summary is None:
            errors['summary'] = Code('summary.too_long', count=MAX_SUMMARY)
        if len(body) > MAX_BODY:
            errors['body'] = Code('body.too_long', length=len(body), limit=MAX_BODY)
        if canonical and not _is_web_address(canonical):
            errors['canonical'] = Code('canonical.not_web_address')
        if self.language and self.language not in languages.WRITTEN:
            errors['language'] = Code('language.unknown')
        if errors:
            raise Rejected.of(errors)
        return {'title': title, 'body': body, 'summary': summary, 'canonical': canonical,
                'language': self.language or None}


def _is_web_address(typed: str) -> bool:
    try:
        parts = urlsplit(typed)
    except ValueError:
        return False
    return (parts.scheme in ('http', 'https') and bool(parts.hostname) and len(typed) <= MAX_CANONICAL
            and typed == text.line(typed, MAX_CANONICAL + 1) and not set(typed) & set(' "<>\\^`{|}'))


def as_form(post: Post) -> dict[str, str]:
    """Return the form whose submission changes nothing."""
    return {'title': typed_title(post), 'summary': post.summary, 'tags': tags.as_line(post), 'body': post.body,
            'slug': post.slug, 'language': post.language or '', 'canonical': post.canonical,
            'series': post.series.name if post.series else '',
            'part': str(post.part or ''), 'place': str(post.place or '')}


def typed_title(post: Post) -> str:
    """Return the title that the author gave the post, or ''."""
    return post.title if post.is_titled else ''
