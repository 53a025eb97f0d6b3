"""Folders of bookmarks, and searching in bookmarks; nobody else knows of them."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.web.app import Broadside
from blog.models import Bookmark, BookmarkFolder, Post, PostStatus, User
from blog.reactions.folders import MOST_FOLDERS
from tests.accounts.deletions import finish_deletions, leave
from tests.api.support import Client, add_token
from tests.databases import wait_for_a_lock
from tests.support import Browser, add_user


@pytest.fixture
async def posts(db: AsyncSession, susan: User) -> list[Post]:
    """Posts about soup, bread and trams, which Susan has bookmarked."""
    posts = [
        Post(author_id=susan.id, title=title, body=title, body_html=f"<p>{title}</p>",
             renderer_version=1)
        for title in ("Soup", "Bread", "Trams")
    ]  # fmt: skip
    db.add_all(posts)
    await db.flush()
    for post in posts:
        db.add(Bookmark(user_id=susan.id, post_id=post.id))
    await db.commit()
    return posts


@pytest.fixture
async def other(app: Broadside) -> AsyncIterator[Browser]:
    """The browser of somebody else."""
    await add_user(app, "david")
    async with Browser(app) as browser:
        await browser.open_session("david")
        yield browser


async def shown(browser: Browser, address: str) -> list[str]:
    """The titles of the bookmarks on a page."""
    page = (await browser.get(address)).text
    return [title for title in ("Soup", "Bread", "Trams") if f">{title}</a></h2>" in page]


async def test_a_folder_is_made_filled_renamed_and_deleted(
    susans_browser: Browser, other: Browser, posts: list[Post]
) -> None:
    answer = await susans_browser.submit(
        "/bookmarks/folders", {"name": " To  cook "}, page="/bookmarks"
    )
    folder = answer.headers["location"]
    assert folder == "/bookmarks?folder=1"
    for post in posts[:2]:
        answer = await susans_browser.submit(
            f"/bookmarks/{post.id}/move", {"folder": "1", "next": folder}, page="/bookmarks"
        )
        assert answer.headers["location"] == folder
    assert await shown(susans_browser, folder) == ["Soup", "Bread"]
    assert await shown(susans_browser, "/bookmarks") == ["Soup", "Bread", "Trams"]
    await susans_browser.submit("/bookmarks/folders/1/rename", {"name": "Recipes"}, page=folder)
    assert "<h1><bdi>Recipes</bdi></h1>" in (await susans_browser.get(folder)).text
    await susans_browser.submit(f"/bookmarks/{posts[0].id}/move", {"folder": ""}, page=folder)
    assert await shown(susans_browser, folder) == ["Bread"]
    # To others the folder isn't there.
    assert (await other.get(folder)).status_code == 404
    for action, data in (
        ("folders/1/rename", {"name": "Mine"}), ("folders/1/delete", {}),
        (f"{posts[0].id}/move", {"folder": "1"}), (f"{posts[0].id}/move", {"folder": ""}),
    ):  # fmt: skip
        answer = await other.submit(f"/bookmarks/{action}", data, page="/bookmarks")
        assert answer.status_code == 404, action
    await susans_browser.submit("/bookmarks/folders/1/delete", page=folder)
    assert (await susans_browser.get(folder)).status_code == 404
    assert await shown(susans_browser, "/bookmarks") == ["Soup", "Bread", "Trams"]


async def test_a_name_that_is_missing_too_long_or_taken_is_refused_beside_the_field(
    susans_browser: Browser, posts: list[Post], db: AsyncSession, susan: User
) -> None:
    db.add_all(BookmarkFolder(user_id=susan.id, name=name) for name in ("Recipes", "Trams"))
    await db.commit()
    for name, words in (
        (" ", "Please"), ("x" * 51, "Please shorten this to at most 50"),
        ("RECIPES", "already have a folder"),
    ):  # fmt: skip
        for action in ("/bookmarks/folders", "/bookmarks/folders/2/rename"):
            answer = await susans_browser.submit(action, {"name": name}, page="/bookmarks")
            assert answer.status_code == 422
            assert words in answer.text, action
            assert f'value="{name}"' in answer.text or name == " "
    for folder in ("7", "x", "9" * 30, "-1"):
        assert (await susans_browser.get(f"/bookmarks?folder={folder}")).status_code == 404
        answer = await susans_browser.submit(
            f"/bookmarks/{posts[0].id}/move", {"folder": folder}, page="/bookmarks"
        )
        assert answer.status_code == 404


async def test_there_is_a_maximum_of_folders_also_for_those_who_hurry(
    app: Broadside, susan: User, posts: list[Post], db: AsyncSession
) -> None:
    db.add_all(
        BookmarkFolder(user_id=susan.id, name=f"{number}") for number in range(MOST_FOLDERS - 1)
    )
    await db.commit()
    async with Client(app, token=await add_token(app, susan)) as client:
        address = f"/posts/{posts[0].id}/bookmark"
        answers = await asyncio.gather(
            *(client.put(address, json={"folder": f"New {number}"}) for number in range(3)),
            *(client.put(address, json={"folder": "New 0"}) for _ in range(2)),
        )
    assert {answer.status_code for answer in answers} == {204, 409}
    assert await db.scalar(select(func.count(BookmarkFolder.id))) == MOST_FOLDERS


async def test_the_api_puts_bookmarks_into_folders_and_lists_them(
    app: Broadside, susan: User, posts: list[Post], db: AsyncSession
) -> None:
    async with Client(app, token=await add_token(app, susan)) as client:
        for post, folder in zip(posts, ("Recipes", "recipes", None), strict=True):
            answer = await client.put(f"/posts/{post.id}/bookmark", json={"folder": folder})
            assert answer.status_code == 204
        # Without a folder it stays where it is.
        assert (await client.put(f"/posts/{posts[0].id}/bookmark")).status_code == 204
        await db.execute(update(Post).where(Post.id == posts[1].id).values(status=PostStatus.DRAFT))
        await db.commit()
        first = (
            await client.get("/bookmarks/", params={"folder": "RECIPES", "per_page": 1})
        ).json()
        assert first["count"] == 2
        second = (await client.get(first["next"])).json()
        (kept, draft) = sorted(
            first["bookmarks"] + second["bookmarks"], key=lambda each: each["post_id"]
        )
        assert (kept["title"], kept["author"], kept["folder"]) == ("Soup", "susan", "Recipes")
        assert (draft["post_id"], draft["title"], draft["html_url"]) == (posts[1].id, None, None)
        everything = (await client.get("/bookmarks/")).json()
        assert [each["folder"] for each in everything["bookmarks"]].count(None) == 1
        assert (await client.get("/bookmarks/", params={"folder": "None"})).status_code == 404
        long = await client.put(f"/posts/{posts[0].id}/bookmark", json={"folder": "x" * 51})
        assert long.status_code == 422


async def test_a_folder_that_is_just_being_deleted_is_made_again_for_a_bookmark(
    app: Broadside, susan: User, posts: list[Post], db: AsyncSession
) -> None:
    db.add(BookmarkFolder(user_id=susan.id, name="Recipes"))
    await db.commit()
    async with Client(app, token=await add_token(app, susan)) as client:
        async with app.database.session() as elsewhere:
            await elsewhere.execute(delete(BookmarkFolder))
            moved = asyncio.create_task(
                client.put(f"/posts/{posts[0].id}/bookmark", json={"folder": "recipes"})
            )
            await wait_for_a_lock(app.database, 1)
            await elsewhere.commit()
        assert (await moved).status_code == 204
        found = (await client.get("/bookmarks/", params={"folder": "recipes"})).json()
        assert [each["post_id"] for each in found["bookmarks"]] == [posts[0].id]


async def test_bookmarks_are_searched_and_what_is_not_public_is_not_found(
    susans_browser: Browser, other: Browser, posts: list[Post], db: AsyncSession, susan: User
) -> None:
    folder = BookmarkFolder(user_id=susan.id, name="Recipes")
    db.add(folder)
    await db.flush()
    await db.execute(
        update(Bookmark).where(Bookmark.post_id != posts[2].id).values(folder_id=folder.id)
    )
    await db.commit()
    assert await shown(susans_browser, "/bookmarks?q=soups") == ["Soup"]
    assert await shown(susans_browser, "/bookmarks?q=soup or tram") == ["Soup", "Trams"]
    assert await shown(susans_browser, f"/bookmarks?q=soup or tram&folder={folder.id}") == ["Soup"]
    assert "No bookmarks found" in (await susans_browser.get("/bookmarks?q=nothing")).text
    assert "No bookmarks found" in (await other.get("/bookmarks?q=soup")).text
    await db.execute(update(Post).where(Post.id == posts[0].id).values(status=PostStatus.DRAFT))
    await db.commit()
    page = (await susans_browser.get("/bookmarks?q=soup")).text
    assert "No bookmarks found" in page
    assert "available any more" not in page


async def test_folders_leave_with_their_owner(
    app: Broadside, susan: User, posts: list[Post], db: AsyncSession
) -> None:
    folder = BookmarkFolder(user_id=susan.id, name="Recipes")
    db.add(folder)
    await db.flush()
    await db.execute(update(Bookmark).values(folder_id=folder.id))
    await db.commit()
    await leave(app, susan)
    await finish_deletions(app)
    assert await db.scalar(select(func.count(BookmarkFolder.id))) == 0


async def test_folders_are_listed_renamed_and_deleted_by_the_api(
    app: Broadside, db: AsyncSession, susan: User, posts: list[Post]
) -> None:
    other = await add_user(app, "david")
    async with (
        Client(app, token=await add_token(app, susan)) as client,
        Client(app, token=await add_token(app, other)) as stranger,
    ):
        for post, name in zip(posts[:2], ("Food", "Bakery"), strict=True):
            await client.put(f"/posts/{post.id}/bookmark", json={"folder": name})
        listed = (await client.get("/bookmarks/folders/")).json()
        assert [each["name"] for each in listed["folders"]] == ["Bakery", "Food"]
        bakery, food = (each["url"] for each in listed["folders"])
        answer = await client.patch(food, json={"name": " Recipes "})
        assert answer.json() == (await client.get(food)).json()
        assert answer.json()["name"] == "Recipes"
        assert (await client.patch(food, json={"name": "bakery"})).status_code == 422
        for method in ("GET", "PATCH", "DELETE"):
            json = {"name": "Mine"} if method == "PATCH" else None
            answer = await stranger.request(method, bakery, json=json)
            assert answer.status_code == 404, method
        assert (await client.delete(bakery)).status_code == 204
        assert (await client.delete(bakery)).status_code == 404
        kept = await client.all_of("/bookmarks/", "bookmarks")
        assert sorted((each["title"], each["folder"]) for each in kept) == [
            ("Bread", None), ("Soup", "Recipes"), ("Trams", None),
        ]  # fmt: skip
