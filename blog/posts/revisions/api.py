"""The history of posts in the JSON API: `/posts/<id>/revisions/`."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field
from quart import Response
from quart_schema import document_response

from blog.core.api.collections import (
    Collection,
    list_example,
    list_response,
    paginated,
    requested_page,
)
from blog.core.api.links import EXAMPLE_ROOT, Links, Url, links
from blog.core.api.operations import Resource, requires_scope
from blog.core.api.problems import Problem
from blog.core.api.responses import json_response
from blog.core.auth.identity import current_viewer
from blog.core.text.validation import with_example
from blog.core.web.admonitions import with_titles
from blog.core.web.app import current_app, read
from blog.models import Post, Scope
from blog.posts.reading import readable_post
from blog.posts.revisions import queries
from blog.posts.revisions.policies import may_read_revision
from blog.posts.revisions.queries import Revision
from blog.posts.revisions.reading import require_readable

blueprint = Resource("revisions", __name__, "The texts of a post that its readers have seen.")

SUMMARY_EXAMPLE = {
    "url": f"{EXAMPLE_ROOT}/posts/17/revisions/1",
    "number": 1,
    "post_url": f"{EXAMPLE_ROOT}/posts/17",
    "html_url": "https://blog.example/post/17/revisions/1",
    "hidden": False,
    "timestamp": "2026-11-24T09:30:00.250000Z",
    "editor_url": f"{EXAMPLE_ROOT}/users/3",
    "editor": "susan",
    "changed": [],
    "words_added": 0,
    "words_removed": 0,
}
EXAMPLE = SUMMARY_EXAMPLE | {
    "title": "From the command line",
    "body": "I'm adding a post from the *command line*.",
    "body_html": "<p>I'm adding a post from the <em>command line</em>.</p>",
    "tags": ["command line", "API"],
    "language": "en",
    "excerpt": None,
}


class RevisionSummary(BaseModel):
    """A text of a post that its readers have seen, without the text itself."""

    model_config = with_example(SUMMARY_EXAMPLE)

    url: Url
    number: Annotated[int, Field(ge=1, description="From 1, without gaps.")]
    post_url: Url
    html_url: Annotated[Url, Field(description="Its page, for people.")]
    hidden: Annotated[
        bool, Field(description="Whether its author or a moderator has hidden it from others.")
    ]
    timestamp: Annotated[
        datetime | None,
        Field(description="When readers first saw it; null if it is hidden from you."),
    ]
    editor_url: Url | None
    editor: Annotated[
        str | None,
        Field(description="The username of who wrote it; null if unknown, or hidden from you."),
    ]
    changed: Annotated[
        list[str], Field(description="The fields in which it differs from the one before.")
    ]
    words_added: Annotated[int, Field(ge=0)]
    words_removed: Annotated[int, Field(ge=0, description="Words that were moved do not count.")]


class RevisionResource(RevisionSummary):
    """A text of a post that its readers have seen."""

    model_config = with_example(EXAMPLE)

    title: Annotated[str | None, Field(description="Null for a note.")]
    body: Annotated[str, Field(description="The Markdown that was written.")]
    body_html: Annotated[str, Field(description="The sanitised HTML rendered from it.")]
    tags: list[str]
    language: Annotated[
        str | None, Field(description="A BCP 47 tag: of the text, or else of the author.")
    ]
    excerpt: Annotated[str | None, Field(description="The author's summary, shown in lists.")]


class RevisionList(Collection):
    """The revisions of a post, the newest first."""

    model_config = with_example(list_example("revisions", SUMMARY_EXAMPLE))

    revisions: list[RevisionSummary]


def summary(post: Post, revision: Revision, to: Links) -> RevisionSummary:
    """The representation of a revision in lists; of a hidden one, only that it is there."""
    is_shown = may_read_revision(current_viewer(), post, revision)
    editor_id = revision.editor_id if is_shown else None
    return RevisionSummary(
        url=to.revision(post.id, revision.number),
        number=revision.number,
        post_url=to.post(post.id),
        html_url=to.page_of_revision(post.id, revision.number),
        hidden=revision.is_hidden,
        timestamp=revision.created_at if is_shown else None,
        editor_url=to.user(editor_id) if editor_id else None,
        editor=revision.editor if is_shown else None,
        changed=[*revision.changed] if is_shown else [],
        words_added=revision.words_added if is_shown else 0,
        words_removed=revision.words_removed if is_shown else 0,
    )


@blueprint.get("/posts/<id:post_id>/revisions/")
@requires_scope(Scope.READ, anonymous=True)
@paginated(RevisionList)
async def list_revisions(post_id: int) -> Response:
    """List the texts of a post that its readers have seen, the newest first.

    A post that was never edited has one.
    """
    post = await readable_post(post_id)
    wanted = requested_page(current_app.settings.posts_per_page)
    found = await read(queries.revisions_page, wanted, post)
    return await list_response(RevisionList, found, lambda row, to: summary(post, row, to))


@blueprint.get("/posts/<id:post_id>/revisions/<id:number>")
@requires_scope(Scope.READ, anonymous=True)
@document_response(RevisionResource)
@document_response(Problem, 410)
async def get_revision(post_id: int, number: int) -> Response:
    """Get a text of a post that its readers have seen.

    To restore it, send its fields as an update of the post.
    """
    post = await readable_post(post_id)
    found = require_readable(post, await read(queries.revision_texts, post, number))
    text, language = found.text, found.text.language or post.author.language
    return json_response(
        RevisionResource(
            **summary(post, found.revision, links()).model_dump(),
            title=text.title,
            body=text.body,
            body_html=with_titles(text.body_html.rstrip("\n"), language),
            tags=[*text.tags],
            language=language,
            excerpt=text.summary,
        )
    )
