"""What people are notified of, on the page and in the API."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.admin.service import change_role
from blog.core.auth.viewer import OPERATOR
from blog.core.clock import now
from blog.core.events.handlers import record
from blog.core.web.app import Broadside
from blog.models import (
    AccountDeletion,
    Export,
    ExportState,
    ImportState,
    Notification,
    NotificationItem,
    PostImport,
    PostLike,
    User,
)
from blog.notifications import jobs
from blog.notifications.cleaning import delete_old
from blog.reactions.events import PostLiked
from blog.transfer.exporting.events import ExportEnded
from blog.transfer.importing.events import ImportEnded
from tests.jobs import at_work, stored_jobs
from tests.notifications.support import Person, people
from tests.servers import until
from tests.support import Browser, NewUser, add_users
from tests.test_hidden_people import RELATIONS

LIKERS = 20


@pytest.fixture
async def them(app: Broadside) -> AsyncIterator[dict[str, Person]]:
    """Susan, who writes, some readers, and a moderator."""
    async with people(app, "susan", "nina", "robin", "max") as found:
        yield found


async def test_people_are_told_of_comments_likes_and_followers_in_grouped_lines(
    them: dict[str, Person],
) -> None:
    susan, nina, robin = them["susan"], them["nina"], them["robin"]
    post = await susan.write_post()
    comment = await nina.comment(post)
    await nina.put(f"/posts/{post}/like")
    await robin.put(f"/posts/{post}/like")
    await robin.put("/users/susan/follow")
    found = await susan.notifications()
    assert [each["text"] for each in found] == [
        "robin started following you",
        "robin and nina liked “Trams”",
        "nina commented on “Trams”",
    ]
    assert [(each["kind"], each["count"], each["actors"]) for each in found] == [
        ("follow", 1, ["robin"]),
        ("like", 2, ["robin", "nina"]),
        ("comment", 1, ["nina"]),
    ]
    assert found[0]["html_url"] == "https://blog.test/user/robin"
    assert found[1]["html_url"] == f"https://blog.test/post/{post}/trams#reactions"
    assert found[2]["html_url"] == f"https://blog.test/comment/{comment}"
    assert await susan.unread() == 3
    assert await nina.unread() == 0
    assert (await nina.get(found[0]["url"])).status_code == 404


async def test_only_followers_are_notified_of_people_whom_moderators_have_limited(
    them: dict[str, Person], db: AsyncSession
) -> None:
    susan, nina = them["susan"], them["nina"]
    await db.execute(update(User).where(User.id == nina.id).values(limited_at=func.now()))
    await db.commit()
    for follows in (False, True):
        if follows:
            await susan.put("/users/nina/follow")
            await nina.delete("/users/susan/follow")
        post = await susan.write_post()
        comment = await susan.comment(post)
        await nina.put(f"/posts/{post}/like")
        await nina.put(f"/comments/{comment}/like")
        await nina.comment(post)
        await nina.comment(post, reply_to=comment)
        await nina.post("/posts/", json={"body": "Like @susan"})
        await nina.put("/users/susan/follow")
        kinds = {line["kind"] for line in await susan.notifications()}
        assert kinds == ({"like", "comment", "reply", "mention", "follow"} if follows else set())


async def test_replies_and_likes_of_comments_are_told_to_their_authors(
    them: dict[str, Person], app: Broadside
) -> None:
    susan, nina, robin = them["susan"], them["nina"], them["robin"]
    post = await susan.write_post()
    comment = await nina.comment(post)
    reply = await robin.comment(post, reply_to=comment)
    await robin.put(f"/comments/{comment}/like")
    await susan.comment(post, reply_to=reply)
    assert await susan.texts() == ["2 comments by robin and nina on “Trams”"]
    assert await robin.texts() == ["susan replied to your comment on “Trams”"]
    assert await nina.texts() == [
        "robin liked your comment on “Trams”",
        "robin replied to your comment on “Trams”",
    ]
    # It leaves an empty row, because it has a reply.
    await nina.delete(f"/comments/{comment}")
    assert await nina.texts() == []
    assert await susan.texts() == ["robin commented on “Trams”"]
    async with Browser(app) as browser:
        await browser.open_session("susan")
        await browser.submit(f"/comment/{reply}/remove", {"reason": "Rude"})
    assert await robin.texts() == [
        "The author of “Trams” removed your comment",
        "susan replied to your comment on “Trams”",
    ]
    assert await susan.texts() == []


async def test_nobody_is_told_of_what_they_did_themself(them: dict[str, Person]) -> None:
    susan = them["susan"]
    post = await susan.write_post()
    await susan.comment(post)
    await susan.put(f"/posts/{post}/like")
    assert await susan.notifications() == []


async def test_what_is_undone_leaves_no_notification(them: dict[str, Person]) -> None:
    susan, nina, robin = them["susan"], them["nina"], them["robin"]
    post = await susan.write_post()
    comment = await nina.comment(post)
    for reader in (nina, robin):
        await reader.put(f"/posts/{post}/like")
        await reader.put("/users/susan/follow")
    await nina.delete(f"/comments/{comment}")
    await nina.delete(f"/posts/{post}/like")
    await nina.delete("/users/susan/follow")
    assert await susan.texts() == ["robin started following you", "robin liked “Trams”"]
    await robin.delete("/users/susan/follow")
    await susan.delete(f"/posts/{post}")
    assert await susan.notifications() == []
    assert await susan.unread() == 0


async def test_a_storm_of_likes_is_one_exact_line(
    app: Broadside, them: dict[str, Person], db: AsyncSession
) -> None:
    post = await them["susan"].write_post()
    async with people(app, *(f"reader{number}" for number in range(LIKERS))) as readers:
        address = f"/posts/{post}/like"
        await asyncio.gather(*(reader.put(address) for reader in readers.values()))
        [line] = await them["susan"].notifications()
        assert line["count"] == LIKERS
        assert line["text"].endswith(f"and {LIKERS - 1} others liked “Trams”")
        undone = list(readers.values())[: LIKERS // 2]
        again = [reader.put(address) for reader in undone[::2]]
        await asyncio.gather(*(reader.delete(address) for reader in undone), *again)
        [line] = await them["susan"].notifications()
        liked = (await them["susan"].get(f"/posts/{post}/likes/")).json()["count"]
        assert line["count"] == liked
        assert await db.scalar(select(func.count()).select_from(Notification)) == 1


async def test_a_thousand_likes_at_once_are_one_line(
    app: Broadside, them: dict[str, Person], db: AsyncSession
) -> None:
    post = await them["susan"].write_post()
    likers = await add_users(app, *(NewUser(f"reader{number}") for number in range(1_000)))
    db.add_all(PostLike(user_id=liker.id, post_id=post) for liker in likers.values())
    await db.flush()
    await record(db, *(PostLiked(liker.id, post) for liker in likers.values()))
    await db.commit()
    [line] = await them["susan"].notifications()
    assert line["count"] == 1_000
    assert line["text"].endswith("and 999 others liked “Trams”")


async def test_what_comes_after_reading_begins_a_new_line(them: dict[str, Person]) -> None:
    susan, nina, robin = them["susan"], them["nina"], them["robin"]
    post = await susan.write_post()
    await nina.put(f"/posts/{post}/like")
    [line] = await susan.notifications()
    for _ in range(2):
        answer = await susan.patch(line["url"], json={"read": True})
        assert answer.json()["read_at"]
    await robin.put(f"/posts/{post}/like")
    found = await susan.notifications()
    assert [(each["actors"], bool(each["read_at"])) for each in found] == [
        (["robin"], False),
        (["nina"], True),
    ]
    assert (await nina.patch(found[0]["url"], json={"read": True})).status_code == 404
    assert (await susan.patch(found[0]["url"], json={"read": False})).status_code == 422
    assert await susan.unread() == 1


async def test_all_are_marked_read_but_for_those_that_came_since(them: dict[str, Person]) -> None:
    susan, nina, robin = them["susan"], them["nina"], them["robin"]
    post = await susan.write_post()
    await nina.comment(post)
    await nina.put(f"/posts/{post}/like")
    seen = (await susan.notifications())[0]["created_at"]
    await robin.comment(post)
    answers = await asyncio.gather(
        *(susan.patch("/notifications/", json={"read": True, "until": seen}) for _ in range(2))
    )
    assert [answer.status_code for answer in answers] == [200, 200]
    assert await susan.texts() == ["2 comments by robin and nina on “Trams”"]
    await susan.patch("/notifications/", json={"read": True})
    assert await susan.unread() == 0


async def test_moderation_is_told_as_it_is_now_and_hides_what_readers_may_not_see(
    them: dict[str, Person], app: Broadside
) -> None:
    susan, nina = them["susan"], them["nina"]
    post = await susan.write_post()
    comment = await nina.comment(post)
    async with Browser(app) as maud:
        await maud.open_session("max")
        await _report(app, "robin", f"/report/comment/{comment}")
        assert await them["max"].texts() == ["1 new report"]
        await them["max"].post(f"/comments/{comment}/disable", json={"reason": "Rude"})
        assert await them["max"].texts() == []
        assert await nina.texts() == ["A moderator disabled your comment on “Trams”"]
        assert await susan.texts() == []
        await them["max"].post(f"/comments/{comment}/enable", json={"reason": "Not rude"})
        assert await nina.texts() == ["A moderator enabled your comment on “Trams” again"]
        await maud.submit(f"/moderate/hide/{post}", {"reason": "Spam"})
        assert await susan.texts() == ["A moderator hid your post “Trams”"]
        assert await nina.texts() == []
        await maud.submit(f"/moderate/show/{post}", {"reason": "Fine"})
        assert await susan.texts() == ["A moderator unhid your post “Trams”"]


async def test_who_has_asked_for_it_hears_of_new_posts(
    them: dict[str, Person], app: Broadside, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "PEOPLE_AT_ONCE", 1)
    susan, nina, robin = them["susan"], them["nina"], them["robin"]
    assert (await nina.put("/users/susan/follow/alerts")).status_code == 422
    for reader in (nina, robin, them["max"]):
        await reader.put("/users/susan/follow")
    async with Browser(app) as browser:
        await browser.open_session("nina")
        address = "/follow/susan/alerts"
        assert (await browser.submit(address, page="/user/susan")).status_code == 302
        assert 'action="/follow/susan/silence"' in (await browser.get("/user/susan")).text
    await robin.put("/users/susan/follow/alerts")
    post = await susan.write_post()
    await _all_is_announced(app)
    for reader in (nina, robin):
        [line] = await reader.notifications()
        assert (line["text"], line["count"]) == ("susan published “Trams”", 1)
        assert line["html_url"] == f"https://blog.test/post/{post}/trams"
    assert await them["max"].texts() == []
    await susan.write_post("Ships")
    await robin.delete("/users/susan/follow/alerts")
    await _all_is_announced(app)
    assert await nina.texts() == ["2 new posts by susan"]
    assert await robin.texts() == ["susan published “Trams”"]
    await susan.patch(f"/posts/{post}", json={"status": "draft"})
    assert await robin.texts() == []


async def _all_is_announced(app: Broadside) -> None:
    async def is_done() -> bool:
        return await stored_jobs(app) == []

    async with at_work(app, jobs.ANNOUNCE_POST):
        await until(is_done)


@pytest.mark.parametrize("relation", RELATIONS)
async def test_nothing_is_heard_of_people_behind_a_closed_door(
    them: dict[str, Person], app: Broadside, relation: str
) -> None:
    susan, nina, robin = them["susan"], them["nina"], them["robin"]
    post = await susan.write_post()
    for reader in (nina, robin):
        await reader.put(f"/posts/{post}/like")
    await nina.comment(post)
    ninas = await nina.write_post("Ships")
    await susan.put(f"/posts/{ninas}/like")
    act = {
        "muted": ("susan", "/user/nina/mute"),
        "blocked": ("susan", "/user/nina/block"),
        "blocked by": ("nina", "/user/susan/block"),
    }
    async with Browser(app) as browser:
        name, address = act[relation]
        await browser.open_session(name)
        await browser.submit(address, page="/write")
    assert await susan.texts() == ["robin liked “Trams”"]
    await nina.post(f"/posts/{post}/comments/", json={"body": "Hello?"})
    await nina.put("/users/susan/follow")
    assert await susan.texts() == ["robin liked “Trams”"]
    # Who is muted does not learn of it.
    assert await nina.texts() == (["susan liked “Ships”"] if relation == "muted" else [])


async def _report(app: Broadside, username: str, address: str) -> None:
    async with Browser(app) as browser:
        await browser.open_session(username)
        assert (await browser.submit(address, {"reason": "Rude"})).status_code == 302


async def test_the_page_opens_and_reads_notifications_without_a_script(
    app: Broadside, them: dict[str, Person]
) -> None:
    susan, nina, robin = them["susan"], them["nina"], them["robin"]
    post = await susan.write_post()
    async with Browser(app) as browser, Browser(app) as stranger:
        await browser.open_session("susan")
        await stranger.open_session("nina")
        assert "No notifications yet" in (await browser.get("/notifications")).text
        await nina.comment(post)
        await robin.put(f"/posts/{post}/like")
        await robin.put("/users/susan/follow")
        page = (await browser.get("/")).text
        assert '<span class="bell-count">3<' in page
        page = (await browser.get("/notifications")).text
        assert page.index("robin started following you") < page.index("nina commented on “Trams”")
        follow, like, comment = await susan.notifications()
        opened = await browser.submit(f"/notifications/{comment['id']}/open", page="/notifications")
        assert opened.headers["location"].startswith("/comment/")
        read = await browser.submit(
            f"/notifications/{like['id']}/read?kind=like", page="/notifications"
        )
        assert read.headers["location"] == "/notifications?kind=like"
        for way in ("open", "read"):
            address = f"/notifications/{follow['id']}/{way}"
            assert (await stranger.submit(address, page="/write")).status_code == 404
        assert await susan.texts() == ["robin started following you"]
        page = (await browser.get("/notifications")).text
        assert page.index(">New<") < page.index("robin started") < page.index(">Earlier<")
        only = (await browser.get("/notifications?kind=like")).text
        assert "robin liked “Trams”" in only
        assert "nina commented" not in only
        assert (await browser.get("/notifications?kind=x")).status_code == 404
        await browser.submit("/notifications/read", page="/notifications")
        page = (await browser.get("/notifications")).text
        assert '<span class="bell-count" hidden>' in page
        assert "You’re all caught up" in (await browser.get("/notifications?unread=1")).text


async def test_two_tabs_that_mark_all_as_read_at_once_are_answered_alike(
    app: Broadside, them: dict[str, Person]
) -> None:
    susan, nina, robin = them["susan"], them["nina"], them["robin"]
    post = await susan.write_post()
    for reader in (nina, robin):
        await reader.comment(post)
        await reader.put(f"/posts/{post}/like")
    like, comment = await susan.notifications()
    async with Browser(app) as browser:
        await browser.open_session("susan")
        form = {"csrf_token": await browser.token("/notifications")}
        addresses = ["read", "read", f"{like['id']}/read", f"{comment['id']}/read"]
        answers = await asyncio.gather(
            *(browser.post(f"/notifications/{each}", data=form) for each in addresses)
        )
    assert {answer.headers["location"] for answer in answers} == {"/notifications"}
    found = await susan.notifications()
    assert [(each["id"], bool(each["read_at"])) for each in found] == [
        (like["id"], True),
        (comment["id"], True),
    ]
    assert await susan.unread() == 0


async def test_lists_have_pages_and_cursors(
    app: Broadside, them: dict[str, Person], db: AsyncSession
) -> None:
    susan = them["susan"]
    lines = [
        Notification(
            user_id=susan.id,
            kind="follow",
            created_at=now() - timedelta(minutes=number),
            read_at=now() if number else None,
        )
        for number in range(65)
    ]
    db.add_all(lines)
    await db.flush()
    db.add_all(
        NotificationItem(notification_id=line.id, user_id=susan.id, actor_id=them["nina"].id)
        for line in lines
    )
    await db.commit()
    found = await susan.notifications("?per_page=20")
    assert [each["id"] for each in found] == [line.id for line in lines]
    async with Browser(app) as browser:
        await browser.open_session("susan")
        for number, shown in ((1, 31), (2, 30), (3, 4)):
            page = (await browser.get(f"/notifications?page={number}")).text
            assert page.count("nina started following you</button>") == shown
        assert "There’s no page 4" in (await browser.get("/notifications?page=4")).text
    assert (await susan.get("/notifications/?cursor=x")).status_code == 422


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (ExportState.READY, "Your export is ready"), (ExportState.FAILED, "Your export failed"),
        (ImportState.DONE, "Your import is done"), (ImportState.FAILED, "Your import failed"),
    ],
)  # fmt: skip
async def test_an_export_or_import_that_has_ended_is_told(
    them: dict[str, Person], db: AsyncSession, state: ExportState | ImportState, text: str
) -> None:
    susan, page = them["susan"], "auth/export"
    row: Export | PostImport
    if isinstance(state, ExportState):
        row = Export(user_id=susan.id, name="0" * 32, state=state)
        event: type[ExportEnded | ImportEnded] = ExportEnded
    else:
        row = PostImport(owner_id=susan.id, file_name="posts.zip", state=state)
        event, page = ImportEnded, "import"
    db.add(row)
    await db.flush()
    await record(db, event(row.id, susan.id))
    await db.commit()
    [line] = await susan.notifications()
    assert (line["text"], line["kind"]) == (text, "export" if event is ExportEnded else "import")
    assert line["html_url"] == f"https://blog.test/{page}"
    await db.delete(row)
    await db.commit()
    assert await susan.notifications() == []


async def test_an_export_and_an_import_are_two_notifications(
    them: dict[str, Person], db: AsyncSession
) -> None:
    susan = them["susan"]
    export = Export(user_id=susan.id, name="0" * 32, state=ExportState.READY)
    imported = PostImport(owner_id=susan.id, file_name="posts.zip", state=ImportState.DONE)
    db.add_all([export, imported])
    await db.flush()
    await record(db, ExportEnded(export.id, susan.id))
    await record(db, ImportEnded(imported.id, susan.id))
    await db.commit()
    texts = {line["text"] for line in await susan.notifications()}
    assert texts == {"Your export is ready", "Your import is done"}
    assert len(await susan.notifications("?kind=import")) == 1


async def test_old_notifications_are_deleted(them: dict[str, Person], db: AsyncSession) -> None:
    susan, nina = them["susan"], them["nina"]
    for kept in (False, True):
        post = await susan.write_post("Kept" if kept else "Old")
        await nina.put(f"/posts/{post}/like")
        await nina.comment(post)
        if not kept:
            line = (await susan.notifications("?kind=like"))[0]
            await susan.patch(line["url"], json={"read": True})
            old = {"read_at": now() - timedelta(days=91)}
            await db.execute(update(Notification).where(Notification.kind == "like").values(old))
            old = {"created_at": now() - timedelta(days=366)}
            await db.execute(update(Notification).where(Notification.kind == "comment").values(old))
            await db.commit()
    assert await delete_old(db) >= 1
    await delete_old(db)
    await db.commit()
    assert sorted(await susan.texts("")) == ["nina commented on “Kept”", "nina liked “Kept”"]


@pytest.mark.parametrize("until", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
async def test_a_time_that_is_in_no_year_of_utc_is_refused(
    app: Broadside, them: dict[str, Person], until: str
) -> None:
    answer = await them["susan"].patch("/notifications/", json={"read": True, "until": until})
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json()["errors"]] == ["until"]
    async with Browser(app) as browser:
        await browser.open_session("susan")
        assert (await browser.submit("/notifications/read", {"until": until})).status_code == 400


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("until", [0, 1.5, True, "0", "1700000000", "2026-11-24", "2026-11-24T09:42:10", ""]),
        ("read", [1, 1.0, "true", False, None]),
    ],
)
async def test_what_marks_notifications_as_read_is_of_the_type_that_its_description_says(
    them: dict[str, Person], field: str, values: list[object]
) -> None:
    for value in values:
        answer = await them["susan"].patch("/notifications/", json={"read": True, field: value})
        assert answer.status_code == 422, value
        assert [each["field"] for each in answer.json()["errors"]] == [field]


async def test_the_title_of_a_post_goes_with_its_authors_account(
    app: Broadside, them: dict[str, Person], db: AsyncSession
) -> None:
    susan, nina, robin = them["susan"], them["nina"], them["robin"]
    post = await susan.write_post("My secret trams")
    comment = await nina.comment(post)
    await robin.comment(post, reply_to=comment)
    await robin.put(f"/comments/{comment}/like")
    assert "My secret trams" in str(await nina.notifications())
    # The job that deletes the post has not come so far.
    db.add(AccountDeletion(user_id=susan.id))
    await db.commit()
    found = await nina.notifications()
    assert [each["text"] for each in found] == [
        "robin liked your comment on a post",
        "robin replied to your comment on a post",
    ]
    assert "secret" not in str(found)


async def test_who_is_no_moderator_any_more_hears_of_no_reports(
    app: Broadside, them: dict[str, Person]
) -> None:
    moderator = them["max"]
    await _report(app, "robin", f"/report/post/{await them['susan'].write_post()}")
    assert await moderator.texts() == ["1 new report"]
    async with app.database.session() as session:
        await change_role(session, OPERATOR, moderator.id, "User")
    assert await moderator.texts() == []
    assert await moderator.unread() == 0
