"""What notifications say, and where they lead to."""

from quart import url_for

from blog.core.text.counting import listed
from blog.models import ExportState, ImportState, NotificationKind
from blog.notifications.queries import MOST_COUNTED, Item, Line, OnPost
from blog.posts.addresses import post_url

Kind = NotificationKind
FAILED = {ExportState.FAILED, ImportState.FAILED}


def sentence(line: Line, *, counts_likes: bool = True) -> str:
    """What a line says, as plain text: "nina and 12 others liked “Title”".

    Args:
        line: the line.
        counts_likes: whether it says how many people like something.
    """
    if line.kind == Kind.LIKE:
        return _like(line, counts_likes)
    return _SENTENCES[line.kind](line)


def place(item: Item) -> str:
    """What one of several items says, below its line."""
    name = item.actor.name or item.actor.username if item.actor else ""
    title = _titled(item.post, "a post")
    return f"{name} in a comment on {title}" if item.comment_id else f"{name}: {title}"


def address(line: Line, username: str) -> str:
    """The path of the page that a line leads to.

    Args:
        line: the line.
        username: the recipient's.
    """
    newest = line.newest
    match line.kind:
        case Kind.FOLLOW if line.count == 1 and newest.actor:
            path = url_for("site.profile", username=newest.actor.username)
        case Kind.FOLLOW:
            path = url_for("follows.followers", username=username)
        case Kind.REPORT:
            path = url_for("report_queue.open_reports")
        case Kind.JOB:
            path = url_for("exporting.overview" if newest.export_id else "importing.overview")
        case Kind.LIKE if line.comment_id is not None:
            path = url_for("comments.show", comment_id=line.comment_id)
        case Kind.LIKE if newest.post is not None:
            path = post_url(newest.post, _anchor="reactions")
        case _:
            path = address_of_item(newest)
    return path


def address_of_item(item: Item) -> str:
    """The path of the comment or the post that an item is about."""
    if item.comment_id is not None:
        return url_for("comments.show", comment_id=item.comment_id)
    return url_for("notifications.index") if item.post is None else post_url(item.post)


def _titled(post: OnPost | None, untitled: str) -> str:
    return f"“{post.title}”" if post and post.title else untitled


def _who(line: Line, is_counted: bool = True) -> str:
    """Those who did it. Each item of likes and follows is by somebody else, so the others can be
    counted."""
    names = [actor.name or actor.username for actor in line.actors]
    if line.kind in {Kind.LIKE, Kind.FOLLOW} and line.count > len(names):
        if not is_counted:
            return f"{names[0]} and others"
        more = f"{line.count - 1:,}{'+' if line.count == MOST_COUNTED else ''}"
        return f"{names[0]} and {more} others"
    if line.has_others:
        return f"{', '.join(names)} and others"
    return listed(names)


def _comment(line: Line) -> str:
    title = _titled(line.subject, "your post")
    if line.count == 1:
        return f"{_who(line)} commented on {title}"
    return f"{_who(line)} left {line.count:,} comments on {title}"


def _reply(line: Line) -> str:
    title = _titled(line.newest.post, "a post")
    if line.count == 1:
        return f"{_who(line)} replied to your comment on {title}"
    return f"{_who(line)} left {line.count:,} replies to your comment on {title}"


def _mention(line: Line) -> str:
    if line.count > 1:
        return f"{_who(line)} mentioned you {line.count:,} times"
    where = _titled(line.newest.post, "a post")
    place_in_post = "a comment on " if line.newest.comment_id else ""
    return f"{_who(line)} mentioned you in {place_in_post}{where}"


def _like(line: Line, is_counted: bool) -> str:
    who = _who(line, is_counted)
    if line.comment_id is not None:
        return f"{who} liked your comment on {_titled(line.newest.post, 'a post')}"
    return f"{who} liked {_titled(line.subject, 'your post')}"


def _follow(line: Line) -> str:
    return f"{_who(line)} started following you"


def _post(line: Line) -> str:
    if line.count == 1:
        return f"{_who(line)} published {_titled(line.newest.post, 'a new post')}"
    return f"{_who(line)} published {line.count:,} posts"


def _moderation(line: Line) -> str:
    item = line.newest
    if item.is_disabled and item.is_removed:
        return f"The author of {_titled(item.post, 'a post')} removed your comment"
    if item.comment_id is not None:
        of = f"your comment on {_titled(item.post, 'a post')}"
        return f"A moderator {'disabled' if item.is_disabled else 'enabled'} {of}" + (
            "" if item.is_disabled else " again"
        )
    is_hidden = item.post is not None and item.post.is_hidden
    title = _titled(item.post, "")
    return f"A moderator {'hid' if is_hidden else 'unhid'} your post {title}".rstrip()


def _report(line: Line) -> str:
    return "1 new report" if line.count == 1 else f"{line.count:,} new reports"


def _job(line: Line) -> str:
    what = "export" if line.newest.export_id else "import"
    if line.newest.state in FAILED:
        return f"Your {what} failed"
    return "Your export is ready" if line.newest.export_id else "Your import is done"


_SENTENCES = {
    Kind.COMMENT: _comment,
    Kind.REPLY: _reply,
    Kind.MENTION: _mention,
    Kind.FOLLOW: _follow,
    Kind.POST: _post,
    Kind.MODERATION: _moderation,
    Kind.REPORT: _report,
    Kind.JOB: _job,
}
