"""What people send about posts."""

from typing import Annotated

from pydantic import Field

from blog.core.text.addresses import WebAddress
from blog.core.text.fields import OPTIONAL_LINE, Switch
from blog.core.text.languages import Language
from blog.core.text.slugs import OwnSlug
from blog.core.text.tags import TagLine, Tags
from blog.core.text.validation import Markdown, NotBlank, Schema, with_example
from blog.core.web.submissions import SubmittedForm

LONGEST_POST = 65_536
LONGEST_TITLE = 200
LONGEST_EXCERPT = 500

EXAMPLE = {
    "title": "From the command line",
    "body": "I'm adding a post from the *command line*.",
    "tags": ["command line", "API"],
    "language": "en",
}

Title = Annotated[Annotated[str, Field(max_length=LONGEST_TITLE)] | None, OPTIONAL_LINE]
Excerpt = Annotated[Annotated[str, Field(max_length=LONGEST_EXCERPT)] | None, OPTIONAL_LINE]
Body = Annotated[Markdown, Field(max_length=LONGEST_POST), NotBlank]


class PostFields(Schema):
    """What a post has besides its text. An edit changes only the fields that were sent."""

    title: Annotated[Title, Field(description="A post without one is a note.")] = None
    slug: Annotated[
        OwnSlug,
        Field(description="The end of the page's address; made of the title if left out."),
    ] = None
    tags: Tags = Field([], description="At most ten, each compared without case.")
    language: Annotated[
        Language, Field(description="A BCP 47 tag; if left out, the author's language.")
    ] = None
    excerpt: Annotated[
        Excerpt, Field(description="What lists show instead of the beginning of the text.")
    ] = None
    canonical_url: Annotated[
        WebAddress, Field(description="Where the post was published first, on another site.")
    ] = None
    comments_open: Annotated[Switch, Field(description="Whether people may comment.")] = True


class PostCreate(PostFields):
    """A post to be published, or the new text of one, in Markdown."""

    model_config = with_example(EXAMPLE)

    body: Body


class PostUpdate(PostFields):
    """What is to be changed of a post."""

    model_config = with_example(EXAMPLE)

    body: Body | None = None


class PostForm(PostCreate, SubmittedForm):
    """A new post."""

    tags: TagLine = Field([])

    @property
    def has_only_text(self) -> bool:
        """Whether all other fields are as they are if left out."""
        return not self.model_dump(include={*PostFields.model_fields}, exclude_defaults=True)


class EditForm(PostCreate):
    """A post's new text; `version` says which text of it the editor has read."""

    tags: TagLine = Field([])
    version: Annotated[int, Field(ge=1, lt=2**31)]
