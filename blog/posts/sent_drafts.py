"""Tells the browser which of the drafts that it keeps have reached the server.

Its scripts (`static/js/kept.js`) read that from a cookie on the next page that has a form with a
draft, and delete the cookie. A page could not tell them: its reader may leave it before any script
has run, and would find what they have published in the box again.
"""

from datetime import timedelta

from quart import after_this_request, request
from quart.typing import ResponseTypes

from blog.core.auth.identity import required_viewer
from blog.core.web.cookies import cookie_name, set_cookie

COOKIE = "sent_drafts"
LIFE = timedelta(days=30)
SEPARATOR = "|"
# Without scripts nobody deletes the cookie, and nothing is kept either.
MOST = 10


def forget_draft(name: str) -> None:
    """Make the browser forget a draft, because this request has stored or published it.

    Args:
        name: of the form, such as `edit:12`, without the account.
    """
    before = request.cookies.get(cookie_name(COOKIE), "").split(SEPARATOR)
    sent = [each for each in before if each][-MOST + 1 :]

    @after_this_request
    async def tell(response: ResponseTypes) -> ResponseTypes:
        names = SEPARATOR.join([*sent, f"{required_viewer().id}:{name}"])
        set_cookie(response, COOKIE, names, LIFE, for_scripts=True)
        return response
