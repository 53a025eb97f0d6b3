"""Load the revision of a request, if the viewer may read it."""

from typing import NamedTuple

from blog.core.auth.identity import current_viewer
from blog.core.errors import GoneError, NotFoundError
from blog.core.i18n import gettext as _
from blog.core.i18n import lazy_gettext
from blog.models import Post
from blog.posts.revisions.history import Text
from blog.posts.revisions.policies import may_read_revision
from blog.posts.revisions.queries import Revision, RevisionText

NO_SUCH_REVISION = lazy_gettext("This revision doesn't exist.")


class Readable(NamedTuple):
    """A revision that the viewer may read, and the one before it.

    Attributes:
        before: the text of the one before; `None` if there is none or it is hidden.
    """

    revision: Revision
    text: Text
    before: Text | None


def require_readable(post: Post, found: list[RevisionText]) -> Readable:
    """Check that the viewer, who may read the post, may read a revision.

    Args:
        found: the result of `revision_texts`.

    Raises:
        NotFoundError: there is no such revision.
        GoneError: it is hidden from the viewer.
    """
    if not found:
        raise NotFoundError(NO_SUCH_REVISION)
    viewer, (revision, text) = current_viewer(), found[0]
    if not may_read_revision(viewer, post, revision):
        raise GoneError(hidden_words(revision))
    before = next(
        (each.text for each in found[1:] if may_read_revision(viewer, post, each.revision)), None
    )
    return Readable(revision, text, before)


def hidden_words(revision: Revision) -> str:
    """The message for people who may not read a hidden revision."""
    if revision.is_hidden_by_moderator:
        return _("This revision was hidden by a moderator.")
    return _("This revision was hidden by the author.")
