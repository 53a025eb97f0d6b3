"""Posts as the JSON API represents them."""

from datetime import datetime
from typing import Annotated, ClassVar

from pydantic import BaseModel, Field

from blog.core.api.collections import Collection, list_example
from blog.core.api.links import EXAMPLE_ROOT, Links, Url
from blog.core.text.reading_time import reading_minutes
from blog.core.text.validation import with_example
from blog.core.text.wall_times import wall_text
from blog.core.web.admonitions import with_titles
from blog.media.api import EXAMPLE as EXAMPLE_OF_IMAGE
from blog.media.api import VariantResource, variant_resources
from blog.models import Cover, PostStatus
from blog.posts.listed import ListedPost

EXAMPLE_OF_COVER = {
    "id": EXAMPLE_OF_IMAGE["id"],
    "url": EXAMPLE_OF_IMAGE["image_url"],
    **{name: EXAMPLE_OF_IMAGE[name] for name in ("width", "height", "alt", "colour", "variants")},
}
EXAMPLE = {
    "url": f"{EXAMPLE_ROOT}/posts/17",
    "id": 17,
    "body": "I'm adding a post from the *command line*.",
    "body_html": "<p>I'm adding a post from the <em>command line</em>.</p>",
    "timestamp": "2026-11-24T09:30:00.250000Z",
    "edited_at": None,
    "author_url": f"{EXAMPLE_ROOT}/users/3",
    "author": "susan",
    "comments_url": f"{EXAMPLE_ROOT}/posts/17/comments/",
    "comment_count": 1,
    "like_count": 4,
    "liked": True,
    "bookmarked": False,
    "collapsed": False,
    "html_url": "https://blog.example/post/17/from-the-command-line",
    "title": "From the command line",
    "slug": "from-the-command-line",
    "tags": ["command line", "API"],
    "language": "en",
    "excerpt": None,
    "canonical_url": None,
    "cover": EXAMPLE_OF_COVER,
    "comments_open": True,
    "comments_limited": False,
    "word_count": 8,
    "reading_minutes": 1,
    "status": "published",
    "published_at": "2026-11-24T09:30:00.250000Z",
    "scheduled_for": None,
    "time_zone": None,
    "pinned": False,
    "revision": 1,
    "revisions_url": f"{EXAMPLE_ROOT}/posts/17/revisions/",
}


class CoverResource(BaseModel):
    """The cover image of a post."""

    model_config = with_example(EXAMPLE_OF_COVER)

    id: int
    url: Annotated[Url, Field(description="The image itself, in its largest size.")]
    width: Annotated[int, Field(description="In pixels, of the largest size.")]
    height: int
    alt: str
    colour: Annotated[str, Field(description="The dominant colour, to show while it loads.")]
    variants: Annotated[
        list[VariantResource], Field(description="All sizes as WebP, smallest first.")
    ]


class PostResource(BaseModel):
    """A post."""

    model_config = with_example(EXAMPLE)
    PATH_PARAMETER: ClassVar = "post_id"
    # What others do meanwhile must not fail an edit.
    NOT_EDITED: ClassVar = {"comment_count", "like_count", "liked", "bookmarked", "collapsed"}

    url: Url
    id: int
    body: Annotated[str, Field(description="The Markdown that the author wrote.")]
    body_html: Annotated[str, Field(description="The sanitised HTML rendered from it.")]
    timestamp: Annotated[datetime, Field(description="When it was published.")]
    edited_at: Annotated[datetime | None, Field(description="When it was last edited.")]
    author_url: Url
    author: Annotated[str, Field(description="The author's username.")]
    comments_url: Url
    comment_count: int
    like_count: int
    liked: Annotated[
        bool | None, Field(description="Whether you like it. Null without authentication.")
    ]
    bookmarked: Annotated[
        bool | None, Field(description="Whether you bookmarked it. Null without authentication.")
    ]
    collapsed: Annotated[
        bool,
        Field(
            description="Whether pages collapse it for you, because you hide a word or tag that "
            "it contains."
        ),
    ]
    html_url: Annotated[Url, Field(description="Its page, for people.")]
    title: Annotated[str | None, Field(description="Null for a note.")]
    slug: Annotated[str | None, Field(description="The last part of its page's URL.")]
    tags: list[str]
    language: Annotated[
        str | None, Field(description="A BCP 47 tag: the post's language, or else its author's.")
    ]
    excerpt: Annotated[str | None, Field(description="The author's summary, shown in lists.")]
    canonical_url: Annotated[
        str | None, Field(description="Where it was first published, if on another site.")
    ]
    cover: CoverResource | None
    comments_open: Annotated[bool, Field(description="Whether people can comment.")]
    comments_limited: Annotated[
        bool, Field(description="Whether only people the author follows can comment.")
    ]
    word_count: Annotated[
        int | None, Field(description="Null for an old post until it's rendered again.")
    ]
    reading_minutes: int | None
    status: Annotated[
        PostStatus,
        Field(
            description="Only the author can see drafts, scheduled posts, and held ones, which "
            "wait for a moderator."
        ),
    ]
    published_at: Annotated[
        datetime | None, Field(description="When it was or will be published. Null for a draft.")
    ]
    scheduled_for: Annotated[
        str | None,
        Field(description="The local time in `time_zone` for which it's scheduled."),
    ]
    time_zone: str | None
    pinned: Annotated[
        bool, Field(description="Whether it's pinned to the top of its author's profile.")
    ]
    revision: Annotated[
        int,
        Field(ge=0, description="The number of the text published last; 0 if none was published."),
    ]
    revisions_url: Annotated[Url, Field(description="The texts that readers have seen.")]


class PostList(Collection):
    """Posts, the newest first."""

    model_config = with_example(list_example("posts", EXAMPLE))

    posts: list[PostResource]


def post_resource(post: ListedPost, to: Links) -> PostResource:
    """The representation of a post."""
    return PostResource(
        url=to.post(post.id),
        id=post.id,
        body=post.body,
        # Like Flasky's; some older rows end with a line break.
        body_html=with_titles(post.body_html.rstrip("\n"), post.shown_language),
        timestamp=post.published_at or post.created_at,
        edited_at=post.edited_at,
        author_url=to.user(post.author.id),
        author=post.author.username,
        comments_url=to.comments_of(post.id),
        comment_count=post.comment_count,
        like_count=post.like_count,
        liked=post.liked,
        bookmarked=post.bookmarked,
        collapsed=post.is_collapsed,
        html_url=to.page_of_post(post.id, post.slug),
        title=post.title,
        slug=post.slug,
        tags=list(post.tags),
        language=post.shown_language,
        excerpt=post.summary,
        canonical_url=post.canonical_url,
        cover=_cover_resource(post.cover, to) if post.cover else None,
        comments_open=post.comments_open,
        comments_limited=post.comments_limited,
        word_count=post.word_count,
        reading_minutes=None if post.word_count is None else reading_minutes(post.word_count),
        status=post.status,
        published_at=post.published_at,
        scheduled_for=wall_text(post.scheduled_wall) if post.scheduled_wall else None,
        time_zone=post.time_zone,
        pinned=post.pinned_at is not None,
        revision=post.revision,
        revisions_url=to.revisions_of(post.id),
    )


def _cover_resource(cover: Cover, to: Links) -> CoverResource:
    variants = variant_resources(cover.name, cover.variants, to)
    largest = variants[-1]
    return CoverResource(
        id=cover.id,
        url=largest.url,
        width=largest.width,
        height=largest.height,
        alt=cover.alt,
        colour=f"#{cover.colour}",
        variants=variants,
    )
