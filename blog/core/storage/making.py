"""Create the storage of a site."""

from blog.core.storage.folder import FolderStorage
from blog.core.storage.interface import Storage
from settings import Settings, StorageKind


def make_storage(settings: Settings) -> Storage:
    """Create the storage that the settings select. It connects on first use."""
    if settings.storage is StorageKind.FOLDER:
        return FolderStorage(settings.storage_folder)
    return make_bucket_storage(settings, settings.storage_bucket or "")


def make_bucket_storage(
    settings: Settings, name: str, *, prefix: str = "", part: int | None = None
) -> Storage:
    """Create the storage of a bucket in the store that the settings name.

    Args:
        settings: the settings.
        name: the name of the bucket.
        prefix: the prefix of all keys in the bucket.
        part: the size of the parts of large objects, in bytes.
    """
    # Imported here because it takes 20 MB of memory.
    from blog.core.storage.s3 import PART, Bucket, S3Storage  # noqa: PLC0415

    bucket = Bucket(
        name,
        settings.storage_endpoint or "",
        settings.storage_region,
        settings.storage_access_key or "",
        settings.storage_secret_key.get_secret_value() if settings.storage_secret_key else "",
        settings.storage_path_style,
        prefix,
    )
    return S3Storage(bucket, settings.storage_timeout, part=part or PART)
