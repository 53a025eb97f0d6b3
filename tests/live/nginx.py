"""A real nginx with `deploy/nginx.conf`, in which only names, paths and ports are replaced."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.live.certificates import Certificates
from tests.servers import PROJECT, until

RECIPE = PROJECT / "deploy" / "nginx.conf"
HOW_TO_INSTALL = "there is no nginx; on Debian: apt install nginx-light"
# What /etc/nginx/nginx.conf is on a machine of its own.
MAIN = """
{user}
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/error.log warn;
events {{ worker_connections 512; }}
http {{
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    include {folder}/broadside.conf;
}}
"""


def nginx_program() -> str:
    """Where nginx is. Where there is none the tests are skipped, but not under `CI=true`."""
    path = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:/usr/local/sbin")
    if path is None:
        give_up = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
        give_up(HOW_TO_INSTALL)
    assert path
    return path


def site_configuration(
    folder: Path, certificates: Certificates, *, http: int, https: int, upstreams: tuple[int, int]
) -> str:
    """The recipe, for 127.0.0.1 and these ports; each thing to replace must be in it."""
    text = RECIPE.read_text()
    for written, meant in {
        "    listen [::]:80;\n": "",
        "    listen [::]:443 ssl http2;\n": "",
        "listen 80;": f"listen 127.0.0.1:{http};",
        "listen 443 ssl": f"listen 127.0.0.1:{https} ssl",
        "server_name blog.example.com;": "server_name 127.0.0.1;",
        "127.0.0.1:5000": f"127.0.0.1:{upstreams[0]}",
        "127.0.0.1:5001": f"127.0.0.1:{upstreams[1]}",
        "/etc/letsencrypt/live/blog.example.com/fullchain.pem": str(certificates.certificate),
        "/etc/letsencrypt/live/blog.example.com/privkey.pem": str(certificates.key),
        "root /var/www/broadside;": f"root {folder};",
        "root /var/www;": f"root {PROJECT / 'deploy'};",
        "/var/cache/nginx/broadside": f"{folder}/cache",
    }.items():
        assert text.count(written) == 1, written
        text = text.replace(written, meant)
    return text


@asynccontextmanager
async def nginx(folder: Path, site: str, port: int) -> AsyncIterator[None]:
    """Let nginx run with a site, until the end of the block."""
    (folder / "broadside.conf").write_text(site)
    user = "user root;" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(MAIN.format(folder=folder, user=user))
    log = folder / "error.log"
    process = await asyncio.create_subprocess_exec(
        nginx_program(), "-p", folder, "-c", folder / "nginx.conf", "-e", log
    )  # fmt: skip

    async def listens() -> bool:
        assert process.returncode is None, log.read_text()
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
        except ConnectionRefusedError:
            return False
        writer.close()
        return True

    try:
        await until(listens)
        yield
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
