"""What axe-core finds wrong with a page (Deque, https://github.com/dequelabs/axe-core)."""

from importlib.resources import files
from typing import Any

from playwright.async_api import Page

# Evaluated over the debugging protocol, which the Content Security Policy does not bind.
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
# A mail's own frame is sandboxed: axe cannot look into it.
RUN_AXE = """async (rules) => {
  document.querySelectorAll("details").forEach((details) => { details.open = true; });
  const { violations } = await axe.run(document, {
    resultTypes: ["violations"],
    iframes: false,
    // No rule that is on needs the parsed style sheets, and nobody reads selectors: a third less.
    preload: false,
    selectors: false,
    ...(rules && { runOnly: { type: "rule", values: rules } }),
  });
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.slice(0, 3).map(({ html, failureSummary }) => ({ id, help, html, failureSummary })));
}"""


COLOURS = ["color-contrast", "link-in-text-block"]


async def violations(page: Page, rules: list[str] | None = None) -> list[dict[str, Any]]:
    """What axe-core objects to on the page, with the first elements that it is about.

    Args:
        rules: the names of those to look at; `None` are all.
    """
    if not await page.evaluate("() => 'axe' in window"):
        await page.evaluate(AXE)
    found: list[dict[str, Any]] = await page.evaluate(RUN_AXE, rules)
    return [{"page": page.url} | violation for violation in found]


async def violations_in(
    page: Page, scheme: str, rules: list[str] | None = None
) -> list[dict[str, Any]]:
    """The same in the light or in the dark."""
    # Without motion the colours have changed at once.
    await page.emulate_media(color_scheme=scheme, reduced_motion="reduce")  # type: ignore[arg-type]
    return await violations(page, rules)
