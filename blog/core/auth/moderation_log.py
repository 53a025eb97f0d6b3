"""Add entries to the public moderation log.

The moderator is public. The person and the content concerned are public only where `PUBLISHED` says
so; `docs/security.md` explains the choice.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.crypto.chain import GENESIS, commitment, hash_of, new_salt
from blog.core.i18n import LazyText, format_list, lazy_gettext, ngettext
from blog.models import Act, AuditEntry, LogEntry, LogOpening, Sealed

# Held until the commit, which serialises entries. Nothing else uses this number.
_LOCK = text("SELECT pg_advisory_xact_lock(7265646163746564)")
_LAST = select(LogEntry.number, LogEntry.hash).order_by(LogEntry.number.desc()).limit(1)
_NOW = select(func.clock_timestamp())


class Published(NamedTuple):
    """The public part of an action.

    Attributes:
        summary: what the moderator did.
        names_person: whether the person it concerned is public.
        names_subject: whether the content it was about is public.
    """

    summary: LazyText
    names_person: bool = False
    names_subject: bool = False


# The actions in the log. Tags belong to no one, and whether an account is disabled is visible
# anyway.
PUBLISHED = {
    Act.HIDE_POST: Published(lazy_gettext("Hid a post")),
    Act.SHOW_POST: Published(lazy_gettext("Made a hidden post visible again")),
    Act.EDIT_POST: Published(lazy_gettext("Edited a post")),
    Act.DELETE_POST: Published(lazy_gettext("Deleted a post")),
    Act.APPROVE_HELD: Published(lazy_gettext("Approved something held for review")),
    Act.REFUSE_HELD: Published(lazy_gettext("Refused something held for review")),
    Act.BULK_ACT: Published(lazy_gettext("Acted on many accounts at once"), names_subject=True),
    Act.UNDO_BULK_ACT: Published(
        lazy_gettext("Undid an action on many accounts"), names_subject=True
    ),
    Act.HIDE_REVISION: Published(lazy_gettext("Hid an old version of a post")),
    Act.SHOW_REVISION: Published(lazy_gettext("Made an old version of a post visible again")),
    Act.DISABLE_COMMENT: Published(lazy_gettext("Disabled a comment")),
    Act.ENABLE_COMMENT: Published(lazy_gettext("Enabled a comment again")),
    Act.RESOLVE_REPORT: Published(lazy_gettext("Acted on a report")),
    Act.DISMISS_REPORT: Published(lazy_gettext("Dismissed a report")),
    Act.RENAME_TAG: Published(lazy_gettext("Renamed a tag"), names_subject=True),
    Act.MERGE_TAG: Published(lazy_gettext("Merged a tag into another one"), names_subject=True),
    Act.BLOCK_TAG: Published(lazy_gettext("Blocked a tag"), names_subject=True),
    Act.UNBLOCK_TAG: Published(lazy_gettext("Unblocked a tag"), names_subject=True),
    Act.REMIND: Published(lazy_gettext("Reminded someone of a rule")),
    Act.HIDE_ALL: Published(lazy_gettext("Hid everything by an account")),
    Act.SHOW_ALL: Published(lazy_gettext("Made everything by an account visible again")),
    Act.LIMIT: Published(lazy_gettext("Limited an account")),
    Act.UNLIMIT: Published(lazy_gettext("Lifted the limit on an account")),
    Act.PAUSE: Published(lazy_gettext("Paused an account")),
    Act.UNPAUSE: Published(lazy_gettext("Lifted the pause on an account")),
    Act.GRANT_APPEAL: Published(lazy_gettext("Granted an appeal")),
    Act.REJECT_APPEAL: Published(lazy_gettext("Rejected an appeal")),
    Act.DISABLE: Published(lazy_gettext("Disabled an account"), names_person=True),
    Act.ENABLE: Published(lazy_gettext("Enabled an account again"), names_person=True),
    Act.DELETE_ACCOUNT: Published(lazy_gettext("Deleted an account")),
}


# The counts of an action on many accounts.
_COUNTS: dict[str, Callable[[int], str]] = {
    "accounts": lambda number: ngettext("%(num)s account", "%(num)s accounts", number),
    "posts": lambda number: ngettext("%(num)s post", "%(num)s posts", number),
    "comments": lambda number: ngettext("%(num)s comment", "%(num)s comments", number),
    "held": lambda number: ngettext("%(num)s held for review", "%(num)s held for review", number),
}
_COUNT = re.compile(rf"({'|'.join(_COUNTS)}): ([0-9]+)", re.ASCII)


async def publish(
    session: AsyncSession, audit: AuditEntry, rule: Mapping[str, Any] | None = None
) -> LogEntry:
    """Add an action to the public log.

    Call this right before the commit: it keeps other moderators from adding entries until then, and
    a transaction that still waited for rows could deadlock with them.

    Args:
        session: the transaction of the action; the caller commits.
        audit: its entry in the audit log, one of those in `PUBLISHED`.
        rule: the `number` and the `text` of the rule that the action is based on.
    """
    published = PUBLISHED[Act(audit.act)]
    await session.execute(_LOCK)
    # Two statements after the lock, because each sees only what was committed before it began.
    last = (await session.execute(_LAST)).one_or_none()
    number, previous = (last.number + 1, last.hash) if last else (1, GENESIS)
    # A moderator who acts on their own account is named anyway.
    names_person = published.names_person or audit.subject_id == audit.actor_id
    openings = [
        LogOpening(number=number, fact=fact, salt=new_salt(), value=value, user_id=user_id,
                   is_public=is_public)
        for fact, value, user_id, is_public in (
            (Sealed.MODERATOR, audit.actor_name, audit.actor_id, True),
            (Sealed.PERSON, audit.subject_name, audit.subject_id, names_person),
            (Sealed.ABOUT, _about(audit.details), audit.subject_id, published.names_subject),
            (Sealed.REASON, audit.details.get("reason", ""), audit.subject_id, False),
        )
        if value
    ]  # fmt: skip
    entry = LogEntry(
        number=number,
        at=(await session.scalars(_NOW)).one(),
        act=audit.act,
        rule=dict(rule) if rule else None,
        commitments={each.fact.value: commitment(each.salt, each.value) for each in openings},
        previous=previous,
    )
    entry.hash = hash_of(content_of(entry))
    session.add(entry)
    await session.flush()
    session.add_all(openings)
    return entry


def content_of(entry: Any) -> dict[str, Any]:
    """The public content of an entry, which its hash covers.

    Args:
        entry: a `LogEntry`, or a row with its columns.
    """
    return {
        "number": entry.number,
        "at": format_timestamp(entry.at),
        "act": entry.act,
        "rule": entry.rule,
        "commitments": entry.commitments,
        "previous": entry.previous,
    }


def format_timestamp(time: datetime) -> str:
    """Format a time in UTC to the microsecond: `2026-11-24T09:30:00.000000Z`."""
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _about(details: Mapping[str, Any]) -> str:
    """The subject of an action, without the person: `post 7, revision 2`.

    It has a commitment in the chain, so it's the same in all languages; `subject_text` is for
    readers.
    """
    parts = []
    for name in ("post", "revision", "comment", "report", "measure", "tag", "until"):
        if (value := details.get(name)) is not None:
            shown = " → ".join(value) if isinstance(value, list) else value
            parts.append(f"#{shown}" if name == "tag" else f"{name} {shown}")
    parts += [f"{name}: {details[name]}" for name in _COUNTS if name in details]
    return ", ".join(parts)


def subject_text(about: str) -> str:
    """The subject of an action, in the current language.

    Args:
        about: as in the chain. Only the counts of an action on many accounts are translated.
    """
    counts = [_COUNT.fullmatch(part) for part in about.split(", ")]
    texts = [_COUNTS[count[1]](int(count[2])) for count in counts if count]
    return format_list(texts) if len(texts) == len(counts) else about
