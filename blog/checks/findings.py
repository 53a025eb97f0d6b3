"""What a check has found."""

from enum import StrEnum
from typing import NamedTuple


class Severity(StrEnum):
    """How much it matters: `SERIOUS` means that people are harmed, or something does not work."""

    OK = "ok"
    WARNING = "warning"
    SERIOUS = "serious"


class Finding(NamedTuple):
    """One thing that is well or not.

    Args:
        severity: how much it matters.
        subject: the setting or the part that it is about.
        text: what is the case.
        hint: what to do about it.
    """

    severity: Severity
    subject: str
    text: str
    hint: str = ""


def ok(subject: str, text: str) -> Finding:
    """Something that is well."""
    return Finding(Severity.OK, subject, text)


def warning(subject: str, text: str, hint: str) -> Finding:
    """Something to know of, and perhaps to mend."""
    return Finding(Severity.WARNING, subject, text, hint)


def serious(subject: str, text: str, hint: str) -> Finding:
    """A problem to fix before the site goes public."""
    return Finding(Severity.SERIOUS, subject, text, hint)
