"""The kinds of background jobs, by feature. Mail has a queue of its own."""

from blog.accounts.deletion.jobs import FIND_DELETED_ACCOUNTS, REMOVE_DELETED_ACCOUNT
from blog.accounts.second_factor.jobs import RESEAL_SECRETS
from blog.admin.figures.jobs import COUNT_DAYS
from blog.backups.jobs import DELETE_OLD_RUNS, WATCH_ARCHIVE, WATCH_BACKUPS
from blog.core.api.idempotency import DELETE_OLD_ANSWERS
from blog.core.auth.expiry import (
    DELETE_EXPIRED_SESSIONS,
    DELETE_EXPIRED_TOKENS,
    DELETE_EXPIRED_TRUST,
    DELETE_OLD_CHALLENGES,
)
from blog.core.events.log import delete_old as delete_old_events
from blog.core.jobs.cleaning import HOUR, cleaning_job
from blog.core.web.rate_limits import DELETE_FULL_RATE_LIMITS
from blog.discovery.cards import SWEEP_CARDS
from blog.feeds.jobs import PING_HUB
from blog.mail.cleaning import DELETE_OLD_MAILS, DELETE_OLD_REFUSALS
from blog.media.cleaning import DELETE_UNUSED_MEDIA, SWEEP_UPLOADS
from blog.media.jobs import PROCESS_MEDIA, REMOVE_MEDIA_FILE
from blog.moderation.jobs import INDEX_RENAMED_TAG, MOVE_TAGGED_POSTS
from blog.moderation.measures.jobs import HIDE_EVERYTHING, SHOW_EVERYTHING
from blog.moderation.measures.waiting import REMIND_OF_APPEALS
from blog.moderation.reports.jobs import TELL_REPORTER
from blog.moderation.waves.jobs import ACT_ON_WAVE, UNDO_BULK_ACT
from blog.notifications.cleaning import DELETE_OLD_NOTIFICATIONS
from blog.notifications.jobs import ANNOUNCE_POST, TAKE_BACK_HIDDEN_WORDS
from blog.notifications.mail.jobs import MAIL_NOTIFICATIONS
from blog.posts.jobs import PUBLISH_DUE_POSTS, RENDER_OLD_TEXTS
from blog.posts.views.jobs import FORGET_VISITORS
from blog.review.cleaning import DELETE_OLD_DECISIONS
from blog.review.similarity import DELETE_OLD_SKETCHES
from blog.search.jobs import INDEX_OLD_COMMENTS, INDEX_OLD_POSTS
from blog.status.jobs import DELETE_OLD_INCIDENTS, WATCH_COMPONENTS
from blog.subscriptions.jobs import MAIL_POST, TIDY_SUBSCRIPTIONS
from blog.tags.jobs import COUNT_TAGS_OF_PERSON
from blog.transfer.exporting.jobs import MAKE_EXPORT, REMOVE_EXPORT, SWEEP_EXPORTS, TIDY_EXPORTS
from blog.transfer.importing.jobs import IMPORT_POSTS, TIDY_IMPORTS
from blog.transfer.importing.uploads import REMOVE_IMPORT_UPLOAD, SWEEP_IMPORT_UPLOADS

# `core/events` may not import `core/jobs`, which stands beside it.
DELETE_OLD_EVENTS = cleaning_job("delete_old_events", delete_old_events, every=HOUR)

JOBS = (
    DELETE_EXPIRED_SESSIONS,
    DELETE_EXPIRED_TOKENS,
    DELETE_EXPIRED_TRUST,
    DELETE_OLD_CHALLENGES,
    DELETE_OLD_ANSWERS,
    DELETE_OLD_EVENTS,
    DELETE_FULL_RATE_LIMITS,
    DELETE_OLD_MAILS,
    DELETE_OLD_REFUSALS,
    PROCESS_MEDIA,
    REMOVE_MEDIA_FILE,
    DELETE_UNUSED_MEDIA,
    SWEEP_UPLOADS,
    FIND_DELETED_ACCOUNTS,
    REMOVE_DELETED_ACCOUNT,
    RESEAL_SECRETS,
    DELETE_OLD_DECISIONS,
    DELETE_OLD_SKETCHES,
    PUBLISH_DUE_POSTS,
    RENDER_OLD_TEXTS,
    FORGET_VISITORS,
    PING_HUB,
    SWEEP_CARDS,
    MAIL_POST,
    TIDY_SUBSCRIPTIONS,
    TELL_REPORTER,
    REMIND_OF_APPEALS,
    HIDE_EVERYTHING,
    SHOW_EVERYTHING,
    MOVE_TAGGED_POSTS,
    INDEX_RENAMED_TAG,
    COUNT_TAGS_OF_PERSON,
    ACT_ON_WAVE,
    UNDO_BULK_ACT,
    COUNT_DAYS,
    MAKE_EXPORT,
    REMOVE_EXPORT,
    TIDY_EXPORTS,
    SWEEP_EXPORTS,
    IMPORT_POSTS,
    TIDY_IMPORTS,
    REMOVE_IMPORT_UPLOAD,
    SWEEP_IMPORT_UPLOADS,
    ANNOUNCE_POST,
    TAKE_BACK_HIDDEN_WORDS,
    MAIL_NOTIFICATIONS,
    DELETE_OLD_NOTIFICATIONS,
    INDEX_OLD_POSTS,
    INDEX_OLD_COMMENTS,
    WATCH_ARCHIVE,
    WATCH_BACKUPS,
    DELETE_OLD_RUNS,
    WATCH_COMPONENTS,
    DELETE_OLD_INCIDENTS,
)
