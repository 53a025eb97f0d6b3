"""The blueprints of the pages, and the resources of the JSON API."""

from blog.accounts.applications.pages import blueprint as applications_pages
from blog.accounts.deletion.pages import blueprint as leaving_pages
from blog.accounts.email.pages import blueprint as email_pages
from blog.accounts.invitations.pages import blueprint as invitations_pages
from blog.accounts.login.pages import blueprint as login_pages
from blog.accounts.login.second_factor_pages import blueprint as second_step_pages
from blog.accounts.login.unlock_pages import blueprint as unlock_pages
from blog.accounts.openid.pages import blueprint as openid_pages
from blog.accounts.passkeys.pages import blueprint as passkeys_pages
from blog.accounts.passwords.pages import blueprint as passwords_pages
from blog.accounts.reauthentication.pages import blueprint as reauthentication_pages
from blog.accounts.registration.api import blueprint as registration_api
from blog.accounts.registration.pages import blueprint as registration_pages
from blog.accounts.second_factor.pages import blueprint as second_factor_pages
from blog.accounts.sessions.pages import blueprint as sessions_pages
from blog.accounts.tokens.api import blueprint as tokens_api
from blog.accounts.tokens.pages import blueprint as tokens_pages
from blog.admin.background.pages import blueprint as jobs_pages
from blog.admin.figures.pages import blueprint as figures_pages
from blog.admin.pages import blueprint as admin_pages
from blog.admin.settings.pages import blueprint as site_settings_pages
from blog.admin.settings.review_pages import blueprint as review_rules_pages
from blog.blocks.api import blueprint as blocks_api
from blog.blocks.pages import blueprint as blocks_pages
from blog.comments.api import blueprint as comments_api
from blog.comments.feeds import blueprint as comment_feeds
from blog.comments.pages import blueprint as comments_pages
from blog.core.web import health, metrics_pages
from blog.discovery.cards import blueprint as cards
from blog.discovery.oembed import blueprint as oembed
from blog.discovery.robots import blueprint as robots
from blog.discovery.sitemaps import blueprint as sitemaps
from blog.discovery.well_known import blueprint as well_known
from blog.feeds.pages import blueprint as feeds
from blog.follows.api import blueprint as follows_api
from blog.follows.pages import blueprint as follows_pages
from blog.mail.pages import blueprint as mail_pages
from blog.media.api import blueprint as media_api
from blog.media.pages import blueprint as media_pages
from blog.media.serving import blueprint as media_files
from blog.moderation.answers.pages import blueprint as answer_pages
from blog.moderation.api import blueprint as moderation_api
from blog.moderation.log.api import blueprint as moderation_log_api
from blog.moderation.log.pages import blueprint as moderation_log
from blog.moderation.measures.api import blueprint as measures_api
from blog.moderation.measures.appeal_pages import blueprint as appeal_pages
from blog.moderation.measures.pages import blueprint as measure_pages
from blog.moderation.notes.pages import blueprint as moderator_notes
from blog.moderation.pages import blueprint as moderation_pages
from blog.moderation.reports.api import blueprint as reports_api
from blog.moderation.reports.handling_pages import blueprint as report_handling
from blog.moderation.reports.pages import blueprint as report_pages
from blog.moderation.reports.queue_pages import blueprint as report_queue
from blog.moderation.review.pages import blueprint as review_pages
from blog.moderation.revision_pages import blueprint as revision_moderation_pages
from blog.moderation.tag_pages import blueprint as tag_moderation_pages
from blog.moderation.waves.pages import blueprint as waves_pages
from blog.notifications.api import blueprint as notifications_api
from blog.notifications.live.pages import blueprint as live_pages
from blog.notifications.mail.api import blueprint as mail_settings_api
from blog.notifications.mail.pages import blueprint as notification_mail_pages
from blog.notifications.pages import blueprint as notifications_pages
from blog.posts.api import blueprint as posts_api
from blog.posts.editor.autosave import blueprint as autosave_pages
from blog.posts.editor.covers import blueprint as cover_pages
from blog.posts.editor.pages import blueprint as editor_pages
from blog.posts.pages import blueprint as posts_pages
from blog.posts.revisions.api import blueprint as revisions_api
from blog.posts.revisions.pages import blueprint as revisions_pages
from blog.posts.state_pages import blueprint as post_state_pages
from blog.posts.views.pages import blueprint as views_pages
from blog.reactions.api import blueprint as reactions_api
from blog.reactions.pages import blueprint as reactions_pages
from blog.review.api import blueprint as held_api
from blog.review.pages import blueprint as own_held_pages
from blog.search.api import blueprint as search_api
from blog.search.feeds import blueprint as search_feeds
from blog.search.pages import blueprint as search_pages
from blog.site.pages import blueprint as site_pages
from blog.status.pages import blueprint as status_pages
from blog.subscriptions.pages import blueprint as subscriptions_pages
from blog.tags.api import blueprint as tags_api
from blog.tags.pages import blueprint as tags_pages
from blog.transfer.exporting.api import blueprint as exports_api
from blog.transfer.exporting.pages import blueprint as exporting_pages
from blog.transfer.importing.pages import blueprint as importing_pages
from blog.users.api import blueprint as users_api
from blog.users.pages import blueprint as users_pages

BLUEPRINTS = (
    registration_pages,
    login_pages,
    second_step_pages,
    unlock_pages,
    passwords_pages,
    email_pages,
    sessions_pages,
    reauthentication_pages,
    second_factor_pages,
    passkeys_pages,
    openid_pages,
    tokens_pages,
    leaving_pages,
    exporting_pages,
    users_pages,
    media_pages,
    media_files,
    site_pages,
    status_pages,
    feeds,
    sitemaps,
    robots,
    cards,
    oembed,
    well_known,
    search_pages,
    posts_pages,
    post_state_pages,
    views_pages,
    revisions_pages,
    editor_pages,
    autosave_pages,
    cover_pages,
    tags_pages,
    follows_pages,
    subscriptions_pages,
    blocks_pages,
    comments_pages,
    reactions_pages,
    comment_feeds,
    search_feeds,
    report_pages,
    report_queue,
    report_handling,
    moderator_notes,
    answer_pages,
    importing_pages,
    notifications_pages,
    live_pages,
    notification_mail_pages,
    moderation_pages,
    moderation_log,
    measure_pages,
    appeal_pages,
    own_held_pages,
    review_pages,
    review_rules_pages,
    waves_pages,
    revision_moderation_pages,
    tag_moderation_pages,
    figures_pages,
    admin_pages,
    site_settings_pages,
    applications_pages,
    invitations_pages,
    mail_pages,
    jobs_pages,
    health.blueprint,
    metrics_pages.blueprint,
)

# The resources of the API, in the order of its description.
RESOURCES = (
    posts_api,
    revisions_api,
    comments_api,
    held_api,
    tags_api,
    reactions_api,
    users_api,
    registration_api,
    follows_api,
    blocks_api,
    moderation_api,
    reports_api,
    measures_api,
    moderation_log_api,
    tokens_api,
    media_api,
    search_api,
    exports_api,
    notifications_api,
    mail_settings_api,
)
