"""The findings of checks."""

from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """The severity: `SERIOUS` means that users are at risk, or something does not work."""

    OK = "ok"
    WARNING = "warning"
    SERIOUS = "serious"


class Finding(NamedTuple):
    """A finding.

    Args:
        severity: the severity.
        subject: the setting or part that it is about.
        text: the observation.
        hint: how to fix it.
    """

    severity: Severity
    subject: str
    text: str
    hint: str = ""


def ok(subject: str, text: str) -> Finding:
    """A check that passed."""
    return Finding(Severity.OK, subject, text)


def warning(subject: str, text: str, hint: str) -> Finding:
    """A possible problem."""
    return Finding(Severity.WARNING, subject, text, hint)


def serious(subject: str, text: str, hint: str) -> Finding:
    """A problem to fix before the site goes public."""
    return Finding(Severity.SERIOUS, subject, text, hint)
