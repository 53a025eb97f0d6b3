"""Which storage the settings ask for."""

from blog.core.storage.folder import FolderStorage
from blog.core.storage.interface import Storage
from settings import Settings, StorageKind


def make_storage(settings: Settings) -> Storage:
    """The storage of a site. Nothing is opened or connected before it is used."""
    if settings.storage is StorageKind.FOLDER:
        return FolderStorage(settings.storage_folder)
    # Its library takes 20 MB of memory, which a site with a folder can save.
    from blog.core.storage.s3 import Bucket, S3Storage  # noqa: PLC0415

    bucket = Bucket(
        settings.storage_bucket or "",
        settings.storage_endpoint or "",
        settings.storage_region,
        settings.storage_access_key or "",
        settings.storage_secret_key.get_secret_value() if settings.storage_secret_key else "",
        settings.storage_path_style,
    )
    return S3Storage(bucket, settings.storage_timeout)
