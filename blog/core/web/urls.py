"""Addresses of pages for people who are not on the site at the moment."""

from urllib.parse import urlsplit

from quart import current_app


def external_url(endpoint: str, **values: object) -> str:
    """The full address of a page, for a mail.

    It begins with the configured `BASE_URL`, whatever host the current request named: else
    a forged Host header would send people to another site with a token in their hands.
    """
    base = urlsplit(current_app.config["BASE_URL"])
    adapter = current_app.url_map.bind(base.netloc, base.path or "/", url_scheme=base.scheme)
    return adapter.build(endpoint, values, force_external=True)
