"""The rules of the site that reports and measures refer to."""

from typing import Any, NamedTuple

from blog.core.errors import InvalidFieldsError
from blog.core.i18n import lazy_gettext
from blog.core.web.app import current_app

CHOOSE_A_RULE = lazy_gettext("Choose the rule that this is based on.")
NO_SUCH_RULE = lazy_gettext("This rule doesn't exist any more. Choose another one.")

# The number and text of a rule at the time it was referred to.
Snapshot = dict[str, Any]


class Grounds(NamedTuple):
    """A moderator's reason in their own words, and the rule it is based on."""

    reason: str
    rule: Snapshot | None = None


def snapshot_of(number: int | None, *, is_required: bool = True) -> Snapshot | None:
    """A snapshot of the rule with this number, to be stored with whatever refers to it.

    Args:
        number: the number of the rule; `None` if none was chosen.
        is_required: whether a rule must be chosen, if the site has any.

    Returns:
        The snapshot; `None` if no rule was chosen.

    Raises:
        InvalidFieldsError: there is no such rule, or none was chosen.
    """
    rules = current_app.site.numbered_rules
    if number is None:
        if rules and is_required:
            raise InvalidFieldsError({"rule": CHOOSE_A_RULE})
        return None
    for rule in rules:
        if rule.number == number:
            return {"number": number, "text": rule.title}
    raise InvalidFieldsError({"rule": NO_SUCH_RULE})
