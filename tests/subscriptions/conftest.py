"""Fixtures for tests of subscriptions."""

from tests.mail.conftest import inbox, working

__all__ = ["inbox", "working"]
