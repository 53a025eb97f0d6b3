"""Searching, on the page and by the API."""

import asyncio
import json
import re
from datetime import UTC, datetime
from html import unescape
from typing import Any
from unicodedata import normalize
from xml.etree import ElementTree

import httpx
import pytest
from sqlalchemy import delete, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.clock import now
from blog.core.web.app import Broadside
from blog.models import AccountDeletion, Post, PostStatus, User
from blog.search import queries, statements
from blog.search.marking import Marks, mark, snippet
from blog.search.question import MOST_WORDS, parse
from tests.api.support import Client, add_token
from tests.search.support import add_post
from tests.support import Browser, NewUser, add_user, add_users

API = "/api/v1/search/"


async def found(browser: Browser, q: str, **arguments: str) -> list[str]:
    """The bodies of the posts that the API finds, in their order."""
    answer = await browser.get(API, params={"q": q, **arguments})
    assert answer.status_code == 200, answer.text
    return [post["body"] for post in answer.json()["posts"]]


async def test_operators_narrow_a_search(
    browser: Browser, db: AsyncSession, susan: User, app: Broadside
) -> None:
    robin = await add_user(app, "Robin")
    await add_post(db, susan, "red boat", tags=("Boats", "Old ships"))
    await add_post(db, robin, "boat red", published_at=datetime(2026, 1, 31, 23, 59, tzinfo=UTC))
    await add_post(
        db, robin, "boat ![sail](/media/x)", published_at=datetime(2026, 2, 1, tzinfo=UTC)
    )
    red, boat, image = "red boat", "boat red", "boat ![sail](/media/x)"
    for q, expected in {
        "boat": {red, boat, image},
        '"red boat"': {red},
        "“red boat”": {red},
        '"red boat': {red},
        "boat -red": {image},
        '"boat boat"': set(),
        "sail or red": {red, boat, image},
        "boat author:robin": {boat, image},
        "boat AUTHOR:@Robin": {boat, image},
        "boat -author:robin": {red},
        "author:nobody": set(),
        "tag:boats": {red},
        "tag:#Boats": {red},
        'tag:"old ships"': {red},
        "tag:nothing": set(),
        "boat -tag:boats": {boat, image},
        "boat before:2026-02": {boat},
        "boat after:2026-02": {image, red},
        "boat after:2026 before:2026-02-01": {boat},
        "after:2026-01 before:2026-03": {boat, image},
        "has:image": {image},
        "boat -has:image": {red, boat},
        "before:tomorrow": set(),
        "-boat": set(),
        "or": set(),
    }.items():
        assert set(await found(browser, q)) == expected, q


async def test_fields_of_the_form_are_operators(browser: Browser) -> None:
    fields = {"q": "boat", "author": "robin", "tag": "old ships", "after": "2026-01-01",
              "before": "2026-02-01", "image": "true", "sort": "date"}  # fmt: skip
    answer = await browser.get("/search", params=fields)
    assert answer.status_code == 302
    answer = await browser.get(answer.headers["location"])
    q = 'boat author:robin tag:"old ships" after:2026-01-01 before:2026-02-01 has:image'
    assert f'value="{q}"' in unescape(answer.text).replace("&#34;", '"')
    assert 'value="date" selected' in answer.text


@pytest.mark.parametrize(
    ("fields", "expected"),
    [({"phrase": 'red "boat'}, '"red boat"'), ({"phrase": "boat"}, '"boat"'),
     ({"q": "a", "without": 'b -c "d e"'}, 'a -b -c -"d e"'),
     ({"q": "a", "any_of": "b or c"}, "a b or a c"), ({"any_of": "b"}, "b"),
     ({"q": "a or b", "phrase": "c d", "any_of": 'e "f g"', "without": "h", "tag": "i"},
      'a "c d" e or a "c d" "f g" or b "c d" e or b "c d" "f g" -h tag:i'),
     ({"q": "x" * 999, "any_of": "y z"}, f"{'x' * 999} y"),
     ({"q": "a", "phrase": " ", "any_of": "or", "without": ""}, None)],
)  # fmt: skip
async def test_fields_of_the_form_for_words_are_operators(
    browser: Browser, fields: dict[str, str], expected: str | None
) -> None:
    answer = await browser.get("/search", params=fields)
    if expected is None:
        assert answer.status_code == 200
    else:
        assert httpx.URL(answer.headers["location"]).params["q"] == expected


async def test_people_and_tags_are_found_by_the_beginnings_of_their_names(
    browser: Browser, db: AsyncSession, app: Broadside
) -> None:
    await add_user(app, "robin", name="José Müller")
    await add_user(app, "jose", confirmed=False)
    susan = await add_user(app, "susan", follower_count=3, name="Josephine")
    await add_post(db, susan, "x", tags=("Joséphine Baker",))
    await add_post(db, susan, "x", tags=("Jokes",), status=PostStatus.DRAFT)
    answer = (await browser.get(API, params={"q": "jos"})).json()
    assert [person["username"] for person in answer["people"]] == ["susan", "robin"]
    answer = (await browser.get(API, params={"q": "MULLER jose"})).json()
    assert [person["username"] for person in answer["people"]] == ["robin"]
    answer = (await browser.get(API, params={"q": "joséph"})).json()
    assert answer["tags"] == ["Joséphine Baker"]
    assert (await browser.get(API, params={"q": "jok"})).json()["tags"] == []
    page = (await browser.get("/search?q=jos")).text
    assert 'href="/user/robin"' in page and "author:susan" in page
    answer = await browser.get("/search/suggestions?q=jos")
    expected = ["author:susan", "author:robin", 'tag:"Joséphine Baker"']
    assert answer.json()[1] == expected
    assert answer.json()[2] == ["Josephine", "José Müller", "Joséphine Baker"]


async def test_results_come_in_pages_by_relevance_or_by_date(
    browser: Browser, db: AsyncSession, susan: User
) -> None:
    for age in range(12):
        title = None if age % 3 else "Boats"
        await add_post(db, susan, f"boat {age}", age=age, title=title)
    in_time = [f"boat {age}" for age in range(12)]
    titled = in_time[::3]
    by_relevance = [*titled, *(each for each in in_time if each not in titled)]
    for sort, expected in (("date", in_time), ("relevance", by_relevance)):
        seen: list[str] = []
        address: str | None = f"{API}?q=boat&sort={sort}&per_page=5"
        while address:
            answer = (await browser.get(address)).json()
            seen += [post["body"] for post in answer["posts"]]
            address = answer["next"]
            assert answer["count"] == 12
        assert seen == expected


async def test_a_cursor_of_another_list_begins_again_or_is_refused(
    browser: Browser, db: AsyncSession, susan: User
) -> None:
    await add_post(db, susan, "boat")
    assert (await browser.get("/search?q=boat&cursor=xyz")).status_code == 302
    assert (await browser.get(f"{API}?q=boat&cursor=xyz")).status_code == 422
    assert (await browser.get(f"{API}?q=boat&sort=best")).status_code == 422
    assert "1 post" in (await browser.get("/search?q=boat&sort=best&page=999999")).text


async def test_a_cursor_behind_the_last_result_leads_back_to_the_first_ones(
    browser: Browser, db: AsyncSession, susan: User
) -> None:
    """As for somebody who asks for more after the last ones were deleted."""
    posts = [await add_post(db, susan, f"boat {age}", age=age) for age in range(21)]
    page = (await browser.get("/search?q=boat&sort=date")).text
    following = (await browser.get(API, params={"q": "boat", "sort": "date"})).json()["next"]
    more = re.search(r'href="(/search\?[^"]*cursor=[^"]+)"', page)
    assert more
    former = unescape(more[1]).replace("cursor=", "before=")
    for address in (unescape(more[1]), former):
        assert "</mark> 20" in (await browser.get(address)).text
    await db.execute(delete(Post).where(Post.id == posts[-1].id))
    await db.commit()
    page = (await browser.get(unescape(more[1]))).text
    assert "No more posts" in page
    assert 'href="/search?q=boat&amp;sort=date">Back to the first results</a>' in page
    answer = (await browser.get(following)).json()
    assert (answer["posts"], answer["next"]) == ([], None)


async def test_why_a_post_was_found_is_marked_and_escaped(
    browser: Browser, db: AsyncSession, susan: User
) -> None:
    body = f"{'x ' * 400}<script>boats & 'café'</script> {'y ' * 400}"
    html = f"<p>{'x ' * 400}&lt;script&gt;boats &amp; 'café'&lt;/script&gt; {'y ' * 400}</p>"
    await add_post(db, susan, body, title="A <b>boat</b>")
    await db.execute(update(Post).values(body_html=html))
    await db.commit()
    page = (await browser.get("/search", params={"q": "boat cafe"})).text
    assert "A &lt;b&gt;<mark>boat</mark>&lt;/b&gt;" in page
    assert (
        "&lt;script&gt;<mark>boats</mark> &amp; &#39;<mark>café</mark>&#39;&lt;/script&gt;" in page
    )
    assert "… x x" in page and "y …" in page


@pytest.mark.parametrize(
    ("text_", "words", "expected"),
    [
        ("Die Häuser", ["hauser"], "Die <mark>Häuser</mark>"),
        ("東京都庁です", ["東京"], "<mark>東京</mark>都庁です"),
        ("المَكْتَبَة", ["المكتبه"], "<mark>المَكْتَبَة</mark>"),
        ("C++ and C", ["cplusplus"], "<mark>C++</mark> and C"),
        ("snake_case", ["case"], "snake_<mark>case</mark>"),
        ("a<b", ["b"], "a&lt;<mark>b</mark>"),
        ("nothing", ["x"], "nothing"),
    ],
)
def test_marks(text_: str, words: list[str], expected: str) -> None:
    assert mark(text_, Marks(frozenset(words), frozenset())) == expected


def test_a_snippet_of_a_text_without_spaces_is_cut_anywhere() -> None:
    shown = snippet("漢" * 500 + "猫" + "字" * 500, Marks(frozenset(["猫"]), frozenset()))
    assert "<mark>猫</mark>" in shown and len(shown) < 300


@pytest.mark.parametrize("grapheme", ["👩‍👩‍👧‍👦", "e\u0301", "हि"])
def test_a_snippet_is_cut_between_graphemes(grapheme: str) -> None:
    shown = snippet(f"boat {grapheme * 300}", Marks(frozenset(["boat"]), frozenset()))
    rest = shown.removeprefix("<mark>boat</mark> ").removesuffix(" …")
    assert len(rest) > 200 and not rest.replace(grapheme, "")


BAD = [
    "x" * 10_000, "boat " * 2_000, "a\u0301" * 5_000, "猫" * 3_000, "or " * 50, "-" * 100, "- - -",
    '"' * 99, '"boat', "'; DROP TABLE posts; --", ":*", "boat:*", "a & b | !c <-> d", "\\", "''",
    ".*(a+)+$", "[[:alpha:]]", "🚢⛵️", "🚢 boat", "سَلَامٌ", "한국어",
    normalize("NFD", "한국어"), "author:", "tag:", 'tag:"', "author:'", "tag:%", "has:",
    "before:0000", "after:9999-99", "before:10000", "after:2026-02-30",
    "@1", "#1", "!image", "\ufdfa" * 1_000, "\u202eboat", "<script>", "{{7*7}}",
    "a" * 63 + ":" + "b" * 3_000, "%00", "\ud7a3", "ß" * 2_000, "\u3000", "\u200b",
]  # fmt: skip


@pytest.mark.parametrize("q", BAD, ids=lambda q: ascii(q[:20]))
async def test_whatever_is_searched_for_gets_an_answer(
    browser: Browser, db: AsyncSession, susan: User, q: str
) -> None:
    await add_post(db, susan, "boat", tags=("x",))
    for sort in ("date", "relevance"):
        for address in ("/search", API, "/search/suggestions"):
            answer = await browser.get(address, params={"q": q, "sort": sort})
            assert answer.status_code == 200, answer.text
            assert "{7*7}" in q or ">49<" not in answer.text
    kept = unescape((await browser.get("/search", params={"q": q})).text)
    assert q.strip()[:50] in kept


async def test_a_nul_is_refused_and_other_characters_that_no_text_has_are_left_out(
    browser: Browser, db: AsyncSession, susan: User
) -> None:
    await add_post(db, susan, "boat")
    assert (await browser.get("/search?q=boat%00")).status_code == 400
    assert "1 post" in (await browser.get("/search?q=boat%EF%BF%BE")).text
    assert (await browser.get(f"{API}?q=boat%EF%BF%BE")).status_code in {200, 422}


def test_only_the_first_words_of_a_long_search_count() -> None:
    question = parse(" ".join(f"w{number}" for number in range(50)), {}, {})
    assert len(question.marked) == MOST_WORDS
    assert question.is_cut


async def test_the_database_ends_a_search_that_takes_too_long(
    browser: Browser, db: AsyncSession, susan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    await add_post(db, susan, "boat")
    assert queries.TIME_LIMIT == "2000"  # milliseconds
    slow = text("SELECT pg_sleep(30), CAST(:words AS text)")
    monkeypatch.setattr(queries, "_STATEMENTS", dict.fromkeys(queries._STATEMENTS, slow))
    monkeypatch.setattr(queries, "_LIMITS", text("SET LOCAL statement_timeout = 50"))
    answer = await browser.get("/search?q=boat")
    assert answer.status_code == 503
    assert "took too long" in answer.text
    assert 'value="boat"' in answer.text
    answer = await browser.get(f"{API}?q=boat")
    assert answer.status_code == 503
    assert "took too long" in answer.json()["detail"]
    # The limit was that of one search.
    assert await db.scalar(text("SHOW statement_timeout")) != "50ms"
    assert (await browser.get("/")).status_code == 200


async def test_a_search_leaves_no_limit_behind(browser: Browser, app: Broadside) -> None:
    await browser.get("/search?q=boat")
    async with app.database.reading_session() as session:
        assert await session.scalar(text("SHOW enable_seqscan")) == "on"
        assert await session.scalar(text("SHOW statement_timeout")) != "2s"


async def test_what_others_may_not_read_is_found_by_its_author_alone(
    browser: Browser, susans_browser: Browser, app: Broadside, db: AsyncSession, susan: User
) -> None:
    states: dict[str, dict[str, Any]] = {
        "draft": {"status": PostStatus.DRAFT, "published_at": None},
        "scheduled": {"status": PostStatus.SCHEDULED},
        "hidden": {"hidden_at": now()},
    }
    for name, columns in states.items():
        await add_post(db, susan, f"boat {name}", **columns)
    await add_users(app, NewUser("maud", "Moderator"))
    async with Browser(app) as moderator:
        await moderator.open_session("maud")
        for visitor in (browser, moderator):
            assert await found(visitor, "boat") == []
            assert "<mark>" not in (await visitor.get("/search?q=boat")).text
    page = (await susans_browser.get("/search?q=boat")).text
    for name in states:
        assert f"<mark>boat</mark> {name}" in page
    assert "Only you can see these" in page
    async with Client(app, token=await add_token(app, susan)) as client:
        answer = (await client.get(API.removeprefix("/api/v1"), params={"q": "boat"})).json()
    assert {post["status"] for post in answer["posts"]} == {"draft", "scheduled", "published"}
    assert answer["count"] == 0


async def test_posts_of_a_deleted_account_are_gone_at_once(
    browser: Browser, db: AsyncSession, susan: User
) -> None:
    await add_post(db, susan, "boat", tags=("boats",))
    assert await found(browser, "boat") == ["boat"]
    db.add(AccountDeletion(user_id=susan.id))
    await db.commit()
    answer = (await browser.get(API, params={"q": "boat"})).json()
    assert (answer["posts"], answer["count"], answer["tags"]) == ([], 0, [])
    assert (await browser.get(API, params={"q": "susan"})).json()["people"] == []


async def test_what_is_edited_by_many_at_once_is_found_as_it_is_in_the_end(
    browser: Browser, susans_browser: Browser, db: AsyncSession, susan: User, app: Broadside
) -> None:
    posts = [await add_post(db, susan, "boat") for _ in range(5)]

    async def edit(post_id: int, number: int) -> None:
        async with app.database.session() as session:
            change = update(Post).where(Post.id == post_id).values(body=f"ship{number}")
            await session.execute(change)
            await session.commit()

    await asyncio.gather(*(edit(post.id, number) for post in posts for number in range(6)))
    assert await found(browser, "boat") == []
    bodies = [post["body"] for post in (await browser.get("/api/v1/posts/")).json()["posts"]]
    for body in set(bodies):
        assert len(await found(browser, body)) == bodies.count(body)


async def test_common_words_are_found_among_the_newest_posts(
    browser: Browser, db: AsyncSession, susan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a site with many more posts than a search looks at."""
    numbers = {"MOST_FOUND": 10, "TRIED": 6, "COMMON": 3, "LOOKED_THROUGH": 20}
    for name, number in numbers.items():
        monkeypatch.setattr(statements, name, number)
    monkeypatch.setattr(queries, "_STATEMENTS", statements.statements())
    for age in range(40):
        words = ["boat"] + ["sail"] * (age % 2) + ["keel"] * (age > 30) + ["mast"] * (age < 5)
        await add_post(db, susan, f"{' '.join(words)} {age}", age=age)
    ages = {"boat": range(10), "sail": range(1, 20, 2), "keel": range(31, 40), "mast": range(5)}
    for word, expected in ages.items():
        bodies = await found(browser, word, sort="date")
        assert [int(body.split()[-1]) for body in bodies] == list(expected), word


async def test_a_phrase_of_common_words_is_looked_for_in_the_newest_posts_and_the_page_says_so(
    browser: Browser, db: AsyncSession, susan: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise all posts with both words would be read, and the database would end the search."""
    numbers = {"MOST_FOUND": 10, "TRIED": 6, "COMMON": 3, "LOOKED_THROUGH_FOR_PHRASE": 20}
    for name, number in numbers.items():
        monkeypatch.setattr(statements, name, number)
        monkeypatch.setattr(f"blog.search.pages.{name}", number, raising=False)
    monkeypatch.setattr(queries, "_STATEMENTS", statements.statements())
    for age in range(40):
        words = "sail boat" if age in {15, 35} else "boat and sail"
        await add_post(db, susan, f"{words} {'keel' * (age == 35)} {age}", age=age)
    for q, expected, is_partial in (
        ('"sail boat"', [15], True),
        ('"boat and"', [*range(10)], False),
        ('"sail boat" keel', [35], False),
        ('"sail boat" before:2020', [], False),
    ):
        answer = (await browser.get(API, params={"q": q, "sort": "date"})).json()
        assert [int(post["body"].split()[-1]) for post in answer["posts"]] == expected, q
        assert answer["partial"] == is_partial, q
        page = (await browser.get("/search", params={"q": q, "sort": "date"})).text
        assert ("in the newest 20 posts only" in page) == is_partial


async def test_browsers_are_told_how_to_search_here(browser: Browser) -> None:
    page = (await browser.get("/")).text
    assert '<link rel="search" type="application/opensearchdescription+xml"' in page
    answer = await browser.get("/opensearch.xml")
    assert answer.headers["content-type"].startswith("application/opensearchdescription+xml")
    root = ElementTree.fromstring(answer.text)
    namespace = "{http://a9.com/-/spec/opensearch/1.1/}"
    urls = {each.get("type"): each.get("template", "") for each in root.iter(f"{namespace}Url")}
    assert urls["text/html"] == "https://blog.test/search?q={searchTerms}"
    address = urls["application/x-suggestions+json"].replace("{searchTerms}", "x")
    answer = await browser.get(address)
    assert answer.headers["content-type"] == "application/x-suggestions+json"
    assert json.loads(answer.text) == ["x", [], []]


async def test_people_are_suggested_for_a_name_in_a_text(
    app: Broadside, browser: Browser, susans_browser: Browser
) -> None:
    await add_users(app, NewUser("nina"), NewUser("robin", confirmed=False))
    address = "/search/people?q="
    assert (await browser.get(f"{address}ni")).status_code == 302
    found = (await susans_browser.get(f"{address}NI")).json()["people"]
    assert [(each["username"], each["name"]) for each in found] == [("nina", "")]
    assert found[0]["avatar"].startswith("/avatar/")
    for nobody in ("", "robin", "%F0%9F%98%80", "author:nina"):
        assert (await susans_browser.get(address + nobody)).json() == {"people": []}
