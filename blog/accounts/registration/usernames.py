"""Reserved and confusable usernames.

A username appears in URLs and next to everything its owner writes. So it must not appear to speak
for the site, or be mistaken for another user's.
"""

import re
from collections.abc import Iterable
from urllib.parse import urlsplit

from werkzeug.routing import Map

from blog.core.i18n import lazy_gettext

RESERVED_MESSAGE = lazy_gettext("This username is reserved. Please choose another one.")
# Roles of a site and of its mail server (RFC 2142), and placeholders.
ROLES = {
    "abuse", "account", "accounts", "admin", "administration", "administrator", "all", "anonymous",
    "billing", "bot", "broadside", "contact", "everybody", "everyone", "feedback", "help",
    "helpdesk", "hostmaster", "info", "legal", "mailer.daemon", "me", "mod", "moderator",
    "moderators", "mods", "news", "nobody", "noreply", "no.reply", "null", "official", "operator",
    "owner", "postmaster", "press", "privacy", "root", "sales", "security", "staff", "support",
    "sysadmin", "system", "team", "undefined", "user", "users", "webmaster", "www",
}  # fmt: skip
# Confusable characters, after lower-casing (Unicode Technical Standard 39, 4).
_ALIKE = str.maketrans("01i.", "oll_")


def fold(username: str) -> str:
    """The skeleton of a username, equal for confusable ones such as `R0bin.` and `robin`.

    A unique index on it (`users.username_fold`) refuses the second of them.
    """
    folded = username.lower().translate(_ALIKE).replace("rn", "m").replace("vv", "w")
    return re.sub("_+", "_", folded).strip("_")


def reserved(site_name: str, base_url: str, routes: Map) -> frozenset[str]:
    """The folded names that are reserved.

    Args:
        site_name: the name of the site.
        base_url: its URL; the labels of its host are reserved too.
        routes: their first path segments are reserved, in case profiles ever move to the root.
    """
    hosts = (urlsplit(base_url).hostname or "").split(".")
    parts = {rule.rule.split("/")[1].partition(".")[0] for rule in routes.iter_rules()}
    return frozenset(map(fold, {*ROLES, *hosts, *parts, *_spellings(site_name)} - {""}))


def _spellings(site_name: str) -> Iterable[str]:
    """The ways to write the name of the site in a username."""
    words = re.findall(r"[a-z0-9]+", site_name.lower())
    return {"".join(words), "_".join(words)}
