"""The tables, one per file."""

from blog.models.account_deletion import AccountDeletion
from blog.models.answer_template import AnswerTemplate
from blog.models.api_token import ApiToken, Scope
from blog.models.application import Application
from blog.models.audit_entry import Act, AuditEntry
from blog.models.authenticator import Authenticator
from blog.models.backup_run import BackupAction, BackupRun
from blog.models.base import Base
from blog.models.block import Block, HiddenWord, Mute
from blog.models.bulk_act import BulkAct, BulkActPerson, BulkChange
from blog.models.comment import Comment
from blog.models.cover import Cover
from blog.models.email import Email, EmailState
from blog.models.event import LoggedEvent
from blog.models.export import Export, ExportState
from blog.models.figures import DailyFigure, MonthlyActivity, RouteDay
from blog.models.follow import Follow
from blog.models.heartbeat import Heartbeat
from blog.models.held_item import HeldItem, HeldKind
from blog.models.id_ranges import CommentRange, TagRange, UserRange
from blog.models.idempotent_answer import IdempotentAnswer
from blog.models.imported_post import ImportedPost
from blog.models.incident import Component, Incident
from blog.models.invitation import Invitation
from blog.models.job import Job, JobState
from blog.models.login_session import LoginSession
from blog.models.mail_preference import MailPreference
from blog.models.measure import Appeal, Measure, MeasureKind
from blog.models.measure_item import MeasureItem
from blog.models.media import Media
from blog.models.media_file import MediaFile, MediaState
from blog.models.mention import Mention
from blog.models.moderation_log import LogEntry, LogOpening, Sealed
from blog.models.moderator_note import ModeratorNote
from blog.models.notification import Notification, NotificationItem, NotificationKind
from blog.models.openid_login import OpenIDLogin
from blog.models.passkey import Passkey
from blog.models.post import Post, PostStatus
from blog.models.post_alert import PostAlert
from blog.models.post_day import PostDay
from blog.models.post_draft import PostDraft
from blog.models.post_import import ImportRemark, ImportState, PostImport
from blog.models.post_media import PostMedia
from blog.models.post_revision import PostRevision
from blog.models.post_views import PostViews, ViewMark, ViewSalt
from blog.models.rate_limit import RateLimit
from blog.models.reaction import Bookmark, BookmarkFolder, CommentLike, PostLike
from blog.models.recovery_code import RecoveryCode
from blog.models.refused_address import RefusedAddress
from blog.models.removed_text import RemovedText
from blog.models.report import Report, ReportState
from blog.models.revision_media import RevisionMedia
from blog.models.role import Permission, Role
from blog.models.search_index import CommentSearch, PostSearch, SearchConfiguration
from blog.models.site import Site
from blog.models.site_setting import SiteSetting
from blog.models.stale_key import StaleKey
from blog.models.subscription import PostMailing, Subscription
from blog.models.tag import PostTag, Tag
from blog.models.tag_follow import TagFollow
from blog.models.trusted_browser import TrustedBrowser
from blog.models.used_challenge import UsedChallenge
from blog.models.user import User

__all__ = [
    "AccountDeletion",
    "Act",
    "AnswerTemplate",
    "ApiToken",
    "Appeal",
    "Application",
    "AuditEntry",
    "Authenticator",
    "BackupAction",
    "BackupRun",
    "Base",
    "Block",
    "Bookmark",
    "BookmarkFolder",
    "BulkAct",
    "BulkActPerson",
    "BulkChange",
    "Comment",
    "CommentLike",
    "CommentRange",
    "CommentSearch",
    "Component",
    "Cover",
    "DailyFigure",
    "Email",
    "EmailState",
    "Export",
    "ExportState",
    "Follow",
    "Heartbeat",
    "HeldItem",
    "HeldKind",
    "HiddenWord",
    "IdempotentAnswer",
    "ImportRemark",
    "ImportState",
    "ImportedPost",
    "Incident",
    "Invitation",
    "Job",
    "JobState",
    "LogEntry",
    "LogOpening",
    "LoggedEvent",
    "LoginSession",
    "MailPreference",
    "Measure",
    "MeasureItem",
    "MeasureKind",
    "Media",
    "MediaFile",
    "MediaState",
    "Mention",
    "ModeratorNote",
    "MonthlyActivity",
    "Mute",
    "Notification",
    "NotificationItem",
    "NotificationKind",
    "OpenIDLogin",
    "Passkey",
    "Permission",
    "Post",
    "PostAlert",
    "PostDay",
    "PostDraft",
    "PostImport",
    "PostLike",
    "PostMailing",
    "PostMedia",
    "PostRevision",
    "PostSearch",
    "PostStatus",
    "PostTag",
    "PostViews",
    "RateLimit",
    "RecoveryCode",
    "RefusedAddress",
    "RemovedText",
    "Report",
    "ReportState",
    "RevisionMedia",
    "Role",
    "RouteDay",
    "Scope",
    "Sealed",
    "SearchConfiguration",
    "Site",
    "SiteSetting",
    "StaleKey",
    "Subscription",
    "Tag",
    "TagFollow",
    "TagRange",
    "TrustedBrowser",
    "UsedChallenge",
    "User",
    "UserRange",
    "ViewMark",
    "ViewSalt",
]
