"""A program that calls every operation of the API with a generated client.

`test_generated_client.py` generates `broadside_client`, checks the types of this file against it,
and runs `walk`. So each name and type here is one that the API's description gives.
"""

from base64 import b64decode
from collections.abc import Callable
from io import BytesIO
from typing import TypeVar

from broadside_client import AuthenticatedClient
from broadside_client.api.blocks import (
    block_user,
    get_hidden_word,
    hide_word,
    list_blocked_users,
    list_hidden_words,
    list_muted_users,
    mute_user,
    show_word,
    unblock_user,
    unmute_user,
)
from broadside_client.api.comments import (
    create_comment,
    delete_comment,
    get_comment,
    list_comments,
    list_post_comments,
    remove_comment,
    update_comment,
)
from broadside_client.api.exports import (
    create_export,
    download_export,
    get_export,
    list_exports,
)
from broadside_client.api.follows import (
    follow_user,
    list_followers,
    list_following,
    turn_off_alerts,
    turn_on_alerts,
    unfollow_user,
)
from broadside_client.api.held import get_held, list_held, withdraw_held
from broadside_client.api.mail_settings import get_mail_settings, update_mail_settings
from broadside_client.api.measures import (
    create_measure,
    get_measure,
    lift_measure,
    list_measures,
)
from broadside_client.api.media import (
    delete_media,
    get_media,
    get_media_usage,
    list_media,
    update_media,
    upload_media,
)
from broadside_client.api.moderation import (
    disable_comment,
    enable_comment,
    list_moderation_log,
)
from broadside_client.api.notifications import (
    get_notification,
    list_notifications,
    update_notification,
    update_notifications,
)
from broadside_client.api.posts import (
    create_post,
    delete_post,
    get_post,
    list_drafts,
    list_posts,
    list_user_posts,
    list_user_timeline,
    replace_post,
    update_post,
)
from broadside_client.api.reactions import (
    bookmark_post,
    delete_bookmark_folder,
    get_bookmark_folder,
    like_comment,
    like_post,
    list_bookmark_folders,
    list_bookmarks,
    list_comment_likes,
    list_post_likes,
    remove_bookmark,
    rename_bookmark_folder,
    unlike_comment,
    unlike_post,
)
from broadside_client.api.reports import (
    claim_report,
    close_report,
    get_report,
    list_reports,
    release_report,
    report_comment,
    report_post,
)
from broadside_client.api.revisions import get_revision, list_revisions
from broadside_client.api.root import get_root
from broadside_client.api.search import search
from broadside_client.api.tags import (
    follow_tag,
    get_tag,
    list_followed_tags,
    list_tag_posts,
    list_tags,
    unfollow_tag,
)
from broadside_client.api.tokens import (
    create_token,
    get_token,
    issue_token,
    list_tokens,
    revoke_token,
)
from broadside_client.api.users import (
    create_user,
    get_account,
    get_user,
    list_users,
    remove_avatar,
    set_avatar,
    update_account,
)
from broadside_client.models import (
    AccessToken,
    Account,
    AvatarUpload,
    BookmarkChange,
    BookmarkList,
    Comment,
    CommentCreate,
    CommentList,
    CommentRemoval,
    CommentUpdate,
    CreatedToken,
    Export,
    ExportList,
    ExportState,
    Folder,
    FolderList,
    FolderUpdate,
    HeldList,
    HiddenWord,
    HiddenWordCreate,
    HiddenWordList,
    ListPostsFieldsItem,
    MailSettings,
    MailSettingsUpdate,
    Measure,
    MeasureCreate,
    MeasureLift,
    MeasureList,
    Media,
    MediaList,
    MediaUpdate,
    MediaUpload,
    MediaUsage,
    ModerationLog,
    ModerationReason,
    Notification,
    NotificationList,
    NotificationsUpdate,
    NotificationUpdate,
    Outcome,
    PartialPostList,
    PersonMeasure,
    Post,
    PostCreate,
    PostCreateStatus,
    PostList,
    PostStatus,
    PostUpdate,
    Problem,
    ProfileUpdate,
    Report,
    ReportClose,
    ReportCreate,
    ReportList,
    Revision,
    RevisionList,
    Root,
    Search,
    Tag,
    TagList,
    Token,
    TokenCreate,
    TokenCreateScopesItem,
    TokenList,
    User,
    UserCreate,
    UserList,
)
from broadside_client.types import File, Unset

# A GIF of one pixel.
IMAGE = b64decode("R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs=")

Expected = TypeVar("Expected")
Connect = Callable[[str], AuthenticatedClient]


def as_a(kind: type[Expected], answer: object) -> Expected:
    """An answer, which is of this kind."""
    assert isinstance(answer, kind), answer
    return answer


def cursor_in(address: str | None) -> str:
    """The cursor in the address of the next part of a list; empty at its end."""
    return address.rpartition("cursor=")[2].partition("&")[0] if address else ""


async def walk(susan: AuthenticatedClient, moderator: AuthenticatedClient, bearer: Connect) -> None:
    """Call each operation.

    Args:
        susan: a client with the password of Susan, who has written nothing yet.
        moderator: one with the password of a moderator.
        bearer: makes a client with a token.
    """
    root = as_a(Root, await get_root.asyncio(client=susan))
    assert root.posts_url.endswith("/posts/")
    writer = await use_tokens(susan, bearer)
    await use_account(writer)
    post = await use_posts(writer)
    secret = as_a(AccessToken, await issue_token.asyncio(client=moderator)).token
    await use_comments(post, writer, bearer(secret))
    await use_media(writer)
    await use_follows(writer)
    await use_blocks(writer)
    await use_reactions(post, writer)
    await use_tags(writer)
    await use_exports(susan, writer)
    await take_away(post, writer, susan)


async def use_tokens(susan: AuthenticatedClient, bearer: Connect) -> AuthenticatedClient:
    """Make tokens with the password.

    Returns:
        A client whose token may read and write.
    """
    unnamed = as_a(AccessToken, await create_token.asyncio(client=susan))
    assert unnamed.expiration == 3600
    wanted = TokenCreate(
        name="walk", scopes=[TokenCreateScopesItem.READ, TokenCreateScopesItem.WRITE]
    )
    created = as_a(CreatedToken, await create_token.asyncio(client=susan, body=wanted))
    writer = bearer(created.token)
    shown = as_a(Token, await get_token.asyncio(created.id, client=writer))
    assert (shown.name, sorted(shown.scopes)) == ("walk", ["read", "write"])
    mine = as_a(TokenList, await list_tokens.asyncio(client=writer))
    assert created.id in [token.id for token in mine.tokens]
    refused = as_a(Problem, await issue_token.asyncio(client=writer))
    assert refused.status == 401
    return writer


async def use_account(writer: AuthenticatedClient) -> None:
    """Change the profile, if nobody else has; and register somebody."""
    read = await get_account.asyncio_detailed(client=writer)
    account = as_a(Account, read.parsed)
    assert account.email == "susan@example.com"
    tag = read.headers["etag"]
    change = ProfileUpdate(location="Lisbon")
    changed = as_a(Account, await update_account.asyncio(client=writer, body=change, if_match=tag))
    assert (changed.location, changed.name) == ("Lisbon", account.name)
    stale = as_a(Problem, await update_account.asyncio(client=writer, body=change, if_match=tag))
    assert stale.status == 412
    new = UserCreate(email="eve@example.com", username="eve", password="paper and trams")
    eve = as_a(User, await create_user.asyncio(client=writer, body=new))
    assert as_a(User, await get_user.asyncio("eve", client=writer)) == eve
    new.email = "another@example.com"
    taken = as_a(Problem, await create_user.asyncio(client=writer, body=new))
    assert not isinstance(taken.errors, Unset)
    assert [error.field for error in taken.errors] == ["username"]
    people = as_a(UserList, await list_users.asyncio(client=writer))
    assert people.users[0].username == "eve"
    later = MailSettingsUpdate(hour=9, time_zone="Europe/Lisbon")
    chosen = as_a(MailSettings, await update_mail_settings.asyncio(client=writer, body=later))
    assert (chosen.hour, chosen.weekday) == (9, 0)
    assert as_a(MailSettings, await get_mail_settings.asyncio(client=writer)) == chosen


async def use_posts(writer: AuthenticatedClient) -> Post:
    """Write, change and list posts.

    Returns:
        The first one.
    """
    body = PostCreate(body="The *first* post.")
    made = await create_post.asyncio_detailed(client=writer, body=body, idempotency_key="one")
    post, address = as_a(Post, made.parsed), made.headers["location"]
    assert (post.url, post.edited_at) == (address, None)
    once = as_a(Post, await create_post.asyncio(client=writer, body=body, idempotency_key="one"))
    assert once.id == post.id
    for number in range(4):
        body = PostCreate(body=f"Post {number}")
        as_a(Post, await create_post.asyncio(client=writer, body=body))
    too_long = PostCreate(body="x" * 65_537)
    problem = as_a(Problem, await create_post.asyncio(client=writer, body=too_long))
    assert problem.status == 422
    assert not isinstance(problem.errors, Unset)
    [error] = problem.errors
    assert (error.field, error.message) == ("body", problem.detail)
    await change_post(post, writer)
    await look_back(post, writer)
    await schedule_post(writer)
    whole = as_a(PostList, await list_posts.asyncio(client=writer, per_page=100))
    assert (whole.count, whole.next_) == (5, None)
    ids: list[int] = []
    part = as_a(PostList, await list_posts.asyncio(client=writer, per_page=2, cursor=""))
    ids += [each.id for each in part.posts]
    while cursor := cursor_in(part.next_):
        part = as_a(PostList, await list_posts.asyncio(client=writer, per_page=2, cursor=cursor))
        ids += [each.id for each in part.posts]
    assert ids == [each.id for each in whole.posts]
    found = as_a(Search, await search.asyncio(client=writer, q="author:susan", per_page=3))
    assert (found.count, [each.author for each in found.posts]) == (5, ["susan"] * 3)
    names = [ListPostsFieldsItem.ID, ListPostsFieldsItem.AUTHOR]
    some = as_a(PartialPostList, await list_posts.asyncio(client=writer, fields=names))
    assert [(each.id, each.author) for each in some.posts] == [(each, "susan") for each in ids]
    assert isinstance(some.posts[0].body, Unset)
    page = as_a(PostList, await list_user_posts.asyncio("susan", client=writer, page=2, per_page=3))
    assert [each.id for each in page.posts] == ids[3:]
    return post


async def change_post(post: Post, writer: AuthenticatedClient) -> None:
    """Replace and update a post as it was read, and not as it was before."""
    read = await get_post.asyncio_detailed(post.id, client=writer)
    tag = read.headers["etag"]
    unchanged = await get_post.asyncio_detailed(post.id, client=writer, if_none_match=tag)
    assert (unchanged.status_code, unchanged.parsed) == (304, None)
    text = PostCreate(body="Replaced.")
    replaced = as_a(
        Post, await replace_post.asyncio(post.id, client=writer, body=text, if_match=tag)
    )
    assert replaced.body_html == "<p>Replaced.</p>"
    assert replaced.edited_at is not None
    change = PostUpdate(body="Updated.")
    stale = await update_post.asyncio(post.id, client=writer, body=change, if_match=tag)
    assert as_a(Problem, stale).status == 412
    updated = as_a(Post, await update_post.asyncio(post.id, client=writer, body=change))
    assert updated.body == "Updated."


async def look_back(post: Post, writer: AuthenticatedClient) -> None:
    """Read what a post said before, and restore it."""
    history = as_a(RevisionList, await list_revisions.asyncio(post.id, client=writer))
    assert [each.number for each in history.revisions] == [3, 2, 1]
    assert [each.changed for each in history.revisions] == [["body"], ["body"], []]
    page = await list_revisions.asyncio(post.id, client=writer, cursor="", per_page=2)
    cursor = cursor_in(as_a(RevisionList, page).next_)
    rest = await list_revisions.asyncio(post.id, client=writer, cursor=cursor, per_page=2)
    assert [each.number for each in as_a(RevisionList, rest).revisions] == [1]
    first = as_a(Revision, await get_revision.asyncio(post.id, 1, client=writer))
    assert (first.body, first.editor, first.hidden) == (post.body, "susan", False)
    change = PostUpdate(body=first.body)
    restored = as_a(Post, await update_post.asyncio(post.id, client=writer, body=change))
    assert (restored.body, restored.revision) == (post.body, 4)
    missing = as_a(Problem, await get_revision.asyncio(post.id, 5, client=writer))
    assert missing.status == 404


async def schedule_post(writer: AuthenticatedClient) -> None:
    """Write a draft, schedule it, and delete it."""
    text = PostCreate(
        body="Not yet.", title="Soon", tags=["trams", "Lisbon"], status=PostCreateStatus.DRAFT
    )
    draft = as_a(Post, await create_post.asyncio(client=writer, body=text))
    assert (draft.status, draft.tags, draft.slug) == ("draft", ["trams", "Lisbon"], "soon")
    change = PostUpdate(scheduled_for="2027-12-01T09:30", time_zone="Europe/Lisbon", title=None)
    scheduled = as_a(Post, await update_post.asyncio(draft.id, client=writer, body=change))
    assert (scheduled.status, scheduled.title) == (PostStatus.SCHEDULED, None)
    drafts = as_a(PostList, await list_drafts.asyncio(client=writer, cursor=""))
    assert [each.scheduled_for for each in drafts.posts] == ["2027-12-01T09:30"]
    done = await delete_post.asyncio_detailed(draft.id, client=writer)
    assert done.status_code == 204


async def use_comments(
    post: Post, writer: AuthenticatedClient, moderator: AuthenticatedClient
) -> None:
    """Comment, and moderate that."""
    body = CommentCreate(body="So *am* I.")
    comment = as_a(Comment, await create_comment.asyncio(post.id, client=moderator, body=body))
    change = CommentUpdate(body="So *was* I.")
    as_a(Comment, await update_comment.asyncio(comment.id, client=moderator, body=change))
    await use_notifications(writer)
    body = CommentCreate(body="So are you.")
    theirs = as_a(Comment, await create_comment.asyncio(post.id, client=writer, body=body))
    reason = ModerationReason(reason="Personal attack")
    refused = await disable_comment.asyncio(theirs.id, client=writer, body=reason)
    assert as_a(Problem, refused).status == 403
    refused = await disable_comment.asyncio(comment.id, client=moderator, body=reason)
    assert as_a(Problem, refused).status == 403
    wrong = ReportCreate(category="spam", reason="The same again")
    for reported in (
        await report_post.asyncio_detailed(post.id, client=moderator, body=wrong),
        await report_comment.asyncio_detailed(theirs.id, client=moderator, body=wrong),
    ):
        assert reported.status_code == 204
    await handle_reports(moderator)
    as_a(Comment, await disable_comment.asyncio(theirs.id, client=moderator, body=reason))
    assert as_a(Comment, await get_comment.asyncio(theirs.id, client=writer)).disabled
    as_a(Comment, await enable_comment.asyncio(theirs.id, client=moderator, body=reason))
    assert (await delete_comment.asyncio_detailed(theirs.id, client=writer)).status_code == 204
    for act, likes in ((like_comment, 1), (unlike_comment, 0)):
        assert (await act.asyncio_detailed(comment.id, client=writer)).status_code == 204
        seen = as_a(Comment, await get_comment.asyncio(comment.id, client=writer))
        assert (seen.like_count, seen.liked) == (likes, likes == 1)
        people = as_a(UserList, await list_comment_likes.asyncio(comment.id, client=writer))
        assert len(people.users) == likes
    under = as_a(CommentList, await list_post_comments.asyncio(post.id, client=writer))
    assert [each.body for each in under.comments] == ["So *was* I."]
    assert as_a(CommentList, await list_comments.asyncio(client=writer)).count == 1
    # The site holds nothing.
    assert as_a(HeldList, await list_held.asyncio(client=writer)).held == []
    assert as_a(Problem, await get_held.asyncio(1, client=writer)).status == 404
    assert as_a(Problem, await withdraw_held.asyncio(1, client=writer)).status == 404
    removal = CommentRemoval(reason="Off topic")
    removed = as_a(Comment, await remove_comment.asyncio(comment.id, client=writer, body=removal))
    assert (removed.disabled, removed.body) == (True, None)
    done = await delete_comment.asyncio_detailed(comment.id, client=moderator)
    assert done.status_code == 204


async def handle_reports(moderator: AuthenticatedClient) -> None:
    """Close a report, take a measure and end it, and read all that in the log."""
    reports = as_a(ReportList, await list_reports.asyncio(client=moderator, category="spam"))
    number = reports.reports[0].id
    assert as_a(Report, await claim_report.asyncio(number, client=moderator)).claimed_by
    released = as_a(Report, await release_report.asyncio(number, client=moderator))
    assert released.claimed_by is None
    closing = ReportClose(outcome=Outcome.DISMISSED, answer="It's fine.")
    closed = as_a(Report, await close_report.asyncio(number, client=moderator, body=closing))
    assert as_a(Report, await get_report.asyncio(number, client=moderator)) == closed
    body = MeasureCreate(kind=PersonMeasure.REMIND, reason="Once more")
    refused = await create_measure.asyncio("the.moderator", client=moderator, body=body)
    assert as_a(Problem, refused).status == 403
    taken = as_a(Measure, await create_measure.asyncio("susan", client=moderator, body=body))
    assert as_a(Measure, await get_measure.asyncio(taken.id, client=moderator)) == taken
    lift = MeasureLift(reason="Done")
    as_a(Measure, await lift_measure.asyncio(taken.id, client=moderator, body=lift))
    measures = as_a(MeasureList, await list_measures.asyncio("susan", client=moderator))
    assert [each.id for each in measures.measures] == [taken.id]
    log = as_a(ModerationLog, await list_moderation_log.asyncio(client=moderator))
    assert [entry.summary for entry in log.entries] == [
        "Reminded someone of a rule", "Dismissed a report",
    ]  # fmt: skip


async def use_media(writer: AuthenticatedClient) -> None:
    """Upload an image, describe it, and delete it."""
    file = File(payload=BytesIO(IMAGE), file_name="dot.gif")
    sent = MediaUpload(file=file, alt="A dot")
    media = as_a(Media, await upload_media.asyncio(client=writer, body=sent))
    assert (media.width, media.height, media.alt) == (1, 1, "A dot")
    change = MediaUpdate(caption="The smallest one")
    changed = as_a(Media, await update_media.asyncio(media.id, client=writer, body=change))
    assert (changed.alt, changed.caption) == ("A dot", "The smallest one")
    assert as_a(Media, await get_media.asyncio(media.id, client=writer)) == changed
    listed = as_a(MediaList, await list_media.asyncio(client=writer))
    assert [each.id for each in listed.media] == [media.id]
    usage = as_a(MediaUsage, await get_media_usage.asyncio(client=writer))
    assert (usage.count, usage.bytes_ > 0) == (1, True)
    wrong = MediaUpload(file=File(payload=BytesIO(b"no image"), file_name="x.gif"))
    assert as_a(Problem, await upload_media.asyncio(client=writer, body=wrong)).status == 422
    done = await delete_media.asyncio_detailed(media.id, client=writer)
    assert done.status_code == 204
    file = File(payload=BytesIO(IMAGE), file_name="dot.gif")
    account = as_a(Account, await set_avatar.asyncio(client=writer, body=AvatarUpload(file=file)))
    assert "/media/" in account.avatar_url
    assert (await remove_avatar.asyncio_detailed(client=writer)).status_code == 204


async def use_follows(writer: AuthenticatedClient) -> None:
    """Follow somebody, twice, and no longer, twice."""
    for count in (1, 1):
        done = await follow_user.asyncio_detailed("eve", client=writer)
        assert done.status_code == 204
        followed = as_a(UserList, await list_following.asyncio("susan", client=writer))
        assert (followed.count, followed.users[0].username) == (count, "eve")
    followers = as_a(UserList, await list_followers.asyncio("eve", client=writer))
    assert [user.username for user in followers.users] == ["susan"]
    assert as_a(PostList, await list_user_timeline.asyncio("susan", client=writer)).count == 5
    for switch in (turn_on_alerts, turn_off_alerts):
        assert (await switch.asyncio_detailed("eve", client=writer)).status_code == 204
    for _ in range(2):
        done = await unfollow_user.asyncio_detailed("eve", client=writer)
        assert done.status_code == 204
    oneself = as_a(Problem, await follow_user.asyncio("susan", client=writer))
    assert oneself.status == 422


async def use_notifications(writer: AuthenticatedClient) -> None:
    """Read what one was notified of."""
    found = as_a(NotificationList, await list_notifications.asyncio(client=writer))
    first = found.notifications[0]
    assert as_a(Notification, await get_notification.asyncio(first.id, client=writer)) == first
    read = NotificationUpdate(read=True)
    changed = await update_notification.asyncio(first.id, client=writer, body=read)
    assert as_a(Notification, changed).read_at is not None
    everything = NotificationsUpdate(read=True)
    done = await update_notifications.asyncio(client=writer, body=everything)
    assert as_a(NotificationList, done).unread == 0


async def use_blocks(writer: AuthenticatedClient) -> None:
    """Mute and block somebody, and hide a word, and don't any more."""
    for act, undo, listed in (
        (mute_user, unmute_user, list_muted_users),
        (block_user, unblock_user, list_blocked_users),
    ):
        assert (await act.asyncio_detailed("eve", client=writer)).status_code == 204
        people = as_a(UserList, await listed.asyncio(client=writer))
        assert [user.username for user in people.users] == ["eve"]
        assert (await undo.asyncio_detailed("eve", client=writer)).status_code == 204
        assert as_a(UserList, await listed.asyncio(client=writer)).users == []
    body = HiddenWordCreate(word="#boats")
    hidden = as_a(HiddenWord, await hide_word.asyncio(client=writer, body=body))
    assert (hidden.word, hidden.is_tag) == ("boats", True)
    assert as_a(HiddenWord, await get_hidden_word.asyncio(hidden.id, client=writer)) == hidden
    words = as_a(HiddenWordList, await list_hidden_words.asyncio(client=writer))
    assert words.words == [hidden]
    assert (await show_word.asyncio_detailed(hidden.id, client=writer)).status_code == 204


async def use_reactions(post: Post, writer: AuthenticatedClient) -> None:
    """Like and bookmark a post, and don't any more."""
    for act in (like_post, bookmark_post):
        assert (await act.asyncio_detailed(post.id, client=writer)).status_code == 204
    seen = as_a(Post, await get_post.asyncio(post.id, client=writer))
    assert (seen.like_count, seen.liked, seen.bookmarked) == (1, True, True)
    body = BookmarkChange(folder="Recipes")
    moved = await bookmark_post.asyncio_detailed(post.id, client=writer, body=body)
    assert moved.status_code == 204
    kept = as_a(BookmarkList, await list_bookmarks.asyncio(client=writer, folder="recipes"))
    assert [(each.post_id, each.folder) for each in kept.bookmarks] == [(post.id, "Recipes")]
    folders = as_a(FolderList, await list_bookmark_folders.asyncio(client=writer))
    (folder,) = folders.folders
    renaming = FolderUpdate(name="Food")
    renamed = await rename_bookmark_folder.asyncio(folder.id, client=writer, body=renaming)
    assert as_a(Folder, renamed).name == "Food"
    assert as_a(Folder, await get_bookmark_folder.asyncio(folder.id, client=writer)) == renamed
    gone = await delete_bookmark_folder.asyncio_detailed(folder.id, client=writer)
    assert gone.status_code == 204
    people = as_a(UserList, await list_post_likes.asyncio(post.id, client=writer))
    assert [user.username for user in people.users] == ["susan"]
    for act in (unlike_post, remove_bookmark):
        assert (await act.asyncio_detailed(post.id, client=writer)).status_code == 204
    seen = as_a(Post, await get_post.asyncio(post.id, client=writer))
    assert (seen.like_count, seen.liked, seen.bookmarked) == (0, False, False)


async def use_tags(writer: AuthenticatedClient) -> None:
    """Tag a post, follow the tag, and delete the post."""
    text = PostCreate(body="Off the record.", tags=["AC/DC"])
    post = as_a(Post, await create_post.asyncio(client=writer, body=text))
    tag = as_a(Tag, await get_tag.asyncio("ac,dc", client=writer))
    assert (tag.name, tag.post_count) == ("AC/DC", 1)
    assert as_a(TagList, await list_tags.asyncio(client=writer)).tags == [tag]
    tagged = as_a(PostList, await list_tag_posts.asyncio("ac,dc", client=writer))
    assert [each.id for each in tagged.posts] == [post.id]
    for act, followed in ((follow_tag, [tag]), (unfollow_tag, [])):
        assert (await act.asyncio_detailed("ac,dc", client=writer)).status_code == 204
        assert as_a(TagList, await list_followed_tags.asyncio(client=writer)).tags == followed
    done = await delete_post.asyncio_detailed(post.id, client=writer)
    assert done.status_code == 204


async def use_exports(susan: AuthenticatedClient, writer: AuthenticatedClient) -> None:
    """Ask for an export with the password, and try to download it before it is ready."""
    export = as_a(Export, await create_export.asyncio(client=susan))
    assert (export.state, export.archive_url) == (ExportState.WAITING, None)
    assert as_a(Export, await get_export.asyncio(export.id, client=susan)) == export
    assert as_a(ExportList, await list_exports.asyncio(client=susan)).exports == [export]
    early = await download_export.asyncio_detailed(export.id, client=susan)
    assert early.status_code == 404
    refused = as_a(Problem, await create_export.asyncio(client=writer))
    assert refused.status == 401


async def take_away(post: Post, writer: AuthenticatedClient, susan: AuthenticatedClient) -> None:
    """Delete the post and revoke the token."""
    done = await delete_post.asyncio_detailed(post.id, client=writer)
    assert done.status_code == 204
    assert as_a(Problem, await get_post.asyncio(post.id, client=writer)).status == 404
    tokens = as_a(TokenList, await list_tokens.asyncio(client=susan)).tokens
    [token] = [token for token in tokens if token.name == "walk"]
    done = await revoke_token.asyncio_detailed(token.id, client=writer)
    assert done.status_code == 204
    assert as_a(Problem, await get_account.asyncio(client=writer)).status == 401
