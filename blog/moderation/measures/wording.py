"""The texts about measures, on pages and in emails."""

from typing import NamedTuple

from blog.core.i18n import LazyText, lazy_gettext, lazy_pgettext
from blog.models import Measure, MeasureKind


class Wording(NamedTuple):
    """The texts for one kind of measure.

    Attributes:
        label: its label in the form, for moderators.
        name: its name in a history, for moderators.
        effect: what it does, for moderators.
        subject: what happened, for the person.
        sentence: the same as a sentence, with `%(site)s` and `%(until)s`.
        consequence: what that means for the person.
    """

    label: LazyText
    name: LazyText
    effect: LazyText
    subject: LazyText
    sentence: LazyText
    consequence: LazyText


WORDING = {
    MeasureKind.REMIND: Wording(
        lazy_pgettext("verb", "Remind"),
        lazy_gettext("Reminder"),
        lazy_gettext("Sends an email. Nothing else changes."),
        lazy_gettext("A reminder of the rules"),
        lazy_gettext("A moderator of %(site)s reminds you of the rules."),
        lazy_gettext("Nothing changes for you. Please keep to the rules from now on."),
    ),
    MeasureKind.HIDE: Wording(
        lazy_pgettext("verb", "Hide"),
        lazy_gettext("Text hidden"),
        lazy_gettext("Only they and moderators can see it."),
        lazy_gettext("Something you wrote was hidden"),
        lazy_gettext("A moderator of %(site)s has hidden something you wrote."),
        lazy_gettext("Only you and moderators can see it."),
    ),
    MeasureKind.HIDE_ALL: Wording(
        lazy_pgettext("verb", "Hide everything"),
        lazy_gettext("Everything hidden"),
        lazy_gettext("Hides all posts and comments so far. They can write new ones."),
        lazy_gettext("Everything you wrote was hidden"),
        lazy_gettext("A moderator of %(site)s has hidden everything you've written so far."),
        lazy_gettext("Only you and moderators can see it. You can still write."),
    ),
    MeasureKind.LIMIT: Wording(
        lazy_pgettext("verb", "Limit"),
        lazy_gettext("Account limited"),
        lazy_gettext(
            "What they write doesn't appear in lists. Followers still get it, and links to it "
            "still work."
        ),
        lazy_gettext("Your account was limited"),
        lazy_gettext("A moderator of %(site)s has limited your account."),
        lazy_gettext("What you write doesn't appear in lists. Your followers still get it."),
    ),
    MeasureKind.PAUSE: Wording(
        lazy_pgettext("verb", "Pause"),
        lazy_gettext("Account paused"),
        lazy_gettext("Until a date they can only read. What they've written stays."),
        lazy_gettext("Your account is paused"),
        lazy_gettext("A moderator of %(site)s has paused your account until %(until)s (UTC)."),
        lazy_gettext(
            "Until then you can read, but you can't post, comment, like, follow or edit your "
            "profile."
        ),
    ),
    MeasureKind.DISABLE: Wording(
        lazy_pgettext("verb", "Disable"),
        lazy_gettext("Account disabled"),
        lazy_gettext("They're logged out everywhere and can't log in. What they've written stays."),
        lazy_gettext("Your account was disabled"),
        lazy_gettext("A moderator of %(site)s has disabled your account."),
        lazy_gettext("You can't log in any more. What you've written stays."),
    ),
}


def wording(measure: Measure) -> Wording:
    """The wording of a measure."""
    return WORDING[MeasureKind(measure.kind)]
