"""The page that shows what can be written, and the ways to it."""

import pytest

from blog.core.text.markdown import render_document, render_inline
from blog.posts.markdown_examples import EXAMPLES, Example
from tests.support import Browser


async def test_the_page_shows_every_example_and_what_comes_of_it(browser: Browser) -> None:
    page = (await browser.get("/markdown")).text
    for example in EXAMPLES:
        assert render_document(example.source) in page
    assert (await browser.get("/markdown")).text == page


@pytest.mark.parametrize("example", EXAMPLES)
def test_comments_have_what_it_says(example: Example) -> None:
    alike = render_inline(example.source) == render_document(example.source)
    assert alike == example.in_comments


async def test_the_forms_lead_there(susans_browser: Browser) -> None:
    await susans_browser.submit("/", {"body": "A post."})
    for address in ("/", "/edit/1", "/post/1"):
        assert 'href="/markdown"' in (await susans_browser.get(address)).text
