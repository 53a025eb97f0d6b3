"""All pages that combine several features."""

from blog.site import appearance, home, post, profile
from blog.site.blueprint import blueprint

__all__ = ["appearance", "blueprint", "home", "post", "profile"]
