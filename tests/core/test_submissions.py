"""Idempotency keys of forms."""

from blog.core.web.submissions import SubmittedForm, submission_key


def test_the_same_form_with_the_same_content_has_the_same_key() -> None:
    form = SubmittedForm(submission="abc")
    assert submission_key(form, 1, "text") == submission_key(form, 1, "text")


def test_another_form_another_person_and_another_text_have_other_keys() -> None:
    one, other = SubmittedForm(submission="abc"), SubmittedForm(submission="abd")
    keys = {
        submission_key(one, 1, "text"),
        submission_key(other, 1, "text"),
        submission_key(one, 2, "text"),
        submission_key(one, 1, "texts"),
        submission_key(one, 1, "te", "xt"),
    }
    assert len(keys) == 5


def test_a_form_without_a_number_is_the_same_as_nothing() -> None:
    assert submission_key(SubmittedForm(), 1, "text") is None
