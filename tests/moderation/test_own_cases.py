"""Nobody decides what is about themself: each way in, tried by an administrator on their own.

A new route of moderators that changes something belongs into `WAYS`, or into `ABOUT_NOBODY`.
"""

import html
from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import (
    Appeal,
    BulkAct,
    BulkActPerson,
    Comment,
    HeldItem,
    HeldKind,
    Measure,
    MeasureKind,
    ModeratorNote,
    Post,
    PostRevision,
    Report,
    ReportState,
    User,
)
from tests.api.support import Client, add_token
from tests.comments.support import add_comments, add_post
from tests.support import Browser, NewUser, add_users

API = "/api/v1"


class Way(NamedTuple):
    """A route, an address of it, a form, and the answer: 403 unless it is a form again."""

    route: str
    address: str
    form: Mapping[str, str] = {}
    status: int = 403


REPORT, HELD = "/moderate/reports/<id:report_id>", "/moderate/review/<id:item_id>"
ACT = "/moderate/<any(disable, enable, hide, show):action>/<id:row_id>"
REVISION = "/moderate/post/<id:post_id>/revisions/<id:number>/<any(hide, show):action>"
ANSWER = {"outcome": "dismissed", "answer": "No", "reason": "x"}
WAYS = [
    Way(f"POST {REPORT}", "/moderate/reports/{report}", ANSWER),
    Way(f"POST {REPORT}/claim", "/moderate/reports/{report}/claim"),
    Way(f"POST {REPORT}/resolve", "/moderate/reports/{report}/resolve"),
    Way(f"POST {REPORT}/dismiss", "/moderate/reports/{report}/dismiss"),
    Way(f"POST {API}/moderation/reports/<id:report_id>/close", "/moderation/reports/{report}/close",
        ANSWER),
    Way(f"PUT {API}/moderation/reports/<id:report_id>/claim", "/moderation/reports/{report}/claim"),
    Way(f"POST {ACT}", "/moderate/hide/{post}", {"reason": "x"}),
    Way(f"POST {ACT}", "/moderate/show/{hidden}", {"reason": "x"}),
    Way(f"POST {ACT}", "/moderate/disable/{comment}", {"reason": "x"}),
    Way(f"POST {ACT}", "/moderate/enable/{disabled}", {"reason": "x"}),
    Way(f"POST {API}/comments/<id:comment_id>/disable", "/comments/{comment}/disable",
        {"reason": "x"}),
    Way(f"POST {API}/comments/<id:comment_id>/enable", "/comments/{disabled}/enable",
        {"reason": "x"}),
    Way(f"POST {REVISION}", "/moderate/post/{post}/revisions/1/show", {"reason": "x"}),
    Way(f"POST {REVISION}", "/moderate/post/{post}/revisions/2/hide", {"reason": "x"}),
    Way("POST /moderate/people/<id:user_id>", "/moderate/people/{person}",
        {"kind": "remind", "reason": "x", "confirmed": "1"}),
    Way(f"POST {API}/users/<person:user>/measures/", "/users/boss/measures/",
        {"kind": "remind", "reason": "x"}),
    Way("POST /moderate/measures/<id:measure_id>/lift", "/moderate/measures/{measure}/lift",
        {"reason": "x"}),
    Way(f"POST {API}/moderation/measures/<id:measure_id>/lift",
        "/moderation/measures/{measure}/lift", {"reason": "x"}),
    Way("POST /moderate/appeals/<id:measure_id>", "/moderate/appeals/{measure}",
        {"decision": "lift", "answer": "x"}, 422),
    Way(f"POST {HELD}/approve", "/moderate/review/{held}/approve", {"version": "0"}),
    Way(f"POST {HELD}/refuse", "/moderate/review/{held}/refuse", {"reason": "x"}),
    Way("POST /moderate/waves", "/moderate/waves",
        {"names": "boss", "hides": "true", "since": "2020-01-01T00:00", "reason": "x", "act": "1"},
        422),
    Way("POST /moderate/waves/<id:act_id>/undo", "/moderate/waves/{wave}/undo"),
    Way("POST /admin/users/<id:user_id>/disable", "/admin/users/{person}/disable",
        {"reason": "x"}, 422),
]  # fmt: skip
ABOUT_NOBODY = {
    f"POST {REPORT}/release", f"DELETE {API}/moderation/reports/<id:report_id>/claim",
    "POST /moderate/people/<id:user_id>/notes",
    "POST /moderate/review/rules",
    "POST /moderate/tags/<tag>/<any(rename, merge, block, unblock):action>",
}  # fmt: skip
TABLES = (Appeal, BulkAct, Comment, HeldItem, Measure, Post, PostRevision, Report, User)
# Which says when someone was there last.
UNIMPORTANT = {"last_seen_at"}


def test_the_table_has_every_way_to_decide_something(app: Broadside) -> None:
    ways = {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(("/moderate/", f"{API}/moderation/"))
        for method in (rule.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"}
    }
    assert ways - {way.route for way in WAYS} == ABOUT_NOBODY


@pytest.fixture
async def ids(app: Broadside, db: AsyncSession, susan: User) -> dict[str, int]:
    """What moderators decide about, all of it the boss's own."""
    people = await add_users(
        app, NewUser("boss", role="Administrator"), NewUser("mona", role="Moderator")
    )
    boss, mona = people["boss"].id, people["mona"].id
    post, hidden = [await add_post(db, people["boss"]) for _ in range(2)]
    comment, disabled = await add_comments(db, post, boss, 2)
    hidden.hidden_at, disabled.disabled_at = now(), now()
    post.revision, disabled.disabled_reason = 3, "Rude"
    rows = {
        "report": Report(reporter_id=susan.id, post_id=post.id, reason="Loud"),
        "measure": Measure(
            person_id=boss, moderator_id=mona, kind=MeasureKind.LIMIT, reason="Ads"
        ),
        "held": HeldItem(
            kind=HeldKind.COMMENT, author_id=boss, post_id=post.id, payload={"body": "Hm"},
            reasons=[], digest="0" * 64, version=0,
        ),
        "wave": BulkAct(
            moderator_id=mona, since=now(), hides=True, disables=False, refuses=False, reason="x"
        ),
    }  # fmt: skip
    db.add_all(rows.values())
    for number in (1, 2):
        db.add(
            PostRevision(
                post_id=post.id, number=number, body="Old", body_html="<p>Old</p>",
                hidden_at=now() if number == 1 else None, is_hidden_by_moderator=number == 1,
            )
        )  # fmt: skip
    await db.flush()
    db.add(Appeal(measure_id=rows["measure"].id, text="Why?"))
    db.add(BulkActPerson(bulk_act_id=rows["wave"].id, user_id=boss))
    named = {"post": post, "hidden": hidden, "comment": comment, "disabled": disabled, **rows}
    found = {name: row.id for name, row in named.items()}
    await db.commit()
    return {**found, "person": boss}


async def state(db: AsyncSession) -> list[Any]:
    found = [
        (await db.execute(select(*(
            column for column in table.__table__.columns if column.name not in UNIMPORTANT
        )).order_by(*table.__table__.primary_key))).all()
        for table in TABLES
    ]  # fmt: skip
    await db.rollback()
    return found


async def test_nobody_decides_what_is_about_themself(
    app: Broadside, db: AsyncSession, ids: dict[str, int]
) -> None:
    boss = await db.get_one(User, ids["person"])
    async with Browser(app) as browser, Client(app, token=await add_token(app, boss)) as client:
        await browser.open_session("boss")
        token = await browser.token("/auth/sessions")
        before = await state(db)
        for way in WAYS:
            address = way.address.format_map(ids)
            if API in way.route:
                method = way.route.split()[0]
                answer = await client.request(method, address, json=dict(way.form))
            else:
                answer = await browser.post(address, data={"csrf_token": token, **way.form})
            assert answer.status_code == way.status, (way, answer.text)
            assert await state(db) == before, way


async def test_an_author_who_moderates_does_not_restore_what_others_have_hidden(
    app: Broadside, ids: dict[str, int]
) -> None:
    revision = f"/post/{ids['post']}/revisions/1"
    async with Browser(app) as browser:
        await browser.open_session("boss")
        page = await browser.get(revision)
        assert (page.status_code, f"{revision}/restore" in page.text) == (200, False)
        assert (await browser.get(f"{revision}/restore")).status_code == 403
        form = {"csrf_token": await browser.token("/auth/sessions")}
        for action in ("restore", "show"):
            refused = await browser.post(f"{revision}/{action}", data=form)
            assert refused.status_code == 403, action


async def test_what_an_administrator_has_edited_of_another_post_is_shown_again_by_others(
    app: Broadside, db: AsyncSession, ids: dict[str, int], susan: User
) -> None:
    post = await add_post(db, susan)
    post.revision = 2
    texts = {"body": "Old", "body_html": "<p>Old</p>", "hidden_at": now()}
    db.add(PostRevision(post_id=post.id, number=1, editor_id=ids["person"],
                        is_hidden_by_moderator=True, **texts))  # fmt: skip
    await db.commit()
    address = f"/moderate/post/{post.id}/revisions/1/show"
    for name, status in (("boss", 403), ("mona", 302)):
        async with Browser(app) as browser:
            await browser.open_session(name)
            form = {"csrf_token": await browser.token("/auth/sessions"), "reason": "x"}
            assert (await browser.post(address, data=form)).status_code == status, name


async def test_an_administrator_whom_nobody_helps_closes_reports_about_them_and_the_log_names_them(
    app: Broadside, db: AsyncSession, ids: dict[str, int]
) -> None:
    report = f"/moderate/reports/{ids['report']}"
    says = "Nobody else moderates here, so you decide"
    async with Browser(app) as browser:
        await browser.open_session("boss")
        assert says not in (await browser.get(report)).text
        await db.execute(update(User).where(User.username == "mona").values(disabled_at=now()))
        await db.commit()
        for address in ("/moderate/reports", report):
            page = (await browser.get(address)).text
            assert says in page
            assert f"/moderate/hide/{ids['post']}" not in page, "nobody hides what they wrote"
        assert (await browser.submit(report, ANSWER)).status_code == 302
        log = (await browser.get("/moderation/log")).text
    assert not (await db.get_one(Report, ids["report"], populate_existing=True)).is_open
    assert log.count("boss") >= 2, "as the moderator, and whom it was about"


async def test_the_pages_say_that_another_moderator_decides(
    app: Broadside, db: AsyncSession, ids: dict[str, int]
) -> None:
    says = "is about you. Another moderator decides"
    forms = ("/resolve", "/dismiss", "/claim", "/moderate/hide/", 'name="outcome"')
    report = f"/moderate/reports/{ids['report']}"
    async with Browser(app) as boss, Browser(app) as mona:
        await boss.open_session("boss")
        await mona.open_session("mona")
        for address in ("/moderate/reports", report):
            page = html.unescape((await boss.get(address)).text)
            assert says in page, address
            assert not any(form in page for form in forms), address
            page = html.unescape((await mona.get(address)).text)
            assert says not in page
            assert sum(form in page for form in forms) >= 3
        refused = await boss.get(f"/moderate/hide/{ids['post']}")
        assert (refused.status_code, says in html.unescape(refused.text)) == (403, True)
        for address, links in {
            f"/post/{ids['post']}": ("/moderate/hide/", "/moderate/disable/", "/moderate/enable/"),
            "/moderate": ("/moderate/disable/", "/moderate/enable/"),
            "/moderate/posts": ("/moderate/show/",),
            f"/post/{ids['post']}/revisions/2": (f"/moderate/post/{ids['post']}",),
        }.items():
            page = (await boss.get(address)).text
            assert not any(f'href="{link}' in page for link in links), address
        # Another moderator, who is none of an administrator, decides.
        await mona.submit(report, ANSWER)
    closed = await db.get_one(Report, ids["report"], populate_existing=True)
    assert not closed.is_open


async def test_a_reported_moderator_learns_neither_who_reported_them_nor_what_was_written_about_it(
    app: Broadside, db: AsyncSession, ids: dict[str, int]
) -> None:
    boss = await db.get_one(User, ids["person"])
    mona = await db.scalar(select(User).where(User.username == "mona"))
    assert mona is not None
    secrets = {"reason": "Loud", "remark": "A nuisance", "answer": "Thanks, Susan"}
    db.add(ModeratorNote(person_id=boss.id, author_id=mona.id, text="Keep an eye on"))
    report = f"/moderate/reports/{ids['report']}"
    addresses = [report, "/moderate/reports", f"/moderate/people/{boss.id}"]
    for is_open in (True, False):
        if not is_open:
            (row := await db.get_one(Report, ids["report"])).state = ReportState.RESOLVED
            row.closed_at, row.closed_by_id = now(), mona.id
            row.remark, row.answer = secrets["remark"], secrets["answer"]
            addresses = [report, "/moderate/reports/closed"]
        await db.commit()
        for person, sees in ((boss, False), (mona, True)):
            async with Browser(app) as browser:
                await browser.open_session(person.username)
                pages = " ".join([(await browser.get(address)).text for address in addresses])
            for text in ("susan", "Loud", "Keep an eye on"):
                assert (text in pages) is sees, (text, is_open)
            for text in ("A nuisance", "Thanks, Susan"):
                assert (text in pages) is (sees and not is_open), (text, is_open)
            async with Client(app, token=await add_token(app, person)) as client:
                state = "open" if is_open else "closed"
                answer = (await client.get(f"/moderation/reports/?state={state}")).json()
                shown = (await client.get(f"/moderation/reports/{ids['report']}")).json()
            assert answer["reports"] == [shown]
            assert shown["reporter"] == ("susan" if sees else None)
            for field, text in secrets.items():
                known = sees and (field == "reason" or not is_open)
                assert shown[field] == (text if known else None), (field, is_open)


async def test_an_administrator_who_decides_alone_reads_the_reason_but_not_who_wrote_it(
    app: Broadside, db: AsyncSession, ids: dict[str, int]
) -> None:
    await db.execute(update(User).where(User.username == "mona").values(disabled_at=now()))
    await db.commit()
    boss = await db.get_one(User, ids["person"])
    report = f"/moderate/reports/{ids['report']}"
    async with Browser(app) as browser, Client(app, token=await add_token(app, boss)) as client:
        await browser.open_session("boss")
        page = (await browser.get(report)).text
        assert ("Loud" in page, "susan" in page) == (True, False)
        shown = (await client.get(f"/moderation/reports/{ids['report']}")).json()
        assert (shown["reason"], shown["reporter"]) == ("Loud", None)
