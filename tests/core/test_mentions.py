"""Names in texts that become links to people."""

import pytest

from blog.core.text.markdown import render_document, render_inline
from blog.core.text.syntax.mentions import MOST_LINKS, MOST_NAMES, mentioned_in, names_in

PEOPLE = {"nina": "Nina", "robin.b": "robin.b", "a_b_c": "a_b_c"}
UGC = ' rel="nofollow noopener ugc"'


@pytest.mark.parametrize(
    ("source", "mentioned"),
    [
        ("Ask @nina.", ["nina"]),
        ("(@NINA) or @robin.b. @Nina’s", ["nina", "robin.b"]),
        ("**@nina** _by @a_b_c_, ~~@robin.b~~", ["nina", "a_b_c", "robin.b"]),
        ("你好@nina你好", ["nina"]),
        ("> @nina\n\n- @robin.b", ["nina", "robin.b"]),
        ("nina@example.org, x@nina, nina@nina", []),
        ("@nina@social.example", []),
        ("`@nina`\n\n```\n@nina\n```", []),
        ("[@nina](https://e.org/) <https://e.org/@nina>", []),
        ("https://e.org/?by=@nina e.org/@nina e.org/?by=@nina", []),
        ("\\@nina &#64;nina @\\nina", []),
        ("@ninaß @nina-b @nin @nobody", []),
        ("![@nina](/media/x)", []),
        ("@" + "nina." * 20, []),
    ],
)
def test_names_of_people_are_links_where_they_are_words(source: str, mentioned: list[str]) -> None:
    for html in (render_document(source, people=PEOPLE), render_inline(source, PEOPLE)):
        assert mentioned_in(html) == mentioned
    assert set(mentioned) <= set(names_in(source))


def test_a_link_shows_the_name_as_its_owner_writes_it() -> None:
    html = render_inline("Thanks, @NINA!", PEOPLE)
    link = f'<a href="/user/Nina" class="mention"{UGC}>@Nina</a>'
    assert html == f"<p>Thanks, {link}!</p>"


def test_nobody_else_can_write_such_a_link() -> None:
    for source in ('[x](/user/nina "mention")', '<a href="/user/nina" class="mention">x</a>'):
        assert mentioned_in(render_document(source, people=PEOPLE)) == []


def test_a_heading_may_mention_somebody() -> None:
    assert '<h2 id="text-for-nina">For <a href="/user/Nina"' in render_document(
        "# For @nina", people=PEOPLE
    )


def test_the_work_for_many_names_has_a_bound() -> None:
    assert len(names_in(" ".join(f"@n{number}" for number in range(10_000)))) == MOST_NAMES
    assert render_document("@nina " * 10_000, people=PEOPLE).count("<a ") == MOST_LINKS
