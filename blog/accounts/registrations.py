"""How often accounts may be made from one place, by the page and by the API together."""

from blog.web.app import current_app
from blog.web.rate_limits import Quota, requesting_address

QUOTA = Quota("registrations", 20, 3600)


async def count_registration() -> None:
    """Count the current request, before the password is hashed and a mail goes out.

    Raises:
        TooManyRequestsError: there were too many from this network address.
    """
    await current_app.rate_limits.spend(QUOTA, requesting_address())
