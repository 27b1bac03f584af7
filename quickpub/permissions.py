"""The roles of members, and the permissions of each. Everything else asks for a permission, not for a role.

`User.may` answers for one member, the conditions in models/posts.py for queries, wsgi/permissions.py for pages.
"""

from enum import StrEnum

OWNER, EDITOR, AUTHOR, CONTRIBUTOR = 'owner', 'editor', 'author', 'contributor'


class Permission(StrEnum):
    """Something that not every member may do. All members write drafts, and see their own posts and stats."""
    PUBLISH = 'publish'  # and schedule and share their own posts, and change published ones
    EDIT_ALL = 'edit_all'  # publish, unpublish, hold, trash and restore posts of all members, and see their stats
    FEATURE = 'feature'  # and pin posts to the home page
    MANAGE_PAGES = 'manage_pages'  # write the pages of the site
    MANAGE_SITE = 'manage_site'  # members, invitations, settings and the look; emails, jobs and the audit log


PERMISSIONS: dict[str, frozenset[Permission]] = {  # by role, the most powerful first
    OWNER: frozenset(Permission),
    EDITOR: frozenset({Permission.PUBLISH, Permission.EDIT_ALL, Permission.FEATURE}),
    AUTHOR: frozenset({Permission.PUBLISH}),
    CONTRIBUTOR: frozenset(),
}
ROLES = tuple(PERMISSIONS)
INVITABLE = (EDITOR, AUTHOR, CONTRIBUTOR)  # by a link, which may reach somebody else: owners are made by owners
FOR_NEW_MEMBERS = (AUTHOR, CONTRIBUTOR)  # at sign-up


def is_allowed(role: str, is_confirmed: bool, permission: str) -> bool:
    """Return whether a member with this role may do something. Raises ValueError for a name that is no permission.

    An editor without a confirmed email address gets at no post of others. (Publishing needs one too, but says so.)
    """
    permission = Permission(permission)
    return permission in PERMISSIONS[role] and (is_confirmed or role == OWNER or permission is Permission.PUBLISH)


def roles_with(permission: Permission) -> list[str]:
    """Return the roles that have a permission."""
    return [role for role, allowed in PERMISSIONS.items() if permission in allowed]
