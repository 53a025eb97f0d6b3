"""Tell the browser which of its stored drafts have reached the server.

A script (`static/js/kept.js`) reads this from a cookie on the next page that has a form with a
draft, and deletes the cookie. The page itself couldn't tell: its reader may leave it before any
script has run, and would find the text they have published in the form again.
"""

from datetime import timedelta

from quart import after_this_request, request
from quart.typing import ResponseTypes

from blog.core.auth.identity import required_viewer
from blog.core.web.cookies import cookie_name, set_cookie

COOKIE = "sent_drafts"
LIFE = timedelta(days=30)
SEPARATOR = "|"
# Without scripts the cookie is never deleted, but no drafts are stored either.
MOST = 10


def forget_draft(name: str) -> None:
    """Make the browser forget a draft, because this request has stored or published it.

    Args:
        name: the name of the form, such as `edit:12`, without the account.
    """
    earlier = request.cookies.get(cookie_name(COOKIE), "").split(SEPARATOR)
    sent = [each for each in earlier if each][-MOST + 1 :]

    @after_this_request
    async def set_sent_cookie(response: ResponseTypes) -> ResponseTypes:
        names = SEPARATOR.join([*sent, f"{required_viewer().id}:{name}"])
        set_cookie(response, COOKIE, names, LIFE, for_scripts=True)
        return response
