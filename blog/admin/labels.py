"""The labels of roles, and of the actions of the audit log with their details. The database has
their names in English."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from blog.admin.background.labels import job_label
from blog.core.i18n import (
    LazyText,
    format_date,
    format_list,
    format_number,
    lazy_gettext,
    lazy_pgettext,
)
from blog.core.web.resubmission import LABELS
from blog.models import Act
from blog.models.role import ADMINISTRATOR

ROLES: dict[str, LazyText] = {
    "User": lazy_pgettext("role", "User"),
    "Moderator": lazy_pgettext("role", "Moderator"),
    ADMINISTRATOR: lazy_pgettext("role", "Administrator"),
}
ACTS: dict[str, LazyText] = {
    Act.CREATE_ACCOUNT: lazy_gettext("Create account"),
    Act.CHANGE_ROLE: lazy_gettext("Change role"),
    Act.DISABLE: lazy_gettext("Disable account"),
    Act.ENABLE: lazy_gettext("Enable account"),
    Act.APPROVE_APPLICATION: lazy_gettext("Approve application"),
    Act.REFUSE_APPLICATION: lazy_gettext("Decline application"),
    Act.REMIND: lazy_gettext("Remind of a rule"),
    Act.HIDE_ALL: lazy_gettext("Hide everything"),
    Act.SHOW_ALL: lazy_gettext("Show everything"),
    Act.LIMIT: lazy_gettext("Limit account"),
    Act.UNLIMIT: lazy_gettext("Lift limit"),
    Act.PAUSE: lazy_gettext("Pause account"),
    Act.UNPAUSE: lazy_gettext("Lift pause"),
    Act.GRANT_APPEAL: lazy_gettext("Grant appeal"),
    Act.REJECT_APPEAL: lazy_gettext("Reject appeal"),
    Act.DELETE_ACCOUNT: lazy_gettext("Delete account"),
    Act.EDIT_PROFILE: lazy_gettext("Edit profile"),
    Act.SEND_RESET_LINK: lazy_gettext("Send link for a new password"),
    Act.SHOW_RESET_LINK: lazy_gettext("Show link for a new password"),
    Act.RESET_SECOND_FACTOR: lazy_gettext("Reset two-factor authentication"),
    Act.REVOKE_TOKENS: lazy_gettext("Revoke API tokens"),
    Act.REMOVE_COMMENT: lazy_gettext("Remove comment"),
    Act.DISABLE_COMMENT: lazy_gettext("Disable comment"),
    Act.ENABLE_COMMENT: lazy_gettext("Enable comment"),
    Act.EDIT_POST: lazy_gettext("Edit post"),
    Act.DELETE_POST: lazy_gettext("Delete post"),
    Act.HIDE_POST: lazy_gettext("Hide post"),
    Act.SHOW_POST: lazy_gettext("Show post"),
    Act.APPROVE_HELD: lazy_gettext("Approve held text"),
    Act.REFUSE_HELD: lazy_gettext("Refuse held text"),
    Act.BULK_ACT: lazy_gettext("Act on wave"),
    Act.UNDO_BULK_ACT: lazy_gettext("Undo act on wave"),
    Act.HIDE_REVISION: lazy_gettext("Hide revision"),
    Act.SHOW_REVISION: lazy_gettext("Show revision"),
    Act.RENAME_TAG: lazy_gettext("Rename tag"),
    Act.MERGE_TAG: lazy_gettext("Merge tag"),
    Act.BLOCK_TAG: lazy_gettext("Block tag"),
    Act.UNBLOCK_TAG: lazy_gettext("Unblock tag"),
    Act.RESOLVE_REPORT: lazy_gettext("Resolve report"),
    Act.DISMISS_REPORT: lazy_gettext("Dismiss report"),
    Act.CHANGE_SETTINGS: lazy_gettext("Change site settings"),
    Act.CHANGE_ANSWERS: lazy_gettext("Change answer"),
    Act.RETRY_JOB: lazy_gettext("Retry job"),
    Act.DISCARD_JOB: lazy_gettext("Discard job"),
}
# The labels of details of actions, fields of accounts, and settings that aren't texts.
DETAILS = LABELS | {
    "accounts": lazy_gettext("Accounts"),
    "act": lazy_gettext("Wave"),
    "author": lazy_gettext("Author"),
    "awaits_approval": lazy_gettext("Awaits approval"),
    "bulk": lazy_gettext("Wave"),
    "change": lazy_pgettext("noun", "Change"),
    "changed": lazy_gettext("Changed"),
    "comment": lazy_pgettext("noun", "Comment"),
    "comments": lazy_gettext("Comments"),
    "confirmed": lazy_gettext("Email address confirmed"),
    "held": lazy_gettext("Held for review"),
    "job": lazy_gettext("Job"),
    "kind": lazy_gettext("Kind"),
    "image": lazy_gettext("Image"),
    "measure": lazy_pgettext("noun", "Measure"),
    "number": lazy_gettext("Number"),
    "person": lazy_pgettext("noun", "User"),
    "post": lazy_pgettext("noun", "Post"),
    "posts": lazy_gettext("Posts"),
    "report": lazy_pgettext("noun", "Report"),
    "revision": lazy_gettext("Revision"),
    "role": lazy_gettext("Role"),
    "tag": lazy_pgettext("noun", "Tag"),
    "template": lazy_gettext("Answer"),
    "token": lazy_gettext("Token"),
    "until": lazy_gettext("Until"),
    "user": lazy_pgettext("noun", "User"),
    "allow_ai_crawlers": lazy_gettext("Let crawlers collect text for training AI models"),
    "allow_indexing": lazy_gettext("Let search engines list this site"),
    "commenting": lazy_gettext("Who can comment"),
    "count_views": lazy_gettext("Show authors how often their posts are read"),
    "default_language": lazy_gettext("Default language"),
    "feeds": lazy_gettext("Offer feeds"),
    "hold_established": lazy_gettext("Hold them from everyone, not only from new people"),
    "hold_first_posts": lazy_gettext("Hold everything that new people write"),
    "hold_links": lazy_gettext("Hold what new people write if it links to other sites"),
    "hold_similar": lazy_gettext(
        "Hold what new people write if it resembles what moderators have hidden"
    ),
    "import_limit": lazy_gettext("Largest import, in MiB"),
    "invitation_days": lazy_gettext("Days until an invitation expires"),
    "invitations_per_month": lazy_gettext("Invitations per person"),
    "languages": lazy_gettext("Site languages"),
    "logo": lazy_gettext("Logo"),
    "may_show_inviter": lazy_gettext("People can show on their profile who invited them"),
    "media_quota": lazy_gettext("Images per person, in MiB"),
    "new_days": lazy_gettext("People count as new for (days)"),
    "new_posts": lazy_gettext("People count as new below (public posts and comments)"),
    "refuse_disposable": lazy_gettext("Refuse disposable email addresses"),
    "registration": lazy_gettext("Sign-up"),
    "require_second_factor": lazy_gettext("Require two-factor authentication"),
    "upload_limit": lazy_gettext("Largest image, in MiB"),
}
# What jobs that take several runs remember.
PROGRESS = {"after", "done", "generation", "version", "watched_at"}
YES, NO = lazy_gettext("yes"), lazy_gettext("no")


def role_label(name: str) -> str:
    """The label of a role, or its name if the site has added it."""
    return str(ROLES.get(name, name))


def act_label(act: str) -> str:
    """The label of an action of the audit log, or its name if another version has logged it."""
    return str(ACTS.get(act, act))


def detail_label(name: str) -> str:
    """The label of a detail of an action."""
    return str(DETAILS.get(name, name))


def detail_values(name: str, value: Any) -> list[str]:
    """The value of a detail; for a change, the values before and after."""
    if name == "changed":
        return [format_list([detail_label(each) for each in value])]
    values = value if isinstance(value, list) else [value]
    return [_format_value(name, each) for each in values]


def job_details(payload: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What a job is about, as names and values, without what it remembers of its progress."""
    return [
        (str(DETAILS.get(about) or about.replace("_", " ").capitalize()), str(value))
        for name, value in payload.items()
        if name not in PROGRESS and (about := name.removesuffix("_id"))
    ]


def _format_value(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return str(YES if value else NO)
    return _FORMATTERS.get(name, str)(value)


def _format_day(text: str) -> str:
    return format_date(date.fromisoformat(text))


_FORMATTERS: dict[str, Callable[[Any], str]] = {
    **dict.fromkeys(("accounts", "comments", "held", "number", "posts"), format_number),
    "kind": job_label,
    "role": role_label,
    "until": _format_day,
}
LABEL_FUNCTIONS = (job_label, job_details, role_label, act_label, detail_label, detail_values)
