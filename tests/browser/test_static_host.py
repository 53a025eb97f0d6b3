"""Style sheets, scripts and fonts from a host of their own (`STATIC_URL`)."""

from pathlib import Path

from playwright.async_api import Browser

from tests.databases import create_database
from tests.servers import free_port, serving


async def test_a_page_takes_style_sheets_scripts_and_fonts_from_another_host(
    chromium: Browser, database_url: str, tmp_path: Path
) -> None:
    port = free_port()
    # The same server, but another origin for the browser.
    other = f"http://localhost:{port}"
    url = await create_database(database_url, "static_host")
    settings = {"database_url": url, "background_worker": "external", "static_url": other}
    problems: list[str] = []
    loaded: list[str] = []
    async with serving(tmp_path, port=port, **settings) as server:
        page = await chromium.new_page()
        page.on("console", lambda message: problems.append(message.text))
        page.on("requestfinished", lambda request: loaded.append(request.url))
        await page.goto(f"{server.url}/auth/register", wait_until="networkidle")
        await page.evaluate("document.fonts.ready.then(() => null)")
        await page.close()
    files = [address for address in loaded if "/static/" in address]
    assert {file.rpartition(".")[2] for file in files} >= {"css", "js", "woff2"}, loaded
    assert all(file.startswith(f"{other}/static/") for file in files), files
    assert problems == []
