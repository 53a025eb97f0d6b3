"""Fixtures for tests of languages."""

from collections.abc import Iterator

import pytest

from blog.core.i18n import catalogs
from blog.core.web.app import Broadside
from tests.admin.conftest import root, roots_browser
from tests.i18n.support import Marked, offer

__all__ = ["root", "roots_browser"]


@pytest.fixture
def site_in_three(app: Broadside, monkeypatch: pytest.MonkeyPatch) -> Iterator[Broadside]:
    """A site that offers English, German and Arabic, whatever their catalogs have."""
    for module in ("texts", "templates"):
        monkeypatch.setattr(
            f"blog.core.i18n.{module}.translations",
            lambda language: catalogs.NullTranslations() if language == "en" else Marked(language),
        )
    offer(app, 1, "en", "de", "ar")
    yield app
    app.site_settings.apply(app.site_settings.defaults)
