"""The blueprint of pages that combine several features."""

from quart import Blueprint

blueprint = Blueprint("site", __name__)
