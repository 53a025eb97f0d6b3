"""The targets of `make bench`, one per row of its table."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from blog.core.text.tags import address_of_tag
from blog.demo.people import CAST, FOUNDER, MEMBER, PATIENT, READER
from blog.models import Post, Tag, User

ALL, FOLLOWED = "/all", "/followed"


@dataclass(frozen=True)
class Target:
    """A URL, and the user who requests it.

    Attributes:
        name: its name in the table.
        path: its path; `addresses` fills in `{…}` for each site.
        reader: the index of the logged-in user in the demo's cast.
        tab: the selected tab; `None` for an API client, which sends the user's token.
        floor: the baseline in `benchmarks.floors` to compare it with.
        share: the required share of the baseline's throughput.
        statements: the maximum number of SQL statements.
    """

    name: str
    path: str
    reader: int | None = None
    tab: str | None = ALL
    floor: str = "newest"
    share: float | None = None
    statements: int = 4

    @classmethod
    def of_api(cls, name: str, path: str, floor: str = "newest") -> "Target":
        """A resource of the API, requested with a token."""
        return cls(f"API: {name}", f"/api/v1{path}", MEMBER, None, floor, share=1 / 2, statements=3)


TARGETS = (
    Target("home, anonymous", "/", share=1 / 2),
    Target("home, logged in", "/", reader=MEMBER, share=1 / 3),
    Target("timeline of someone who follows 1,000", "/", reader=READER, tab=FOLLOWED),
    Target("timeline of someone who follows 5 quiet users", "/", reader=PATIENT, tab=FOLLOWED),
    Target("timeline of someone with 100,000 followers", "/", reader=FOUNDER, tab=FOLLOWED),
    Target("profile", "/user/{writer}"),
    Target("post with 10,000 comments", "/post/{discussed}"),
    Target("post with 10,000 comments, logged in", "/post/{discussed}", reader=MEMBER),
    Target("a tag", "/tag/{tag}"),
    Target("all tags", "/tags"),
    Target("feed, Atom", "/feed.atom", statements=1),
    Target("feed, JSON", "/feed.json", statements=1),
    Target("page 400", "/?page=400"),
    Target("page 40,000 (of 10,000 posts: 400)", "/?page={deep}"),
    Target("search, a common word", "/search?q=the", statements=8),
    Target("search, a rare word", "/search?q=falmouth", statements=8),
    Target("search in comments", "/search?q=falmouth+in:comments", statements=8),
    Target.of_api("posts", "/posts/"),
    Target.of_api("a timeline", "/users/{member}/timeline/"),
    Target.of_api("one post", "/posts/{discussed}", floor="one"),
)


async def addresses(session: AsyncSession) -> dict[str, object]:
    """The parts of URLs that differ between sites, by name."""
    posts = await session.scalar(select(func.count(Post.id)))
    most_posts = select(User.username).order_by(User.post_count.desc(), User.id)
    most_comments = select(Post.id).order_by(Post.comment_count.desc(), Post.id)
    most_used = select(Tag.name).order_by(Tag.post_count.desc(), Tag.id)
    return {
        "tag": address_of_tag(await session.scalar(most_used.limit(1)) or ""),
        "writer": await session.scalar(most_posts.limit(1)),
        "discussed": await session.scalar(most_comments.limit(1)),
        "member": await session.scalar(select(User.id).where(User.email == login_of(MEMBER))),
        "deep": (posts or 0) // 20 * 4 // 5,
    }


def login_of(reader: int) -> str:
    """What a person of the cast logs in with."""
    return CAST[reader].email
