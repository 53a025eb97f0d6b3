"""Users of each kind."""

from tests.moderation.conftest import comment, david, davids_browser, moderators_browser, post

__all__ = ["comment", "david", "davids_browser", "moderators_browser", "post"]
