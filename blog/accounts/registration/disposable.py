"""Refusing email addresses of disposable mail services."""

import idna
from disposable_email_domains import blocklist

from blog.core.errors import InvalidFieldsError
from blog.core.i18n import lazy_gettext
from blog.core.site_settings.values import SiteSettings

IS_DISPOSABLE = lazy_gettext(
    "Please use an address that you'll keep. This one is from a disposable mail service."
)


def refuse_disposable(email: str, site: SiteSettings) -> None:
    """Refuse an address if its domain, or a parent of it, is on the list or in the settings.

    Args:
        email: a valid address.

    Raises:
        InvalidFieldsError: it is disposable.
    """
    if not site.refuse_disposable and not site.refused_email_domains:
        return
    domains = _with_parents(email.rpartition("@")[2])
    if any(domain in site.allowed_email_domains for domain in domains):
        return
    is_known = site.refuse_disposable and not blocklist.isdisjoint(domains)
    if is_known or any(domain in site.refused_email_domains for domain in domains):
        raise InvalidFieldsError({"email": IS_DISPOSABLE})


def _with_parents(domain: str) -> list[str]:
    """A domain and its parent domains, in ASCII, without the top-level domain."""
    name = domain if domain.isascii() else idna.encode(domain, uts46=True).decode()
    parts = name.lower().split(".")
    return [".".join(parts[start:]) for start in range(max(1, len(parts) - 1))]
