"""The Markdown files of an archive."""

from collections.abc import Sequence
from typing import Any

from blog.models import PostStatus
from blog.transfer.exporting.zipping import File
from blog.transfer.format import (
    COPIES_FOLDER,
    COPY_FIELDS,
    POST_FIELDS,
    POSTS_FOLDER,
    REVISION_FIELDS,
    REVISIONS_FOLDER,
)
from blog.transfer.front_matter import write_document

# Columns of fields that have another name in the archive.
_COLUMNS = {
    "excerpt": "summary", "scheduled_for": "scheduled_wall",
    "hidden_by_moderator": "is_hidden_by_moderator",
}  # fmt: skip


def post_file(post: dict[str, Any]) -> File:
    """A post with its front matter."""
    fields = _fields(post, POST_FIELDS)
    if post["status"] != PostStatus.SCHEDULED:
        fields["scheduled_for"] = fields["time_zone"] = None
    is_draft = post["status"] == PostStatus.DRAFT
    prefix = "draft" if is_draft else f"{post['published_at']:%Y-%m-%d}"
    name = f"{POSTS_FOLDER}/{prefix}-{post['slug'] or post['id']}.md"
    content = write_document(fields, post["body"])
    return File(name, content, post["edited_at"] or post["created_at"])


def working_copy_file(copy: dict[str, Any]) -> File:
    """A working copy with its front matter: the fields that aren't empty, as typed."""
    typed = {name: text for name, text in copy["fields"].items() if text and name != "body"}
    fields = {name: copy[name] for name in COPY_FIELDS} | typed
    content = write_document(fields, copy["fields"].get("body", ""))
    return File(f"{COPIES_FOLDER}/{copy['post_id']}.md", content, copy["saved_at"])


def revision_file(revision: dict[str, Any]) -> File:
    """An earlier text of a post with its front matter."""
    name = f"{REVISIONS_FOLDER}/{revision['post_id']}/{revision['number']}.md"
    fields = _fields(revision, REVISION_FIELDS)
    fields["hidden_by_moderator"] = fields["hidden_by_moderator"] or None
    content = write_document(fields, revision["body"])
    return File(name, content, revision["created_at"])


def _fields(row: dict[str, Any], names: Sequence[str]) -> dict[str, Any]:
    fields = {name: row[_COLUMNS.get(name, name)] for name in names}
    return fields | {"tags": fields["tags"] or None}
