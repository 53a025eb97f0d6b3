"""The rules of the site, as reports and measures refer to them."""

from typing import Any, NamedTuple

from blog.core.errors import InvalidFieldsError
from blog.core.i18n import lazy_gettext
from blog.core.web.app import current_app

CHOOSE_A_RULE = lazy_gettext("Choose the rule that this is based on.")
NO_SUCH_RULE = lazy_gettext("This rule doesn't exist any more. Choose another one.")

# The number and the text of a rule, as they were when it was referred to.
Snapshot = dict[str, Any]


class Grounds(NamedTuple):
    """Why a moderator acts: in their words, and the rule it rests on."""

    reason: str
    rule: Snapshot | None = None


def snapshot_of(number: int | None, *, is_required: bool = True) -> Snapshot | None:
    """The rule with this number, to be kept with what refers to it.

    Args:
        is_required: whether a rule must be chosen, if the site has any.

    Returns:
        `None` without one.

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
