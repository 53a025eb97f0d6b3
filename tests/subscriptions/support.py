"""What tests of subscriptions act with."""

import re
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import Email, Subscription, User
from tests.support import Browser, outbox

UNSUBSCRIBE = re.compile(r"Unsubscribe: https://blog\.test(/\S+)")


async def subscribe(visitor: Browser, username: str, email: str) -> Any:
    """Send the form that asks for an author's posts."""
    return await visitor.submit(f"/user/{username}/subscribe", {"email": email})


async def add_subscribers(
    db: AsyncSession, author: User, number: int, *, since: datetime | None = None
) -> list[Subscription]:
    """Confirmed subscribers `reader0@example.com`, `reader1@example.com`, …"""
    subscriptions = [
        Subscription(
            author_id=author.id,
            email=f"reader{each}@example.com",
            confirmed_at=since or now() - timedelta(days=1),
        )
        for each in range(number)
    ]
    db.add_all(subscriptions)
    await db.commit()
    return subscriptions


async def publish(author: Browser, text: str = "Fresh bread", **fields: str) -> int:
    """Publish a post by its form; returns its id."""
    answer = await author.submit("/", {"body": text, **fields})
    assert answer.status_code == 302
    return int(answer.headers["location"].split("/")[2])


async def post_mails(app: Broadside) -> list[Email]:
    """The mails about new posts."""
    return [mail for mail in await outbox(app) if mail.purpose.startswith("new_post")]


def way_out(mail: Email) -> str:
    """The path of the link to unsubscribe in a mail."""
    found = UNSUBSCRIBE.search(mail.text)
    assert found, mail.text
    return found[1]


async def subscriptions(db: AsyncSession) -> list[Subscription]:
    """All subscriptions, fresh from the database."""
    rows = select(Subscription).order_by(Subscription.id)
    return list(await db.scalars(rows.execution_options(populate_existing=True)))


async def subscriber_count(db: AsyncSession, author: User) -> int | None:
    """How many get an author's posts, as it is kept."""
    return await db.scalar(select(User.subscriber_count).where(User.id == author.id))
