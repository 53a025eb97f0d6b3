"""The format of the archive that exports write and imports read: a ZIP file.

    README.md                   explains the files to people
    export.json                 `{"format": 1, "site": URL, "exported_at": time}`
    posts/DATE-SLUG.md          a post: its Markdown with `POST_FIELDS` as front matter. The date is
                                that of publication, or the word "draft"; a post without a slug has
                                its id
    working-copies/ID.md        unpublished changes to the published post with this id:
                                `COPY_FIELDS`, and the fields as typed
    revisions/ID/NUMBER.md      an earlier published text of a post: `REVISION_FIELDS`
    media/NAME.webp             an image
    media.json                  the images, with the address by which Markdown refers to each
    profile.json, account.json  one object each
    comments.json, …            lists of objects

Times are ISO 8601 strings.
"""

FORMAT = 1

README = "README.md"
EXPORT = "export.json"
MEDIA = "media.json"
PROFILE = "profile.json"
ACCOUNT = "account.json"
COMMENTS = "comments.json"
FOLLOWERS = "followers.json"
FOLLOWING = "following.json"
FOLLOWED_TAGS = "followed-tags.json"
LIKES = "likes.json"
COMMENT_LIKES = "comment-likes.json"
BOOKMARKS = "bookmarks.json"
BOOKMARK_FOLDERS = "bookmark-folders.json"
MUTED = "muted.json"
BLOCKED = "blocked.json"
HIDDEN_WORDS = "hidden-words.json"
SUBSCRIPTIONS = "subscriptions.json"
MAIL_PREFERENCES = "mail-preferences.json"

POSTS_FOLDER = "posts"
COPIES_FOLDER = "working-copies"
REVISIONS_FOLDER = "revisions"
MEDIA_FOLDER = "media"

# Fields that a post doesn't have are left out. `scheduled_for` is the local time in `time_zone`,
# and `published_at` the same instant with its offset. The excerpt is written by the author. The
# cover is the address of an image, and `cover_alt` its alternative text on this post. For a text
# other than the first, `revised_at` is when readers first saw it, and `revised_by` who wrote it.
POST_FIELDS = (
    "id", "title", "slug", "tags", "language", "status", "published_at", "scheduled_for",
    "time_zone", "created_at", "edited_at", "excerpt", "canonical_url", "cover",
    "cover_alt", "comments_open", "comments_limited", "pinned_at", "revision", "revised_at",
    "revised_by", "hidden_at", "hidden_reason",
)  # fmt: skip
# In addition to the fields of the editor's form: title, slug, tags, language, excerpt,
# canonical_url, comments_open, and cover as the `id` of an image.
COPY_FIELDS = ("post_id", "saved_at")
# `created_at` is when readers first saw the revision, and `editor` who wrote it, if known.
REVISION_FIELDS = (
    "post_id", "number", "created_at", "editor", "title", "tags", "language", "excerpt",
    "hidden_at", "hidden_by_moderator",
)  # fmt: skip
