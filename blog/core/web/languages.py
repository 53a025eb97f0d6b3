"""The language of each response.

Pages are in the language that the viewer has chosen with their account
(`blog.core.auth.identity`) or in this browser, else the one that the browser prefers, else that of
the site. Answers of the API are in the language that the client prefers, else in English. Feeds are
the same for everybody, in the language of the site.
"""

from datetime import timedelta
from functools import lru_cache

from quart import Response, request
from quart.typing import ResponseTypes
from werkzeug.datastructures import LanguageAccept
from werkzeug.http import parse_accept_header

from blog.core.i18n import SOURCE, current_language, set_language
from blog.core.i18n.templates import add_translations
from blog.core.web.app import Broadside, current_app
from blog.core.web.cookies import cookie_name, set_cookie
from blog.core.web.headers import vary_by
from blog.core.web.requests import is_for_api

# Browsers send less, and the results for a thousand headers are cached.
LONGEST_HEADER = 500
COOKIE, LIFE = "language", timedelta(days=400)
# Documents that programs fetch and store for all their users.
IN_LANGUAGE_OF_SITE = {
    "comment_feeds.of_post",
    "feeds.person",
    "feeds.site",
    "feeds.tag",
    "moderation_log.feed",
    "oembed.show",
    "search.description",
    "search_feeds.of_search",
}
# The media types whose texts depend on the language.
NEGOTIATED = {"text/html", "application/problem+json"}


@lru_cache(maxsize=1_000)
def best_match(accepted: str, offered: tuple[str, ...]) -> str | None:
    """The best of the offered languages for a header `Accept-Language` (RFC 9110, 12.5.4); `None`
    if it names none of them.

    A range is shortened until a language has it (RFC 4647, 3.4): `de-CH` is content with `de`.
    """
    # The best come first.
    ranges = [(tag.lower(), q) for tag, q in parse_accept_header(accepted, LanguageAccept)]
    refused = {tag for tag, quality in ranges if not quality}
    for accepted_range, quality in ranges:
        tag = accepted_range
        if tag == "*" and quality:
            return next((language for language in offered if language not in refused), None)
        while tag and quality:
            if tag in offered:
                return tag
            tag = tag.rpartition("-")[0]
    return None


def language_for(chosen: str | None) -> str:
    """The language for a person without a request, such as the recipient of an email.

    Args:
        chosen: `User.interface_language`, if they have an account.
    """
    offered = current_app.site.offered_languages
    return str(chosen) if chosen in offered else offered[0]


def choose_language(chosen: str | None) -> None:
    """Use the language that the viewer has chosen with their account, if it is offered."""
    if chosen in current_app.site.offered_languages:
        set_language(str(chosen))


def language_in_cookie() -> str | None:
    """The language that this browser has chosen, if it is offered."""
    chosen = request.cookies.get(cookie_name(COOKIE))
    return chosen if chosen in current_app.site.offered_languages else None


def remember_language(response: ResponseTypes, language: str) -> None:
    """Save a choice in a cookie, for as long as browsers keep cookies."""
    set_cookie(response, COOKIE, language, LIFE)


def requested_language() -> str | None:
    """The language that this request asks for, if the site offers it: by its cookie, or else by its
    header `Accept-Language`."""
    accepted = request.headers.get("Accept-Language", "")[:LONGEST_HEADER]
    cookie = None if is_for_api() else language_in_cookie()
    return cookie or best_match(accepted, current_app.site.offered_languages)


def language_of_newcomer() -> str | None:
    """The language of an account that this request creates: the requested one.

    It is `None`, which leaves the choice to the browser, if the site offers only one language.
    """
    return requested_language() if len(current_app.site.offered_languages) > 1 else None


async def negotiate() -> None:
    """Choose the language of a response, before the viewer is known."""
    offered = current_app.site.offered_languages
    default = offered[0]
    if is_for_api():
        set_language(requested_language() or SOURCE)
    elif len(offered) == 1 or request.endpoint in IN_LANGUAGE_OF_SITE:
        set_language(default)
    else:
        set_language(requested_language() or default)


async def add_language_headers(response: Response) -> Response:
    """Add the language of a page or a problem document, and that there are others."""
    if response.mimetype in NEGOTIATED:
        response.headers.setdefault("Content-Language", current_language())
        if len(current_app.site.offered_languages) > 1:
            vary_by(response, "Accept-Language")
    return response


def init_app(app: Broadside) -> None:
    """Register this first, so that all error pages are in the language of the visitor."""
    add_translations(app.jinja_env)
    app.before_request(negotiate)
    app.after_request(add_language_headers)
