"""The servers that bench/compare sets side by side: how each is started, what measures it, and what a reader should know."""
import contextlib
import dataclasses
import functools
import json
import os
import pathlib
import re
import shutil
import subprocess
from typing import Callable, Optional, Tuple

from harness.processes import PYTHON_SIDE, BenchmarkError, free_port, running_server

RABBITMQ_SERVER = "/usr/lib/rabbitmq/bin/rabbitmq-server"  # the one of the path changes the user first
RABBITMQ_START_SECONDS_MAX = 60
QUEUE_WORKLOADS = ("W1", "W2", "W3", "W4", "W5")


@dataclasses.dataclass(frozen=True)
class Settings:
    bin: str
    python: str
    scratch: str
    busy_poll_us: int
    serve_options: Tuple[str, ...] = ()

    @property
    def authkey_file(self):
        return self.scratch + "/authkey"

    def program(self, name):
        return self.bin + "/" + name


@dataclasses.dataclass(frozen=True)
class Contestant:
    """`start(settings, log, core)` is a context manager of a running Server; `client(settings, server)` the command that
    measures it, workload options to follow; `missing(settings)` says why it cannot take part, None if it can."""
    name: str
    title: str
    start: Callable
    client: Callable
    missing: Callable
    version: Callable
    workloads: Tuple[str, ...]
    note: str
    is_default: bool = True
    pipelines_one_queue: bool = False  # nobody has written more
    stream_items: Optional[int] = None  # of W2, where a million would take minutes
    blocked_connections: Optional[int] = None  # of W6, where ten thousand are too many


def output_of(*command):
    """What `command` prints; "" if it cannot be run."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        return done.stdout + done.stderr
    except OSError:
        return ""


def version_in(*command):
    found = re.search(r"\d+(\.\d+)+", output_of(*command))
    return found.group() if found else "unknown version"


def package_version(package):
    return output_of("dpkg-query", "--show", "--showformat=${Version}", package) or "unknown version"


@functools.lru_cache(maxsize=None)
def peer_clients(bin_directory):
    """What peer_bench measures, and through what."""
    text = output_of(bin_directory + "/peer_bench", "--list")
    return json.loads(text) if text.startswith("{") else {}


def missing_program(program):
    def missing(settings):
        found = shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")
        return None if found else "%s is not installed" % program
    return missing


def missing_peer(name, program):
    """Why peer `name`, whose server is `program`, cannot be measured."""
    def missing(settings):
        if name not in peer_clients(settings.bin):
            return "its client library was not there when peer_bench was built"
        return missing_program(program)(settings) if program else None
    return missing


def program_path(program):
    return shutil.which(program, path=os.environ.get("PATH", "") + ":/usr/sbin:/usr/local/sbin")


def peer_client(name):
    def client(settings, server):
        return [settings.program("peer_bench"), "--peer", name, "--port", server.port]
    return client


# ---- quaymaster, and CPython's manager through its client --------------------------------------------------------------

def start_quaymaster(*options):
    def start(settings, log, core):
        return running_server(
            [settings.program("quaymaster"), "serve", "--host", "127.0.0.1", "--port", "0", "--authkey-file", settings.authkey_file,
             *settings.serve_options, *(option(settings) if callable(option) else option for option in options)], log, core)
    return start


def quaymaster_client(*options):
    def client(settings, server):
        return [settings.program("quaymaster"), "bench", "--host", server.host, "--port", server.port,
                "--authkey-file", settings.authkey_file,
                *(option(settings) if callable(option) else option for option in options)]
    return client


def busy_poll(settings):
    return str(settings.busy_poll_us)


def start_cpython(settings, log, core):
    return running_server([settings.python, str(PYTHON_SIDE / "stock_server.py"), settings.authkey_file], log, core)


# ---- the others --------------------------------------------------------------------------------------------------------

def start_echo(settings, log, core):
    return running_server([settings.program("raw_epoll_echo"), "serve"], log, core)


def start_zeromq(settings, log, core):
    return running_server([settings.program("zeromq_broker")], log, core)


def start_redis(settings, log, core):
    port = free_port()
    return running_server(
        [program_path("redis-server"), "--port", port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
         "--maxclients", "20000", "--dir", settings.scratch], log, core, port)


def start_beanstalkd(settings, log, core):
    port = free_port()
    return running_server([program_path("beanstalkd"), "-l", "127.0.0.1", "-p", port, "-z", "2097152"], log, core, port)


def start_nats(settings, log, core):
    port = free_port()
    folder = pathlib.Path(settings.scratch) / ("nats-%d" % port)
    folder.mkdir()
    (folder / "nats.conf").write_text(
        "listen: 127.0.0.1:%d\nmax_payload: 8388608\njetstream { store_dir: \"%s\", max_memory_store: 4294967296 }\n" % (port, folder))
    return running_server([program_path("nats-server"), "-c", str(folder / "nats.conf")], log, core, port)


@contextlib.contextmanager
def start_rabbitmq(settings, log, core):
    """With a port mapper (epmd) of its own, so that no other node of this machine is touched and none stays behind."""
    port, distribution_port, mapper_port = free_port(), free_port(), free_port()
    folder = pathlib.Path(settings.scratch) / ("rabbitmq-%d" % port)
    folder.mkdir()
    env = {
        "HOME": str(folder), "RABBITMQ_NODENAME": "bench%d@localhost" % port, "RABBITMQ_MNESIA_BASE": str(folder),
        "RABBITMQ_LOG_BASE": str(folder), "RABBITMQ_NODE_IP_ADDRESS": "127.0.0.1", "RABBITMQ_NODE_PORT": str(port),
        "RABBITMQ_DIST_PORT": str(distribution_port), "ERL_EPMD_PORT": str(mapper_port), "ERL_EPMD_ADDRESS": "127.0.0.1",
        "RABBITMQ_ENABLED_PLUGINS_FILE": "/dev/null", "RABBITMQ_CONFIG_FILE": str(folder / "none"),
        "RABBITMQ_ADVANCED_CONFIG_FILE": str(folder / "none"),
    }
    with running_server(["epmd", "-port", mapper_port], log + ".epmd", None, mapper_port, env):
        with running_server([RABBITMQ_SERVER], log, core, port, env, RABBITMQ_START_SECONDS_MAX) as server:
            yield server


def missing_rabbitmq(settings):
    if not pathlib.Path(RABBITMQ_SERVER).exists():
        return "rabbitmq-server is not installed"
    return missing_peer("rabbitmq", "epmd")(settings)


CONTESTANTS = (
    Contestant(
        "quaymaster", "quaymaster", start_quaymaster(), quaymaster_client(), lambda settings: None,
        lambda settings: version_in(settings.program("quaymaster"), "--version"), QUEUE_WORKLOADS + ("W6", "W8"),
        "through its C++ library, with the defaults of both; where several operations are under way through a connection of the bench's own in "
        "the same dialect (tools/quaymaster/native_stream.cpp), for the library's synchronous calls wait for each reply"),
    Contestant(
        "quaymaster-busy", "quaymaster, busy_poll", start_quaymaster("--busy-poll", busy_poll), quaymaster_client("--busy-poll", busy_poll),
        lambda settings: None, lambda settings: "as above", ("W1", "W3"),
        "the same, both sides polling for longer before they sleep"),
    Contestant(
        "quaymaster-one", "quaymaster, one thread", start_quaymaster("--threads", "1"), quaymaster_client(), lambda settings: None,
        lambda settings: "as above", ("W3", "W8"), "the same, the server with one event loop rather than one for each processor"),
    Contestant(
        "quaymaster-python", "quaymaster, Python dialect", start_quaymaster(), quaymaster_client("--dialect", "python"),
        lambda settings: None, lambda settings: "as above", QUEUE_WORKLOADS + ("W6", "W8"),
        "the same library, speaking as Python programs do", is_default=False),
    Contestant(
        "echo", "raw epoll echo", start_echo, peer_client("echo"), missing_peer("echo", None), lambda settings: "bench/raw_epoll_echo.cpp",
        ("W1",), "no queue: 64 octets sent and sent back, the least that an operation can cost; through a blocking socket"),
    Contestant(
        "redis", "Redis", start_redis, peer_client("redis"), missing_peer("redis", "redis-server"),
        lambda settings: version_in("redis-server", "--version"), QUEUE_WORKLOADS + ("W6", "W8"),
        "LPUSH and BRPOP; RPOP, which is cheaper, where an item is known to be there; batches are LPUSH of 64 values and RPOP of 64; "
        "no persistence; through hiredis, commands written in place"),
    Contestant(
        "beanstalkd", "beanstalkd", start_beanstalkd, peer_client("beanstalkd"), missing_peer("beanstalkd", "beanstalkd"),
        lambda settings: version_in("beanstalkd", "-v"), QUEUE_WORKLOADS + ("W6", "W8"),
        "`put`; `reserve` and `delete`, whose answer nobody waits for; it has no batches, so those are pipelined; no journal; "
        "through a blocking socket, for Debian has no C client of it", stream_items=50_000, pipelines_one_queue=True),
    Contestant(
        "nats", "NATS JetStream", start_nats, peer_client("nats"), missing_peer("nats", "nats-server"),
        lambda settings: version_in("nats-server", "-v"), QUEUE_WORKLOADS,
        "a work-queue stream in memory, for without JetStream NATS keeps nothing that nobody waits for; pull requests, and "
        "acknowledgements that nobody waits for; through libnats. Its client has threads of its own, so on one core it pays for them",
        stream_items=30_000),
    Contestant(
        "rabbitmq", "RabbitMQ", start_rabbitmq, peer_client("rabbitmq"), missing_rabbitmq,
        lambda settings: package_version("rabbitmq-server"), QUEUE_WORKLOADS + ("W8",),
        "transient queues; publisher confirms; basic.get where an item is known to be there, else a consumer with a prefetch of 1; "
        "streams of gets are pushed to a consumer that acknowledges nothing; through librabbitmq", stream_items=30_000, pipelines_one_queue=True),
    Contestant(
        "zeromq", "ZeroMQ", start_zeromq, peer_client("zeromq"), missing_peer("zeromq", None),
        lambda settings: peer_clients(settings.bin).get("zeromq", "unknown version"), QUEUE_WORKLOADS + ("W8",),
        "a broker of ours over one ROUTER socket (bench/peers/zeromq_broker.cpp), for ZeroMQ brings none; through libzmq, one I/O "
        "thread on either side"),
    Contestant(
        "cpython", "CPython's manager", start_cpython, quaymaster_client("--dialect", "python"), lambda settings: None,
        lambda settings: version_in(settings.python, "--version"), QUEUE_WORKLOADS + ("W6", "W8"),
        "`BaseManager.get_server().serve_forever()`; through quaymaster's C++ library, which is the fastest client that it has",
        stream_items=20_000, blocked_connections=1_000),
)


def by_name(name):
    for contestant in CONTESTANTS:
        if contestant.name == name:
            return contestant
    raise BenchmarkError("no such server: %s" % name)
