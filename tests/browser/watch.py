"""Detection of forbidden behaviour of pages during tests."""

from playwright.async_api import BrowserContext, ConsoleMessage, Request, Response, WebError

# Chromium logs each answer of 400 and above; whether a status is right the tests say. They
# also take the network away.
EXPECTED = (
    "Failed to load resource: the server responded with a status of",
    "Failed to load resource: net::ERR_INTERNET_DISCONNECTED",
)


def watch(context: BrowserContext, origin: str, problems: list[str]) -> None:
    """Note whatever goes wrong in the windows of `context`.

    Args:
        context: the browser's windows with their cookies.
        origin: the address of the site; requests must not go anywhere else.
        problems: is appended to: errors on the console (violations of the Content Security
            Policy are such), uncaught exceptions, parts of a page that do not load,
            requests to other hosts.
    """

    def on_console(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not message.text.startswith(EXPECTED):
            problems.append(f"console on {message.page and message.page.url}: {message.text}")

    def on_request(request: Request) -> None:
        if not request.url.startswith((f"{origin}/", "data:", "about:")):
            problems.append(f"request to another host: {request.url}")

    def on_response(response: Response) -> None:
        # The editor tells of a save that is refused.
        is_handled = response.request.is_navigation_request() or "/autosave" in response.url
        if response.status >= 400 and not is_handled:
            problems.append(f"{response.status} for a part of a page: {response.url}")

    def on_error(error: WebError) -> None:
        problems.append(f"exception: {error.error}")

    context.on("console", on_console)
    context.on("request", on_request)
    context.on("response", on_response)
    context.on("weberror", on_error)
