"""All pages that put several features together."""

from blog.site import home, post, profile
from blog.site.blueprint import blueprint

__all__ = ["blueprint", "home", "post", "profile"]
