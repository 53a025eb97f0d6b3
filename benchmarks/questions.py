"""Prints what the questions of the search's corpus cost on a large site.

    python -m benchmarks.questions [--small] [--keep FOLDER]

The corpus (`tests.search.corpus`) is planted among 50,000 posts of the demo, and all are copied
until there are a million. Each question is asked as a page of results; its statements run again
with EXPLAIN (ANALYZE, BUFFERS), as in `benchmarks.plans`, which measures other pages of this site
if it gets the same FOLDER.
"""

import asyncio
from collections import defaultdict
from pathlib import Path
from statistics import median
from typing import NamedTuple
from urllib.parse import quote

from sqlalchemy import func, select

from benchmarks.corpus import multiply, plant
from benchmarks.plans import asking, least_cost, parsed_arguments
from benchmarks.sites import LARGE, opened_site
from blog.core.db.database import Database
from blog.core.db.pagination import CursorRequest
from blog.demo.history import Sizes
from blog.models import Post
from blog.search.finding import SearchRequest, find_resources
from blog.search.statements import Sorting
from tests.search.corpus import POSTS, QUESTIONS

# Of a question, in milliseconds.
LIMIT = 100
TIMES = 20
SEED = Sizes(users=5_000, posts=50_000, comments=100_000, follows=100_000)
LANGUAGES = {each.name: each.language or "none" for each in POSTS}
NAMES = {each.body: each.name for each in POSTS}


class Answer(NamedTuple):
    """What a question has cost.

    Attributes:
        is_first: whether the post that is looked for comes first, as among the corpus alone.
    """

    milliseconds: float
    blocks: int
    text: str
    language: str
    is_first: bool


async def comes_first(database: Database, text: str, expected: str) -> bool:
    """Whether a copy of the expected post is the first result."""
    asked = SearchRequest(text, Sorting.RELEVANCE, CursorRequest(20))
    async with database.session() as session:
        found = await find_resources(session, asked)
    return [NAMES.get(post.body) for post in found.posts[:1]] == [expected]


async def main(folder: Path, sizes: Sizes) -> None:
    """Measure, and print a row for each language, and the questions that take longest."""
    if sizes == LARGE:
        sizes = SEED
        async with opened_site(folder, SEED) as database:
            await plant(database)
            async with database.session() as session:
                number = await session.scalar(select(func.count(Post.id))) or 0
            if number < SEED.posts * TIMES:
                await multiply(database, TIMES)
    answers = []
    async with asking(folder, sizes) as (app, browser, _):
        for text, expected in QUESTIONS:
            address = f"/search?q={quote(text)}"
            cost = await least_cost(app, browser, address)
            is_first = await comes_first(app.database, text, expected)
            answers.append(
                Answer(cost.milliseconds, cost.blocks, text, LANGUAGES[expected], is_first)
            )
    by_language = defaultdict(list)
    for answer in answers:
        by_language[answer.language].append(answer)
    print("| language | questions | median | worst | its blocks | its question |")
    print(f"|{' --- |' * 6}")
    for language, some in [*by_language.items(), ("all", answers)]:
        worst = max(some)
        print(
            f"| {language} | {len(some)} | {median(each.milliseconds for each in some):.1f} ms"
            f" | {worst.milliseconds:.1f} ms | {worst.blocks:,} | `{worst.text}` |"
        )
    slow = [each for each in answers if each.milliseconds > LIMIT]
    print(f"\nOver {LIMIT} ms: {', '.join(each.text for each in slow) or 'none'}")
    others = [each.text for each in answers if not each.is_first]
    print(f"Another post comes first: {', '.join(others) or 'never'}")


if __name__ == "__main__":
    with parsed_arguments(__doc__) as (folder, sizes):
        asyncio.run(main(folder, sizes))
