"""Hiding words and tags."""

import re

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from blog.blocks import service
from blog.core.web.app import Broadside
from blog.models import Post, Tag, User
from blog.posts.fields import set_tags, tag_ids
from tests.api.support import Client, add_token
from tests.support import Browser, NewUser, add_users

WORDS = "/hidden-words"


@pytest.fixture
async def posts(app: Broadside, db: AsyncSession, susan: User) -> dict[str, int]:
    """Posts by another person, and one of Susan's, by their titles."""
    other = (await add_users(app, NewUser("other")))["other"]
    found = {}
    for author, title, body, tags in (
        (other, "About trams", "No spoilers here.", []),
        (other, "Finale", "The *season* finale was good.", []),
        (other, "Sails", "Nothing.", ["Boats"]),
        (other, "東京", "東京の天気", []),
        (other, "Plain", "The finale of the season.", []),
        (susan, "Mine", "My spoilers", ["Boats"]),
    ):
        html = f"<p>{body}</p>"
        post = Post(author_id=author.id, title=title, body=body, body_html=html, renderer_version=1)
        db.add(post)
        await db.flush()
        await set_tags(db, post.id, await tag_ids(db, tags))
        found[title] = post.id
    await db.commit()
    return found


def collapsed(page: str) -> set[str]:
    """The titles of the posts that a page collapses."""
    hidden = re.findall(r'<details class="collapsed">(.*?)</details>', page, re.DOTALL)
    return {title for part in hidden for title in re.findall(r">([^<]+)</a></h2>", part)}


async def test_a_hidden_word_or_tag_collapses_posts_in_every_list_of_cards(
    susans_browser: Browser, posts: dict[str, int]
) -> None:
    for word, expected in (
        ("spoiler", {"About trams"}),  # Another form of the word.
        ("SEASON finale", {"Finale"}),
        ("#boats", {"Sails"}),
        ("京の", {"東京"}),
        ("trams", {"About trams"}),
    ):
        answer = await susans_browser.submit(WORDS, {"word": word})
        assert answer.status_code == 302, word
        for address in ("/", "/explore?order=newest", "/user/other"):
            page = (await susans_browser.get(address)).text
            assert collapsed(page) == expected, (word, address)
            assert all(
                title in page for title in posts if address != "/user/other" or title != "Mine"
            )
        page = (await susans_browser.get(WORDS)).text
        (number,) = re.findall(rf"{WORDS}/(\d+)/remove", page)
        await susans_browser.submit(f"{WORDS}/{number}/remove", page=WORDS)
        assert collapsed((await susans_browser.get("/")).text) == set()


async def test_a_tag_that_was_merged_is_hidden_by_its_old_name(
    susans_browser: Browser, db: AsyncSession, posts: dict[str, int]
) -> None:
    db.add(Tag(name="ships", folded="ships", merged_into_id=1))
    await db.commit()
    await susans_browser.submit(WORDS, {"word": "#Ships"})
    assert collapsed((await susans_browser.get("/")).text) == {"Sails"}


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("", "Please enter a word"),
        ("!?", "Please enter a word"),
        ("#", "Please enter a word"),
        ("#a,b", "comma"),
        ("x" * 101, "100 characters"),
        ("ﷺ" * 100, "Please shorten"),
    ],
)
async def test_what_cannot_be_hidden_comes_back_with_a_message(
    susans_browser: Browser, word: str, message: str
) -> None:
    answer = await susans_browser.submit(WORDS, {"word": word})
    assert answer.status_code == 422
    assert message in answer.text
    assert f'value="{word}"' in answer.text


async def test_the_number_of_hidden_words_is_limited_and_each_is_hidden_once(
    susans_browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "MOST_WORDS", 1)
    await susans_browser.submit(WORDS, {"word": "boats"})
    answer = await susans_browser.submit(WORDS, {"word": "Boats"})
    assert "already hiding" in (await susans_browser.get(answer.headers["location"])).text
    answer = await susans_browser.submit(WORDS, {"word": "#boats"})
    assert answer.status_code == 422
    assert "Remove one first" in answer.text


async def test_the_api_hides_words_and_shows_them_only_to_oneself(
    app: Broadside, susan: User
) -> None:
    other = (await add_users(app, NewUser("other")))["other"]
    async with (
        Client(app, token=await add_token(app, susan)) as client,
        Client(app, token=await add_token(app, other)) as stranger,
    ):
        made = [await client.post("/me/hidden-words/", json={"word": "#Boats"}) for _ in range(2)]
        assert [answer.status_code for answer in made] == [201, 201]
        assert made[0].json() == made[1].json()
        hidden = made[0].json()
        assert (hidden["word"], hidden["is_tag"]) == ("Boats", True)
        assert made[0].headers["location"] == hidden["url"]
        address = f"/me/hidden-words/{hidden['id']}"
        assert (await client.get(address)).json() == hidden
        assert (await client.get("/me/hidden-words/")).json()["words"] == [hidden]
        assert (await stranger.get("/me/hidden-words/")).json()["words"] == []
        assert (await stranger.get(address)).status_code == 404
        assert (await stranger.delete(address)).status_code == 404
        assert (await client.delete(address)).status_code == 204
        assert (await client.delete(address)).status_code == 404
        refused = await client.post("/me/hidden-words/", json={"word": "!"})
        assert refused.status_code == 422
