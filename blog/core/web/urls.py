"""Absolute URLs for mails."""

from urllib.parse import urlsplit

from quart import current_app


def external_url(endpoint: str, **values: object) -> str:
    """The absolute URL of a page, for a mail.

    It starts with `BASE_URL`, whatever the Host header of the request: a forged one would send
    users, with their tokens, to another site.
    """
    base = urlsplit(current_app.config["BASE_URL"])
    adapter = current_app.url_map.bind(base.netloc, base.path or "/", url_scheme=base.scheme)
    return adapter.build(endpoint, values, force_external=True)
