"""The images in an export of this site."""

import re
from collections.abc import Sequence
from typing import Any

from blog.transfer.importing.images import Images
from blog.transfer.importing.post import ImportedImage

_ADDRESS = re.compile("/media/[a-z2-7]{32}")


class OwnImages:
    """The images that an export lists.

    Args:
        images: the images in the archive.
        listed: the content of `media.json`.

    Attributes:
        addresses: the listed images, by the address that texts use.
    """

    def __init__(self, images: Images, listed: Sequence[Any]) -> None:
        self._images = images
        self.addresses = {
            str(image.get("address")): image for image in listed if isinstance(image, dict)
        }
        self._by_id = {str(image.get("id")): name for name, image in self.addresses.items()}

    def find(self, address: str) -> ImportedImage | None:
        """The image with this address."""
        listed = self.addresses.get(address, {})
        alt, caption = (str(listed.get(name) or "") for name in ("alt", "caption"))
        return self._images.image(str(listed.get("file")), address, alt, caption)

    def with_id(self, number: str) -> ImportedImage | None:
        """The image that had this id."""
        return self.find(self._by_id.get(number, ""))

    def rename_images(self, body: str) -> tuple[str, tuple[ImportedImage, ...]]:
        """Replace the addresses of the images in a text by their new ones."""
        images: dict[str, ImportedImage] = {}

        def rename(found: re.Match[str]) -> str:
            image = self.find(address := found[0])
            if image is None:
                return address
            images[address] = image
            return f"/media/{image.name}"

        return _ADDRESS.sub(rename, body), tuple(images.values())
