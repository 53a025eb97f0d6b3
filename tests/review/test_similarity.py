"""What resembles what moderators have hidden waits."""

import random

from blog.models import Post, PostStatus, RemovedText
from blog.review.content import Content, Reading
from blog.review.similarity import SIMILAR, build_sketch
from tests.review.test_holding import Site, by_comment, by_note, newest, site
from tests.review.test_queue import refuse, waiting
from tests.support import Browser, change_site

__all__ = ["site"]
SPAM = "Earn up to {n} dollars a day from home, without any work! Write to me at once: {who}"
WORDS = [
    "tram", "river", "morning", "bread", "window", "garden", "engine", "letter", "winter",
    "violin", "harbour", "pencil", "market", "cloud", "orange", "station",
]  # fmt: skip


def similarity(one: str, other: str) -> float:
    first, second = (build_sketch(Reading(Content(text), "blog.test")) for text in (one, other))
    assert first and second
    return first.similarity(second.packed)


def test_sketches_tell_variants_from_other_texts() -> None:
    chance = random.Random(7)
    for length in (20, 60, 400, 3000):
        text = " ".join(chance.choice(WORDS) + str(chance.randrange(99)) for _ in range(length))
        words = text.split()
        words[len(words) // 2] = "changed"
        variant = "NEW! " + " ".join(words).upper()
        other = " ".join(chance.choice(WORDS) + str(chance.randrange(99)) for _ in range(length))
        assert similarity(text, text) == 1
        assert similarity(text, variant) >= SIMILAR, length
        assert similarity(text, other) < SIMILAR, length
        one, two = (build_sketch(Reading(Content(each), "")) for each in (text, variant))
        assert one and two and set(one.bands) & set(two.bands)
    assert build_sketch(Reading(Content("Thank you very much!"), "")) is None


async def test_variants_of_what_was_hidden_wait_until_it_is_shown_again(
    site: Site, moderators_browser: Browser
) -> None:
    await change_site(site.app, hold_similar=True)
    await by_note(site, SPAM.format(n=100, who="ann"))
    post_id = await newest(site, Post.id)
    hide = f"/moderate/hide/{post_id}"
    assert await newest(site, Post.status) == PostStatus.PUBLISHED
    assert (await moderators_browser.submit(hide, {"reason": "Spam"})).status_code == 302
    await by_note(site, SPAM.format(n=200, who="bob"))
    assert await newest(site, Post.status) == PostStatus.HELD
    await by_comment(site, SPAM.format(n=300, who="eve"))
    assert (await waiting(site.db)).reasons == [["similar", ""]]
    await by_note(site, "Earn the trust of a cat, and write to me at once how you did it, please")
    assert await newest(site, Post.status) == PostStatus.PUBLISHED
    await moderators_browser.submit(f"/moderate/show/{post_id}", {"reason": "A mistake"})
    assert await newest(site, RemovedText.id) is None
    await by_note(site, SPAM.format(n=400, who="dan"))
    assert await newest(site, Post.status) == PostStatus.PUBLISHED
    # What is refused is remembered, too, also when it is deleted.
    await refuse(moderators_browser, await waiting(site.db))
    await site.submit(f"/delete/{post_id + 1}", reason="x")
    await by_note(site, SPAM.format(n=500, who="joe"))
    assert await newest(site, Post.status) == PostStatus.HELD
