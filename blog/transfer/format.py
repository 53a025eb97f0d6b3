"""The archive that an export makes, and that an import of it reads: a ZIP file.

    README.md                   what the files are, for people
    export.json                 `{"format": 1, "site": URL, "exported_at": time}`
    posts/DATE-SLUG.md          a post: its Markdown with `POST_FIELDS` as front matter. The date is
                                that of publication, or the word "draft"; a post without a slug has
                                its id
    working-copies/ID.md        changes of a published post that are not published yet, with its id:
                                `COPY_FIELDS`, and what was typed
    revisions/ID/NUMBER.md      an earlier published text of a post: `REVISION_FIELDS`
    media/NAME.webp             an image
    media.json                  the images, with the address by which Markdown refers to each
    profile.json, account.json  an object each
    comments.json, …            lists of objects

Times are texts in ISO 8601.
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

# Those that a post does not have are left out. `scheduled_for` is the time on the clocks of
# `time_zone`, and `published_at` the moment. The excerpt is what the author says of the post. The
# cover is the address of an image. `revised_at` is when readers first saw the text, and
# `revised_by` who wrote it, if it is not the first one.
POST_FIELDS = (
    "id", "title", "slug", "tags", "language", "status", "published_at", "scheduled_for",
    "time_zone", "created_at", "edited_at", "excerpt", "canonical_url", "cover",
    "comments_open", "comments_limited", "pinned_at", "revision", "revised_at", "revised_by",
    "hidden_at", "hidden_reason",
)  # fmt: skip
# Besides what the editor's form has: title, slug, tags, language, excerpt, canonical_url,
# comments_open, and cover as the `id` of an image.
COPY_FIELDS = ("post_id", "saved_at")
# `created_at` is when readers first saw it, and `editor` who wrote it, if that is known.
REVISION_FIELDS = (
    "post_id", "number", "created_at", "editor", "title", "tags", "language", "excerpt",
    "hidden_at", "hidden_by_moderator",
)  # fmt: skip
