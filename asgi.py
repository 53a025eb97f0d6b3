"""The entry of the web process: `hypercorn asgi:app`."""

import gc

gc.disable()  # It would look at all of these modules again and again while they are loaded.

from blog import create_app
from blog.core.telemetry import collecting
from blog.core.web.draining import UnfinishedMiddleware
from blog.core.web.process import LifespanMiddleware, prepare_process
from command_line import open_standard_streams
from settings import load_settings

open_standard_streams()
settings = load_settings()
prepare_process(settings)
stop_telemetry = collecting.start(settings, "web")
app = create_app(settings)
app.after_serving(stop_telemetry)
app.asgi_app = UnfinishedMiddleware(LifespanMiddleware(app.asgi_app))  # type: ignore[method-assign]
# What exists by now lives as long as the process: the garbage collector need not look at it again.
gc.collect()
gc.freeze()
gc.enable()
