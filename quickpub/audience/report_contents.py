"""Gather the contents of reports, in few statements for many authors."""

from collections import defaultdict
from datetime import datetime
from typing import NamedTuple

from peewee import JOIN, SQL

from ..db import among, db, rows
from ..models import CoAuthor, KnownHost, Post, Report, ReportedViews, User


class PostLine(NamedTuple):
    """One post in a report."""
    title: str
    slug: str
    id: int
    views: int  # in the period
    total: int
    before: int | None  # views in the last report; None if the post was in none

    @property
    def change(self) -> int | str:
        return 'new' if self.before is None else self.views - self.before


def _add_co_written(lines: dict[int, list[PostLine]], ids: SQL, at: datetime) -> None:
    """Add the posts of which these authors are co-authors, with what their own reports have told them."""
    views = Post.views - CoAuthor.reported_views
    shared = rows(CoAuthor.select(CoAuthor.user, Post.title, Post.slug, Post.id, views, Post.views, CoAuthor.last_views)
                  .join(Post).where(CoAuthor.user.in_(ids), Post.public_at(at)))
    for author, *columns in shared:
        lines[author].append(PostLine(*columns))
    for author in {author for author, *_ in shared}:
        lines[author].sort(key=lambda line: (line.views, line.total, line.id), reverse=True)


class ReportContents(NamedTuple):
    """The contents of reports, by author id."""
    lines: dict[int, list[PostLine]]  # public posts, most viewed in the period first
    hosts: dict[int, list[tuple[str, int]]]  # new referring hosts and their views, most first
    earlier: dict[int, tuple[datetime, int]]  # start and views of the period before

    @classmethod
    def gather(cls, users: list[User], at: datetime) -> 'ReportContents':
        """Return the contents of the reports that these authors would get at `at`."""
        ids = among([user.id for user in users])
        lines, hosts, views = defaultdict(list), defaultdict(list), Post.views - Post.reported_views
        for author, *columns in db.execute(
                Post.select(Post.author, Post.title, Post.slug, Post.id, views, Post.views, ReportedViews.views)
                .join(ReportedViews, JOIN.LEFT_OUTER).where(Post.author.in_(ids), Post.public_at(at))
                .order_by(views.desc(), Post.views.desc(), Post.id.desc())):
            lines[author].append(PostLine(*columns))
        _add_co_written(lines, ids, at)
        for author, *host in db.execute(
                KnownHost.select(KnownHost.author, KnownHost.host, KnownHost.views)
                .where(KnownHost.author.in_(ids), KnownHost.is_told == False)
                .order_by(KnownHost.views.desc(), KnownHost.host)):
            hosts[author].append(tuple(host))
        last = Report.select(Report.user, Report.period_start, Report.views).join(User).where(
            User.id.in_(ids), Report.period_end == User.reported_until)
        return cls(lines, hosts, {user_id: (start, count) for user_id, start, count in rows(last)})
