"""Add entries to the public log of moderation.

Who moderates is public. Whom it concerns, and what exactly, is public only where `PUBLISHED` says
so; `docs/security.md` explains the choice.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.crypto.chain import GENESIS, commitment, hash_of, new_salt
from blog.models import Act, AuditEntry, LogEntry, LogOpening, Sealed

# Held until the commit, so that entries have one order. Nothing else uses this number.
_LOCK = text("SELECT pg_advisory_xact_lock(7265646163746564)")
_LAST = select(LogEntry.number, LogEntry.hash).order_by(LogEntry.number.desc()).limit(1)
_NOW = select(func.clock_timestamp())


class Published(NamedTuple):
    """What everybody reads of an act.

    Attributes:
        summary: what the moderator did.
        names_person: whether it says whom it concerned.
        names_subject: whether it says what it was about.
    """

    summary: str
    names_person: bool = False
    names_subject: bool = False


# The acts in the log. Tags are nobody's, and whether an account is disabled can be seen anyway.
PUBLISHED = {
    Act.HIDE_POST: Published("Hid a post"),
    Act.SHOW_POST: Published("Made a hidden post visible again"),
    Act.EDIT_POST: Published("Edited a post"),
    Act.DELETE_POST: Published("Deleted a post"),
    Act.APPROVE_HELD: Published("Approved what waited for review"),
    Act.REFUSE_HELD: Published("Refused what waited for review"),
    Act.BULK_ACT: Published("Acted on many accounts at once", names_subject=True),
    Act.UNDO_BULK_ACT: Published("Undid what was done about many accounts", names_subject=True),
    Act.HIDE_REVISION: Published("Hid an old version of a post"),
    Act.SHOW_REVISION: Published("Made an old version of a post visible again"),
    Act.DISABLE_COMMENT: Published("Disabled a comment"),
    Act.ENABLE_COMMENT: Published("Enabled a comment again"),
    Act.RESOLVE_REPORT: Published("Acted on a report"),
    Act.DISMISS_REPORT: Published("Dismissed a report"),
    Act.RENAME_TAG: Published("Renamed a tag", names_subject=True),
    Act.MERGE_TAG: Published("Merged a tag into another one", names_subject=True),
    Act.BLOCK_TAG: Published("Blocked a tag", names_subject=True),
    Act.UNBLOCK_TAG: Published("Unblocked a tag", names_subject=True),
    Act.REMIND: Published("Reminded someone of a rule"),
    Act.HIDE_ALL: Published("Hid everything by an account"),
    Act.SHOW_ALL: Published("Made what was hidden of an account visible again"),
    Act.LIMIT: Published("Limited an account"),
    Act.UNLIMIT: Published("Lifted the limit of an account"),
    Act.PAUSE: Published("Paused an account"),
    Act.UNPAUSE: Published("Lifted the pause of an account"),
    Act.GRANT_APPEAL: Published("Granted an appeal"),
    Act.REJECT_APPEAL: Published("Rejected an appeal"),
    Act.DISABLE: Published("Disabled an account", names_person=True),
    Act.ENABLE: Published("Enabled an account again", names_person=True),
    Act.DELETE_ACCOUNT: Published("Deleted an account"),
}


async def publish(
    session: AsyncSession, audit: AuditEntry, rule: Mapping[str, Any] | None = None
) -> LogEntry:
    """Add an action to the public log.

    Call this last before the commit: until then it keeps other moderators from adding theirs, and a
    transaction that waited for rows meanwhile could be in a deadlock with them.

    Args:
        session: the transaction of the action; the caller commits.
        audit: its entry in the audit log, one of those in `PUBLISHED`.
        rule: the `number` and the `text` of the rule on which the action rests.
    """
    published = PUBLISHED[Act(audit.act)]
    await session.execute(_LOCK)
    # Two statements after the lock, because each sees only what was committed before it began.
    last = (await session.execute(_LAST)).one_or_none()
    number, previous = (last.number + 1, last.hash) if last else (1, GENESIS)
    openings = [
        LogOpening(number=number, fact=fact, salt=new_salt(), value=value, user_id=user_id,
                   is_public=is_public)
        for fact, value, user_id, is_public in (
            (Sealed.MODERATOR, audit.actor_name, audit.actor_id, True),
            (Sealed.PERSON, audit.subject_name, audit.subject_id, published.names_person),
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
    """What the hash of an entry is of, as everybody reads it.

    Args:
        entry: a `LogEntry`, or a row with its columns.
    """
    return {
        "number": entry.number,
        "at": moment_text(entry.at),
        "act": entry.act,
        "rule": entry.rule,
        "commitments": entry.commitments,
        "previous": entry.previous,
    }


def moment_text(moment: datetime) -> str:
    """A time in UTC to the microsecond: `2026-11-24T09:30:00.000000Z`."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _about(details: Mapping[str, Any]) -> str:
    """What an action was about, without the person: `post 7, revision 2`."""
    parts = []
    for name in ("post", "revision", "comment", "report", "measure", "tag", "until"):
        if (value := details.get(name)) is not None:
            shown = " → ".join(value) if isinstance(value, list) else value
            parts.append(f"#{shown}" if name == "tag" else f"{name} {shown}")
    counts = ("accounts", "posts", "comments", "held")
    parts += [f"{name}: {details[name]}" for name in counts if name in details]
    return ", ".join(parts)
