"""All tables, by subject. (Those of the job queue are in jobs/, those of the throttle in throttle.py.)

Times are UTC without a zone. The tables themselves are made in migrations/, never from these classes.
"""

from .look import Card, FeaturedPost, PlacedImage
from .mail import Message, OutboxLeftover, Report, ReportedViews
from .media import MediaFile, PostFile, Upload
from .members import (
    Authenticator,
    BlockedDomain,
    Device,
    LoginStep,
    OldHandle,
    Passkey,
    RecoveryCode,
    Session,
    Token,
    UsedChallenge,
    User,
)
from .posts import (
    AuthorTotals,
    Autosave,
    CoAuthor,
    HiddenPost,
    OldSlug,
    OldTag,
    Post,
    PostTag,
    Review,
    Revision,
    Series,
    Tag,
    TextSize,
)
from .site import Content, Site, SiteSetting
from .stats import (
    ClientViews,
    DailyHosts,
    DailyReferrers,
    DailySalt,
    DailyTotals,
    DailyViews,
    DailyVisitor,
    DailyVisitorCount,
    KnownHost,
    RecentDay,
    RecentViews,
    SpoolOffset,
)
from .upkeep import AuditEntry, Erasure, Export, Finding, SetAside

SITE = [Site, SiteSetting, Content]
MEMBERS = [User, OldHandle, Device, Session, Token, Passkey, Authenticator, RecoveryCode, UsedChallenge, LoginStep,
           BlockedDomain]
POSTS = [Series, Post, CoAuthor, Tag, PostTag, OldSlug, OldTag, Revision, Autosave, AuthorTotals, TextSize,
         FeaturedPost, HiddenPost, Review]
MEDIA = [MediaFile, Upload, PostFile, PlacedImage, Card]
STATS = [DailyViews, DailyVisitorCount, DailyReferrers, DailyTotals, DailyHosts, RecentViews, RecentDay, KnownHost,
         DailyVisitor, ClientViews, DailySalt, SpoolOffset]
MAIL = [Message, OutboxLeftover, Report, ReportedViews]
UPKEEP = [Export, SetAside, Finding, AuditEntry, Erasure]
TABLES = [*SITE, *MEMBERS, *POSTS, *MEDIA, *STATS, *MAIL, *UPKEEP]
