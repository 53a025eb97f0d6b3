"""Whether moderators and administrators must have a second factor, which is a setting of the site.

One who has none can do what an ordinary user can, so nobody is locked out: they log in as before,
and are led to where they set it up.
"""

from blog.core.auth.viewer import NO_PERMISSION
from blog.core.site_settings.values import SecondFactor
from blog.core.web.app import current_app
from blog.models import Permission, User

POWERS = Permission.MODERATE | Permission.ADMIN
# By the setting: who needs a second factor, by a permission of their role.
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
