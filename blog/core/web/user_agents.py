"""Device names from the `User-Agent` header."""

from blog.core.i18n import gettext as _

UNKNOWN_DEVICE = "Unknown device"

# The order matters: most browsers also claim to be those further down.
BROWSERS = {
    "Edg/": "Edge",
    "EdgA/": "Edge",
    "EdgiOS/": "Edge",
    "OPR/": "Opera",
    "SamsungBrowser/": "Samsung Internet",
    "Vivaldi/": "Vivaldi",
    "FxiOS/": "Firefox",
    "Firefox/": "Firefox",
    "CriOS/": "Chrome",
    "Chromium/": "Chromium",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
    "curl/": "curl",
}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "CrOS": "ChromeOS",
    "Macintosh": "macOS",
    "Linux": "Linux",
    "FreeBSD": "FreeBSD",
}


def device_name(user_agent: str | None) -> str:
    """A name such as "Firefox on Linux", in English, to be stored.

    Args:
        user_agent: the header as it was sent. It may be forged, so the name is shown to the user
            only and decides nothing.
    """
    text = user_agent or ""
    browser = next((name for mark, name in BROWSERS.items() if mark in text), None)
    system = next((name for mark, name in SYSTEMS.items() if mark in text), None)
    if browser and system:
        return f"{browser} on {system}"
    return browser or system or UNKNOWN_DEVICE


def device_in_words(name: str) -> str:
    """A stored `device_name` in the current language."""
    if name == UNKNOWN_DEVICE:
        return _("Unknown device")
    browser, on, system = name.partition(" on ")
    return _("%(browser)s on %(system)s", browser=browser, system=system) if on else name
