"""The whole cluster: its programs, the configuration of each, and how it is doing."""

import asyncio
import os
import re
import secrets
import shutil
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
import yaml

from tests.live.cluster.network import Network
from tests.live.cluster.programs import PROGRAMS, prepare_system_user, program
from tests.live.cluster.units import Unit, patiently, reap, start_reaper
from tests.live.nginx import MAIN
from tests.servers import PROJECT, free_port

RECIPES = PROJECT / "deploy" / "cluster"
DATABASES = ("db1", "db2", "db3")
WEBS = ("web1", "web2")
START_SECONDS = 400
SHORT_TTL = Path(__file__).with_name("short_ttl.py")
BUCKET = "broadside"
# moto keeps everything in memory; a bucket that is there already is no error.
STORAGE = """
import sys, threading
from moto.server import ThreadedMotoServer
import boto3
server = ThreadedMotoServer(ip_address="127.0.0.1", port=int(sys.argv[1]), verbose=False)
server.start()
boto3.client(
    "s3", endpoint_url=f"http://127.0.0.1:{sys.argv[1]}", region_name="us-east-1",
    aws_access_key_id="key", aws_secret_access_key="secret",
).create_bucket(Bucket=sys.argv[2])
threading.Event().wait()
"""


class ClusterError(Exception):
    """The cluster did not do what it was asked for."""


class Cluster:
    """Three databases, two web machines and a storage on loopback ports.

    Args:
        ttl: Patroni's, in seconds.
        logs: the folder to keep what the programs print in; `None` is nowhere.

    Usage: `async with Cluster() as cluster: ...`

    Attributes:
        units: the programs by their names, such as `db1`, `etcd1`, `haproxy1` and `web1`.
        network: the paths between them.
        url: the site, by the nginx of each web machine.
    """

    def __init__(self, ttl: int = 20, logs: Path | None = None) -> None:
        self.ttl = ttl
        self._logs = logs
        self.network = Network()
        self.units: dict[str, Unit] = {}
        self.urls: list[str] = []
        self._ports: dict[str, int] = {}
        self._paths: dict[str, int] = {}
        # To make one takes long, and the relays are in this process, too.
        self._client = httpx.AsyncClient(timeout=2)
        self._password = secrets.token_hex(12)

    async def __aenter__(self) -> Self:
        self.folder = Path(tempfile.mkdtemp(prefix="broadside-cluster-"))
        self._reaper = start_reaper(self.folder, PROJECT)
        try:
            self._user = prepare_system_user(self.folder)
            self.folder.chmod(0o755)
            await self._open_paths()
            await self._start()
        except BaseException as error:
            await self.__aexit__(None, error, None)
            raise
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        if self._logs is not None:
            self._copy_logs(self._logs)
        await self.close()

    async def close(self) -> None:
        """End every program, and delete its files."""
        for unit in self.units.values():
            unit.is_wanted = False
        await self.network.close()
        await self._client.aclose()
        await asyncio.to_thread(reap, str(self.folder))
        if self._reaper.stdin is not None:
            self._reaper.stdin.close()
        await asyncio.to_thread(self._reaper.wait)

    def _copy_logs(self, target: Path) -> None:
        target.mkdir(parents=True, exist_ok=True)
        for name, unit in self.units.items():
            (target / f"{name}.log").write_text(unit.output)
            for file in unit.folder.glob("data/log/*.log"):
                shutil.copy(file, target / f"{name}-{file.name}")

    # Ports and paths.

    def port(self, name: str) -> int:
        """The port that a program listens on."""
        while name not in self._ports:
            # Until the programs run, a port that is free may have been chosen for another one.
            if (port := free_port()) not in self._ports.values():
                self._ports[name] = port
        return self._ports[name]

    def path(self, name: str) -> int:
        """The port that leads to a program."""
        return self._paths[name]

    async def _open_paths(self) -> None:
        for name in DATABASES:
            etcd = f"etcd{name[-1]}"
            for owner, end in (
                (name, name), (name, f"{name}-rest"), (etcd, etcd), (etcd, f"{etcd}-peer"),
            ):  # fmt: skip
                self._paths[end] = await self.network.path(owner, self.port(end))
        for name in DATABASES:
            for other in DATABASES:
                etcd = f"etcd{other[-1]}"
                self._paths[f"{name}-{etcd}"] = await self.network.path(name, self.path(etcd))
        for name in WEBS:
            number = name[-1]
            for program_name in (name, f"haproxy{number}", f"pgbouncer{number}", f"nginx{number}"):
                self._paths[program_name] = await self.network.path(
                    program_name, self.port(program_name)
                )
        self._paths["storage"] = await self.network.path("storage", self.port("storage"))
        for name in WEBS:
            # A worker's own ways to what it needs.
            worker = f"worker{name[-1]}"
            for end in ("pgbouncer1", "pgbouncer2", *DATABASES):
                self._paths[f"{worker}-{end}"] = await self.network.path(worker, self.path(end))
        self.urls = [f"http://127.0.0.1:{self.path(f'nginx{name[-1]}')}" for name in WEBS]

    # Configurations: the files of `deploy/cluster/`, with other addresses.

    def _folder(self, name: str) -> Path:
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        if self._user is not None:
            shutil.chown(folder, self._user, self._user)
        return folder

    def _write(self, name: str, file: str, text: str) -> Path:
        path = self._folder(name) / file
        path.write_text(text)
        if self._user is not None:
            shutil.chown(path, self._user, self._user)
        return path

    def _add(
        self, name: str, *command: str | Path, as_root: bool = False, **environment: str
    ) -> Unit:
        folder = self._folder(name)
        inherited = {
            key: value for key, value in os.environ.items() if key in {"PATH", "LANG", "LC_ALL"}
        }
        path = f"{PROGRAMS}:{inherited.get('PATH', '')}:/usr/sbin"
        unit = Unit(
            folder, *command,
            environment=inherited | {"PATH": path, "HOME": str(folder)} | environment,
            user=None if as_root else self._user,
        )  # fmt: skip
        self.units[name] = unit
        return unit

    def _etcd(self, machine: str) -> None:
        name = f"etcd{machine[-1]}"
        text = (RECIPES / "etcd.yml").read_text()
        members = ",".join(
            f"{each}=http://127.0.0.1:{self.path(f'etcd{each[-1]}-peer')}" for each in DATABASES
        )
        changed = yaml.safe_load(text) | {
            "name": machine,
            "data-dir": "data",
            "listen-client-urls": f"http://127.0.0.1:{self.port(name)}",
            "advertise-client-urls": f"http://127.0.0.1:{self.path(name)}",
            "listen-peer-urls": f"http://127.0.0.1:{self.port(f'{name}-peer')}",
            "initial-advertise-peer-urls": f"http://127.0.0.1:{self.path(f'{name}-peer')}",
            "initial-cluster": members,
            # On a busy machine a heartbeat may be late.
            "heartbeat-interval": 200,
            "election-timeout": 2000,
        }
        file = self._write(name, "etcd.yml", yaml.safe_dump(changed))
        self._add(name, program("etcd"), "--config-file", file)

    def _patroni(self, name: str) -> None:
        changed = yaml.safe_load((RECIPES / "patroni.yml").read_text())
        changed["etcd"]["hosts"] = [
            f"127.0.0.1:{self.path(f'{name}-etcd{other[-1]}')}" for other in DATABASES
        ]
        # Otherwise it asks etcd for its members, and goes to them past its own paths.
        changed["etcd"]["use_proxies"] = True
        changed["restapi"]["listen"] = f"127.0.0.1:{self.port(f'{name}-rest')}"
        changed["bootstrap"]["post_bootstrap"] = str(RECIPES / "create-database")
        rules = changed["bootstrap"]["dcs"]
        if self.ttl < rules["ttl"]:
            rules |= {"ttl": self.ttl, "loop_wait": 1, "retry_timeout": 3}
        changed["postgresql"] |= {
            "listen": f"127.0.0.1:{self.port(name)}",
            "data_dir": str(self._folder(name) / "data"),
            "bin_dir": str(PROGRAMS),
        }
        changed["postgresql"]["parameters"] = {"unix_socket_directories": str(self._folder(name))}
        file = self._write(name, "patroni.yml", yaml.safe_dump(changed))
        start = [program("patroni"), "-m", "patroni"]
        if self.ttl < 20:
            start = [program("patroni"), SHORT_TTL]
        self._add(
            name, *start, file,
            PATRONI_NAME=name,
            PATRONI_RESTAPI_CONNECT_ADDRESS=f"127.0.0.1:{self.path(f'{name}-rest')}",
            PATRONI_POSTGRESQL_CONNECT_ADDRESS=f"127.0.0.1:{self.path(name)}",
            PATRONI_SUPERUSER_PASSWORD=self._password,
            PATRONI_REPLICATION_PASSWORD=self._password,
            BROADSIDE_PASSWORD=self._password,
            PATRONI_RESTAPI_USERNAME="patroni",
            PATRONI_RESTAPI_PASSWORD=self._password,
        )  # fmt: skip

    def _haproxy(self, machine: str) -> None:
        name = f"haproxy{machine[-1]}"
        text = (RECIPES / "haproxy.cfg").read_text()
        for each in DATABASES:
            text = text.replace(
                f"{each}:5432 check port 8008",
                f"127.0.0.1:{self.path(each)} check port {self.path(f'{each}-rest')}",
            )
        text = _replaced(
            text,
            {
                "127.0.0.1:5000": f"127.0.0.1:{self.port(name)}",
                "127.0.0.1:5001": f"127.0.0.1:{self.port(f'{name}-replicas')}",
            },
        )
        file = self._write(name, "haproxy.cfg", text)
        self._add(name, program("haproxy"), "-db", "-f", file)

    def _pgbouncer(self, machine: str) -> None:
        name = f"pgbouncer{machine[-1]}"
        text = _replaced(
            (RECIPES / "pgbouncer.ini").read_text(),
            {
                "port=5000": f"port={self.path(f'haproxy{machine[-1]}')}",
                "listen_addr = *": "listen_addr = 127.0.0.1\nunix_socket_dir =",
                "listen_port = 6432": f"listen_port = {self.port(name)}",
                "auth_file = /etc/pgbouncer/userlist.txt": "auth_file = userlist.txt",
            },
        )
        self._write(name, "userlist.txt", f'"broadside" "{self._password}"\n')
        file = self._write(name, "pgbouncer.ini", text)
        self._add(name, program("pgbouncer"), file)

    def _nginx(self, machine: str) -> None:
        name = f"nginx{machine[-1]}"
        text = _replaced(
            (RECIPES / "nginx.conf").read_text(),
            {f"{web}:8000": f"127.0.0.1:{self.path(web)}" for web in WEBS}
            | {
                "    listen 80;\n": f"    listen 127.0.0.1:{self.port(name)};\n",
                "    listen 443 ssl http2;\n": "",
                "server_name blog.example.com;": "server_name 127.0.0.1;",
                "root /var/www;": f"root {RECIPES.parent};",
            },
        )
        text = re.sub(r"^ +ssl_.*\n", "", text, flags=re.MULTILINE)
        self._write(name, "broadside.conf", text)
        user = "user root;" if self._user is not None else ""
        main = MAIN.format(folder=self._folder(name), user=user)
        file = self._write(name, "nginx.conf", main)
        log = self._folder(name) / "error.log"
        self._add(
            name, program("nginx"), "-p", log.parent, "-c", file, "-e", log, as_root=True
        )  # fmt: skip

    def settings(self, machine: str, *, worker: bool = False) -> dict[str, str]:
        """The settings of a web process or a worker: `broadside.env`, with other addresses."""
        prefix = f"worker{machine[-1]}-" if worker else ""
        settings = {}
        for line in (RECIPES / "broadside.env").read_text().splitlines():
            key, separator, value = line.partition("=")
            if separator and not line.startswith("#"):
                for each in (*DATABASES, *WEBS):
                    port = 5432 if each in DATABASES else 6432
                    end = each if each in DATABASES else f"pgbouncer{each[-1]}"
                    place = f"127.0.0.1:{self.path(prefix + end)}"
                    value = value.replace(f"{each}:{port}", place)
                settings[key] = value.replace("PASSWORD", self._password)
        if machine == "web2":
            settings["DATABASE_URL"] = re.sub("@(.+),(.+)/", r"@\2,\1/", settings["DATABASE_URL"])
        return settings | {
            "ENV": "development",
            "SECRET_KEY": self._password * 2,
            "BASE_URL": self.urls[0],
            "HOST": "127.0.0.1",
            "PORT": str(self.port(machine)),
            "VAR_DIR": str(self._folder(f"worker{machine[-1]}" if worker else machine)),
            "TRUSTED_PROXIES": "1",
            "STORAGE_ENDPOINT": f"http://127.0.0.1:{self.path('storage')}",
            "STORAGE_BUCKET": BUCKET,
            "STORAGE_ACCESS_KEY": "key",
            "STORAGE_SECRET_KEY": "secret",
            "RATE_LIMITS": "off",
            "LOG_LEVEL": "warning",
        }

    def add_site(self, machine: str, project: Path, **settings: str) -> None:
        """Define the web process and the worker of a machine.

        Args:
            machine: its name.
            project: the code that they run.
            settings: changes, by their names.
        """
        code = {"PYTHONPATH": str(project)}
        command = (sys.executable, "-m", "blog")
        self._add(
            machine, *command, "serve", as_root=True,
            **self.settings(machine) | settings | code,
        )  # fmt: skip
        self._add(
            f"worker{machine[-1]}", *command, "worker", as_root=True,
            **self.settings(machine, worker=True) | settings | code,
        )  # fmt: skip

    # Starting, and how it is doing.

    async def _start(self) -> None:
        for name in DATABASES:
            self._etcd(name)
            self._patroni(name)
        for name in WEBS:
            self._haproxy(name)
            self._pgbouncer(name)
            self._nginx(name)
            self.add_site(name, PROJECT)
        self._add(
            "storage", sys.executable, "-c", STORAGE, str(self.port("storage")), BUCKET,
            as_root=True,
        )  # fmt: skip
        await self._begin("etcd1", "etcd2", "etcd3", "storage")
        await patiently(self._etcd_answers, START_SECONDS)
        # The first one creates the cluster, and the others copy it.
        await self._begin("db1", "db2", "db3", "haproxy1", "haproxy2", "pgbouncer1", "pgbouncer2")
        await patiently(self.databases_are_well, START_SECONDS)
        # The first one migrates.
        await self._begin("web1", "nginx1", "nginx2")
        await patiently(lambda: self.is_ready("web1"), START_SECONDS)
        await self._begin("web2", "worker1", "worker2")
        await patiently(lambda: self.is_ready("web2"), START_SECONDS)

    async def _begin(self, *names: str) -> None:
        for name in names:
            await self.units[name].start()

    async def _etcd_answers(self) -> bool:
        members = await self._json(f"http://127.0.0.1:{self.port('etcd1-peer')}/members")
        if not members or len(members) < len(DATABASES):
            return False
        self.network.members = {
            f"{each['id']:x}": f"etcd{each['name'][-1]}" for each in members if each["name"]
        }
        return len(self.network.members) == len(DATABASES)

    async def etcd_leader(self) -> str:
        """The member of etcd that leads."""
        for name in DATABASES:
            etcd = f"etcd{name[-1]}"
            status = await self._json(f"http://127.0.0.1:{self.port(etcd)}/v2/stats/self")
            if status and status["state"] == "StateLeader":
                return etcd
        raise ClusterError("no member of etcd leads")

    async def _json(self, url: str) -> Any:
        try:
            return (await self._client.get(url)).json()
        except (httpx.HTTPError, ValueError):
            return None

    async def members(self) -> list[dict[str, Any]]:
        """Patroni's members, as one of them sees them."""
        for name in DATABASES:
            found = await self._json(f"http://127.0.0.1:{self.port(f'{name}-rest')}/cluster")
            if found and "members" in found:
                return list(found["members"])
        return []

    async def primary(self) -> str:
        """The database that accepts writes.

        Raises:
            ClusterError: none does.
        """
        for name in DATABASES:
            answer = await self._json(f"http://127.0.0.1:{self.port(f'{name}-rest')}/patroni")
            if answer and answer.get("role") == "primary" and answer.get("state") == "running":
                return name
        raise ClusterError("no database is the primary")

    async def databases_are_well(self) -> bool:
        """Whether there is one primary, which the two others follow, one of them in lockstep."""
        members = await self.members()
        roles = sorted(each["role"] for each in members)
        states = {each["state"] for each in members}
        timelines = {each.get("timeline") for each in members}
        return (
            len(members) == len(DATABASES)
            and roles.count("leader") == 1
            and roles.count("quorum_standby") >= 1
            and states <= {"running", "streaming"}
            and len(timelines) == 1
        )

    async def is_ready(self, machine: str) -> bool:
        """Whether a web machine is ready to serve."""
        answer = await self._json(f"http://127.0.0.1:{self.port(machine)}/readyz")
        return bool(answer) and answer.get("status") == "ready"

    async def is_healthy(self) -> bool:
        """Whether everything is as it was in the beginning."""
        return not await self.missing()

    async def missing(self) -> list[str]:
        """What is not as it was in the beginning."""
        found = [] if await self.databases_are_well() else ["a primary with two replicas"]
        for number in "123":
            health = await self._json(f"http://127.0.0.1:{self.port(f'etcd{number}')}/health")
            if not health or health.get("health") != "true":
                found.append(f"etcd{number}")
        found += [name for name in WEBS if not await self.is_ready(name)]
        for name in ("haproxy", "pgbouncer", "nginx"):
            found += [
                f"{name}{number}" for number in "12" if not await self._listens(f"{name}{number}")
            ]
        return found if await self._listens("storage") else [*found, "storage"]

    async def _listens(self, name: str) -> bool:
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.port(name))
        except OSError:
            return False
        writer.close()
        return True

    async def switch_over(self) -> None:
        """Let another database be the primary, on purpose.

        Raises:
            ClusterError: Patroni refuses.
        """
        primary = await self.primary()
        url = f"http://127.0.0.1:{self.port(f'{primary}-rest')}/switchover"
        try:
            answer = await self._client.post(
                url, json={"leader": primary}, auth=("patroni", self._password), timeout=60
            )
        except httpx.HTTPError as error:
            raise ClusterError(f"Patroni does not answer: {error!r}") from None
        if answer.status_code != 200:
            raise ClusterError(f"Patroni refuses to switch over: {answer.text}")

    def where(self) -> Iterable[tuple[str, str]]:
        """The programs and where they are, for people."""
        yield "Site", " and ".join(self.urls)
        for name in DATABASES:
            yield f"PostgreSQL {name}", f"127.0.0.1:{self.path(name)}"
            yield f"Patroni {name}", f"http://127.0.0.1:{self.path(f'{name}-rest')}/cluster"
        for name in WEBS:
            number = name[-1]
            yield f"PgBouncer of {name}", f"127.0.0.1:{self.path(f'pgbouncer{number}')}"
            yield f"HAProxy of {name}", f"127.0.0.1:{self.path(f'haproxy{number}')}"
        yield "Storage", f"http://127.0.0.1:{self.path('storage')}"
        yield "Files and logs", str(self.folder)


def _replaced(text: str, changes: dict[str, str]) -> str:
    """A recipe with other addresses, each of which must be in it once."""
    for written, meant in changes.items():
        assert text.count(written) == 1, written
        text = text.replace(written, meant)
    return text
