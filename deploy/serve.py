"""Runs several replicas of the server behind one Caddy: ``python deploy/serve.py --replicas 2 --port 8501``.

Replica n listens on 127.0.0.1, port PORT + n; all share one data folder. A process that ends is started again. SIGHUP
restarts the replicas one after another. Ctrl-C and SIGTERM end everything but trainings, which have processes of their
own. For Linux and macOS; on Windows use compose.yaml.
"""

import argparse
import asyncio
import os
import shutil
import signal
import sys
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
GRACE = 10.0  # seconds that a process may take to end
PAUSE = 2.0  # seconds from the end of a process to the start of its successor; Caddy notices the end within one


class StartError(Exception):
    """A process ended while all were starting."""


class Process:
    """A process that is started again when it ends.

    Attributes:
        name: What messages call it.
        command: What runs it, in the project's folder.
        variables: Of its environment, besides those of this process.
    """

    started = False  # all have: from then on none is given up

    def __init__(self, name: str, command: Sequence[str], variables: Mapping[str, str]) -> None:
        self.name, self.command, self.variables = name, command, variables
        self._running: asyncio.subprocess.Process | None = None

    async def keep(self) -> None:
        """Runs it until this is cancelled.

        Raises:
            StartError: if it ends while others are still starting.
        """
        try:
            while True:
                self._running = await asyncio.create_subprocess_exec(
                    *self.command,
                    cwd=ROOT,
                    env={**os.environ, **self.variables},
                    start_new_session=True,  # a Ctrl-C in the terminal goes to this process alone
                )
                code = await self._running.wait()
                if not Process.started:
                    raise StartError(f"{self.name} ended with code {code} before all had started.")
                print(f"{self.name} ended with code {code}; starting it again.", file=sys.stderr, flush=True)
                await asyncio.sleep(PAUSE)
        finally:
            await self.end()

    async def end(self) -> None:
        """Ends it; `keep` starts its successor."""
        running = self._running
        if running is None or running.returncode is not None:
            return
        running.terminate()
        try:
            await asyncio.wait_for(running.wait(), GRACE)
        except TimeoutError:
            running.kill()
            await running.wait()


class Replica(Process):
    """A server; `health` is the path that says whether it is ready for visitors."""

    def __init__(self, number: int, port: int, health: str) -> None:
        command = [sys.executable, "-m", "streamlit", "run", "app.py"]
        command += ["--server.address", "127.0.0.1", "--server.port", str(port)]
        super().__init__(f"Replica {number}", command, {})
        self.address = f"127.0.0.1:{port}"
        self._url = f"http://{self.address}{health}"

    async def ready(self) -> None:
        """Waits until it answers."""
        while not await asyncio.to_thread(self._answers):
            await asyncio.sleep(0.1)

    def _answers(self) -> bool:
        try:
            with urllib.request.urlopen(self._url, timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


async def serve(caddy: str, count: int, port: int) -> None:
    """Serves until SIGINT or SIGTERM.

    Raises:
        ExceptionGroup: with a StartError, if a process does not start.
    """
    base = os.environ.get("STREAMLIT_SERVER_BASE_URL_PATH", "").strip("/")
    # A replica has no visitors until it has loaded the runs, unless there is no other.
    health = f"{base and '/' + base}{'/ready' if count > 1 else '/_stcore/health'}"
    replicas = [Replica(n, port + n, health) for n in range(1, count + 1)]
    command = [caddy, "run", "--config", "deploy/Caddyfile", "--adapter", "caddyfile"]
    upstreams = " ".join(["to", *(replica.address for replica in replicas)])
    site = os.environ.get("SITE", f":{port}")
    balancer = Process("Caddy", command, {"SITE": site, "UPSTREAMS": upstreams, "HEALTH": health})

    stop, restart = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGINT, stop.set)
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGHUP, restart.set)

    async def manage() -> None:
        await asyncio.gather(*(replica.ready() for replica in replicas))
        Process.started = True
        print(f"{count} replicas answer at {site}.", file=sys.stderr, flush=True)
        while await restart.wait():
            restart.clear()
            for replica in replicas:
                await replica.end()
                await replica.ready()
            print("All replicas are restarted.", file=sys.stderr, flush=True)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(process.keep()) for process in (balancer, *replicas)]
        tasks.append(group.create_task(manage()))
        await stop.wait()
        for task in tasks:
            task.cancel()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--replicas", type=int, default=2)
    parser.add_argument("--port", type=int, default=8501)
    asked = parser.parse_args()
    caddy = shutil.which("caddy")
    if caddy is None:
        parser.error("Caddy is not installed: apt-get install caddy, brew install caddy, or caddyserver.com/download.")
    if asked.replicas < 1:
        parser.error(f"--replicas is {asked.replicas}; it must be at least 1.")
    try:
        asyncio.run(serve(caddy, asked.replicas, asked.port))
    except* StartError as errors:
        raise SystemExit("\n".join(map(str, errors.exceptions))) from None


if __name__ == "__main__":
    main()
