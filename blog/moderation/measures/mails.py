"""Emails about measures and appeals, and the links in them."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import current_app
from blog.core.web.urls import external_url
from blog.mail import outbox
from blog.models import Measure, User

APPEAL = "appeal"
# Messages about a person's texts, on which they can't act while their account is disabled.
ABOUT_TEXTS = {"post_hidden", "comment_disabled"}


def appeal_token(measure_id: int) -> str:
    """The token in the URL of the page for an appeal. People whose account is disabled can't log
    in, so anyone who has the email may appeal."""
    return current_app.links.sign(APPEAL, {"measure": measure_id})


async def mail_measure(
    session: AsyncSession, person: User, measure: Measure, title: str | None = None
) -> None:
    """Email a person about a measure, if their address is confirmed; the caller commits."""
    message, link = "measure", external_url("site.home")
    if measure.post_id is not None:
        message, link = "post_hidden", external_url("site.post", post_id=measure.post_id)
    elif measure.comment_id is not None:
        message, link = (
            "comment_disabled",
            external_url("comments.show", comment_id=measure.comment_id),
        )
    await _send(session, person, message, measure, link=link, title=title)


async def mail_decision(session: AsyncSession, person: User, measure: Measure) -> None:
    """Email a person the answer to their appeal; the caller commits."""
    await _send(session, person, "appeal_decided", measure, appeal=measure.appeal)


async def _send(
    session: AsyncSession, person: User, message: str, measure: Measure, **context: Any
) -> None:
    if person.is_confirmed and not (person.is_disabled and message in ABOUT_TEXTS):
        await outbox.put(
            session, to=person, message=message,
            user=person, reason=measure.reason, rule=measure.rule, measure=measure,
            appeal_link=external_url("appeals.form", token=appeal_token(measure.id)), **context,
        )  # fmt: skip
