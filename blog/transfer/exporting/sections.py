"""The data about a user: a query for each table that has any.

Rows are read in chunks by keyset pagination, and no connection is held between chunks. So an export
is not a consistent snapshot, and may lack rows written while it runs.
"""

from collections.abc import AsyncGenerator, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Row, Select, and_, case, exists, func, literal, or_, select, tuple_
from sqlalchemy.orm import aliased

from blog.core.auth.viewer import Viewer
from blog.core.db.database import Database
from blog.models import (
    Act,
    ApiToken,
    Appeal,
    Application,
    AuditEntry,
    Authenticator,
    Block,
    Bookmark,
    BookmarkFolder,
    BulkAct,
    BulkActPerson,
    Comment,
    CommentLike,
    Email,
    Export,
    Follow,
    HeldItem,
    HiddenWord,
    Invitation,
    LogEntry,
    LoginSession,
    LogOpening,
    MailPreference,
    Measure,
    Media,
    MediaFile,
    Mention,
    ModeratorNote,
    Mute,
    Notification,
    NotificationItem,
    OpenIDLogin,
    Passkey,
    Post,
    PostAlert,
    PostDraft,
    PostImport,
    PostLike,
    PostRevision,
    RecoveryCode,
    RefusedAddress,
    Report,
    Role,
    Subscription,
    Tag,
    TagFollow,
    TrustedBrowser,
    User,
)
from blog.models.account_deletion import not_deleted
from blog.posts.policies import visible_to

ROWS_AT_ONCE = 500
# A post may be 64 KiB long.
POSTS_AT_ONCE = 50
# People don't learn that they were reported, and the reasons are for moderators.
MODERATORS_ONLY = (Act.RESOLVE_REPORT, Act.DISMISS_REPORT)


class Section(NamedTuple):
    """One part of the data.

    Attributes:
        rows: the query for its rows.
        keys: the columns to order by; together they are unique.
        size: the number of rows per chunk.
    """

    rows: Select[*tuple[Any, ...]]
    keys: tuple[Any, ...]
    size: int = ROWS_AT_ONCE


def sections(account: User) -> dict[str, Section]:
    """The sections of a user's data, by name.

    Titles and authors of other people's posts are included only if the user may read the posts.

    Args:
        account: the user, with their role loaded.
    """
    me = account.id
    follower, followed = User.username.label("username"), Follow.created_at
    author, editor = aliased(User), aliased(User)
    inviter, invitee = aliased(User), aliased(User)
    is_editor = and_(editor.id == PostRevision.editor_id, not_deleted(editor.id))
    is_current = and_(PostRevision.post_id == Post.id, PostRevision.body.is_(None))
    # The address of the cover, as texts refer to images.
    cover = literal("/media/") + (
        select(Media.name).where(Media.id == Post.cover_id).scalar_subquery()
    )
    is_notified = exists().where(
        PostAlert.follower_id == Follow.follower_id, PostAlert.followed_id == Follow.followed_id
    )
    items = (
        select(func.count())
        .where(NotificationItem.notification_id == Notification.id)
        .scalar_subquery()
    )
    # An unconfirmed address may be someone else's, and so may the mail sent to it.
    is_confirmed = literal(account.is_confirmed)
    is_readable = and_(visible_to(Viewer.of(account)), Post.author_id == author.id)

    def reactions(table: type[PostLike] | type[Bookmark], *more: Any) -> Section:
        return Section(select(
            table.post_id, case((is_readable, Post.title)).label("post_title"),
            case((is_readable, author.username)).label("post_author"), table.created_at, *more,
        ).join(Post, Post.id == table.post_id).join(author, author.id == Post.author_id)
        .where(table.user_id == me), (table.post_id,))  # fmt: skip

    def account_list(table: type[Mute] | type[Block], other_id: Any) -> Section:
        return Section(
            select(User.username, table.created_at)
            .join(table, other_id == User.id)
            .where(table.user_id == me, not_deleted(User.id)),
            (other_id,),
        )

    return {
        "profile": Section(select(
            User.username, User.name, User.location, User.about_me, User.language, User.avatar,
            User.noindex,
        ).where(User.id == me), (User.id,)),
        "account": Section(select(
            User.id, User.username, User.email, Role.name.label("role"), User.created_at,
            User.confirmed_at, User.disabled_at, User.last_seen_at, User.avatar_hash,
            User.has_second_factor, User.attacked_at,
            User.post_count, User.follower_count, User.following_count, User.subscriber_count,
            User.hides_like_counts, User.interface_language, User.awaits_approval,
            User.shows_inviter,
            inviter.username.label("invited_by"),
        ).select_from(User)
        .outerjoin(inviter, and_(inviter.id == User.invited_by_id, not_deleted(inviter.id)))
        .join(Role, Role.id == User.role_id).where(User.id == me), (User.id,)),
        "posts": Section(select(
            Post.id, Post.title, Post.slug, Post.body, Post.tags, Post.summary, Post.language,
            Post.canonical_url, cover.label("cover"),
            case((Post.cover_id.is_not(None), Post.cover_alt)).label("cover_alt"),
            Post.comments_open, Post.comments_limited, Post.pinned_at, Post.created_at,
            Post.status, Post.published_at, Post.scheduled_wall, Post.time_zone, Post.edited_at,
            Post.revision, Post.hidden_at, Post.hidden_reason,
            PostRevision.created_at.label("revised_at"), editor.username.label("revised_by"),
        )
        .outerjoin(PostRevision, is_current)
        .outerjoin(editor, is_editor)
        .where(Post.author_id == me), (Post.id,), POSTS_AT_ONCE),
        # The text of the current revision is the post's.
        "revisions": Section(select(
            PostRevision.post_id, PostRevision.number, PostRevision.created_at, PostRevision.title,
            PostRevision.body, PostRevision.tags, PostRevision.summary, PostRevision.language,
            PostRevision.hidden_at, PostRevision.is_hidden_by_moderator,
            editor.username.label("editor"),
        ).join(Post, Post.id == PostRevision.post_id)
        .outerjoin(editor, is_editor)
        .where(Post.author_id == me, PostRevision.body.is_not(None)),
        (PostRevision.post_id, PostRevision.number), POSTS_AT_ONCE),
        "working_copies": Section(select(
            PostDraft.post_id, PostDraft.fields, PostDraft.saved_at,
        ).where(PostDraft.editor_id == me), (PostDraft.post_id,), POSTS_AT_ONCE),
        "media": Section(select(
            Media.id, Media.name, Media.alt, Media.caption, Media.created_at,
            MediaFile.kind, MediaFile.width, MediaFile.height, MediaFile.generation,
            MediaFile.state, MediaFile.variants,
        ).join(MediaFile, MediaFile.name == Media.name).where(Media.owner_id == me), (Media.id,)),
        "comments": Section(select(
            Comment.id, Comment.post_id, Comment.parent_id,
            case((is_readable, Post.title)).label("post_title"),
            case((is_readable, author.username)).label("post_author"), Comment.body,
            Comment.created_at, Comment.edited_at, Comment.disabled_at, Comment.disabled_reason,
        ).join(Post, Post.id == Comment.post_id).join(author, author.id == Post.author_id)
        .where(Comment.author_id == me), (Comment.id,)),
        "following": Section(select(follower, followed, is_notified.label("is_notified"))
        .join(Follow, Follow.followed_id == User.id)
        .where(Follow.follower_id == me, not_deleted(User.id)), (Follow.followed_id,)),
        "followed_tags": Section(select(Tag.name, TagFollow.created_at)
        .join(TagFollow, TagFollow.tag_id == Tag.id)
        .where(TagFollow.user_id == me), (TagFollow.tag_id,)),
        "followers": Section(select(follower, followed)
        .join(Follow, Follow.follower_id == User.id)
        .where(Follow.followed_id == me, not_deleted(User.id)),
        (Follow.created_at, Follow.follower_id)),
        "subscriptions": Section(select(
            User.username, Subscription.asked_at, Subscription.confirmed_at, Subscription.ended_at,
            Subscription.language,
        ).join(User, User.id == Subscription.author_id)
        .where(Subscription.email == account.email, is_confirmed, not_deleted(User.id)),
        (Subscription.id,)),
        "muted": account_list(Mute, Mute.muted_id),
        "blocked": account_list(Block, Block.blocked_id),
        "hidden_words": Section(select(
            HiddenWord.word, HiddenWord.is_tag, HiddenWord.created_at,
        ).where(HiddenWord.user_id == me), (HiddenWord.id,)),
        "likes": reactions(PostLike),
        "comment_likes": Section(
            select(CommentLike.comment_id, CommentLike.created_at)
            .where(CommentLike.user_id == me), (CommentLike.comment_id,)),
        "notifications": Section(select(
            Notification.kind, Notification.post_id, Notification.comment_id, items.label("count"),
            Notification.created_at, Notification.read_at,
        ).where(Notification.user_id == me), (Notification.id,)),
        "bookmarks": reactions(
            Bookmark,
            select(BookmarkFolder.name).where(BookmarkFolder.id == Bookmark.folder_id)
            .scalar_subquery().label("folder"),
        ),
        "bookmark_folders": Section(select(
            BookmarkFolder.name, BookmarkFolder.created_at,
        ).where(BookmarkFolder.user_id == me), (BookmarkFolder.id,)),
        "mentions": Section(select(
            Mention.post_id, Post.title.label("post_title"),
            author.username.label("post_author"), Mention.comment_id,
        ).join(Post, Post.id == Mention.post_id).join(author, author.id == Post.author_id)
        .where(Mention.user_id == me, is_readable), (Mention.id,)),
        "reports": Section(select(
            Report.id, Report.post_id, Report.comment_id, Report.category, Report.rule,
            Report.reason, Report.created_at, Report.state, Report.closed_at, Report.answer,
        ).where(Report.reporter_id == me), (Report.id,)),
        "sessions": Section(select(
            LoginSession.created_at, LoginSession.last_used_at, LoginSession.expires_at,
            LoginSession.reauthenticated_at, LoginSession.device, LoginSession.network_address,
        ).where(LoginSession.user_id == me), (LoginSession.id,)),
        "authenticators": Section(select(
            Authenticator.created_at, Authenticator.last_used_at,
        ).where(Authenticator.user_id == me), (Authenticator.user_id,)),
        "openid_logins": Section(select(
            OpenIDLogin.issuer, OpenIDLogin.subject, OpenIDLogin.created_at,
            OpenIDLogin.last_used_at,
        ).where(OpenIDLogin.user_id == me), (OpenIDLogin.id,)),
        "passkeys": Section(select(
            Passkey.name, Passkey.is_synced, Passkey.created_at, Passkey.last_used_at,
        ).where(Passkey.user_id == me), (Passkey.id,)),
        "recovery_codes": Section(select(
            RecoveryCode.created_at,
        ).where(RecoveryCode.user_id == me), (RecoveryCode.id,)),
        "trusted_browsers": Section(select(
            TrustedBrowser.created_at, TrustedBrowser.expires_at, TrustedBrowser.device,
            TrustedBrowser.network_address,
        ).where(TrustedBrowser.user_id == me), (TrustedBrowser.id,)),
        "api_tokens": Section(select(
            ApiToken.name, ApiToken.scopes, ApiToken.created_at, ApiToken.last_used_at,
            ApiToken.expires_at,
        ).where(ApiToken.user_id == me), (ApiToken.id,)),
        "mails": Section(select(
            Email.purpose, Email.recipient, Email.subject, Email.state, Email.created_at,
            Email.sent_at,
        ).where(Email.recipient == account.email, is_confirmed), (Email.id,)),
        "refusals": Section(select(
            RefusedAddress.address, RefusedAddress.days, RefusedAddress.refused_at,
        ).where(RefusedAddress.address == account.email, is_confirmed),
        (RefusedAddress.address,)),
        "mail_preferences": Section(select(
            MailPreference.choices, MailPreference.wants_digest, MailPreference.digest,
            MailPreference.weekday, MailPreference.hour, MailPreference.time_zone,
            MailPreference.digest_sent_at,
        ).where(MailPreference.user_id == me), (MailPreference.user_id,)),
        "audit_entries": Section(select(
            AuditEntry.created_at, AuditEntry.actor_name, AuditEntry.act,
            AuditEntry.subject_name, AuditEntry.details,
        ).where(or_(
            AuditEntry.actor_id == me,
            and_(AuditEntry.subject_id == me, AuditEntry.act.not_in(MODERATORS_ONLY)),
        )), (AuditEntry.id,)),
        "moderation_log": Section(select(
            LogEntry.number, LogEntry.at, LogEntry.act, LogEntry.rule, LogOpening.fact,
            LogOpening.value, func.encode(LogOpening.salt, "hex").label("salt"),
        ).join_from(LogOpening, LogEntry).where(
            LogOpening.user_id == me,
            or_(LogEntry.act.not_in(MODERATORS_ONLY), LogOpening.is_public),
        ), (LogOpening.number, LogOpening.fact)),
        "applications": Section(select(
            Application.text, Application.created_at, Application.proved_at,
        ).where(Application.user_id == me), (Application.user_id,)),
        "invitations": Section(select(
            Invitation.note, Invitation.created_at, Invitation.expires_at, Invitation.revoked_at,
            Invitation.used_at, invitee.username.label("invited"),
        ).select_from(Invitation)
        .outerjoin(invitee, and_(invitee.id == Invitation.invitee_id, not_deleted(invitee.id)))
        .where(Invitation.inviter_id == me), (Invitation.id,)),
        # Notes they wrote as a moderator.
        "moderator_notes": Section(select(
            ModeratorNote.created_at, ModeratorNote.text,
        ).where(ModeratorNote.author_id == me), (ModeratorNote.id,)),
        "measures": Section(select(
            Measure.created_at, Measure.kind, Measure.rule, Measure.reason, Measure.until,
            Measure.ended_at, Measure.post_id, Measure.comment_id, Appeal.text.label("appeal"),
            Appeal.created_at.label("appealed_at"), Appeal.decided_at, Appeal.is_granted,
            Appeal.answer,
        ).outerjoin(Appeal, Appeal.measure_id == Measure.id).where(Measure.person_id == me),
        (Measure.id,)),
        # Acts they took as a moderator, and acts they were subject to.
        "bulk_acts": Section(select(
            BulkAct.created_at, BulkAct.since, BulkAct.hides, BulkAct.disables, BulkAct.refuses,
            BulkAct.reason, BulkAct.rule, BulkAct.undone_at,
        ).where(or_(
            BulkAct.moderator_id == me, BulkAct.undone_by_id == me,
            BulkAct.id.in_(
                select(BulkActPerson.bulk_act_id).where(BulkActPerson.user_id == me)
            ),
        )), (BulkAct.id,)),
        "held_items": Section(select(
            HeldItem.kind, HeldItem.post_id, HeldItem.comment_id, HeldItem.payload,
            HeldItem.created_at, HeldItem.decided_at, HeldItem.is_approved, HeldItem.rule,
            HeldItem.answer,
        ).where(HeldItem.author_id == me), (HeldItem.id,)),
        "imports": Section(select(
            PostImport.created_at, PostImport.file_name, PostImport.kind, PostImport.state,
            PostImport.counts, PostImport.ended_at,
        ).where(PostImport.owner_id == me), (PostImport.id,)),
        "exports": Section(select(
            Export.created_at, Export.state, Export.finished_at, Export.bytes,
        ).where(Export.user_id == me), (Export.id,)),
    }  # fmt: skip


async def read_chunks(
    database: Database, section: Section
) -> AsyncGenerator[list[dict[str, Any]], None]:
    """Yield the rows of a section in chunks."""
    number = len(section.keys)
    names = [str(column.key) for column in section.rows.selected_columns]
    keys = tuple_(*section.keys)
    statement = section.rows.add_columns(*section.keys).order_by(*section.keys).limit(section.size)
    rows: Sequence[Row[Any]] = []
    while not rows or len(rows) == section.size:
        next_rows = statement.where(keys > tuple_(*rows[-1][-number:])) if rows else statement
        async with database.reading_session() as session:
            rows = (await session.execute(next_rows)).all()
        if not rows:
            return
        # Drop the keys, which are the last columns.
        yield [dict(zip(names, row[:-number], strict=True)) for row in rows]
