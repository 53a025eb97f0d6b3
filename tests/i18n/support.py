"""Sites of several languages."""

from blog.core.i18n import catalogs
from blog.core.web.app import Broadside


class Marked(catalogs.NullTranslations):
    """A translation for tests: each text with the name of its language."""

    def __init__(self, language: str) -> None:
        super().__init__()
        self._language = language

    def gettext(self, message: str) -> str:
        return f"[{self._language}] {message}"

    def pgettext(self, context: str, message: str) -> str:
        return self.gettext(message)


def offer(app: Broadside, version: int, *languages: str) -> None:
    """Bring languages of the site into force."""
    keeper = app.site_settings
    keeper.apply(keeper.defaults.with_stored(version, {"languages": languages}))
