"""The feed of the comments on a post that everyone may read."""

from quart import Blueprint, Response

from blog.comments.policies import may_read_comment
from blog.comments.queries import newest_under_post
from blog.core.auth.viewer import ANONYMOUS
from blog.core.web.app import current_app, read
from blog.core.web.requests import requested_cursor
from blog.feeds.entries import Entry, Feed
from blog.feeds.ids import SiteFacts, this_site
from blog.feeds.responses import FEED_SIZE, feed_response, require_feeds
from blog.models import Comment, Post
from blog.posts.addresses import absolute_post_url
from blog.posts.listed import Author
from blog.posts.reading import readable_post

blueprint = Blueprint("comment_feeds", __name__)
blueprint.before_request(require_feeds)


@blueprint.get("/post/<id:post_id>/comments/feed.<any(atom, json):form>")
async def of_post(post_id: int, form: str) -> Response:
    """The newest comments on a post, as a feed."""
    post = await readable_post(post_id, ANONYMOUS)
    page = await read(newest_under_post, post.id, requested_cursor(FEED_SIZE))
    site = await this_site()
    entries = [
        entry_of_comment(comment, post, site)
        for comment in page.rows
        if may_read_comment(ANONYMOUS, comment, post)
    ]
    name = post.title or f"the post by {post.author.name or post.author.username}"
    feed = Feed(
        key=("comments", post.id),
        title=f"Comments on {name} · {current_app.site.site_name}",
        page=absolute_post_url(post.id, post.slug),
        since=post.published_at or post.created_at,
    )
    return await feed_response(form, feed, entries, page.next_cursor)


def entry_of_comment(comment: Comment, post: Post, site: SiteFacts) -> Entry:
    """The feed entry of a public comment on `post`; its author must be loaded."""
    user = comment.author
    return Entry(
        id=site.id_of("comment", comment.id),
        page=f"{current_app.settings.base_url}/comment/{comment.id}",
        title=f"Comment by {user.name or user.username}",
        html=comment.body_html,
        published=comment.created_at,
        updated=comment.edited_at or comment.created_at,
        author=Author(user.id, user.username, user.avatar_key, user.name),
        answers=(site.id_of("post", post.id), absolute_post_url(post.id, post.slug)),
    )
