"""What schemathesis is told about this API; it loads this file by `SCHEMATHESIS_HOOKS`.

`FUZZ_CREDENTIALS` in the environment is a JSON object: what to send as `Authorization`, by the
tag of the operation; `""` for all the others.
"""

import json
import os
import re

import schemathesis
from schemathesis import AuthContext, Case, HookContext, Response
from schemathesis.core.failures import AcceptedNegativeData, Failure
from schemathesis.openapi.checks import RejectedPositiveData

from blog.core.api.idempotency import OTHER_BODY
from blog.core.text.cleaning import clean_lines

CREDENTIALS = json.loads(os.environ["FUZZ_CREDENTIALS"])
# Refusals of well-formed fields that no schema can foretell, by a part of what they say.
UNFORESEEABLE = {
    "email": "",  # It is taken, or at a host that cannot be.
    "username": "is taken",
    "password": "Please choose another",
    "cursor": "from this list",
    "body": "would look empty",  # As of "#".
    "file": "",  # It is no image.
    "slug": "slug",  # It is taken, a number, or cannot be spelled.
    "tags": "tag",
    "language": "language code",
    "cover": "one of the author's images",
    "canonical_url": "starts with https://",
    "status": "",  # It has no time for which to be scheduled.
    "scheduled_for": "time",
    "time_zone": "time zone",
    "until": "the day on which the pause ends",
    "pinned": "Unpin another",
    "name": "already have a folder",
    "kind": "already in force",
    "rule": "rule",  # It doesn't exist, or one must be chosen.
    "reason": "say what's wrong",  # There is no category that says it.
    "page": "either a page or a cursor",
}
# And those that are about no single field.
OF_THE_WHOLE = (
    "follow yourself", "block yourself", "first to hear about their posts",
    "edit a comment for 15 minutes",
)  # fmt: skip
# A noncharacter of a supplementary plane, which no pattern names that JavaScript reads without `u`.
BEYOND_PATTERNS = re.compile(r"the character U\+[0-9A-F]{5,6}, which isn't allowed")


@schemathesis.auth(refresh_interval=None)
class Caller:
    """Has each operation called by somebody who may."""

    def get(self, case: Case, context: AuthContext) -> str:
        [tag] = context.operation.definition.raw["tags"]
        credentials: str = CREDENTIALS.get(tag, CREDENTIALS[""])
        return credentials

    def set(self, case: Case, data: str, context: AuthContext) -> None:
        case.headers["Authorization"] = data


@schemathesis.hook
def filter_failure(
    context: HookContext, failure: Failure, case: Case, response: Response
) -> bool:  # fmt: skip
    """Which failures count: all, but for what is right in HTTP and no schema can say.

    The check `positive_data_acceptance` would have whatever fits the schema accepted. But that a
    revision was hidden (410), an entity tag is not the present one (412), an Idempotency-Key was
    used before, or a name is taken, is for the site to know and not for the schema. And
    `negative_data_rejection` counts what disturbs in a text, and the space around it, which the
    site takes away before it looks how long the text is.
    """
    if isinstance(failure, AcceptedNegativeData):
        texts = [text for text in _values(case.body) if isinstance(text, str)]
        return all(text == clean_lines(text).strip() for text in texts)
    if not isinstance(failure, RejectedPositiveData):
        return True
    problem = response.json()
    if response.status_code in {410, 412} or problem["detail"] == str(OTHER_BODY):
        return False
    errors = problem.get("errors", [])
    return not errors or not all(map(_is_unforeseeable, errors))


def _is_unforeseeable(error: dict[str, str]) -> bool:
    if BEYOND_PATTERNS.search(error["message"]):
        return True
    parts = (UNFORESEEABLE.get(error["field"], "?"),) if error["field"] else OF_THE_WHOLE
    return any(part in error["message"] for part in parts)


def _values(body: object) -> list[object]:
    """The members of an object; nothing of anything else."""
    return list(body.values()) if isinstance(body, dict) else []
