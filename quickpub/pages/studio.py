"""An author's list of posts, with actions on several at once, and the trash."""

from collections.abc import Callable
from contextlib import nullcontext

from bottle import request, response

from ..audience import calendar, counting, stats, totals
from ..codes import Rejected
from ..content import authorship, autosave, post_lists, publishing, reviews, search, tags, trash
from ..db import db, now
from ..models import Post, User
from ..permissions import Permission
from ..sentences import describe
from ..wsgi.actions import Answer, find_action
from ..wsgi.forms import Form, all_typed, number, typed
from ..wsgi.pagination import paginate
from ..wsgi.permissions import login_required, permission_required
from ..wsgi.responses import not_found, redirect, render
from ..wsgi.urls import with_query

PER_LIST = 50
MAX_HANDLE = 100  # characters
POSTS, PAGES = '/studio', '/studio/pages'
FILTERS = {  # field -> its choices; the first one is the default
    'state': ('', 'draft', 'scheduled', 'published'),
    'sort': ('', 'views'),
    'whose': ('', 'mine', 'all')}  # for those who may edit all; by default theirs, or everybody's while they have none
# What is done to each selected post, and the notice.
ACTIONS: dict[str, tuple[Callable[[User, Post, Form], None], str]] = {
    'unpublish': (lambda user, post, form: publishing.unpublish(post, now()), 'some-offline'),
    'delete': (lambda user, post, form: trash.move_to_trash(post, now()), 'some-trashed'),
    'restore': (lambda user, post, form: reviews.restore(user, post, now()), 'some-restored'),
    'tag': (lambda user, post, form: tags.add(post, form['tag'], now()), 'some-tagged')}


@login_required
def show_posts(user: User) -> Answer:
    """Show the user's posts; with the permission everybody's, if asked for."""
    return _render(user, _read_filters())


@permission_required(Permission.MANAGE_PAGES)
def show_pages(user: User) -> Answer:
    """Show the pages of the site."""
    return _render(user, _read_filters(), path=PAGES)


def _read_filters() -> dict[str, str]:
    return _clean_filters(lambda name: request.query.getunicode(name, ''))


@login_required
def update_posts(user: User) -> Answer:
    """Do one thing to all selected posts, or to none of them."""
    return _update(user, POSTS)


@permission_required(Permission.MANAGE_PAGES)
def update_pages(user: User) -> Answer:
    """Do one thing to all selected pages, or to none of them."""
    return _update(user, PAGES)


def _update(user: User, path: str) -> Answer:
    form = typed(*FILTERS, 'author', 'q', 'tag', 'action')
    filters = _clean_filters(form.__getitem__)
    act, notice = find_action(ACTIONS, form['action'])
    selected = {number(each) or 0 for each in all_typed('post')}
    if not selected:
        return redirect(with_query(path, **filters), 'none-ticked')
    found = post_lists.find_editable(user, selected)[:PER_LIST]
    if len(found) < len(selected):
        return not_found()
    try:
        with db.atomic():
            for post in found:
                if form['action'] in ('delete', 'restore'):
                    authorship.check_may_trash(user, post)
                act(user, post, form)
    except Rejected as error:
        return _render(user, filters, form['tag'], describe(error), path)
    undo = '.'.join(str(post.id) for post in found) if form['action'] == 'delete' else ''
    return redirect(with_query(path, **filters, undo=undo), notice)


def _clean_filters(read: Callable[[str], str]) -> dict[str, str]:
    """Return the filters that a form or a query string sets; unknown choices count as the default."""
    filters = {name: read(name) if read(name) in choices else '' for name, choices in FILTERS.items()}
    return filters | {'author': read('author')[:MAX_HANDLE], 'q': read('q')[:100].strip()}


def _render(user: User, filters: dict[str, str], tag: str = '', problem: str | None = None,
            path: str = POSTS) -> Answer:
    counting.count_if_possible()
    if problem:
        response.status = 400
    at, is_of_pages, undo = now(), path == PAGES, _read_undo()
    may_see_all = user.may(Permission.EDIT_ALL) and not is_of_pages
    author = User.get_or_none(User.handle == filters['author']) if may_see_all and filters['author'] else None
    filters['author'] = author.handle if author else ''
    is_everybodys = bool(author) or post_lists.is_everybodys(user, filters['whose'])
    query, by = post_lists.select(user, at, state=filters['state'], words=filters['q'], author=author,
                                  is_everybodys=is_everybodys, is_by_views=bool(filters['sort']),
                                  is_of_pages=is_of_pages)
    with search.run_in_turn(user.id) if filters['q'] else nullcontext():
        found, older, _ = paginate(query, with_query(path, **filters), PER_LIST, by, Post.seen_by(user))
    listed = post_lists.load(post.id for post in found)
    choices = {name: FILTERS[name] for name in (('state',) if is_of_pages else ('state', 'sort'))}
    return render('studio.html', posts=[listed[post.id] for post in found], older=older, now=at,
                  total_views=0 if is_everybodys else totals.count_views_of(user),
                  recent=stats.recent_views(listed, calendar.site_day(at)),
                  trash_count=post_lists.trashed_posts(user).count(), asked=filters,
                  path=path, is_of_pages=is_of_pages, is_everybodys=is_everybodys, reviews=reviews.find(listed),
                  counts=post_lists.count_posts(user) if may_see_all else None, most=post_lists.MOST_COUNTED,
                  authors=post_lists.list_authors() if may_see_all and is_everybodys else [],
                  is_filtered=any(filters.values()), filters=choices, tag=tag, problem=problem,
                  undo=post_lists.find_in_trash(user, undo) if undo else [], is_verified=user.is_verified,
                  unsaved=autosave.of(user, None))


def _read_undo() -> list[int | None]:
    """Return the ids of the posts that were just moved to the trash, from the query string."""
    return [number(each) for each in request.query.getunicode('undo', '').split('.')[:PER_LIST] if each]


@login_required
def show_trash(user: User) -> Answer:
    """Show the posts in the trash."""
    query, by = post_lists.select_trash(user)
    found, older, _ = paginate(query, '/studio/trash', PER_LIST, by, Post.seen_by(user))
    held = {each: review for each, review in reviews.find(post.id for post in found).items() if review.is_held}
    restorable = {post.id for post in found if authorship.may_change_authors(user, post)
                  and (post.id not in held or reviews.may_release(user, post))}
    return render('trash.html', posts=found, older=older, held=held, restorable=restorable,
                  kept_days=trash.KEPT_IN_TRASH.days)
