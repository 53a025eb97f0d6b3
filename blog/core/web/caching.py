"""Pages that a browser has already are not sent again (RFC 9110, 13 "Conditional Requests")."""

import hashlib
import re

from quart import Response, request, session

from blog.core.web import csrf
from blog.core.web.app import Broadside

# Differs each time, and means the same as long as the session's secret is the same.
CSRF_VALUE = re.compile(rb'name="' + csrf.FIELD.encode() + rb'" value="[^"]*"')


async def answer_conditionally(response: Response) -> Response:
    """Give a page a validator, and answer 304 where the browser has just that page.

    The validator is made of the page itself, after it was rendered: what somebody just wrote
    he always sees.
    """
    is_page = response.status_code == 200 and response.mimetype == "text/html"
    if not is_page or request.method not in {"GET", "HEAD"} or response.cache_control.no_store:
        return response
    page, secret = await response.get_data(as_text=False), session.get(csrf.FIELD, "")
    digest = hashlib.sha256(secret.encode())
    digest.update(CSRF_VALUE.sub(b"", page) if secret else page)
    response.set_etag(digest.hexdigest()[:32], weak=True)
    return await response.make_conditional(request)


def init_app(app: Broadside) -> None:
    app.after_request(answer_conditionally)
