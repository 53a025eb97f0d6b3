"""The form for a reply: the form for a comment, with the comment that it replies to."""

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
    """The comment that a form replies to, if it can be replied to; the viewer may comment.

    If it can't, the form gets an error, and becomes a form for a top-level comment. If it has the
    field `quote`, which the link "Quote" adds, its text becomes a quotation of the comment.
    """
    typed_id = form.values.get("reply_to", "")
    if not typed_id:
        return None
    is_id = re.fullmatch("[1-9][0-9]{0,18}", typed_id, re.ASCII) and int(typed_id) <= LARGEST_ROW_ID
    parent = await read(comment_by_id, int(typed_id)) if is_id else None
    if parent and parent.post_id == post.id and not parent.is_disabled:
        if "quote" in form.values:
            form.values = {**form.values, "body": quote(parent)}
        return parent
    form.values = {**form.values, "reply_to": ""}
    form.errors["reply_to"] = str(NOT_ANSWERABLE)
    return None


def draft_name(post_id: int, reply_to: int | None) -> str:
    """The name of the draft of a comment or reply that the browser stores."""
    return f"reply:{reply_to}" if reply_to else f"comment:{post_id}"


def quote(comment: Comment) -> str:
    """Quote a comment in Markdown, with its author."""
    url = external_url("comments.show", comment_id=comment.id)
    lines = [f"> {line}".rstrip() for line in comment.body.splitlines()]
    return "\n".join([f"[{comment.author.username}]({url}) wrote:", "", *lines, "", ""])
