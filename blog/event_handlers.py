"""Which functions handle which domain events; see `blog.core.events.handlers`."""

from blog.accounts.events import AccountDeleted, AccountRegistered
from blog.admin.events import RoleChanged
from blog.admin.handlers import mail_administrators
from blog.blocks.events import PersonBlocked, PersonMuted, WordHidden
from blog.comments.events import CommentDeleted, CommentRemoved, CommentWritten
from blog.core.events.handlers import Handler
from blog.feeds.handlers import notify_hub
from blog.follows.events import PersonFollowed
from blog.moderation.events import (
    CommentDisabled,
    CommentEnabled,
    CommentReported,
    PostHidden,
    PostReported,
    PostShown,
    ReportClosed,
)
from blog.moderation.reports.jobs import enqueue_reporter_mails
from blog.moderation.review import handlers as removed
from blog.notifications import handlers as notices
from blog.notifications import removal_handlers as removals
from blog.posts.events import (
    PeopleMentioned,
    PostChanged,
    PostDeleted,
    PostPublished,
    PostUnpublished,
)
from blog.reactions.events import CommentLiked, PostLiked
from blog.subscriptions.handlers import mail_to_subscribers
from blog.transfer.exporting.events import ExportEnded
from blog.transfer.exporting.handlers import remove_with_account
from blog.transfer.importing.events import ImportEnded
from blog.transfer.importing.handlers import remove_imports_with_account

EVENT_HANDLERS = (
    Handler(AccountRegistered, mail_administrators),
    Handler(AccountDeleted, remove_with_account),
    Handler(AccountDeleted, remove_imports_with_account),
    Handler(PostPublished, mail_to_subscribers),
    Handler(PostShown, mail_to_subscribers),
    Handler(CommentWritten, notices.notify_of_comments),
    Handler(PeopleMentioned, notices.notify_of_mentions),
    Handler(PostLiked, notices.notify_of_likes),
    Handler(CommentLiked, notices.notify_of_comment_likes),
    Handler(PersonFollowed, notices.notify_of_followers),
    Handler(PostPublished, notices.enqueue_announcements),
    Handler(PostReported, notices.notify_of_reports),
    Handler(CommentReported, notices.notify_of_reports),
    Handler(PostHidden, notices.notify_of_moderated_posts),
    Handler(PostShown, notices.notify_of_moderated_posts),
    Handler(CommentDisabled, notices.notify_of_moderated_comments),
    Handler(CommentEnabled, notices.notify_of_moderated_comments),
    Handler(CommentRemoved, notices.notify_of_moderated_comments),
    Handler(PostHidden, removed.remember_hidden_posts),
    Handler(CommentDisabled, removed.remember_disabled_comments),
    Handler(PostShown, removed.forget_shown_posts),
    Handler(CommentEnabled, removed.forget_enabled_comments),
    Handler(ExportEnded, notices.notify_of_exports),
    Handler(ImportEnded, notices.notify_of_imports),
    Handler(PostHidden, removals.forget_unreadable_posts),
    Handler(PostUnpublished, removals.forget_unreadable_posts),
    Handler(CommentDisabled, removals.forget_disabled_comments),
    Handler(CommentRemoved, removals.forget_disabled_comments),
    Handler(CommentDeleted, removals.forget_deleted_comments),
    Handler(ReportClosed, enqueue_reporter_mails),
    Handler(ReportClosed, removals.forget_closed_reports),
    Handler(RoleChanged, removals.forget_reports_of_former_moderators),
    Handler(PersonMuted, removals.forget_muted_people),
    Handler(PersonBlocked, removals.forget_blocked_people),
    Handler(WordHidden, removals.forget_hidden_words),
)

# Those of a site with a WebSub hub: they make a transaction of each post that is written.
HUB_HANDLERS = tuple(
    Handler(event, notify_hub)
    for event in (
        PostPublished, PostChanged, PostUnpublished, PostDeleted, PostHidden, PostShown,
    )
)  # fmt: skip
