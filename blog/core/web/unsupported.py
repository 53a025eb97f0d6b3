"""Refuse features of HTTP that are not supported."""

from quart import Quart, Response, request

from blog.core.i18n import lazy_gettext
from blog.core.web.errors import error_response

NO_WEBSOCKETS = "WebSockets aren't supported here.\n"
NOT_ENCODED = lazy_gettext("Please send the body uncompressed, without Content-Encoding.")


async def refuse_websocket() -> Response | None:
    """Refuse a WebSocket handshake (RFC 6455, 4.2.2)."""
    if "websocket" not in request.headers.get("Upgrade", "").lower():
        return None
    return Response(NO_WEBSOCKETS, 400, mimetype="text/plain")


async def refuse_encoded_body() -> Response | None:
    """Answer 415 to a compressed body, with `Accept-Encoding` (RFC 9110, 15.5.16)."""
    if request.headers.get("Content-Encoding", "identity").lower() == "identity":
        return None
    response = await error_response(415, NOT_ENCODED)
    response.headers["Accept-Encoding"] = "identity"
    return response


def init_app(app: Quart) -> None:
    app.before_request(refuse_websocket)
    app.before_request(refuse_encoded_body)
