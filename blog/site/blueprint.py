"""The blueprint of all pages that put several features together."""

from quart import Blueprint

blueprint = Blueprint("site", __name__)
