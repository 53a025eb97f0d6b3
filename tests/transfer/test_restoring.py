"""What an import of an export brings back besides posts and images: their history, unpublished
changes, the author's own comments, their profile, and whom they follow."""

import json
import re
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.auth.quotas import FOLLOWING
from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import (
    Block,
    Bookmark,
    BookmarkFolder,
    Comment,
    CommentLike,
    Follow,
    HiddenWord,
    LoggedEvent,
    MailPreference,
    Media,
    Mute,
    Post,
    PostAlert,
    PostDraft,
    PostLike,
    PostRevision,
    Subscription,
    Tag,
    TagFollow,
    User,
)
from blog.posts.counts import wrong_counts
from tests.api.support import Client, add_token
from tests.emptying import empty
from tests.media.support import finish_jobs as process_images
from tests.posts.test_posts import add_posts
from tests.support import Browser, NewUser, add_user, add_users
from tests.transfer.importing.samples import front_matter, picture, zipped
from tests.transfer.importing.support import entries, saved
from tests.transfer.importing.test_pages import finish, press, send
from tests.transfer.support import Archive, downloaded
from tests.transfer.test_round_trip import imported

IMAGE = re.compile("[a-z2-7]{32}")


@pytest.fixture
async def susans(app: Broadside, susan: User) -> AsyncIterator[Client]:
    """Susan's client."""
    async with Client(app, token=await add_token(app, susan)) as client:
        yield client


async def uploaded(app: Broadside, client: Client, colour: str) -> dict[str, Any]:
    """An image that is called by its colour."""
    file = {"file": ("a.png", picture(colour))}
    answer = await client.post("/media/", files=file, data={"alt": colour})
    assert answer.status_code == 201
    await process_images(app)
    found: dict[str, Any] = answer.json()
    return found | {"name": IMAGE.findall(found["markdown"])[0]}


async def live(
    app: Broadside, susan: User, client: Client, browser: Browser, db: AsyncSession
) -> None:
    """Do everything that an export has."""
    red, blue = [await uploaded(app, client, colour) for colour in ("red", "blue")]
    await uploaded(app, client, "green")  # No post shows it.
    others = await add_users(app, *map(NewUser, ("robin", "bob", "gone", "dull", "rude")))
    robin, bob, gone = (others[name] for name in ("robin", "bob", "gone"))
    # 1: with three texts before, of which the first and third are hidden.
    await client.post("/posts/", json={
        "title": "First", "body": f"One ![Red](/media/{red['name']})", "tags": ["a", "B"],
        "excerpt": "Short", "language": "de", "pinned": True,
    })  # fmt: skip
    for fields in ({"title": "Second", "body": "Two *words*", "tags": ["B"]},
                   {"tags": ["c"]}, {"body": "Four", "language": None}):  # fmt: skip
        assert (await client.patch("/posts/1", json=fields)).status_code == 200
    await browser.submit("/post/1/revisions/1/hide", page="/post/1/revisions/1")
    # 2: with unpublished changes.
    await client.post("/posts/", json={"title": "Copied", "body": "As it is", "pinned": True})
    typed = {"title": "", "body": f"To come ![Blue](/media/{blue['name']})", "tags": "x, y",
             "slug": "half typed!", "cover": str(blue["id"]), "comments_open": "false",
             "language": "", "excerpt": "", "canonical_url": "", "version": "1"}  # fmt: skip
    answer = await browser.submit("/edit/2/autosave", typed, page="/edit/2")
    assert answer.status_code == 200, answer.text
    # 3: taken back after a change, and 4: changed since.
    for number in (3, 4):
        await client.post("/posts/", json={"title": f"Back {number}", "body": f"Old {number}"})
        await client.patch(f"/posts/{number}", json={"body": f"New {number}"})
        await client.patch(f"/posts/{number}", json={"status": "draft"})
    await client.patch("/posts/4", json={"body": "Newer 4"})
    # 5: taken back without a change, 6: a draft, 7: published once.
    await client.post("/posts/", json={"body": "Five"})
    await client.patch("/posts/5", json={"status": "draft"})
    await client.post("/posts/", json={"body": "Six", "status": "draft"})
    await client.post("/posts/", json={"body": "Seven", "pinned": True})
    (foreign,) = await add_posts(db, bob, 1)
    await converse(susan, bob, foreign, client, db)
    db.add_all([Follow(follower_id=susan.id, followed_id=each.id) for each in (robin, gone)])
    db.add(Follow(follower_id=robin.id, followed_id=susan.id))
    await db.flush()
    await choose(susan, client, db, others)
    await db.execute(
        update(User).where(User.id == susan.id)
        .values(name="Susan M.", location="Lisbon", about_me="Trams\n& paper", language="pt-PT",
                noindex=True, hides_like_counts=True)
    )  # fmt: skip
    followed_tag = await db.scalar(select(Tag.id).where(Tag.name == "c"))
    db.add(TagFollow(user_id=susan.id, tag_id=followed_tag))
    await db.execute(
        update(Comment).where(Comment.body == "Mine, too")
        .values(disabled_at=now() - timedelta(days=1), disabled_reason="Rude")
    )  # fmt: skip
    await db.execute(
        update(PostRevision).where(PostRevision.post_id == 1, PostRevision.number == 3)
        .values(hidden_at=now(), is_hidden_by_moderator=True, editor_id=bob.id)
    )  # fmt: skip
    # In the past, so that times are not equal by chance.
    for table in (Comment, PostRevision):
        for number, row_id in enumerate(await db.scalars(select(table.id).order_by(table.id))):
            moment = now() - timedelta(days=300 - number, seconds=number)
            await db.execute(update(table).where(table.id == row_id).values(created_at=moment))
    await db.commit()
    token = await browser.token("/edit-profile")
    await browser.post("/edit-profile/avatar", data={"csrf_token": token},
                       files={"file": ("me.png", picture("pink", (300, 300)))})  # fmt: skip
    await process_images(app)


async def converse(susan: User, bob: User, foreign: Post, client: Client, db: AsyncSession) -> None:
    """Comment, reply, like and bookmark, on Susan's posts and on a foreign one."""
    bobs = Comment(post_id=1, author_id=bob.id, body="Bob's", body_html="x", renderer_version=1)
    db.add(bobs)
    await db.commit()
    ids = {"Bob": bobs.id}
    for post_id, text, above in (
        (1, "My *own*", None), (1, "Mine, too", None), (3, "Mine", None),
        (foreign.id, "Theirs", None), (1, "Reply 1", "My *own*"), (1, "Reply 2", "Reply 1"),
        (1, "Reply 3", "Reply 2"), (1, "Reply 4", "Reply 3"), (1, "Reply 5", "Reply 4"),
        (1, "Reply 6", "Reply 5"), (1, "Reply to Bob", "Bob"), (1, "Reply 1b", "My *own*"),
    ):  # fmt: skip
        sent = {"body": text, "reply_to": ids[above] if above else None}
        answer = await client.post(f"/posts/{post_id}/comments/", json=sent)
        if post_id != 3:
            ids[text] = answer.json()["id"]
        if post_id == 3:  # A draft has none but those of before.
            db.add(
                Comment(
                    post_id=3,
                    author_id=susan.id,
                    body=text,
                    body_html=f"<p>{text}</p>",
                    renderer_version=1,
                )
            )
        else:
            assert answer.status_code == 201, answer.text
    for liked in ("/posts/1", "/posts/7", f"/posts/{foreign.id}",
                  *(f"/comments/{ids[text]}" for text in ("Reply 2", "Theirs"))):  # fmt: skip
        assert (await client.put(f"{liked}/like")).status_code == 204
    for bookmarked, folder in ((1, "Own"), (7, None), (foreign.id, "Others")):
        answer = await client.put(f"/posts/{bookmarked}/bookmark", json={"folder": folder})
        assert answer.status_code == 204


async def choose(susan: User, client: Client, db: AsyncSession, others: Mapping[str, User]) -> None:
    """Choose whom and what to see, and how to hear of it."""
    db.add_all([
        PostAlert(follower_id=susan.id, followed_id=others["robin"].id),
        Mute(user_id=susan.id, muted_id=others["dull"].id),
        Block(user_id=susan.id, blocked_id=others["rude"].id),
        BookmarkFolder(user_id=susan.id, name="Empty"),
        MailPreference(user_id=susan.id, choices={"like": "never"}, digest="daily", hour=7,
                       time_zone="Europe/Lisbon"),
        Subscription(author_id=others["robin"].id, email=susan.email, confirmed_at=now()),
    ])  # fmt: skip
    await db.commit()
    for word in ("#trains", "spoilers of", "Straße"):
        answer = await client.post("/me/hidden-words/", json={"word": word})
        assert answer.status_code == 201, answer.text


async def restorable(db: AsyncSession, user: User) -> dict[str, Any]:
    """What an import can bring back of somebody's doings; images are called by their texts."""
    await db.rollback()
    images = (await db.scalars(select(Media).where(Media.owner_id == user.id))).all()
    shown = {image.name: image.alt for image in images}
    covers = {str(image.id): image.alt for image in images}

    def described(text: str | None) -> str | None:
        return text and IMAGE.sub(lambda name: shown[name[0]], text)

    account = await db.get_one(User, user.id, populate_existing=True)
    own = select(Post).where(Post.author_id == user.id)
    posts = {post.id: post for post in await db.scalars(own)}
    revisions = await db.scalars(
        select(PostRevision).where(PostRevision.post_id.in_(posts)).order_by(PostRevision.id)
    )
    copies = await db.scalars(select(PostDraft).where(PostDraft.editor_id == user.id))
    comments = {comment.id: comment for comment in await db.scalars(
        select(Comment).where(Comment.author_id == user.id, Comment.post_id.in_(posts))
        .order_by(Comment.id)
    )}  # fmt: skip
    names = dict((await db.execute(select(User.id, User.username))).all())
    bookmarks = (await db.execute(
        select(Bookmark.post_id, Bookmark.created_at, BookmarkFolder.name)
        .outerjoin(BookmarkFolder, BookmarkFolder.id == Bookmark.folder_id)
        .where(Bookmark.user_id == user.id, Bookmark.post_id.in_(posts))
    )).all()  # fmt: skip
    pinned = [post for post in posts.values() if post.pinned_at]
    return {
        "numbers": {post.body: post.revision for post in posts.values()},
        "revisions": sorted(
            [posts[row.post_id].body, row.number, row.created_at, row.editor_id == user.id,
             row.changed, row.words_added, row.words_removed, row.title, described(row.body),
             described(row.body_html), row.summary, row.language, row.tags, row.hidden_at,
             row.is_hidden_by_moderator]
            for row in revisions
        ),
        "copies": [
            (posts[row.post_id].body, described(row.fields["body"]),
             row.fields | {"body": "", "cover": covers.get(row.fields["cover"])}, row.saved_at)
            for row in copies
        ],
        "comments": sorted(
            ((posts[row.post_id].body, row.body, row.body_html, row.created_at, row.edited_at,
              row.disabled_at, row.disabled_reason)
             for row in comments.values()),
            key=lambda row: row[:2],
        ),
        "threads": [
            (row.body, [comments[above].body for above in row.path or ()
                        if above in comments], row.like_count)
            for row in comments.values()
        ],
        "likes": sorted(
            (posts[row.post_id].body, row.created_at)
            for row in await db.scalars(select(PostLike).where(PostLike.user_id == user.id))
            if row.post_id in posts
        ),
        "comment_likes": sorted(
            (comments[row.comment_id].body, row.created_at)
            for row in await db.scalars(select(CommentLike).where(CommentLike.user_id == user.id))
            if row.comment_id in comments
        ),
        "bookmarks": sorted((posts[row[0]].body, *row[1:]) for row in bookmarks),
        "folders": sorted(await db.scalars(
            select(BookmarkFolder.name).where(BookmarkFolder.user_id == user.id)
        )),
        "shut_out": [
            names[row.muted_id if isinstance(row, Mute) else row.blocked_id]
            for table in (Mute, Block)
            for row in await db.scalars(select(table).where(table.user_id == user.id))
        ],
        "alerts": [names[row.followed_id] for row in await db.scalars(
            select(PostAlert).where(PostAlert.follower_id == user.id)
        )],
        "hidden": [(row.is_tag, row.folded, row.word) for row in await db.scalars(
            select(HiddenWord).where(HiddenWord.user_id == user.id).order_by(HiddenWord.id)
        )],
        "mail": [
            (row.choices, row.wants_digest, row.digest, row.weekday, row.hour, row.time_zone)
            for row in await db.scalars(
                select(MailPreference).where(MailPreference.user_id == user.id)
            )
        ],
        "pinned": [post.body for post in sorted(pinned, key=lambda post: post.pinned_at)],
        "profile": (account.name, account.location, account.about_me, account.language,
                    account.noindex, account.hides_like_counts),
        "tags": sorted(await db.scalars(
            select(Tag.name).join(TagFollow, TagFollow.tag_id == Tag.id)
            .where(TagFollow.user_id == user.id)
        )),
        "has_avatar": account.avatar is not None,
        "images": sorted(image.alt for image in images),
    }  # fmt: skip


async def following(db: AsyncSession, user: User) -> set[str]:
    """The names of those whom somebody follows."""
    await db.rollback()
    names = select(User.username).join(Follow, Follow.followed_id == User.id)
    return set(await db.scalars(names.where(Follow.follower_id == user.id)))


async def move(app: Broadside) -> User:
    """An empty site with a new account of the same name, and with people of her lists."""
    await empty(app.database.engine)
    for folder in ("media", "originals", "exports"):
        await app.storage.delete(*(stored.key for stored in await app.storage.page(folder)))
    await add_user(app, "newcomer")
    for name in ("robin", "dull", "rude"):
        await add_user(app, name)
    return await add_user(app, "susan")


async def test_everything_that_can_be_brought_back_is_the_same_afterwards(
    app: Broadside, susan: User, susans: Client, susans_browser: Browser, db: AsyncSession
) -> None:
    await live(app, susan, susans, susans_browser, db)
    before = await restorable(db, susan)
    assert await following(db, susan) == {"robin", "gone"}
    assert before["numbers"] == {
        "Four": 4, "As it is": 1, "New 3": 2, "Newer 4": 2, "Five": 1, "Six": 0, "Seven": 1,
    }  # fmt: skip
    assert [(row[0], row[1]) for row in before["revisions"]] == [
        ("Five", 1), ("Four", 1), ("Four", 2), ("Four", 3), ("Four", 4), ("New 3", 1),
        ("New 3", 2), ("Newer 4", 1), ("Newer 4", 2),
    ]  # fmt: skip
    assert (len(before["copies"]), len(before["comments"])) == (1, 11)
    # A reply to a comment of another person comes to stand by itself.
    at = next(at for at, row in enumerate(before["threads"]) if row[0] == "Reply to Bob")
    assert before["threads"][at] == ("Reply to Bob", ["Reply to Bob"], 0)
    archive = await downloaded(app, susans_browser)

    again = await move(app)
    async with Browser(app) as browser:
        await browser.open_session("susan")
        page = await imported(app, browser, archive)
        assert "Import finished" in page
        for words in (
            "6 earlier revisions", "1 post with unpublished changes", "11 comments",
            "1 person you follow", "6 fields of your profile", "1 tag you follow",
            "3 likes of what you wrote yourself", "2 bookmarks of your own posts",
            "Your likes of other people&#39;s posts (1) are skipped",
            "Your bookmarks of other people&#39;s posts (1) are skipped",
            "Your likes of other comments (1) are skipped",
            "Your replies to other people (1) become comments of their own",
            "The authors whose posts you get by email (1) are skipped",
            "1 person you&#39;ve muted", "muted dull.", "1 person you&#39;ve blocked",
            "blocked rude.", "3 words and tags you hide", "3 bookmark folders",
            "what you get by email", "your profile picture", "3 images",
            "now following robin.", "These people aren&#39;t here: gone.",
            "Your comments on other people&#39;s posts (1) are skipped",
            "Your followers (1) are skipped", "Your username, email address",
        ):  # fmt: skip
            assert words in page, f"{words}: {page}"
        assert "have new numbers" not in page
        before["threads"][at] = ("Reply to Bob", [], 0)
        assert await restorable(db, again) == before
        assert await following(db, again) == {"robin"}
        assert not any((await wrong_counts(db)).values())
        await process_images(app)
        # Each hidden text is hidden from the same people.
        post_id = await db.scalar(select(Post.id).where(Post.body == "Four"))
        for number, own, others in ((1, 200, 410), (2, 200, 200), (3, 410, 410)):
            address = f"/post/{post_id}/revisions/{number}"
            assert (await browser.get(address)).status_code == own
            async with Browser(app) as stranger:
                assert (await stranger.get(address)).status_code == others
        assert (await browser.get("/drafts")).status_code == 200

        # Another import of it brings nothing.
        assert "Nothing new to import" in await imported(app, browser, archive)
        assert await restorable(db, again) == before

        # And a new export says the same.
        second = Archive(await downloaded(app, browser))
    first = Archive(archive)
    for folder in ("revisions", "working-copies"):
        assert len(second.documents(folder)) == len(first.documents(folder))
    for name in ("name", "location", "about_me", "language"):
        assert second.json("profile.json")[name] == first.json("profile.json")[name]


async def test_the_trial_run_says_whom_one_would_follow_and_follows_nobody(
    app: Broadside, susan: User, susans_browser: Browser, db: AsyncSession
) -> None:
    robin = await add_user(app, "Robin")
    archive = export(following=["robin", "susan", "nobody", "no\0body"])
    await send(susans_browser, archive)
    await finish(app)
    page = (await susans_browser.get("/import")).text
    assert "1 person you follow" in page
    assert "You&#39;ll follow Robin." in page
    assert "These people aren&#39;t here: nobody." in page
    assert await following(db, susan) == set()
    await press(susans_browser, "confirm")
    await finish(app)
    assert await following(db, susan) == {"Robin"}
    followed = select(LoggedEvent).where(LoggedEvent.kind == "PersonFollowed")
    events = (await db.scalars(followed)).all()
    assert [event.payload["followed_id"] for event in events] == [robin.id]


async def test_one_follows_as_many_at_once_as_the_limit_allows_and_the_rest_later(
    app: Broadside, susan: User, susans_browser: Browser, db: AsyncSession,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    names = [f"person{number}" for number in range(5)]
    await add_users(app, *(NewUser(name) for name in names))
    few = FOLLOWING._replace(number=3, at_once=1)
    monkeypatch.setattr("blog.transfer.importing.people.FOLLOWING", few)
    archive = export(following=names)
    page = await imported(app, susans_browser, archive)
    assert "now following person0, person1, person2." in page
    assert "Import the file again later to follow person3, person4." in page
    assert len(await following(db, susan)) == 3
    unlimited = app.settings.model_copy(update={"rate_limits": False})
    monkeypatch.setattr(app, "settings", unlimited)
    await imported(app, susans_browser, archive)
    assert len(await following(db, susan)) == 5


async def test_what_a_profile_says_already_stays(
    app: Broadside, susan: User, susans_browser: Browser, db: AsyncSession
) -> None:
    await db.execute(update(User).where(User.id == susan.id).values(location="Porto"))
    await db.commit()
    profile = {
        "username": "admin", "email": "new@example.com", "role": "Administrator",
        "name": "S" * 65, "location": "Lisbon", "about_me": "Hi", "language": "xx-invented",
    }  # fmt: skip
    page = await imported(app, susans_browser, export(profile=profile))
    account = await db.get_one(User, susan.id, populate_existing=True)
    assert (account.username, account.email) == ("susan", "susan@example.com")
    assert (account.name, account.location, account.about_me) == ("", "Porto", "Hi")
    for words in (
        "Kept as it is here: Location.", "Filled in: About me.",
        "Skipped: Name. Please shorten this", "Skipped: Language. Please enter",
    ):  # fmt: skip
        assert words in page, words


async def test_parts_that_nothing_can_be_made_of_are_named_and_the_rest_comes(
    app: Broadside, susan: User, susans_browser: Browser, db: AsyncSession
) -> None:
    post = front_matter("Now", id=7, title="A", status="published", revision=9,
                        published_at="2020-01-01T00:00:00+00:00")  # fmt: skip
    dated = {"created_at": "2020-01-01T00:00:00+00:00"}
    files: dict[str, str | bytes] = {
        "posts/a.md": post,
        "revisions/7/1.md": front_matter("One", **dated, tags=["t" * 300, "fine"], title="T" * 300),
        "revisions/7/2.md": "---\n\tx: [}\n---\n\nTwo",
        "revisions/7/4.md": front_matter("w " * 40_000, **dated),
        "revisions/7/5.md": front_matter("[" * 60_000, **dated),
        "revisions/7/6.md": front_matter(
            "Six", created_at="1999-01-01", hidden_at="never", hidden_by_moderator=True
        ),
        "revisions/8/1.md": "Of no post",
        "revisions/7/x.md": "Of no number",
        "working-copies/7.md": front_matter("New", title="t" * 9_000, cover="5", slug="a\0b"),
        "working-copies/8.md": "Of no post",
    }
    comments = [
        {"id": 1, "post_id": 7, "body": " Fine\0 ", "created_at": "9999-99-99"},
        {"id": 2, "post_id": 7, "body": "x" * 9_000},
        {"id": 3, "post_id": 7, "body": "  "},
        {"id": 4, "post_id": 7, "body": "Hidden", "disabled_at": "never"},
        {"id": 5, "post_id": "7; --", "body": {"a": 1}},
    ]
    page = await imported(app, susans_browser, export(files=files, comments=comments))
    for words in (
        "Its revision 2 is skipped: The front matter isn&#39;t valid YAML",
        "Its revision 4 is skipped: It has more than 65,536 characters.",
        "Its revision 5 is skipped: This text is too complex.",
        "Revision 1: The tag “ttt", "Revision 1: Its title is shortened",
        "Its revisions have new numbers", "revisions/8/1.md", "revisions/7/x.md",
        "working-copies/8.md", "Its post isn&#39;t in the file.",
        "The field title of its unpublished changes is skipped",
        "The cover image of its unpublished changes isn&#39;t in the file.",
        "One of your comments on it is skipped: It has more than 8,192 characters.",
        "One of your comments on it is skipped: This text would look empty.",
        "other people&#39;s posts (1) are skipped",
    ):  # fmt: skip
        assert words in page, f"{words}: {page}"
    (row,) = (await db.scalars(select(Post))).all()
    revisions = (await db.scalars(select(PostRevision).order_by(PostRevision.number))).all()
    assert row.revision == 3
    assert [(each.number, each.body, each.is_hidden_by_moderator) for each in revisions] == [
        (1, "One", False), (2, "Six", True), (3, None, False),
    ]  # fmt: skip
    assert sorted(each.created_at for each in revisions) == [each.created_at for each in revisions]
    assert all(each.editor_id is None for each in revisions)
    (copy,) = (await db.scalars(select(PostDraft))).all()
    assert (copy.fields["body"], copy.fields["title"], copy.fields["slug"]) == ("New", "", "ab")
    assert [(each.body, each.is_disabled) for each in await db.scalars(select(Comment))] == [
        ("Fine", False), ("Hidden", True),
    ]  # fmt: skip
    assert (await susans_browser.get(f"/edit/{row.id}")).status_code == 200
    assert (await susans_browser.get(f"/post/{row.id}/revisions")).status_code == 200


@pytest.mark.parametrize("content", ["[", "{}", "[[1]]", "[" * 100_000, '[{"post_id": 1e400}]'])
async def test_lists_that_cannot_be_read_are_named_and_the_rest_comes(
    app: Broadside, susans_browser: Browser, db: AsyncSession, content: str
) -> None:
    files: dict[str, str | bytes] = {"posts/a.md": front_matter("Text", id=1, status="draft")}
    for name in ("comments", "following", "followers", "profile", "account"):
        files[f"{name}.json"] = content
    page = await imported(app, susans_browser, export(files=files))
    assert "Import finished" in page
    assert "1 draft" in page
    assert "followers.json" in page


async def test_texts_of_images_lose_what_no_text_may_have(
    app: Broadside, susans_browser: Browser, db: AsyncSession
) -> None:
    image = {"id": 1, "file": "media/a.png", "address": "/media/" + "a" * 32}
    texts = {"alt": "A\ufdd0 tram" + "\u0958" * 2_000, "caption": "\x00Red\x07"}
    files: dict[str, str | bytes] = {
        "posts/a.md": front_matter("Text", id=1, status="published", cover=1),
        "media/a.png": picture(),
        "media.json": json.dumps([image | texts]),
    }
    assert "Import finished" in await imported(app, susans_browser, export(files=files))
    kept = (await db.scalars(select(Media))).one()
    assert (kept.alt[:7], len(kept.alt), kept.caption) == ("A tram\u0915", 1000, "Red")


async def test_a_long_history_loses_its_oldest_texts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("blog.transfer.importing.sources.own_texts.LARGEST_HISTORY", 3_000)
    files: dict[str, str | bytes] = {"posts/a.md": front_matter("Now", id=7, status="published")}
    for number in range(1, 11):
        files[f"revisions/7/{number}.md"] = front_matter("x" * 900, title=str(number))
    (entry, *_) = entries(saved(tmp_path, export(files=files)))
    assert entry.post is not None
    assert [each.number for each in entry.post.history.revisions] == [8, 9, 10]
    assert entry.remarks == (
        "The oldest of its revisions (7) are skipped, because together they have more than 16 MB.",
    )


def export(
    *, profile: dict[str, Any] | None = None, following: list[str] | None = None,
    files: dict[str, str | bytes] | None = None, comments: list[dict[str, Any]] | None = None,
) -> bytes:  # fmt: skip
    """An export of another site."""
    parts = {
        "export.json": {"format": 1, "site": "https://old.example"},
        "media.json": [],
        "profile.json": profile,
        "following.json": [{"username": name} for name in following] if following else None,
        "comments.json": comments,
    }
    texts = {name: json.dumps(part) for name, part in parts.items() if part is not None}
    return zipped({**texts, **(files or {})})
