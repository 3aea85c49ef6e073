"""What bench/compare measures and how: workloads, placements, targets, rounds in which every server has its turn."""
import collections
import contextlib
import dataclasses
import json
import os
import pathlib
import shutil
import statistics
import subprocess
from typing import Optional, Tuple

from harness.counters import clear_count, parsed_calls, process_tree, read_count, traced
from harness.processes import BenchmarkError, run_client, running_server
from harness.processor_time import ClientTime, ProcessTime, StolenTime

OURS = "quaymaster"
BUSY = "quaymaster-busy"
FREE, SAME, SPLIT = "free", "same", "split"
PLACEMENTS = {
    SAME: "server and client share a core",
    SPLIT: "server and client have a core each",
    FREE: "the scheduler places both",
}


@dataclasses.dataclass(frozen=True)
class Figure:
    """A number of a client's report: `path` leads to it through the JSON. A rate is better when it is higher."""
    key: str
    title: str
    unit: str
    path: Tuple[str, ...]
    is_rate: bool

    def of(self, report):
        for step in self.path:
            report = report.get(step) if isinstance(report, dict) else None
        return report

    def advantage(self, ours, theirs):
        """How many times better ours is; 1 is as good."""
        return ours / theirs if self.is_rate else theirs / ours


@dataclasses.dataclass(frozen=True)
class Target:
    """`who`'s figure over `peer`'s is at most or at least `bound`; without a peer the figure itself is at most `bound`.
    `peer` BEST is whichever other server did best."""
    figure: str
    who: str
    peer: Optional[str]
    bound: float
    is_ceiling: bool

    def is_reached(self, ratio):
        return ratio <= self.bound if self.is_ceiling else ratio >= self.bound


BEST = "best"


@dataclasses.dataclass(frozen=True)
class Scenario:
    name: str
    workload: str
    title: str
    placement: str
    figures: Tuple[Figure, ...]
    targets: Tuple[Target, ...]
    options: Tuple[str, ...] = ()
    fresh_server: bool = False  # one for each round: memory is measured from a clean start
    pipelines_many_queues: bool = False
    counts_calls: bool = False  # system calls are counted after the rounds
    counts_allocations: bool = False  # and allocations, ours and our client's
    rounds_factor: int = 1  # where schedulers, rather than servers, make rounds differ, more of them are needed
    seconds_factor: float = 1  # the shorter a round, the fewer of them a gap in the machine's time falls into


def p50(name, title):
    return Figure("p50", title + ", p50", "us", ("latency_us", name, "p50"), False)


def p99(name, title):
    return Figure("p99", title + ", p99", "us", ("latency_us", name, "p99"), False)


RATE = Figure("rate", "operations per second", "op/s", ("ops_per_s",), True)
PUTS = Figure("puts", "puts", "op/s", ("puts_per_s",), True)
GETS = Figure("gets", "gets", "op/s", ("gets_per_s",), True)
OPERATION = p50("operation", "one operation")


def at_most(figure, who, peer, bound):
    return Target(figure.key, who, peer, bound, True)


def at_least(figure, who, peer, bound):
    return Target(figure.key, who, peer, bound, False)


def stream_scenario(mode, title, placement, bound):
    return Scenario(
        "W2-%s-%s" % (mode, placement), "W2", "W2, many puts, then as many gets of 64 B, one connection, " + title, placement,
        (RATE, PUTS, GETS), (at_least(RATE, OURS, "redis", bound),), ("--mode", mode, "--depth", "64"), counts_calls=placement == SPLIT,
        counts_allocations=placement == SAME)


WAKE_P50, WAKE_P99 = p50("wake", "put to return"), p99("wake", "put to return")
LARGE = Figure("mb", "throughput", "MB/s", ("mb_per_s",), True)
MEMORY = Figure("memory", "server memory for each blocked get", "B", ("server_memory_per_connection",), False)
SERVER_TIME = Figure("server_time", "processor time of the server for one operation", "us", ("processor_us", "server"), False)
CLIENT_TIME = Figure("client_time", "and of the client", "us", ("processor_us", "client"), False)
WAKE_RATE = Figure("wake_rate", "gets woken per second", "1/s", ("wakes_per_s",), True)

SCENARIOS = (
    Scenario("W1-same", "W1", "W1, one operation of 64 B at a time, one connection", SAME, (OPERATION, p99("operation", "one operation")),
             (at_most(OPERATION, OURS, "echo", 1.15),), counts_calls=True, counts_allocations=True),
    Scenario("W1-split", "W1", "W1, one operation of 64 B at a time, one connection", SPLIT, (OPERATION, p99("operation", "one operation")),
             (at_most(OPERATION, OURS, "redis", 0.95), at_most(OPERATION, BUSY, "redis", 0.3)), counts_calls=True),
    stream_scenario("pipelined", "64 operations under way", SAME, 2),
    stream_scenario("pipelined", "64 operations under way", SPLIT, 2),
    stream_scenario("batched", "64 items a call", SAME, 1.3),
    stream_scenario("batched", "64 items a call", SPLIT, 1.3),
    Scenario("W3", "W3", "W3, 4 producers and 4 consumers of 64 B, one queue", FREE, (RATE, SERVER_TIME, CLIENT_TIME),
             (at_least(RATE, OURS, "redis", 1.1), at_least(RATE, BUSY, "redis", 1.5)), counts_calls=True,
             counts_allocations=True, rounds_factor=2),
    Scenario("W4", "W4", "W4, a blocked get woken by a put, one each millisecond", FREE, (WAKE_P50, WAKE_P99),
             (at_most(WAKE_P50, OURS, "redis", 1.0), at_most(WAKE_P99, OURS, "redis", 0.8)), rounds_factor=6, seconds_factor=1 / 3),
    Scenario("W5", "W5", "W5, items of 1 MiB, put and get in turn", FREE, (LARGE,), (at_least(LARGE, OURS, BEST, 1.0),)),
    Scenario("W6", "W6", "W6, 10,000 blocked gets, all woken", FREE, (WAKE_RATE, MEMORY),
             (Target(MEMORY.key, OURS, None, 1536, True), at_least(WAKE_RATE, OURS, "redis", 1.3)), fresh_server=True),
    Scenario("W8-pipelined", "W8", "W8, 1,000 queues, 64 connections, items of 16 B to 64 KiB, 16 operations under way on each", FREE,
             (RATE, SERVER_TIME, CLIENT_TIME), (at_least(RATE, OURS, "redis", 1.5),), ("--depth", "16"), pipelines_many_queues=True),
    Scenario("W8-in-turn", "W8", "W8, 1,000 queues, 64 connections, items of 16 B to 64 KiB, one operation at a time on each", FREE,
             (RATE, SERVER_TIME, CLIENT_TIME), (at_least(RATE, OURS, "redis", 1.5),)),
)


@dataclasses.dataclass(frozen=True)
class Plan:
    rounds: int
    seconds: float  # how long one client runs
    stream_items: int  # of W2
    blocked_connections: int  # of W6

    def rounds_of(self, scenario):
        return self.rounds * scenario.rounds_factor

    def seconds_of(self, scenario):
        return self.seconds * scenario.seconds_factor


class Contest:
    """The rounds of one scenario. `figures[contestant name][figure key]` has one number a round."""

    def __init__(self, scenario):
        self.scenario = scenario
        self.figures = collections.defaultdict(lambda: collections.defaultdict(list))
        self.failures = {}  # by contestant name: why it has no, or too few, figures
        self.calls = {}  # by contestant name: system calls of the server for one operation
        self.allocations = None  # (our server's, our client's) for one operation
        self.commands = {}  # by contestant name: (the server's, the client's)
        self.settings_said = {}  # by contestant name: what differs from what the title says
        self.stolen = []  # of each turn that counts, the share of the processors' time that was the host's
        self.repeated = 0  # turns that do not count because of that

    def median(self, name, key):
        return statistics.median(self.figures[name][key])

    def has(self, name, key):
        return name in self.figures and bool(self.figures[name][key])

    def ratios(self, name, peer, key):
        """(ratio of the medians, least and greatest of a round)"""
        pairs = list(zip(self.figures[name][key], self.figures[peer][key]))
        each = [ours / theirs for ours, theirs in pairs]
        return self.median(name, key) / self.median(peer, key), min(each), max(each)

    def best_peer(self, figure):
        """Whichever server that is not quaymaster, nor the echo, did best; None if there is none."""
        peers = [name for name in self.figures if not name.startswith("quaymaster") and name != "echo" and self.has(name, figure.key)]
        best = max if figure.is_rate else min
        return best(peers, key=lambda name: self.median(name, figure.key)) if peers else None


def server_core(scenario, cores):
    return None if scenario.placement == FREE else cores[0]


def client_core(scenario, cores):
    return {FREE: None, SAME: cores[0], SPLIT: cores[-1]}[scenario.placement]


def client_words(scenario, contestant, plan, server):
    words = ["--workload", scenario.workload, "--json", *scenario.options]
    if scenario.workload == "W2":
        words += ["--items", str(min(plan.stream_items, contestant.stream_items or plan.stream_items))]
    elif scenario.workload == "W6":
        words += ["--connections", str(min(plan.blocked_connections, contestant.blocked_connections or plan.blocked_connections)),
                  "--server-pid", str(server.pid)]
    else:
        words += ["--seconds", "%g" % plan.seconds_of(scenario)]
    return words


def with_derived(report):
    """W6's time for all gets depends on how many there were; the rate can be compared."""
    if "wake_all_ms" in report:
        report["wakes_per_s"] = report["connections"] * 1000 / report["wake_all_ms"]
    return report


STOLEN_MAX = 0.01  # of the processors' time: more of it, and a turn is taken again
TURNS_MAX = 3


@dataclasses.dataclass(frozen=True)
class Turn:
    report: dict
    stolen: float


class Runner:
    def __init__(self, settings, plan, cores, progress):
        self.settings = settings
        self.plan = plan
        self.cores = cores
        self.progress = progress

    def run(self, scenario, contestants):
        contest = Contest(scenario)
        taking_part = [each for each in contestants if scenario.workload in each.workloads
                       and not (scenario.pipelines_many_queues and each.pipelines_one_queue)]
        with contextlib.ExitStack() as stack:
            servers = {}
            if not scenario.fresh_server:
                for contestant in list(taking_part):
                    server = self.started(contest, contestant, stack)
                    if server:
                        servers[contestant.name] = server
                    else:
                        taking_part.remove(contestant)
            for number in range(self.plan.rounds_of(scenario)):
                # Each round begins with another, so that none always comes after the same.
                first = number % len(taking_part) if taking_part else 0
                for contestant in taking_part[first:] + taking_part[:first]:
                    if contestant.name not in contest.failures:
                        self.run_round(contest, contestant, servers.get(contestant.name), number)
            if scenario.counts_calls and shutil.which("strace"):
                for contestant in taking_part:
                    if contestant.name not in contest.failures:
                        self.count_calls(contest, contestant, servers[contestant.name])
            if scenario.counts_allocations and OURS in servers and OURS not in contest.failures:
                self.count_allocations(contest, next(each for each in taking_part if each.name == OURS), servers[OURS].command)
        return contest

    def started(self, contest, contestant, stack):
        """Its server, or None, and the reason noted. Tried twice: a port that was free when it was chosen may be taken by now."""
        log = "%s/%s-%s.log" % (self.settings.scratch, contest.scenario.name, contestant.name)
        for is_last in (False, True):
            try:
                return stack.enter_context(contestant.start(self.settings, log, server_core(contest.scenario, self.cores)))
            except (BenchmarkError, OSError) as error:
                self.progress("%s: %s" % (contestant.title, error))
                if is_last:
                    self.note_failure(contest, contestant, error)
        return None

    def note_failure(self, contest, contestant, error):
        text = str(error).strip().splitlines()[0]
        for path, name in ((self.settings.scratch, "DIR"), (self.settings.bin, "build/release/bin"), (self.settings.python, "python3")):
            text = text.replace(path, name)
        contest.failures[contestant.name] = text
        contest.figures.pop(contestant.name, None)

    def run_round(self, contest, contestant, server, number):
        """One turn of `contestant`. One that the host has disturbed is taken again, and the least disturbed of them counts."""
        scenario = contest.scenario
        self.progress("%s: round %d of %d: %s" % (scenario.name, number + 1, self.plan.rounds_of(scenario), contestant.title))
        least = None
        for _ in range(TURNS_MAX):
            turn = self.turn(contest, contestant, server)
            if not turn:
                return
            contest.repeated += least is not None
            least = turn if least is None or turn.stolen < least.stolen else least
            if least.stolen <= STOLEN_MAX:
                break
        contest.stolen.append(least.stolen)
        self.note(contest, contestant, least.report)

    def turn(self, contest, contestant, server):
        """What the client reports, and how much the host took meanwhile; None, and the reason noted, if that came to nothing."""
        scenario = contest.scenario
        with contextlib.ExitStack() as stack:
            server = server or self.started(contest, contestant, stack)
            if not server:
                return None
            command = contestant.client(self.settings, server) + client_words(scenario, contestant, self.plan, server)
            contest.commands[contestant.name] = (server.command, command)
            stolen, of_server, of_client = StolenTime(), ProcessTime(process_tree(server.pid)), ClientTime()
            try:
                report = with_derived(run_client(command, client_core(scenario, self.cores)))
            except BenchmarkError as error:
                self.progress("%s: %s" % (contestant.title, error))
                self.note_failure(contest, contestant, error)
                return None
            operations = 2 * report["items"]["put"]
            if operations:
                report["processor_us"] = {"server": of_server.spent() * 1e6 / operations, "client": of_client.spent() * 1e6 / operations}
            return Turn(report, stolen.share())

    def note(self, contest, contestant, report):
        scenario = contest.scenario
        for figure in scenario.figures:
            amount = figure.of(report)
            if amount is not None:
                contest.figures[contestant.name][figure.key].append(amount)
        if scenario.workload == "W6" and report["connections"] != self.plan.blocked_connections:
            contest.settings_said[contestant.name] = "%s gets" % f"{report['connections']:,}"
        if scenario.workload == "W2" and report["items"]["put"] != self.plan.stream_items:
            contest.settings_said[contestant.name] = "%s items" % f"{report['items']['put']:,}"

    def count_calls(self, contest, contestant, server):
        """System calls of the server for each operation of one more, short run, in which every call is traced."""
        self.progress("%s: system calls: %s" % (contest.scenario.name, contestant.title))
        words = client_words(contest.scenario, contestant, dataclasses.replace(self.plan, seconds=0.5, stream_items=20_000), server)
        log = "%s/strace-%s" % (self.settings.scratch, contestant.name)
        tracers = []
        try:
            # The processes that a server has started count as it.
            command = ["strace", "-c", "-f", "-o", log]
            for pid in process_tree(server.pid):
                command += ["-p", str(pid)]
            tracers.append(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
            if not traced(server.pid, tracers[0]):
                return
            report = run_client(contestant.client(self.settings, server) + words, client_core(contest.scenario, self.cores))
        except BenchmarkError:
            return
        finally:
            for tracer in tracers:
                tracer.terminate()
                tracer.wait()
        operations = 2 * report["items"]["put"]
        calls = parsed_calls(pathlib.Path(log).read_text(encoding="utf-8", errors="replace"))
        if calls and operations:
            contest.calls[contestant.name] = {name: count / operations for name, count in calls.items()}

    def count_allocations(self, contest, contestant, command):
        """What server and client ask malloc for, for one operation: of two more runs the longer less the shorter, so that what it
        takes to begin and to end does not count."""
        library = self.settings.program("allocation_counter.so")
        if not os.path.exists(library):
            return
        scenario = contest.scenario
        self.progress("%s: allocations: %s" % (scenario.name, contestant.title))
        counts = {who: "%s/allocations-%s" % (self.settings.scratch, who) for who in ("server", "client")}
        env = {who: {"LD_PRELOAD": library, "ALLOCATION_COUNT": path} for who, path in counts.items()}
        seen = []
        try:
            clear_count(counts["server"])
            log = "%s/%s-allocations.log" % (self.settings.scratch, scenario.name)
            with running_server(command, log, server_core(scenario, self.cores), env=env["server"]) as server:
                for seconds, items in ((0.2, 20_000), (1.0, 120_000)):
                    plan = dataclasses.replace(self.plan, seconds=seconds, stream_items=items)
                    clear_count(counts["client"])
                    before = read_count(counts["server"])
                    report = run_client(contestant.client(self.settings, server) + client_words(scenario, contestant, plan, server),
                                        client_core(scenario, self.cores), env=env["client"])
                    seen.append((2 * report["items"]["put"], read_count(counts["server"]) - before, read_count(counts["client"])))
        except BenchmarkError as error:
            self.progress("%s: allocations: %s" % (contestant.title, error))
            return
        operations, of_server, of_client = (longer - shorter for shorter, longer in zip(*seen))
        if operations > 0:
            contest.allocations = (max(of_server, 0) / operations, max(of_client, 0) / operations)


def to_json(contests):
    return json.dumps([{"scenario": contest.scenario.name, "figures": contest.figures, "calls": contest.calls,
                        "allocations": contest.allocations, "failures": contest.failures, "stolen": contest.stolen,
                        "repeated": contest.repeated} for contest in contests], indent=1)
