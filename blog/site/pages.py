"""All pages that combine several features."""

from blog.site import home, post, profile
from blog.site.blueprint import blueprint

__all__ = ["blueprint", "home", "post", "profile"]
