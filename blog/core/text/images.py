"""Images of this site in posts: `![alt](/media/NAME "caption")`.

The facts about images are looked up before a text is rendered, and passed in as `env["media"]`.
Images of other sites become links, because they would report readers to those sites. Images that do
not exist are replaced by their alternative text.
"""

import re
from collections.abc import Mapping, Sequence
from html import escape
from itertools import islice
from typing import TypedDict, cast

from markdown_it.renderer import RendererHTML
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

PREFIX = "/media/"
ADDRESS = re.compile(f"{PREFIX}([a-z2-7]{{32}})")
FOREIGN = re.compile("https?://", re.IGNORECASE)
# Further images of a text are replaced by their alternative texts.
MOST_IMAGES = 100
# The key of the facts in the `meta` of a token.
FACTS = "facts"
# As wide as the column of a post (`--measure` in static/css/tokens.css).
SIZES = "(min-width: 45rem) 42rem, 100vw"
# The steps of each channel of the colours in static/css/tints.css.
STEPS = 4


class ImageFacts(TypedDict):
    """The facts about an image.

    Args:
        base: the origin of its URL, if it is not this site: `https://cdn.example.com`.
        colour: the dominant colour, as six hexadecimal digits.
        variants: the width and height of each variant, the smallest first.
    """

    base: str
    colour: str
    variants: Sequence[Sequence[int]]


Images = Mapping[str, ImageFacts]
TINTS = {
    f"tint-{red}{green}{blue}"
    for red in range(STEPS)
    for green in range(STEPS)
    for blue in range(STEPS)
}


def names_in(source: str) -> list[str]:
    """The names of the images that a text may show, in order."""
    return list(dict.fromkeys(ADDRESS.findall(source)))[:MOST_IMAGES]


def render_image(
    renderer: RendererHTML, tokens: Sequence[Token], idx: int, options: OptionsDict, env: EnvType
) -> str:
    """Render an image of this site, or the alternative text of another one."""
    alt = escape(renderer.renderInlineAsText(tokens[idx].children or [], options, env))
    facts: ImageFacts | None = tokens[idx].meta.get(FACTS)
    if facts is None:
        return alt
    path = f"{facts['base']}{tokens[idx].attrs['src']}"
    sources = ", ".join(f"{path}-{width}.webp {width}w" for width, _ in facts["variants"])
    width, height = facts["variants"][-1]
    return (
        f'<img class="{tint(facts["colour"])}" src="{path}-{width}.webp" srcset="{sources}" '
        f'sizes="{SIZES}" width="{width}" height="{height}" loading="lazy" decoding="async" '
        f'alt="{alt}">'
    )


def find_images(state: StateCore) -> None:
    """Attach the facts to the first images of a text.

    A paragraph that consists of an image becomes a figure, with its caption and alternative text.
    """
    images: Images = state.env.get("media", {})
    found = (
        token
        for block in state.tokens
        for token in block.children or []
        if token.type == "image"
        and (match := ADDRESS.fullmatch(str(token.attrs.get("src"))))
        and match[1] in images
    )
    for token in islice(found, MOST_IMAGES):
        token.meta[FACTS] = images[str(token.attrs["src"]).removeprefix(PREFIX)]
    _make_figures(state)


def _make_figures(state: StateCore) -> None:
    for start in range(len(state.tokens) - 2):
        opening, inline, closing = state.tokens[start : start + 3]
        children = inline.children or []
        is_paragraph = opening.type == "paragraph_open" and not opening.hidden
        if not is_paragraph or len(children) != 1 or FACTS not in (image := children[0]).meta:
            continue
        opening.tag = closing.tag = "figure"
        if image.children:
            alt = [*image.children]
            children += _wrap("details", [*_wrap("summary", [_text("ALT")]), *alt])
        if caption := str(image.attrs.pop("title", "")):
            children += _wrap("figcaption", [_text(caption)])


def link_foreign_images(state: StateCore) -> None:
    """Turn images of other sites into links, unless they are within one.

    The text of the link is the alternative text.
    """
    renderer = cast(RendererHTML, state.md.renderer)
    for block in state.tokens:
        children: list[Token] = []
        in_link = False
        for token in block.children or []:
            in_link = (in_link or token.type == "link_open") and token.type != "link_close"
            address = str(token.attrs.get("src", ""))
            if token.type != "image" or in_link or not FOREIGN.match(address):
                children.append(token)
                continue
            alt = renderer.renderInlineAsText(token.children or [], state.md.options, state.env)
            link = _wrap("link", [_text(alt)], "a")
            link[0].attrs["href"] = address
            children += link
        if block.children:
            block.children = children


def _wrap(kind: str, content: list[Token], tag: str = "") -> list[Token]:
    tag = tag or kind
    return [Token(f"{kind}_open", tag, 1), *content, Token(f"{kind}_close", tag, -1)]


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)


def tint(colour: str) -> str:
    """The class of the nearest colour."""
    channels = bytes.fromhex(colour)
    return "tint-" + "".join(str(round(each * (STEPS - 1) / 255)) for each in channels)
