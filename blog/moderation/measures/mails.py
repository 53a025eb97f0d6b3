"""The mails about measures and appeals, and the links in them."""

from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import current_app
from blog.core.web.urls import external_url
from blog.mail import outbox
from blog.models import Measure, User

APPEAL = "appeal"
# About what the person wrote; they can't act on it while their account is disabled.
ABOUT_TEXTS = {"post_hidden", "comment_disabled"}


def appeal_token(measure_id: int) -> str:
    """What the address of the page for an appeal ends with. People whose account is disabled can't
    log in, so anyone who has the mail may appeal."""
    return current_app.links.sign(APPEAL, {"measure": measure_id})


async def tell_of_measure(
    session: AsyncSession, person: User, measure: Measure, title: str | None = None
) -> None:
    """Mail a person about a measure, if their address is confirmed; the caller commits."""
    message, link = "measure", external_url("site.home")
    if measure.post_id is not None:
        message, link = "post_hidden", external_url("site.post", post_id=measure.post_id)
    elif measure.comment_id is not None:
        message, link = (
            "comment_disabled",
            external_url("comments.show", comment_id=measure.comment_id),
        )
    await _put(session, person, message, measure, link=link, title=title)


async def tell_of_decision(session: AsyncSession, person: User, measure: Measure) -> None:
    """Mail a person the answer to their appeal; the caller commits."""
    await _put(session, person, "appeal_decided", measure, appeal=measure.appeal)


async def _put(
    session: AsyncSession, person: User, message: str, measure: Measure, **context: Any
) -> None:
    if person.is_confirmed and not (person.is_disabled and message in ABOUT_TEXTS):
        await outbox.put(
            session, to=person, message=message,
            user=person, reason=measure.reason, rule=measure.rule, measure=measure,
            appeal_link=external_url("appeals.form", token=appeal_token(measure.id)), **context,
        )  # fmt: skip
