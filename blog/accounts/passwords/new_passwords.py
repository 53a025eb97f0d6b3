"""What a new password must not be, beside what its schema says."""

from pydantic import SecretStr

from blog.core.crypto.passwords import Passwords
from blog.core.crypto.weak_passwords import is_made_of
from blog.core.errors import InvalidFieldsError

PRODUCT = "Broadside"


def refuse_known_words(
    password: SecretStr, passwords: Passwords, *, username: str, email: str
) -> None:
    """Refuse a new password that is made of what everybody knows.

    Raises:
        InvalidFieldsError: it is the username, the e-mail address or the name of the site, in
            whatever case and with whatever digits around it.
    """
    words = (username, email, passwords.site_name, PRODUCT)
    if is_made_of(password.get_secret_value(), words):
        raise InvalidFieldsError(
            {
                "password": "Please choose something else than your username, your e-mail address "
                "or the name of this site."
            }
        )
