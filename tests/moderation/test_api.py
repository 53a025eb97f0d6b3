"""The API of moderators: reports, measures and the public log."""

from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import Comment, Report, Scope, User
from tests.api.support import Client, add_token
from tests.jobs import finish_jobs
from tests.support import NewUser, add_users, change_site, outbox


async def test_moderators_handle_reports_and_take_measures_by_the_api(
    app: Broadside, db: AsyncSession, comment: Comment, susan: User, david: User,
) -> None:  # fmt: skip
    await change_site(app, rules="1. Be kind\n2. No ads")
    people = await add_users(app, *_moderators())
    db.add(Report(reporter_id=david.id, post_id=1, category="spam", reason=""))
    db.add(Report(reporter_id=susan.id, comment_id=1, reason="Rude"))
    await db.commit()
    tokens = [await add_token(app, people[name]) for name in ("maud", "mona")]
    async with Client(app, token=tokens[0]) as maud, Client(app, token=tokens[1]) as mona:
        listed = (await maud.get("/moderation/reports/?per_page=1")).json()
        assert [each["reason"] for each in listed["reports"]] == ["Rude"]
        assert "cursor=" in listed["next"]
        older = (await maud.get(listed["next"])).json()
        assert [each["category"] for each in older["reports"]] == ["spam"]
        (spam,) = (await maud.get("/moderation/reports/?category=spam")).json()["reports"]
        assert (spam["author"], spam["reporter"], spam["rule"]) == ("susan", "david", None)
        for wrong in ("state=x", "category=x", "cursor=!", "per_page=0"):
            assert (await maud.get(f"/moderation/reports/?{wrong}")).status_code == 422
        address = f"/moderation/reports/{spam['id']}"
        assert (await maud.put(f"{address}/claim")).json()["claimed_by"] == "maud"
        for refused in (
            await mona.put(f"{address}/claim"),
            await mona.delete(f"{address}/claim"),
            await mona.post(f"{address}/close", json={"outcome": "resolved"}),
        ):
            assert refused.status_code == 409
            assert "maud is working" in refused.text
        await db.execute(update(Report).values(claimed_at=now() - timedelta(hours=2)))
        await db.commit()
        closing = {"outcome": "resolved", "answer": "Thanks", "reason": "Clear"}
        closed = (await mona.post(f"{address}/close", json=closing)).json()
        assert (closed["state"], closed["closed_by"], closed["answer"]) == (
            "resolved", "mona", "Thanks",
        )  # fmt: skip
        assert (await mona.post(f"{address}/close", json=closing)).status_code == 409
        assert len((await mona.get("/moderation/reports/?state=closed")).json()["reports"]) == 1
        await finish_jobs(app, "tell_reporter")
        assert (await outbox(app))[-1].recipient == "david@example.com"

        measures = "/users/susan/measures/"
        ads = {"kind": "limit", "reason": "Ads"}
        tomorrow = (now() + timedelta(days=2)).date().isoformat()
        for body, status in (
            (ads, 422), ({**ads, "rule": 3}, 422), ({**ads, "kind": "x", "rule": 2}, 422),
            ({**ads, "kind": "hide", "rule": 2}, 422), ({**ads, "kind": "pause", "rule": 2}, 422),
            ({**ads, "rule": 2}, 201), ({**ads, "rule": 2}, 422),
            ({**ads, "kind": "pause", "until": tomorrow, "rule": 2}, 201),
            ({**ads, "kind": "hide_all", "rule": 2}, 201),
        ):  # fmt: skip
            answer = await maud.post(measures, json=body)
            assert answer.status_code == status, (body, answer.text)
        assert (await maud.get(answer.headers["location"])).json() == answer.json()
        found = (await mona.get(measures)).json()["measures"]
        assert [each["kind"] for each in found] == ["hide_all", "pause", "limit"]
        assert found[2]["rule"] == {"number": 2, "text": "No ads"}
        lifted = await mona.post(
            f"/moderation/measures/{found[2]['id']}/lift", json={"reason": "x"}
        )
        assert (lifted.json()["in_force"], lifted.json()["moderator"]) == (False, "maud")
        for refused in (
            await maud.post("/users/mona/measures/", json={**ads, "rule": 2}),
            await maud.post("/users/maud/measures/", json={**ads, "rule": 2}),
        ):
            assert refused.status_code == 403
        assert (await maud.post("/users/nobody/measures/", json=ads)).status_code == 404

        for anybody in (maud, Client(app)):
            log = (await anybody.get("/moderation/log?per_page=2")).json()
            assert [entry["summary"] for entry in log["entries"]] == [
                "Lifted the limit on an account", "Hid everything by an account",
            ]  # fmt: skip
            assert "susan" not in str(log)
            assert len((await anybody.get(log["next"])).json()["entries"]) == 2


@pytest.mark.parametrize("scopes", [Scope.READ, Scope.READ | Scope.WRITE])
async def test_a_token_without_the_scope_reads_no_reports(
    app: Broadside, comment: Comment, scopes: Scope
) -> None:
    people = await add_users(app, *_moderators())
    token = await add_token(app, people["maud"], scopes)
    async with Client(app, token=token) as client:
        for address in ("/moderation/reports/", "/users/susan/measures/"):
            assert (await client.get(address)).status_code == 403
        assert (await client.get("/moderation/log")).status_code == 200


def _moderators() -> list[NewUser]:
    return [NewUser("maud", "Moderator"), NewUser("mona", "Moderator")]
