"""What axe-core finds wrong with a page (Deque, https://github.com/dequelabs/axe-core)."""

from importlib.resources import files
from typing import Any

from playwright.async_api import Page

# Evaluated over the debugging protocol, which the Content Security Policy does not bind.
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text()
# In the dark only the colours differ. A mail's own frame is sandboxed: axe cannot look into it.
RUN_AXE = """async () => {
  document.querySelectorAll("details").forEach((details) => { details.open = true; });
  const isDark = matchMedia("(prefers-color-scheme: dark)").matches;
  const { violations } = await axe.run(document, {
    resultTypes: ["violations"],
    iframes: false,
    ...(isDark && { runOnly: { type: "rule", values: ["color-contrast", "link-in-text-block"] } }),
  });
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.slice(0, 3).map(({ html, failureSummary }) => ({ id, help, html, failureSummary })));
}"""


async def violations(page: Page) -> list[dict[str, Any]]:
    """What axe-core objects to on the page, with the first elements that it is about."""
    if not await page.evaluate("() => 'axe' in window"):
        await page.evaluate(AXE)
    found: list[dict[str, Any]] = await page.evaluate(RUN_AXE)
    return [{"page": page.url} | violation for violation in found]
