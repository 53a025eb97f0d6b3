"""The URLs of posts."""

from typing import Any, Protocol

from quart import url_for

from blog.core.web.app import current_app


class Addressed(Protocol):
    """Anything with the id and the slug of a post."""

    @property
    def id(self) -> int: ...

    @property
    def slug(self) -> str | None: ...


def post_url(post: Addressed, **values: Any) -> str:
    """The URL of a post's page: `/post/7/its-slug`, or `/post/7` without a slug.

    Args:
        values: further arguments of `url_for`, such as `page` and `_anchor`.
    """
    return url_for("site.post", post_id=post.id, slug=post.slug, **values)


def absolute_post_url(post_id: int, slug: str | None) -> str:
    """The absolute URL of a post's page. Several times faster than `post_url`."""
    page = f"{current_app.settings.base_url}/post/{post_id}"
    return f"{page}/{slug}" if slug else page
