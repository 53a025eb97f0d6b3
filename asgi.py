"""The entry of the web process: `hypercorn asgi:app`."""

from blog import create_app
from blog.web.process import prepare_process
from settings import load_settings

settings = load_settings()
prepare_process(settings)
app = create_app(settings)
