"""The forms and request bodies of posts."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from blog.core.text.addresses import WebAddress
from blog.core.text.fields import OPTIONAL_LINE, WHOLE_NUMBER, Switch
from blog.core.text.languages import Language
from blog.core.text.slugs import OwnSlug
from blog.core.text.tags import TagLine, Tags
from blog.core.text.validation import Markdown, NotBlank, Schema, with_example
from blog.core.text.wall_times import TimeZone, WallTime
from blog.core.web.submissions import SubmittedForm
from blog.models import PostStatus

LONGEST_POST = 65_536
LONGEST_TITLE = 200
LONGEST_REASON = 500
LONGEST_EXCERPT = 500

EXAMPLE = {
    "title": "From the command line",
    "body": "I'm adding a post from the *command line*.",
    "tags": ["command line", "API"],
    "language": "en",
}

Title = Annotated[Annotated[str, Field(max_length=LONGEST_TITLE)] | None, OPTIONAL_LINE]
Excerpt = Annotated[Annotated[str, Field(max_length=LONGEST_EXCERPT)] | None, OPTIONAL_LINE]
CoverId = Annotated[int, Field(ge=1, lt=2**63)] | None
# In a form an empty string means no cover.
TypedCover = Annotated[CoverId, BeforeValidator(lambda value: value or None)]
# `held` is missing: only the review rules hold posts.
WantedStatus = Literal[PostStatus.DRAFT, PostStatus.SCHEDULED, PostStatus.PUBLISHED]
Body = Annotated[Markdown, Field(max_length=LONGEST_POST), NotBlank]


class PostFields(Schema):
    """The fields of a post other than its text. An edit changes only the fields that were sent."""

    title: Annotated[Title, Field(description="A post without a title is a note.")] = None
    slug: Annotated[
        OwnSlug,
        Field(description="The last part of the page's URL. Derived from the title by default."),
    ] = None
    tags: Tags = Field([], description="Up to ten, case-insensitive.")
    language: Annotated[
        Language, Field(description="A BCP 47 tag. The author's language by default.")
    ] = None
    excerpt: Annotated[
        Excerpt, Field(description="Shown in lists instead of the beginning of the text.")
    ] = None
    canonical_url: Annotated[
        WebAddress, Field(description="Where the post was first published, if on another site.")
    ] = None
    cover: Annotated[
        CoverId,
        WHOLE_NUMBER,
        Field(description="The ID of one of your images. Null for no cover."),
    ] = None
    comments_open: Annotated[Switch, Field(description="Whether people can comment.")] = True
    comments_limited: Annotated[
        Switch, Field(description="Whether only people the author follows can comment.")
    ] = False
    pinned: Annotated[
        Switch, Field(description="Whether it's pinned to the top of its author's profile.")
    ] = False
    status: Annotated[
        WantedStatus | None,
        Field(
            description="`published` by default. A post that goes back to draft keeps its "
            "publication time. What the site holds for review gets the status `held` instead."
        ),
    ] = None
    scheduled_for: Annotated[
        WallTime,
        Field(
            description="When to publish a scheduled post, as local time in `time_zone`. If the "
            "clocks go back and that time occurs twice, the first one counts."
        ),
    ] = None
    time_zone: Annotated[TimeZone, Field(description="The IANA time zone of `scheduled_for`.")] = (
        None
    )


class PostCreate(PostFields):
    """A post to be published, or the new text of one, in Markdown."""

    model_config = with_example(EXAMPLE)

    body: Body


class DeletionForm(Schema):
    """Why an administrator deletes another person's post, for the audit log."""

    reason: Annotated[str, Field(max_length=LONGEST_REASON), NotBlank]


class DeletionQuery(Schema):
    """The query parameters of a deletion."""

    reason: Annotated[
        str,
        Field(
            max_length=LONGEST_REASON,
            description="For the audit log: why an administrator deletes another person's post.",
        ),
    ] = ""


class PreviewForm(Schema):
    """A text to preview. Other fields of its form are ignored."""

    body: Body


class PostUpdate(PostFields):
    "The fields of a post to change."

    model_config = with_example(EXAMPLE)

    body: Body | None = None


class PostForm(PostCreate, SubmittedForm):
    """A new post."""

    tags: TagLine = Field([])
    cover: TypedCover = None

    @property
    def has_only_text(self) -> bool:
        """Whether all other fields have their default values."""
        return not self.model_dump(include={*PostFields.model_fields}, exclude_defaults=True)


class StateForm(Schema):
    """The form of the buttons on the page of a post."""

    status: WantedStatus | None = None
    pinned: Switch = False
    commenters: Literal["everyone", "followed", "nobody"] | None = None

    def changes(self) -> PostUpdate:
        """The fields of the post to change."""
        sent = self.model_dump(exclude_unset=True)
        if commenters := sent.pop("commenters", None):
            sent["comments_open"] = commenters != "nobody"
            sent["comments_limited"] = commenters == "followed"
        return PostUpdate(**sent)
