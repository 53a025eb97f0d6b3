"""The keys of stored objects, such as `images/3f/3f9c….webp`.

The application chooses them, by a digest of the content or at random, and never takes one from what
somebody sent. A key says what its object is: the content type comes from the extension, so that
nobody decides by an upload as what it is served, and a folder may be copied to a bucket and back by
any program. Folders have no dots in their names and files exactly one, so no key is a folder of
another; capitals are left out, because some file systems do not tell them apart.
"""

import re

CONTENT_TYPES = {
    "bin": "application/octet-stream",
    "gif": "image/gif",
    "gz": "application/gzip",
    "jpg": "image/jpeg",
    "json": "application/json",
    "png": "image/png",
    "txt": "text/plain; charset=utf-8",
    "webp": "image/webp",
    "xml": "application/xml",
    "zip": "application/zip",
}
_NAME = "[a-z0-9_-]{1,100}"
_FOLDER = re.compile(f"(?:{_NAME}(?:/{_NAME}){{0,5}})?")
_KEY = re.compile(rf"(?:{_NAME}/){{1,6}}{_NAME}\.(?:{'|'.join(CONTENT_TYPES)})")


class InvalidKeyError(ValueError):
    """That is no key of an object, or no folder: a mistake of the program that made it."""


def is_key(text: str) -> bool:
    """Whether an object may have this key."""
    return _KEY.fullmatch(text) is not None


def checked_key(key: str) -> str:
    """The key itself.

    Raises:
        InvalidKeyError: an object cannot have it.
    """
    if not is_key(key):
        raise InvalidKeyError(f"not the key of an object: {key!r}")
    return key


def checked_folder(folder: str) -> str:
    """The folder itself, or the empty text, which stands for all objects.

    Raises:
        InvalidKeyError: no key begins so.
    """
    if not _FOLDER.fullmatch(folder):
        raise InvalidKeyError(f"not a folder of objects: {folder!r}")
    return folder


def content_type(key: str) -> str:
    """As what an object is served (RFC 9110, 8.3).

    Raises:
        InvalidKeyError: there cannot be such an object.
    """
    return CONTENT_TYPES[checked_key(key).rpartition(".")[2]]
