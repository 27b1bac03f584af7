"""Describe pages for search engines and other programs: JSON-LD in the words of schema.org."""

import json
from typing import Any

from markupsafe import Markup

from .. import dates
from ..look import bios
from ..models import Post, Site, Tag, User
from .urls import absolute

# In a script element, only these could end it or begin a comment (HTML, 4.12.1.3); JSON may escape any character.
ESCAPES = {ord(each): f'\\u{ord(each):04x}' for each in '<>&\u2028\u2029'}

Node = dict[str, Any]


def describe_post(post: Post, site: Site, tags: list[Tag], image: str | None, portrait: str | None) -> Markup:
    """Describe a post or a page; `image` and `portrait` are URLs."""
    page = absolute(post.path)
    node: Node = {
        '@type': 'WebPage' if post.is_page else 'BlogPosting', '@id': page, 'url': page, 'headline': post.title,
        'description': post.excerpt, 'inLanguage': post.language or site.language, 'wordCount': post.words,
        'dateModified': dates.iso(post.updated_at), 'isPartOf': _site(site), 'image': image}
    if post.is_page:
        return _write([node])
    assert post.published_at is not None
    node |= {'datePublished': dates.iso(post.published_at), 'author': _list_persons(post, portrait),
             'mainEntityOfPage': post.canonical or page, 'keywords': [tag.name for tag in tags]}
    return _write([node, _trail(site, (post.author.name, post.author.path), (post.title, post.path))])


def _list_persons(post: Post, portrait: str | None) -> Node | list[Node]:
    """Return the author of a post, or a list of several; `portrait` is the first one's."""
    persons = [_person(post.author, portrait), *(_person(author, None) for author in post.co_authors)]
    return persons if post.co_authors else persons[0]


def describe_site(site: Site, image: str | None) -> Markup:
    """Describe the site, on its front page."""
    search = {'@type': 'SearchAction', 'query-input': 'required name=words',
              'target': {'@type': 'EntryPoint', 'urlTemplate': absolute('/search?q={words}')}}
    return _write([_site(site) | {'description': site.tagline, 'inLanguage': site.language, 'image': image,
                                  'potentialAction': search}])


def describe_author(author: User, site: Site, portrait: str | None) -> Markup:
    """Describe an author, on their page."""
    person = _person(author, portrait) | {
        'description': bios.plain(author.bio, site.language),
        'sameAs': [link for link in author.links.split() if not link.startswith('mailto:')]}
    return _write([{'@type': 'ProfilePage', 'url': absolute(author.path), 'isPartOf': _site(site),
                    'mainEntity': _filled(person)}, _trail(site, (author.name, author.path))])


def describe_tag(tag: Tag, site: Site) -> Markup:
    """Describe the page of a tag."""
    return _write([{'@type': 'CollectionPage', 'url': absolute(tag.path), 'name': tag.name, 'isPartOf': _site(site)},
                   _trail(site, (tag.name, tag.path))])


def _site(site: Site) -> Node:
    return {'@type': 'WebSite', '@id': absolute('/#site'), 'url': absolute('/'), 'name': site.title}


def _person(author: User, portrait: str | None) -> Node:
    return _filled({'@type': 'Person', '@id': absolute(f'{author.path}#person'), 'name': author.name,
                    'url': absolute(author.path), 'image': portrait})


def _trail(site: Site, *steps: tuple[str, str]) -> Node:
    """Return the way from the front page to a page, as (name, path)."""
    return {'@type': 'BreadcrumbList', 'itemListElement': [
        {'@type': 'ListItem', 'position': number, 'name': name, 'item': absolute(path)}
        for number, (name, path) in enumerate([(site.title, '/'), *steps], 1)]}


def _filled(node: Node) -> Node:
    return {name: value for name, value in node.items() if value not in (None, '', [])}


def _write(nodes: list[Node]) -> Markup:
    found = {'@context': 'https://schema.org', '@graph': [_filled(node) for node in nodes]}
    return Markup(json.dumps(found, ensure_ascii=False).translate(ESCAPES))  # noqa: S704  # nothing in it ends a script
