"""The sentences about measures, on pages and in mails."""

from typing import NamedTuple

from blog.models import Measure, MeasureKind


class Wording(NamedTuple):
    """What a kind of measure is called.

    Attributes:
        label: of the choice, for moderators.
        effect: what the choice does, for moderators.
        subject: what happened, for the person.
        sentence: the same, with `{site}` and `{until}`.
        consequence: what that means for them.
    """

    label: str
    effect: str
    subject: str
    sentence: str
    consequence: str


WORDING = {
    MeasureKind.REMIND: Wording(
        "Remind",
        "Sends an email. Nothing else changes.",
        "A reminder of the rules",
        "A moderator of {site} reminds you of the rules.",
        "Nothing changes for you. Please keep to the rules from now on.",
    ),
    MeasureKind.HIDE: Wording(
        "Hide",
        "Only they and moderators can see it.",
        "Something you wrote was hidden",
        "A moderator of {site} has hidden something you wrote.",
        "Only you and moderators can see it.",
    ),
    MeasureKind.HIDE_ALL: Wording(
        "Hide everything",
        "Hides all posts and comments so far. They can write new ones.",
        "Everything you wrote was hidden",
        "A moderator of {site} has hidden everything you've written so far.",
        "Only you and moderators can see it. You can still write.",
    ),
    MeasureKind.LIMIT: Wording(
        "Limit",
        "Lists leave out what they write. Followers still get it, and it stays at its address.",
        "Your account was limited",
        "A moderator of {site} has limited your account.",
        "Lists leave out what you write. Your followers still get it.",
    ),
    MeasureKind.PAUSE: Wording(
        "Pause",
        "Until a date they can only read. What they've written stays.",
        "Your account is paused",
        "A moderator of {site} has paused your account until {until} (UTC).",
        "Until then you can read, but you can't post, comment, like, follow or edit your profile.",
    ),
    MeasureKind.DISABLE: Wording(
        "Disable",
        "They're logged out everywhere and can't log in. What they've written stays.",
        "Your account was disabled",
        "A moderator of {site} has disabled your account.",
        "You can't log in any more. What you've written stays.",
    ),
}


def wording(measure: Measure) -> Wording:
    """The wording of a measure."""
    return WORDING[MeasureKind(measure.kind)]
