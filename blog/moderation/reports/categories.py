"""The categories of reports: the rules of the site, spam, or something else."""

import re
from typing import NamedTuple

from blog.core.errors import InvalidFieldsError
from blog.core.i18n import gettext as _
from blog.core.i18n import isolate, lazy_gettext
from blog.core.web.app import current_app
from blog.models import Report
from blog.moderation.rules import Snapshot, snapshot_of

SPAM, OTHER = "spam", "other"
LABELS = {SPAM: lazy_gettext("Spam"), OTHER: lazy_gettext("Something else")}
PATTERN = "^(spam|other|[1-9][0-9]{0,3})$"
CHOOSE = lazy_gettext("Choose what's wrong.")


class Category(NamedTuple):
    """A category of reports.

    Attributes:
        key: `spam`, `other`, or the number of a rule.
        rule: a snapshot of the rule.
    """

    key: str
    rule: Snapshot | None = None


def choices() -> list[tuple[str, str]]:
    """The categories to choose from with their labels, the rules of the site first."""
    rules = current_app.site.numbered_rules
    return [
        *(
            (str(rule.number), isolate(f"{rule.number}. {rule.title}"))
            for rule in rules
            if rule.number
        ),
        *((key, str(label)) for key, label in LABELS.items()),
    ]


def find_category(key: str) -> Category:
    """Find the category with this key.

    Raises:
        InvalidFieldsError: the rule no longer exists.
    """
    if key in LABELS:
        return Category(key)
    try:
        return Category(key, snapshot_of(int(key)))
    except InvalidFieldsError as error:
        raise InvalidFieldsError({"category": error.errors["rule"]}) from None


def validate_key(key: str) -> str:
    """Return `key` if it is the key of a category.

    Raises:
        ValueError: it is not.
    """
    if not re.fullmatch(PATTERN, key):
        raise ValueError(CHOOSE)
    return key


def category_label(report: Report) -> str:
    """The label of the category of a report on pages."""
    if report.rule:
        return _(
            "Rule %(number)s: %(text)s", number=report.rule["number"], text=report.rule["text"]
        )
    return str(LABELS[report.category])
