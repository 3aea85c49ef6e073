"""The servers and clients of a benchmark run: started, read and ended here, never left behind."""
import contextlib
import json
import os
import pathlib
import subprocess

PYTHON_SIDE = pathlib.Path(__file__).resolve().parent.parent / "python"
START_SECONDS_MAX = 20
CLIENT_SECONDS_MAX = 300


class BenchmarkError(Exception):
    """A program did not do its part; the text says which, and what it printed."""


class Server:
    """A running server process: where it listens, and its process id for whoever measures its memory."""

    def __init__(self, process, address):
        self.process = process
        self.host, port = address.rsplit(":", 1)
        self.port = int(port)

    @property
    def pid(self):
        return self.process.pid


def pinned_to(core):
    """For Popen's preexec_fn: the child and its threads run on `core` alone; None leaves them free."""
    return None if core is None else lambda: os.sched_setaffinity(0, {core})


@contextlib.contextmanager
def running_server(command, log, core=None):
    """Starts `command`, which prints `listening on HOST:PORT` when ready, and ends it when the block ends."""
    with open(log, "w", encoding="utf-8") as errors:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=errors, text=True,
            preexec_fn=pinned_to(core))
    try:
        line = process.stdout.readline()
        if not line.startswith("listening on "):
            process.kill()
            raise BenchmarkError("%s did not start: %s" % (command[0], (line + pathlib.Path(log).read_text())[-800:]))
        yield Server(process, line.split()[2])
    finally:
        process.terminate()
        try:
            process.wait(START_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()


def run_client(command, core=None):
    """The JSON object that `command` prints as its last line."""
    try:
        done = subprocess.run(
            [str(word) for word in command], stdin=subprocess.DEVNULL, capture_output=True, text=True,
            timeout=CLIENT_SECONDS_MAX, preexec_fn=pinned_to(core), check=False)
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
