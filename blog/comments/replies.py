"""The form for a reply: that for a comment, with the comment that it replies to."""

import re

from blog.comments.queries import comment_by_id
from blog.comments.schemas import CommentForm
from blog.comments.service import NOT_ANSWERABLE
from blog.core.web.app import read
from blog.core.web.forms import Form
from blog.core.web.requests import LARGEST_ROW_ID
from blog.core.web.urls import external_url
from blog.models import Comment, Post


async def parent_of_reply(form: Form[CommentForm], post: Post) -> Comment | None:
    """The comment that a form replies to, if one can reply to it; the viewer may comment.

    If one can't, the form says so, and becomes that for a comment of its own. If it has a field
    `quote`, as the link "Quote" asks for, its text becomes that of the comment.
    """
    given = form.values.get("reply_to", "")
    if not given:
        return None
    is_id = re.fullmatch("[1-9][0-9]{0,18}", given, re.ASCII) and int(given) <= LARGEST_ROW_ID
    parent = await read(comment_by_id, int(given)) if is_id else None
    if parent and parent.post_id == post.id and not parent.is_disabled:
        if "quote" in form.values:
            form.values = {**form.values, "body": quoted(parent)}
        return parent
    form.values = {**form.values, "reply_to": ""}
    form.errors["reply_to"] = str(NOT_ANSWERABLE)
    return None


def draft_name(post_id: int, reply_to: int | None) -> str:
    """The name of the draft of a comment or reply, which the browser keeps."""
    return f"reply:{reply_to}" if reply_to else f"comment:{post_id}"


def quoted(comment: Comment) -> str:
    """The text of a comment as a quotation, in Markdown, with its author."""
    address = external_url("comments.show", comment_id=comment.id)
    lines = [f"> {line}".rstrip() for line in comment.body.splitlines()]
    return "\n".join([f"[{comment.author.username}]({address}) wrote:", "", *lines, "", ""])
