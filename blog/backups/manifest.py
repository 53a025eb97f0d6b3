"""The manifest of a backup, which describes its objects, so that damage can be detected."""

import hashlib
import hmac
import re
from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import UTC, datetime
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from blog.backups.authentication import check_header
from blog.backups.encryption import BackupKey
from blog.backups.errors import BackupError, DamagedBackupError
from blog.core.storage.interface import NoSuchObjectError, Storage
from blog.core.storage.listing import list_objects

FOLDER = "backups"
FILES = "files"
UNENCRYPTED = "clear"
# The names of backups sort by their time.
NAME = "%Y%m%dt%H%M%Sz"
MANIFEST = "manifest.json"
LARGEST_MANIFEST = 1024 * 1024
AUTHENTICATED = 2
# These precede the code and the digest at the end of a manifest.
CODE_LABEL = b"\nhmac-sha256 "
DIGEST_LABEL = b"\nsha256 "


class Part(BaseModel):
    """An object of a backup, as it is stored.

    Attributes:
        key: its key in the target.
        size: its size in bytes.
        sha256: the SHA-256 of its bytes, in hexadecimal.
        header: the SHA-256 of its age header; `None` if it is not encrypted, or was made before
            backups were authenticated.
    """

    model_config = ConfigDict(frozen=True)

    key: str
    size: int = Field(ge=0)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    header: str | None = None


class Manifest(BaseModel):
    """The description of a complete backup.

    Attributes:
        format: the version of the format: 2 if the manifest has a code, which proves that it was
            made with the secret key.
        name: the name of the backup, so that it is noticed if the manifest is that of another one.
        version: the version of Broadside.
        server_version: PostgreSQL's major version.
        database_schema: the schema of the site's tables.
        revision: the revision of the schema.
        key: the public key that it is encrypted for; `None` if it is not encrypted.
        database: the dump.
        rows: the number of rows in each table, counted in the snapshot of the dump.
        file_list: the list of files: one per line, in the order of their keys.
        file_count: the number of files.
        file_bytes: the total size of the stored files.
    """

    model_config = ConfigDict(frozen=True)

    format: int = Field(1, ge=1, le=2)
    name: str
    version: str
    server_version: int
    database_schema: str
    revision: str
    key: str | None
    database: Part
    rows: dict[str, int]
    file_list: Part
    file_count: int
    file_bytes: int

    @property
    def made_at(self) -> datetime:
        """When the backup was started (UTC)."""
        return made_at(self.name)

    @property
    def files(self) -> str:
        """The folder with its files."""
        return files_folder(self.key, self.format)

    @property
    def size(self) -> int:
        """The size of the database and of all files, in bytes."""
        return self.database.size + self.file_bytes

    def serialize(self, key: BackupKey | None) -> bytes:
        """Serialize the manifest, with its code, if the key can make one, and its digest."""
        content = self.model_dump_json(indent=1).encode()
        if key is not None and (code := key.compute_code(content)):
            content += CODE_LABEL + code.encode()
        return content + DIGEST_LABEL + hashlib.sha256(content).hexdigest().encode() + b"\n"


class StoredManifest(NamedTuple):
    """A manifest that was read from a target.

    Attributes:
        manifest: the manifest.
        content: its bytes.
        code: its authentication code, which may be wrong; `None` if it has none.
    """

    manifest: Manifest
    content: bytes
    code: bytes | None

    def is_authentic(self, key: BackupKey | None) -> bool:
        """Whether it was made with this key.

        Raises:
            DamagedBackupError: its code was made with another key.
        """
        expected = key.compute_code(self.content) if key else None
        if self.code is None or expected is None:
            return False
        if not hmac.compare_digest(self.code, expected.encode()):
            raise DamagedBackupError(
                f"the manifest of the backup {self.manifest.name} was not made with BACKUP_KEY"
            )
        return True


def backup_name(time: datetime) -> str:
    """The name of a backup that starts at a time (UTC)."""
    return time.strftime(NAME)


def made_at(name: str) -> datetime:
    """The time in the name of a backup (UTC).

    Raises:
        ValueError: it is not the name of a backup.
    """
    return datetime.strptime(name, NAME).replace(tzinfo=UTC)


def files_folder(public_key: str | None, version: int) -> str:
    """The folder with the files that all backups with the same key and format share.

    The format is a part of it, so that authenticated backups never share files with others.

    Args:
        public_key: the key that they are encrypted for; `None` if they are not encrypted.
        version: the version of their format.
    """
    if public_key is None:
        return f"{FILES}/{UNENCRYPTED}"
    label = public_key if version < AUTHENTICATED else f"{public_key} {version}"
    return f"{FILES}/{hashlib.sha256(label.encode()).hexdigest()[:12]}"


def object_key(name: str, object_name: str) -> str:
    """The key of one of the three objects of a backup."""
    return f"{FOLDER}/{name}/{object_name}"


async def read_manifest(target: Storage, name: str) -> StoredManifest:
    """Read the manifest of a backup, and check that it is undamaged.

    Raises:
        BackupError: there is no such backup, or a newer version made it.
        DamagedBackupError: the manifest is damaged, or that of another backup.
    """
    sealed = b""
    try:
        async with aclosing(target.read(object_key(name, MANIFEST))) as pieces:
            async for piece in pieces:
                sealed += piece
                if len(sealed) > LARGEST_MANIFEST:
                    break
    except NoSuchObjectError:
        raise BackupError(f"there is no complete backup {name} in {target.place}") from None
    content, _, seal = sealed.rpartition(DIGEST_LABEL)
    if seal.strip().decode(errors="replace") != hashlib.sha256(content).hexdigest():
        raise DamagedBackupError(f"the manifest of the backup {name} is damaged")
    content, separator, code = content.partition(CODE_LABEL)
    if re.search(rb'"format": *(?![12]\b)\d+', content):
        raise BackupError(f"the backup {name} was made by a newer version of Broadside")
    try:
        manifest = Manifest.model_validate_json(content)
    except ValidationError:
        raise DamagedBackupError(f"the manifest of the backup {name} is damaged") from None
    if manifest.name != name:
        raise DamagedBackupError(f"the manifest of the backup {name} is that of {manifest.name}")
    return StoredManifest(manifest, content, code if separator else None)


async def backup_names(target: Storage) -> list[str]:
    """The names of the backups of a target, complete or not, the oldest first."""
    found = {each.key.split("/")[1] async for each in list_objects(target, FOLDER)}
    return sorted(name for name in found if is_name(name))


async def complete_names(target: Storage) -> list[str]:
    """The names of the backups that have a manifest, the oldest first."""
    keys = [
        each.key async for each in list_objects(target, FOLDER) if each.key.endswith(f"/{MANIFEST}")
    ]
    return sorted(name for key in keys if is_name(name := key.split("/")[1]))


def is_name(text: str) -> bool:
    """Whether this can be the name of a backup."""
    try:
        made_at(text)
    except ValueError:
        return False
    return True


def read_part(target: Storage, part: Part, key: BackupKey | None) -> AsyncGenerator[bytes, None]:
    """Read an object of a backup, and decrypt it.

    The iterator raises `DamagedBackupError`, perhaps only at its end, if the object was changed. If
    the part has the digest of a header, it raises the error before it yields anything that was not
    encrypted together with that header.
    """
    content = _read_verified(target, part)
    if part.header is not None:
        content = check_header(content, part.header, part.key)
    return key.decrypt(content) if key else content


async def _read_verified(target: Storage, part: Part) -> AsyncGenerator[bytes, None]:
    digest, size = hashlib.sha256(), 0
    try:
        async with aclosing(target.read(part.key)) as pieces:
            async for piece in pieces:
                digest.update(piece)
                size += len(piece)
                yield piece
    except NoSuchObjectError:
        raise DamagedBackupError(f"{part.key} is missing in {target.place}") from None
    if size != part.size:
        raise DamagedBackupError(f"{part.key} has {size:,} bytes instead of {part.size:,}")
    if digest.hexdigest() != part.sha256:
        raise DamagedBackupError(f"{part.key} is damaged: its SHA-256 is not that of the manifest")
