"""The entry of the web process: `hypercorn asgi:app`."""

from blog import create_app
from blog.web.process import TidyEnd, keep_for_good, prepare_process
from settings import load_settings

settings = load_settings()
prepare_process(settings)
app = create_app(settings)
app.asgi_app = TidyEnd(app.asgi_app)  # type: ignore[method-assign]
keep_for_good()
