"""The texts and links of notifications."""

from quart import url_for

from blog.core.i18n import format_list, format_number, ngettext
from blog.core.i18n import gettext as _
from blog.models import ExportState, ImportState, NotificationKind
from blog.notifications.queries import MOST_COUNTED, Item, Line, PostReference
from blog.posts.addresses import post_url

Kind = NotificationKind
FAILED = {ExportState.FAILED, ImportState.FAILED}


def sentence(line: Line, *, counts_likes: bool = True) -> str:
    """The text of a line, such as "nina and 12 others liked “Title”".

    Args:
        line: the line.
        counts_likes: whether it includes the number of likes.
    """
    if line.kind == Kind.LIKE:
        return _like(line, counts_likes)
    return _SENTENCES[line.kind](line)


def place(item: Item) -> str:
    """The text of one of several items, below its line."""
    name = item.actor.name or item.actor.username if item.actor else ""
    post = _quoted_title(item.post, _("a post"))
    if item.comment_id:
        return _("%(who)s in a comment on %(post)s", who=name, post=post)
    return _("%(who)s: %(post)s", who=name, post=post)


def address(line: Line, username: str) -> str:
    """The path of the page that a line links to.

    Args:
        line: the line.
        username: the recipient's username.
    """
    newest = line.newest
    match line.kind:
        case Kind.FOLLOW if line.count == 1 and newest.actor:
            path = url_for("site.profile", username=newest.actor.username)
        case Kind.FOLLOW:
            path = url_for("follows.followers", username=username)
        case Kind.REPORT:
            path = url_for("report_queue.open_reports")
        case Kind.EXPORT:
            path = url_for("exporting.overview")
        case Kind.IMPORT:
            path = url_for("importing.overview")
        case Kind.LIKE if line.comment_id is not None:
            path = url_for("comments.show", comment_id=line.comment_id)
        case Kind.LIKE if newest.post is not None:
            path = post_url(newest.post, _anchor="reactions")
        case _:
            path = address_of_item(newest)
    return path


def address_of_item(item: Item) -> str:
    """The path of the comment or post that an item is about."""
    if item.comment_id is not None:
        return url_for("comments.show", comment_id=item.comment_id)
    return url_for("notifications.index") if item.post is None else post_url(item.post)


def _quoted_title(post: PostReference | None, untitled: str) -> str:
    return _("“%(title)s”", title=post.title) if post and post.title else untitled


def _post_title(line: Line) -> str:
    return _quoted_title(line.newest.post, _("a post"))


def _actor_names(line: Line, is_counted: bool = True) -> str:
    """The names of the actors. Each like and follow is by another person, so the others can be
    counted."""
    names = [actor.name or actor.username for actor in line.actors]
    if line.kind in {Kind.LIKE, Kind.FOLLOW} and line.count > len(names):
        if not is_counted:
            return _("%(names)s and others", names=names[0])
        others = line.count - 1
        count_text = f"{format_number(others)}{'+' if line.count == MOST_COUNTED else ''}"
        return ngettext(
            "%(name)s and %(num)s other", "%(name)s and %(num)s others", others,
            name=names[0], num=count_text,
        )  # fmt: skip
    if line.has_others:
        return _("%(names)s and others", names=format_list(names, ","))
    return format_list(names)


def _comment(line: Line) -> str:
    who, post = _actor_names(line), _quoted_title(line.subject, _("your post"))
    if line.count == 1:
        return _("%(who)s commented on %(post)s", who=who, post=post)
    return ngettext(
        "%(num)s comment by %(who)s on %(post)s", "%(num)s comments by %(who)s on %(post)s",
        line.count, who=who, post=post,
    )  # fmt: skip


def _reply(line: Line) -> str:
    who, post = _actor_names(line), _post_title(line)
    if line.count == 1:
        return _("%(who)s replied to your comment on %(post)s", who=who, post=post)
    return ngettext(
        "%(num)s reply by %(who)s to your comment on %(post)s",
        "%(num)s replies by %(who)s to your comment on %(post)s",
        line.count, who=who, post=post,
    )  # fmt: skip


def _mention(line: Line) -> str:
    who, post = _actor_names(line), _post_title(line)
    if line.count > 1:
        return ngettext(
            "%(num)s mention of you by %(who)s", "%(num)s mentions of you by %(who)s",
            line.count, who=who,
        )  # fmt: skip
    if line.newest.comment_id:
        return _("%(who)s mentioned you in a comment on %(post)s", who=who, post=post)
    return _("%(who)s mentioned you in %(post)s", who=who, post=post)


def _like(line: Line, is_counted: bool) -> str:
    who = _actor_names(line, is_counted)
    if line.comment_id is not None:
        post = _post_title(line)
        return ngettext(
            "%(who)s liked your comment on %(post)s", "%(who)s liked your comment on %(post)s",
            line.count, who=who, post=post,
        )  # fmt: skip
    post = _quoted_title(line.subject, _("your post"))
    return ngettext(
        "%(who)s liked %(post)s", "%(who)s liked %(post)s", line.count, who=who, post=post
    )


def _follow(line: Line) -> str:
    return ngettext(
        "%(who)s started following you",
        "%(who)s started following you",
        line.count,
        who=_actor_names(line),
    )


def _post(line: Line) -> str:
    who = _actor_names(line)
    if line.count == 1:
        post = _quoted_title(line.newest.post, _("a new post"))
        return _("%(who)s published %(post)s", who=who, post=post)
    return ngettext(
        "%(num)s new post by %(who)s", "%(num)s new posts by %(who)s", line.count, who=who
    )


def _moderation(line: Line) -> str:
    item, post = line.newest, _post_title(line)
    if item.is_disabled and item.is_removed:
        return _("The author of %(post)s removed your comment", post=post)
    if item.comment_id is not None:
        if item.is_disabled:
            return _("A moderator disabled your comment on %(post)s", post=post)
        return _("A moderator enabled your comment on %(post)s again", post=post)
    return _about_post(item.post)


def _about_post(post: PostReference | None) -> str:
    title = post.title if post else ""
    if post and post.is_hidden:
        if title:
            return _("A moderator hid your post “%(title)s”", title=title)
        return _("A moderator hid your post")
    if title:
        return _("A moderator unhid your post “%(title)s”", title=title)
    return _("A moderator unhid your post")


def _report(line: Line) -> str:
    return ngettext("%(num)s new report", "%(num)s new reports", line.count)


def _export(line: Line) -> str:
    return _("Your export failed") if line.newest.state in FAILED else _("Your export is ready")


def _import(line: Line) -> str:
    return _("Your import failed") if line.newest.state in FAILED else _("Your import is done")


_SENTENCES = {
    Kind.COMMENT: _comment,
    Kind.REPLY: _reply,
    Kind.MENTION: _mention,
    Kind.FOLLOW: _follow,
    Kind.POST: _post,
    Kind.MODERATION: _moderation,
    Kind.REPORT: _report,
    Kind.EXPORT: _export,
    Kind.IMPORT: _import,
}
