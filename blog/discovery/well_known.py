"""Well-known URIs (RFC 8615)."""

from datetime import timedelta

from quart import Blueprint, Response, redirect, url_for
from quart.typing import ResponseReturnValue

from blog.core.clock import now
from blog.core.errors import NotFoundError
from blog.core.web.app import current_app

blueprint = Blueprint("well_known_uris", __name__, url_prefix="/.well-known")

# An expired file must not be trusted; this one is generated for each request.
VALID_FOR = timedelta(days=180)


@blueprint.get("/security.txt")
async def security() -> Response:
    """Tell where to report a vulnerability (RFC 9116)."""
    contact = current_app.settings.security_contact
    if contact is None:
        raise NotFoundError
    expires = (now() + VALID_FOR).replace(hour=0, minute=0, second=0, microsecond=0)
    lines = [
        f"Contact: {contact if '://' in contact else f'mailto:{contact}'}",
        f"Expires: {expires.isoformat()}",
        "Preferred-Languages: en",
        f"Canonical: {url_for('well_known_uris.security', _external=True)}",
    ]
    return Response("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@blueprint.get("/change-password")
async def change_password() -> ResponseReturnValue:
    """Redirect password managers (W3C, "A Well-Known URL for Changing Passwords")."""
    return redirect(url_for("passwords.change_form"))
