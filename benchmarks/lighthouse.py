"""Lighthouse on the pages that people see most: `make lighthouse`, which runs

    python -m benchmarks.lighthouse [WORD]

Each page on a phone and on a desktop, three times; the median of each category has to be 100. With
a WORD only pages with it in their name. Other work on the machine costs points of the performance.
"""

import asyncio
import json
import os
import sys
import tempfile
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

from playwright.async_api import async_playwright

from tests.browser.conftest import FLAGS, Site, chromium_path, running_site
from tests.browser.sample_site import ARTICLE_PAGE, WRITER
from tests.browser.steps import log_in
from tests.servers import PROJECT

LIGHTHOUSE = PROJECT / ".venv/npm/node_modules/.bin/lighthouse"
CATEGORIES = ("performance", "accessibility", "best-practices", "seo")
DEVICES = {"phone": (), "desktop": ("--preset=desktop",)}
RUNS, TRIES = 3, 3
# Crawlers are kept from pages for one person, the log-in and the search.
NOT_TO_CRAWL = ("--skip-audits=is-crawlable",)


class Subject(NamedTuple):
    """A page to measure; `who` sees it, or a visitor."""

    name: str
    address: str
    who: str | None = None
    options: tuple[str, ...] = ()


SUBJECTS = [
    Subject("home", "/"),
    Subject("home-member", "/", WRITER),
    Subject("article", ARTICLE_PAGE),
    Subject("profile", f"/user/{WRITER}"),
    Subject("search", "/search?q=tram", None, NOT_TO_CRAWL),
    Subject("log-in", "/auth/login", None, NOT_TO_CRAWL),
    Subject("settings", "/edit-profile", WRITER, NOT_TO_CRAWL),
]


class Scores(NamedTuple):
    """What Lighthouse says of a page: points by category, and the audits that cost some."""

    points: dict[str, int]
    faults: set[str]


async def cookies_of(site: Site, who: str) -> str:
    """The header `Cookie` of somebody who has logged in."""
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium_path(), args=FLAGS, chromium_sandbox=False
        )
        context = await browser.new_context(base_url=site.url)
        await log_in(await context.new_page(), who)
        cookies = await context.cookies()
        await browser.close()
    return "; ".join(f"{cookie['name']}={cookie['value']}" for cookie in cookies)


async def measure(url: str, *options: str) -> Scores:
    """Run Lighthouse once; again, if Chromium has given it no trace."""
    flags = " ".join([*FLAGS, "--headless=new", "--no-sandbox"])
    for _ in range(TRIES):
        process = await asyncio.create_subprocess_exec(
            LIGHTHOUSE, url, "--quiet", "--output=json", f"--chrome-flags={flags}",
            f"--only-categories={','.join(CATEGORIES)}", "--no-enable-error-reporting", *options,
            env=os.environ | {"CHROME_PATH": chromium_path() or ""},
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        output, errors = await process.communicate()
        if process.returncode == 0:
            return scores_of(json.loads(output))
    raise SystemExit(f"Lighthouse failed on {url}: {errors.decode()}")


def scores_of(report: dict[str, Any]) -> Scores:
    """The points of a report, and the audits with a weight that are not passed."""
    points, faults = {}, set()
    for name in CATEGORIES:
        category = report["categories"][name]
        points[name] = round(100 * (category["score"] or 0))
        for reference in category["auditRefs"]:
            audit = report["audits"][reference["id"]]
            if reference["weight"] and audit["score"] is not None and audit["score"] < 1:
                shown = audit.get("displayValue") or audit["title"]
                faults.add(f"{reference['id']}: {shown}")
    return Scores(points, faults)


async def main(word: str = "") -> None:
    """Measure all pages, and print a row for each."""
    is_good = True
    row = "{:22}" + "{:>16}" * len(CATEGORIES)
    print(row.format("page", *CATEGORIES))
    with tempfile.TemporaryDirectory() as var_dir:
        async with running_site(Path(var_dir)) as site:
            cookies = await cookies_of(site, WRITER)
            for name, address, who, options in SUBJECTS:
                for device, preset in DEVICES.items():
                    if word not in f"{name}, {device}":
                        continue
                    session = [f"--extra-headers={json.dumps({'Cookie': cookies})}"] if who else []
                    url = site.url + address
                    runs = [await measure(url, *options, *preset, *session) for _ in range(RUNS)]
                    medians = [median(run.points[part] for run in runs) for part in CATEGORIES]
                    print(row.format(f"{name}, {device}", *medians), flush=True)
                    if min(medians) < 100:
                        is_good = False
                        for fault in sorted(set.union(*(run.faults for run in runs))):
                            print(f"  {fault}")
    if not is_good:
        raise SystemExit("Not every page has 100 points in every category.")


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:2]))
