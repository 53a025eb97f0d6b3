"""What several actions of moderators hide is shown again when the last of them is undone."""

from collections.abc import Mapping
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import BulkAct, Comment, HeldItem, Measure, MeasureKind, Post, User
from blog.models.post import is_public
from blog.moderation.waves.acting import act_on_some
from blog.moderation.waves.undoing import undo_some
from blog.posts.counts import wrong_counts
from tests.jobs import finish_jobs
from tests.moderation.test_measures import take
from tests.moderation.test_waves import ADDRESS, act, run, spammers
from tests.posts.test_posts import add_posts
from tests.support import Browser

__all__ = ["spammers"]
LONG_AGO = (now() - timedelta(days=30)).strftime("%Y-%m-%dT%H:%M")


async def shown(db: AsyncSession, person: User) -> dict[str, int]:
    """How many posts and comments of a person are shown, how many texts wait for review, and
    whether the account is enabled."""
    await db.rollback()
    queries = {
        "posts": select(func.count()).where(Post.author_id == person.id, is_public(Post)),
        "comments": select(func.count()).where(
            Comment.author_id == person.id, Comment.disabled_at.is_(None)
        ),
        "waiting": select(func.count()).where(
            HeldItem.author_id == person.id, HeldItem.decided_at.is_(None)
        ),
        "enabled": select(func.count()).where(User.id == person.id, User.disabled_at.is_(None)),
    }
    return {name: (await db.scalars(query)).one() for name, query in queries.items()}


async def begin(app: Broadside, moderator: Browser, db: AsyncSession, kind: str, of: User) -> int:
    """Act on all that a person has written; returns the id of the measure or of the act."""
    if kind == "everything":
        assert (await take(moderator, of, "hide_all")).status_code == 302
        await finish_jobs(app, "hide_everything")
        newest = select(func.max(Measure.id)).where(Measure.kind == MeasureKind.HIDE_ALL)
        return (await db.scalars(newest)).one()
    answer = await act(moderator, names=of.username, since=LONG_AGO, disables="true")
    assert answer.status_code == 302, answer.text
    act_id = (await db.scalars(select(func.max(BulkAct.id)))).one()
    await run(app, act_on_some, act_id)
    return act_id


async def end(app: Broadside, moderator: Browser, kind: str, id_: int) -> None:
    if kind == "everything":
        await moderator.submit(f"/moderate/measures/{id_}/lift", {"reason": "Sorry"})
        await finish_jobs(app, "show_everything")
    else:
        await moderator.submit(f"{ADDRESS}/{id_}/undo", page=f"{ADDRESS}/{id_}")
        await run(app, undo_some, id_)


@pytest.mark.parametrize("first_ends_first", [True, False])
@pytest.mark.parametrize(
    "kinds",
    [("wave", "everything"), ("everything", "wave"), ("wave", "wave"),
     ("everything", "everything")],
)  # fmt: skip
async def test_what_two_actions_hide_is_shown_when_both_are_undone(
    app: Broadside, db: AsyncSession, moderators_browser: Browser, spammers: Mapping[str, User],
    kinds: tuple[str, str], *, first_ends_first: bool,
) -> None:  # fmt: skip
    person, maud = spammers["spam2"], moderators_browser
    before = await shown(db, person)
    first = await begin(app, maud, db, kinds[0], person)
    if kinds == ("everything", "everything"):  # Which is taken again if there is something new.
        await add_posts(db, person, 1)
        before["posts"] += 1
    second = await begin(app, maud, db, kinds[1], person)
    both = [(kinds[0], first), (kinds[1], second)]
    ends, stays = both if first_ends_first else both[::-1]
    await end(app, maud, *ends)
    is_wave = stays[0] == "wave"
    expected = {
        "posts": 0, "comments": 0, "waiting": 0 if is_wave else before["waiting"],
        "enabled": int(not is_wave),
    }  # fmt: skip
    if kinds == ("everything", "everything") and not first_ends_first:
        expected["posts"] = 1  # The first one was taken before it was written.
    assert await shown(db, person) == expected
    await end(app, maud, *stays)
    assert await shown(db, person) == before
    async with app.database.session() as session:
        assert not any((await wrong_counts(session)).values())


async def test_an_account_that_two_measures_disable_is_enabled_when_both_are_lifted(
    app: Broadside, db: AsyncSession, moderators_browser: Browser, spammers: Mapping[str, User]
) -> None:
    person, maud = spammers["spam1"], moderators_browser
    assert (await take(maud, person, "disable")).status_code == 302
    await begin(app, maud, db, "wave", person)
    disabling = select(Measure.id).where(Measure.kind == MeasureKind.DISABLE).order_by(Measure.id)
    for number, measure_id in enumerate((await db.scalars(disabling)).all()):
        await maud.submit(f"/moderate/measures/{measure_id}/lift", {"reason": "Sorry"})
        assert (await shown(db, person))["enabled"] == number
    assert number == 1
