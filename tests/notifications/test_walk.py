"""Whatever people do and undo, they are notified of exactly what is still the case."""

import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import NamedTuple

import pytest

from blog.core.web.app import Broadside
from blog.models import User
from tests.accounts.deletions import finish_deletions, leave
from tests.notifications.support import Person, people
from tests.support import Browser

STEPS, LEAVES = 70, 50


class Cause(NamedTuple):
    """What was done: its kind, the id of what was written or liked, the post, and who likes it or
    is mentioned."""

    what: str
    id: object
    post: int
    who: str = ""


@dataclass
class Line:
    """What the model knows of a line; `causes` are who did what."""

    recipient: str
    key: tuple[object, ...]
    is_read: bool = False
    causes: dict[Cause, str] = field(default_factory=dict)


class Model:
    """What everybody is to be notified of."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        self.muted: set[tuple[str, str]] = set()

    def add(self, recipient: str, key: tuple[object, ...], cause: Cause, actor: str) -> None:
        """Somebody is notified, in the unread line of this key."""
        if recipient == actor or (recipient, actor) in self.muted:
            return
        for line in self.lines:
            if (line.recipient, line.key, line.is_read) == (recipient, key, False):
                break
        else:
            line = Line(recipient, key)
            self.lines.append(line)
        line.causes[cause] = actor

    def retract_hidden(self, is_gone: Callable[[Line, Cause], bool]) -> None:
        """The causes for which `is_gone` holds are not there any more."""
        for line in self.lines:
            line.causes = {
                cause: actor for cause, actor in line.causes.items() if not is_gone(line, cause)
            }

    def read(self, recipient: str) -> None:
        """Somebody has read all that is there; an empty line is not seen, but read as well."""
        for line in self.lines:
            if line.recipient == recipient:
                line.is_read = True

    def of(self, recipient: str) -> Counter[object]:
        """Kind, count, actors, and whether it is read, of each line."""
        return Counter(
            (line.key[0], len(line.causes), frozenset(filter(None, line.causes.values())),
             line.is_read)
            for line in self.lines
            if line.recipient == recipient and line.causes
        )  # fmt: skip


class Site:
    """Does at random what people may do, on the site and in the model."""

    def __init__(
        self, app: Broadside, chance: random.Random, them: dict[str, Person], max_: Browser
    ) -> None:
        self.app, self.chance, self.them, self.max = app, chance, them, max_
        self.names = [name for name in them if name != "max"]
        self.model = Model()
        self.posts: dict[int, str] = {}
        self.hidden: set[int] = set()
        self.unpublished: set[int] = set()
        self.likes: set[Cause] = set()
        self.comments: dict[int, tuple[int, str]] = {}
        # Who has been told that a post or a comment mentions them.
        self.told: dict[tuple[str, int], set[str]] = {}
        self.disabled: set[int] = set()

    def somebody(self) -> Person:
        return self.them[self.chance.choice(self.names)]

    def post(self) -> int:
        """A post that everybody can read."""
        return self.chance.choice(self.readable_posts())

    def readable_posts(self) -> list[int]:
        return [post for post in self.posts if post not in self.hidden | self.unpublished]

    def do_once(self, cause: Cause) -> bool:
        """Note that something is done; whether it is new."""
        is_new = cause not in self.likes
        self.likes.add(cause)
        return is_new

    def undo(self, cause: Cause) -> None:
        """It is not done any more."""
        self.likes.discard(cause)
        self.model.retract_hidden(lambda _, each: each == cause)

    async def like(self) -> None:
        who, post = self.somebody(), self.post()
        cause = Cause("like", post, post, who.name)
        if self.chance.random() < 0.6:
            assert (await who.put(f"/posts/{post}/like")).status_code == 204
            if self.do_once(cause):
                self.model.add(self.posts[post], ("like", post), cause, who.name)
        else:
            assert (await who.delete(f"/posts/{post}/like")).status_code == 204
            self.undo(cause)

    async def like_comment(self) -> None:
        if (comment := self.readable_comment()) is None or comment in self.disabled:
            return
        who, (post, author) = self.somebody(), self.comments[comment]
        cause = Cause("like", ("comment", comment), post, who.name)
        if self.chance.random() < 0.6:
            assert (await who.put(f"/comments/{comment}/like")).status_code == 204
            if self.do_once(cause):
                self.model.add(author, ("like", "comment", comment), cause, who.name)
        else:
            assert (await who.delete(f"/comments/{comment}/like")).status_code == 204
            self.undo(cause)

    async def follow(self) -> None:
        who, whom = self.somebody(), self.somebody()
        if who is whom:
            return
        cause = Cause("follow", whom.name, 0, who.name)
        if self.chance.random() < 0.6:
            await who.put(f"/users/{whom.name}/follow")
            if self.do_once(cause):
                self.model.add(whom.name, ("follow",), cause, who.name)
        else:
            await who.delete(f"/users/{whom.name}/follow")
            self.undo(cause)

    async def comment(self) -> None:
        who, parent, mentioned = self.somebody(), self.readable_comment(), self.mentioned()
        body = " ".join(["So am I.", *(f"@{name}" for name in mentioned)])
        if parent is None or parent in self.disabled or self.chance.random() < 0.5:
            post, answered = self.post(), ""
            comment = await who.comment(post, body)
        else:
            post, answered = self.comments[parent]
            comment = await who.comment(post, body, reply_to=parent)
        self.comments[comment] = post, who.name
        self.told["comment", comment] = set(mentioned)
        cause = Cause("comment", comment, post)
        if answered:
            self.model.add(answered, ("reply", parent), cause, who.name)
        if answered != self.posts[post]:
            self.model.add(self.posts[post], ("comment", post), cause, who.name)
        for name in set(mentioned) - {answered}:
            # It says more than that the comment is below their post.
            self.model.retract_hidden(
                lambda line, each, name=name: line.recipient == name and each == cause
            )
            self.model.add(name, ("mention",), cause, who.name)

    async def edit_comment(self) -> None:
        if (comment := self.readable_comment()) is None or comment in self.disabled:
            return
        post, author = self.comments[comment]
        cause = Cause("comment", comment, post)
        for name in await self.edit(author, "comment", comment):
            self.model.retract_hidden(
                lambda line, each, name=name: (
                    (line.recipient, line.key[0], line.is_read) == (name, "comment", False)
                    and each == cause
                )
            )
            if not any(
                line.recipient == name and cause in line.causes for line in self.model.lines
            ):
                self.model.add(name, ("mention",), cause, author)

    async def edit_post(self) -> None:
        post = self.post()
        author = self.posts[post]
        for name in await self.edit(author, "post", post):
            self.model.add(name, ("mention",), Cause("mentioned", None, post, name), author)

    async def edit(self, author: str, what: str, id_: int) -> list[str]:
        """Let a text mention others; returns those it did not mention before."""
        mentioned = self.mentioned()
        body = " ".join(["Other words.", *(f"@{name}" for name in mentioned)])
        answer = await self.them[author].patch(f"/{what}s/{id_}", json={"body": body})
        assert answer.status_code == 200, answer.text
        new = [name for name in mentioned if name not in self.told[what, id_]]
        self.told[what, id_].update(new)
        return new

    def mentioned(self) -> list[str]:
        return self.chance.sample(self.names, self.chance.choice([0, 0, 1, 2]))

    def readable_comment(self) -> int | None:
        posts = set(self.readable_posts())
        there = [id_ for id_, (post, _) in self.comments.items() if post in posts]
        return self.chance.choice(there) if there else None

    async def delete_comment(self) -> None:
        if (comment := self.readable_comment()) is None:
            return
        _, author = self.comments.pop(comment)
        self.disabled.discard(comment)
        assert (await self.them[author].delete(f"/comments/{comment}")).status_code == 204
        about = {("reply", comment), ("like", "comment", comment)}
        self.model.retract_hidden(
            lambda line, each: (
                line.key in about or (each.what in {"comment", "moderated"} and each.id == comment)
            )
        )

    async def moderate_comment(self) -> None:
        if (comment := self.readable_comment()) is None:
            return
        post, author = self.comments[comment]
        way = "enable" if comment in self.disabled else "disable"
        self.disabled ^= {comment}
        answer = await self.them["max"].post(f"/comments/{comment}/{way}", json={"reason": "x"})
        assert answer.status_code == 200, answer.text
        self.tell_of_moderation(comment, post, author, way)

    async def remove_comment(self) -> None:
        """The author of a post removes a comment from under it."""
        if (comment := self.readable_comment()) is None or comment in self.disabled:
            return
        post, author = self.comments[comment]
        if (remover := self.posts[post]) == author:
            return
        self.disabled.add(comment)
        address = f"/comments/{comment}/remove"
        answer = await self.them[remover].post(address, json={"reason": "x"})
        assert answer.status_code == 200, answer.text
        self.tell_of_moderation(comment, post, author, "disable")

    def tell_of_moderation(self, comment: int, post: int, author: str, way: str) -> None:
        """The author of a comment is told, and others are no longer told of it."""
        key = ("moderation", "comment", comment)
        self.model.retract_hidden(
            lambda line, each: (
                line.key == key
                or (way == "disable" and each[:2] == ("comment", comment)
                    and line.recipient != author)
            )
        )  # fmt: skip
        self.model.add(author, key, Cause("moderated", comment, post), "")

    async def hide_or_show(self) -> None:
        hides = self.chance.random() < 0.5 and len(self.readable_posts()) > 1
        if not hides and not self.hidden:
            return
        post = self.post() if hides else self.chance.choice(sorted(self.hidden))
        self.hidden ^= {post}
        answer = await self.max.submit(
            f"/moderate/{'hide' if hides else 'show'}/{post}", {"reason": "x"}
        )
        assert answer.status_code == 302
        author, key = self.posts[post], ("moderation", "post", post)
        self.model.retract_hidden(
            lambda line, each: (
                line.key == key or (hides and line.recipient != author and each.post == post)
            )
        )
        self.model.add(author, key, Cause("moderated", None, post), "")

    async def unpublish_or_publish(self) -> None:
        unpublishes = self.chance.random() < 0.5 and len(self.readable_posts()) > 1
        if not unpublishes and not self.unpublished:
            return
        post = self.post() if unpublishes else self.chance.choice(sorted(self.unpublished))
        self.unpublished ^= {post}
        status = {"status": "draft" if unpublishes else "published"}
        author = self.posts[post]
        assert (await self.them[author].patch(f"/posts/{post}", json=status)).status_code == 200
        if unpublishes:
            self.model.retract_hidden(
                lambda line, each: line.recipient != author and each.post == post
            )

    async def mute_or_unmute(self) -> None:
        who, whom = self.somebody(), self.somebody()
        if who is whom:
            return
        pair = (who.name, whom.name)
        method = "DELETE" if pair in self.model.muted else "PUT"
        assert (await who.request(method, f"/users/{whom.name}/mute")).status_code == 204
        self.model.muted ^= {pair}
        if pair in self.model.muted:
            self.model.retract_hidden(
                lambda line, each: (line.recipient, line.causes[each]) == pair
            )

    async def block_for_a_moment(self) -> None:
        """It ends follows, and what both were notified of each other, for good."""
        who, whom = self.somebody(), self.somebody()
        if who is whom:
            return
        for method in ("PUT", "DELETE"):
            assert (await who.request(method, f"/users/{whom.name}/block")).status_code == 204
        pair = {who.name, whom.name}
        self.model.retract_hidden(lambda line, each: {line.recipient, line.causes[each]} == pair)
        self.likes -= {
            Cause("follow", whom.name, 0, who.name), Cause("follow", who.name, 0, whom.name),
        }  # fmt: skip

    async def leave(self) -> None:
        """Somebody deletes their account."""
        name = self.names.pop()
        async with self.app.database.session() as session:
            account = await session.get_one(User, self.them[name].id)
        await leave(self.app, account)
        await finish_deletions(self.app)
        gone = {post for post, author in self.posts.items() if author == name}
        comments = {
            id_ for id_, (post, author) in self.comments.items() if author == name or post in gone
        }
        self.posts = {post: author for post, author in self.posts.items() if post not in gone}
        self.comments = {id_: each for id_, each in self.comments.items() if id_ not in comments}
        self.hidden -= gone
        self.unpublished -= gone
        self.disabled -= comments
        self.model.retract_hidden(
            lambda line, each: line.causes[each] == name or each.post in gone or each.id in comments
        )

    async def write_or_delete_post(self) -> None:
        if len(self.readable_posts()) < 3 or self.chance.random() < 0.5:
            await self.write_post()
            return
        post = self.post()
        author = self.posts.pop(post)
        self.comments = {id_: each for id_, each in self.comments.items() if each[0] != post}
        assert (await self.them[author].delete(f"/posts/{post}")).status_code == 204
        self.model.retract_hidden(lambda _, each: each.post == post)

    async def write_post(self) -> None:
        who, mentioned = self.somebody(), self.mentioned()
        body = " ".join(["Some words.", *(f"@{name}" for name in mentioned)])
        answer = await who.post("/posts/", json={"title": "Trams", "body": body})
        post = answer.json()["id"]
        self.posts[post] = who.name
        self.told["post", post] = set(mentioned)
        for name in mentioned:
            self.model.add(name, ("mention",), Cause("mentioned", None, post, name), who.name)

    async def read(self) -> None:
        who = self.somebody()
        answer = await who.patch("/notifications/", json={"read": True})
        assert answer.json()["unread"] == 0
        self.model.read(who.name)

    async def step(self) -> str:
        """Do something; returns what it was."""
        acts = [
            self.like, self.like, self.like_comment, self.follow, self.comment, self.comment,
            self.delete_comment, self.moderate_comment, self.hide_or_show,
            self.write_or_delete_post, self.unpublish_or_publish, self.mute_or_unmute, self.read,
            self.edit_comment, self.edit_post, self.remove_comment, self.block_for_a_moment,
        ]  # fmt: skip
        act = self.chance.choice(acts)
        await act()
        return act.__name__


@pytest.mark.parametrize("seed", [1, 2])
async def test_nothing_is_left_over_and_nothing_is_missing(app: Broadside, seed: int) -> None:
    chance, done = random.Random(seed), []
    names = ("susan", "nina", "robin", "zoe", "max")
    async with people(app, *names) as them, Browser(app) as browser:
        await browser.open_session("max")
        site = Site(app, chance, them, browser)
        for _ in range(4):
            await site.write_post()
        for number in range(STEPS):
            if number == LEAVES:
                await site.leave()
            done.append(await site.step())
            for name in site.names:
                found = Counter(
                    (each["kind"], each["count"], frozenset(each["actors"]), bool(each["read_at"]))
                    for each in await them[name].notifications("?per_page=100")
                )
                assert found == site.model.of(name), (name, done)
        for name in site.names:
            unread = sum(n for line, n in site.model.of(name).items() if not line[3])  # type: ignore[index]
            assert await them[name].unread() == unread
