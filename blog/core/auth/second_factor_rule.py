"""Whether moderators and administrators must have a second factor: a setting of the site.

Without one they only have the permissions of an ordinary user. So nobody is locked out: they log in
as before, and are led to the page where they set it up.
"""

from blog.core.auth.viewer import NO_PERMISSION
from blog.core.site_settings.values import SecondFactor
from blog.core.web.app import current_app
from blog.models import Permission, User

POWERS = Permission.MODERATE | Permission.ADMIN
# For each value of the setting: the permission whose holders need a second factor.
NEEDED_FOR = {
    SecondFactor.ADMINISTRATORS: Permission.ADMIN,
    SecondFactor.MODERATORS: Permission.MODERATE,
}


def withheld_from(account: User) -> Permission:
    """The permissions of a role that a user gets only with a second factor."""
    needed_for = NEEDED_FOR.get(current_app.site.require_second_factor)
    if needed_for is None or account.has_second_factor or not account.role.grants(needed_for):
        return NO_PERMISSION
    return POWERS
