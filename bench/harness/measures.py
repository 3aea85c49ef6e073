"""What is measured, against which peer and with which target; and how one round of each is run."""
import collections
import contextlib
import dataclasses
import os
import statistics
from typing import Callable, Optional, Tuple

from harness.processes import PYTHON_SIDE, run_client, run_clients_at_once, running_server

SMALL = 64
MIDDLE = 20_000
LARGE = 1 << 20
CPYTHON = "CPython's own server"
ECHO = "raw epoll echo"
OURS, THEIRS = "ours", "theirs"


@dataclasses.dataclass(frozen=True)
class Measure:
    """One row of the table. `goal` says how the figures are compared:
    faster: a time, ratio theirs / ours, at least `target`;    more: a rate, ratio ours / theirs, at least `target`;
    near: a time, ratio ours / theirs, at most `target`;       limit: a figure of ours alone, at most `target`."""
    key: str
    title: str
    unit: str
    goal: str
    target: float
    peer: Optional[str] = None

    def ratio(self, ours, theirs):
        if self.goal == "limit":
            return ours
        return theirs / ours if self.goal == "faster" else ours / theirs

    def reached(self, ratio):
        return ratio <= self.target if self.goal in ("near", "limit") else ratio >= self.target


@dataclasses.dataclass(frozen=True)
class Settings:
    bin: str
    python: str
    scratch: str
    serve_options: Tuple[str, ...]
    rounds: int
    seconds: float  # how long one client runs in one round
    blocked_clients: int
    queued_items: int

    @property
    def authkey_file(self):
        return self.scratch + "/authkey"

    def program(self, name):
        return self.bin + "/" + name


@dataclasses.dataclass(frozen=True)
class Scenario:
    """A pair of servers and what clients do to them. `run(settings, server)` returns figures by measure key;
    the same client program runs against both servers unless `run_theirs` says otherwise."""
    name: str
    measures: Tuple[Measure, ...]
    run: Callable
    run_theirs: Optional[Callable] = None
    serve_ours: Optional[Callable] = None
    serve_theirs: Optional[Callable] = None
    server_core: Optional[int] = None
    rounds_max: Optional[int] = None
    fresh_server: bool = False  # one server a round: memory is measured from a clean start


def serve_ours(settings):
    return [settings.program("quaymaster"), "serve", "--host", "127.0.0.1", "--port", "0",
            "--authkey-file", settings.authkey_file, *settings.serve_options]


def serve_objects(settings):
    return [settings.program("object_server"), settings.authkey_file]


def serve_cpython(settings):
    return [settings.python, str(PYTHON_SIDE / "stock_server.py"), settings.authkey_file]


def serve_echo(settings):
    return [settings.program("raw_epoll_echo"), "serve"]


def stock_client(settings, server, script, *arguments):
    return [settings.python, str(PYTHON_SIDE / script), server.host, server.port, settings.authkey_file, *arguments]


def cpp_client(settings, server, *arguments):
    return [settings.program("cpp_client"), *arguments[:1], server.host, server.port, settings.authkey_file,
            *arguments[1:]]


def connect_cost(settings, server):
    samples = [run_client(stock_client(settings, server, "connect_cost.py")) for _ in range(3)]
    return {key: statistics.median(sample[key] for sample in samples) for key in samples[0]}


def middle_items(settings, server):
    return run_client(stock_client(settings, server, "item_latency.py", MIDDLE, settings.seconds))


def python_throughput(key, count, core=None):
    def run(settings, server):
        command = stock_client(settings, server, "throughput.py", SMALL, settings.seconds)
        results = run_clients_at_once(command, count, core)
        return {key: sum(result["operations_per_s"] for result in results),
                key + "_client_limit": len(os.sched_getaffinity(0)) * 1e6 / statistics.mean(result["cpu_us"] for result in results)}
    return run


def python_large_items(settings, server):
    # Several clients, because how often an item of this size makes CPython fetch fresh memory from the system, at a page
    # fault for each 4 KiB, differs from process to process and doubles the time when it does.
    samples = [run_client(stock_client(settings, server, "item_latency.py", LARGE, settings.seconds)) for _ in range(5)]
    figures = {key: statistics.median(sample[key] for sample in samples) for key in samples[0]}
    return {"python_large": LARGE / 1e3 / (figures["put_ms"] + figures["get_ms"]),
            "python_large_client_limit": LARGE / figures["cpu_us"]}


def python_objects(kind, count, core=None):
    def run(settings, server):
        command = stock_client(settings, server, "object_throughput.py", kind, settings.seconds)
        results = run_clients_at_once(command, count, core)
        return {"%s_%d" % (kind, count): sum(result["operations_per_s"] for result in results)}
    return run


def cpp_objects(kind, core):
    def run(settings, server):
        return {kind + "_cpp": run_client(cpp_client(settings, server, kind, 0, settings.seconds), core)["operations_per_s"]}
    return run


def object_scenarios():
    for kind, title in (("dict", "dict set + get"), ("lock", "lock acquire + release"), ("call", "call of a class")):
        yield Scenario(kind + "-one", (
            Measure(kind + "_1", "1 stock client, %s, server on another core" % title, "op/s", "more", 1.5, CPYTHON),
        ), python_objects(kind, 1, core=1), serve_ours=serve_objects, server_core=0)
        yield Scenario(kind + "-eight", (
            Measure(kind + "_8", "8 stock clients, %s" % title, "op/s", "more", 3, CPYTHON),
        ), python_objects(kind, 8), serve_ours=serve_objects)
        yield Scenario(kind + "-cpp", (
            Measure(kind + "_cpp", "C++ client, %s, server on another core" % title, "op/s", "more", 1.5, CPYTHON),
        ), cpp_objects(kind, 1), serve_ours=serve_objects, server_core=0)
    # What calls_are_quick() saves: a method that may block costs two hand-overs.
    yield Scenario("worker-one", (
        Measure("worker_1", "1 stock client, call of a class on a worker thread", "op/s", "more", 1, CPYTHON),
    ), python_objects("worker", 1), serve_ours=serve_objects)


def cpp_large_items(settings, server):
    return {"cpp_large": run_client(cpp_client(settings, server, "large", LARGE, settings.seconds))["mb_per_s"]}


def cpp_operation(key, core):
    def run(settings, server):
        return {key: run_client(cpp_client(settings, server, "latency", SMALL, settings.seconds), core)["p50_us"]}
    return run


def echo_round_trip(key, core):
    def run(settings, server):
        command = [settings.program("raw_epoll_echo"), "ping", server.port, settings.seconds]
        return {key: run_client(command, core)["p50_us"]}
    return run


def blocked_clients(settings, server):
    command = [settings.program("blocked_clients"), server.port, settings.authkey_file, server.pid,
               settings.blocked_clients]
    return {"blocked": run_client(command)["bytes_per_client"]}


def queued_items(settings, server):
    command = [settings.program("queued_items"), server.port, settings.authkey_file, server.pid,
               settings.queued_items, SMALL]
    return {"queued": run_client(command)["bytes_per_item"]}


SCENARIOS = (
    Scenario("connect", (
        Measure("first_ms", "stock client: connect, first put, first get", "ms", "faster", 40, CPYTHON),
        Measure("proxy_ms", "stock client: each further proxy, made and dropped", "ms", "faster", 40, CPYTHON),
    ), connect_cost),
    Scenario("middle", (
        Measure("put_ms", "stock client: put of 20,000 bytes, p50", "ms", "faster", 100, CPYTHON),
        Measure("get_ms", "stock client: get of 20,000 bytes, p50", "ms", "faster", 100, CPYTHON),
    ), middle_items),
    Scenario("one-split", (
        Measure("one_split", "1 stock client, put + get of 64 B, server on another core", "op/s", "more", 1.5, CPYTHON),
    ), python_throughput("one_split", 1, core=1), server_core=0),
    Scenario("one-same", (
        Measure("one_same", "1 stock client, put + get of 64 B, server on the same core", "op/s", "more", 1.5, CPYTHON),
    ), python_throughput("one_same", 1, core=0), server_core=0),
    Scenario("eight", (
        Measure("eight", "8 stock clients, put + get of 64 B", "op/s", "more", 3, CPYTHON),
    ), python_throughput("eight", 8)),
    Scenario("split", (
        Measure("split_us", "C++ client: one operation of 64 B, p50, server on another core", "us", "near", 1.3, ECHO),
    ), cpp_operation("split_us", 1), echo_round_trip("split_us", 1), serve_theirs=serve_echo, server_core=0),
    Scenario("same", (
        Measure("same_us", "C++ client: one operation of 64 B, p50, server on the same core", "us", "near", 1.3, ECHO),
    ), cpp_operation("same_us", 0), echo_round_trip("same_us", 0), serve_theirs=serve_echo, server_core=0),
    Scenario("large-cpp", (
        Measure("cpp_large", "C++ client: put + get of 1 MiB items", "MB/s", "more", 2, CPYTHON),
    ), cpp_large_items),
    Scenario("large-python", (
        Measure("python_large", "stock client: put + get of 1 MiB items", "MB/s", "more", 2, CPYTHON),
    ), python_large_items),
    Scenario("blocked", (
        Measure("blocked", "server memory for each client blocked in get", "B", "limit", 4096),
    ), blocked_clients, rounds_max=3, fresh_server=True),
    Scenario("queued", (
        Measure("queued", "server memory for each queued item of 64 B", "B", "limit", 160),
    ), queued_items, rounds_max=3, fresh_server=True),
) + tuple(object_scenarios())


def measured(scenario, settings, progress):
    """Runs the rounds of `scenario`; {key: (figures of ours, figures of theirs)}, one figure a round.
    Each round runs both sides, and which goes first alternates, so that a slow minute of the machine hits both."""
    has_peer = any(measure.peer for measure in scenario.measures)
    sides = {OURS: (scenario.serve_ours or serve_ours, scenario.run)}
    if has_peer:
        sides[THEIRS] = (scenario.serve_theirs or serve_cpython, scenario.run_theirs or scenario.run)
    figures = collections.defaultdict(lambda: {OURS: [], THEIRS: []})
    rounds = min(settings.rounds, scenario.rounds_max or settings.rounds)
    with contextlib.ExitStack() as run_stack:
        def start(side, stack):
            log = "%s/%s-%s.log" % (settings.scratch, scenario.name, side)
            return stack.enter_context(running_server(sides[side][0](settings), log, scenario.server_core))

        servers = {} if scenario.fresh_server else {side: start(side, run_stack) for side in sides}
        for number in range(rounds):
            progress("%s: round %d of %d" % (scenario.name, number + 1, rounds))
            for side in list(sides) if number % 2 == 0 else reversed(list(sides)):
                with contextlib.ExitStack() as round_stack:
                    server = servers.get(side) or start(side, round_stack)
                    result = sides[side][1](settings, server)
                for key, value in result.items():
                    figures[key][side].append(value)
    return {key: (values[OURS], values[THEIRS]) for key, values in figures.items()}


@dataclasses.dataclass(frozen=True)
class Row:
    """The medians of a measure and, as its spread, the least and the greatest ratio of a single round."""
    measure: Measure
    ours: float
    theirs: Optional[float]
    ratio: float
    least: float
    greatest: float
    ceiling: Optional[float]

    @property
    def reached(self):
        return self.measure.reached(self.ratio)


def ceiling_of(measure, figures):
    """The ratio that a server which costs nothing would reach on this machine: what the processor time of the clients
    themselves permits, over what the peer reaches. None where that is not measured."""
    ours, _ = figures.get(measure.key + "_client_limit", (None, None))
    if not ours or measure.key not in ("eight", "python_large"):
        return None
    _, theirs = figures[measure.key]
    return statistics.median(ours) / statistics.median(theirs)


def row_of(measure, figures):
    ours, theirs = figures[measure.key]
    ratios = [measure.ratio(*pair) for pair in (zip(ours, theirs) if theirs else ((value, None) for value in ours))]
    ours_median = statistics.median(ours)
    theirs_median = statistics.median(theirs) if theirs else None
    return Row(measure, ours_median, theirs_median, measure.ratio(ours_median, theirs_median), min(ratios), max(ratios),
               ceiling_of(measure, figures))
