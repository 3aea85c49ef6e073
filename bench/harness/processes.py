"""The servers and clients of a benchmark run: started, read and ended here, never left behind."""
import contextlib
import json
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time

PYTHON_SIDE = pathlib.Path(__file__).resolve().parent.parent / "python"
START_SECONDS_MAX = 20
CLIENT_SECONDS_MAX = 300


class BenchmarkError(Exception):
    """A program did not do its part; the text says which, and what it printed."""


class Server:
    """A running server process: the command that started it, where it listens, and its process id for whoever measures its memory."""

    def __init__(self, process, command, address):
        self.process = process
        self.command = command
        self.host, port = address.rsplit(":", 1)
        self.port = int(port)

    @property
    def pid(self):
        return self.process.pid


def pinned_to(core):
    """For Popen's preexec_fn: the child and its threads run on `core` alone; None leaves them free."""
    return None if core is None else lambda: os.sched_setaffinity(0, {core})


def prepared_server(core):
    """For Popen's preexec_fn: as pinned_to(), with as many descriptors as the system lets it have, and in a process group of its own.
    But in our session: Linux shares processors among sessions first (sched_autogroup), and who yields then makes way for its own."""
    def prepare():
        os.setpgid(0, 0)
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
        if core is not None:
            os.sched_setaffinity(0, {core})
    return prepare


def free_port():
    """A port of loopback that was free a moment ago, for servers that cannot choose one themselves."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
        return True
    except OSError:
        return False


def awaited_port(process, port, seconds_max):
    """Waits until something accepts connections at `port`; its address, or None if `process` ended or took too long."""
    end = time.monotonic() + seconds_max
    while process.poll() is None and time.monotonic() < end:
        if listens(port):
            return "127.0.0.1:%d" % port
        time.sleep(0.05)
    return None


def announced_address(process):
    """What the process says on its first line that it is listening on; None if it says something else."""
    line = process.stdout.readline()
    return line.split()[2] if line.startswith("listening on ") else None


@contextlib.contextmanager
def running_server(command, log, core=None, port=None, env=None, seconds_max=START_SECONDS_MAX):
    """Starts `command`, and ends it, and all that it has started, when the block ends. It is ready when it prints
    `listening on HOST:PORT`, or, with `port`, when it accepts connections there."""
    with open(log, "w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            [str(word) for word in command], stdin=subprocess.DEVNULL, stdout=errors if port else subprocess.PIPE, stderr=errors,
            text=True, preexec_fn=prepared_server(core), env={**os.environ, **env} if env else None)
    try:
        address = awaited_port(process, port, seconds_max) if port else announced_address(process)
        if not address:
            ended = process.poll()
            process.kill()
            raise BenchmarkError("%s %s: %s" % (
                command[0], "did not get ready" if ended is None else "ended with status %d" % ended,
                pathlib.Path(log).read_text(errors="replace")[-800:]))
        yield Server(process, command, address)
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(START_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        if process.stdout:
            process.stdout.close()


def run_client(command, core=None, env=None):
    """The JSON object that `command` prints as its last line. `env` is added to ours."""
    try:
        done = subprocess.run(
            [str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=CLIENT_SECONDS_MAX, preexec_fn=pinned_to(core), check=False, env={**os.environ, **env} if env else None)
    except subprocess.TimeoutExpired as late:
        raise BenchmarkError("%s did not end within %d s" % (pathlib.Path(command[0]).name, CLIENT_SECONDS_MAX)) from late
    return parsed(command, done.returncode, done.stdout, done.stderr)


def run_clients_at_once(command, count, core=None):
    """Starts `count` of `command`, on `core` alone if given, and lets them go together once each has printed `ready`.
    Their JSON objects."""
    clients = [
        subprocess.Popen([str(word) for word in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True, preexec_fn=pinned_to(core))
        for _ in range(count)]
    try:
        for client in clients:
            if client.stdout.readline() != "ready\n":
                raise BenchmarkError("%s did not get ready: %s" % (command[1], client.communicate()[1][-800:]))
        for client in clients:
            client.stdin.write("go\n")
            client.stdin.flush()
        finished = [client.communicate(timeout=CLIENT_SECONDS_MAX) for client in clients]
        return [parsed(command, client.returncode, *output) for client, output in zip(clients, finished)]
    finally:
        for client in clients:
            if client.poll() is None:
                client.kill()
                client.communicate()


def parsed(command, returncode, output, errors):
    if returncode != 0 or not output.strip():
        raise BenchmarkError("%s ended with %s: %s" % (pathlib.Path(str(command[0])).name, returncode, errors[-800:]))
    return json.loads(output.strip().splitlines()[-1])


def stock_python():
    """The newest Python 3.11 under PYENV_ROOT or ~/.pyenv, else python3.11 or python3 of the path."""
    pyenv = pathlib.Path(os.environ.get("PYENV_ROOT") or pathlib.Path.home() / ".pyenv")
    found = {tuple(map(int, re.findall(r"\d+", path.parts[-3]))): path
             for path in pyenv.glob("versions/3.11.*/bin/python3.11")}
    if found:
        return str(found[max(found)])
    return shutil.which("python3.11") or shutil.which("python3") or sys.executable
