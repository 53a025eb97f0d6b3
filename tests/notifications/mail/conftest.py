"""Fixtures for tests of notifications by mail."""

from tests.mail.conftest import inbox, working

__all__ = ["inbox", "working"]
