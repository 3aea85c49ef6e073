"""docs/benchmarks.md and its charts, from the rounds of bench/compare."""
import re
import shlex

from harness import charts, contestants
from harness.contest import BEST, FREE, OURS, PLACEMENTS, STOLEN_MAX
from harness.report import figure as said
from harness.processes import PYTHON_SIDE
from harness.report import machine_facts, markdown_table, time_now

CALLS_SHOWN = 4  # of the system calls of one server, the most frequent

INTRODUCTION = """\
# Benchmarks

Written by `bench/compare`; do not edit. The same workloads, with the same timing and the same check of every item, against every
server, in one run on one machine: each round gives each server its turn. Compare ratios with other machines' ratios, never figures
with figures. Stock Python clients, and CPython's server with them, are in [benchmarks-python.md](benchmarks-python.md).
"""

EXPLANATION = """\
## How to read it

- A figure is the median over the rounds; "least - greatest" are those of single rounds. A ratio is that of the medians, and "rounds
  from - to" are the least and the greatest ratio of a single round. "quaymaster against it" says how many times better quaymaster
  is, whichever way better is; below 1 the other one is ahead.
- Percentiles are of all operations of a round, from a histogram that leaves none out. W4 has a rate: a put is due each millisecond,
  and the time counts from when it was due, so that a server that is late once cannot hide the operations that waited for it.
- An operation is one put or one get; one item of a batch is one. MB/s count an item of 1 MiB once for its put and get together.
- Whose turn lost more than 1 % of the processors' time to the host of a virtual machine has it again, up to twice, whichever server it
  is; the least disturbed one counts. What a server's processes spend is as the kernel counts it, warm-up, beginning and end included.
- Every item carries a number, and is checked: one that is lost, doubled or out of its producer's order fails the run.
- "Share a core": both pinned to the first core; "a core each": the server, with all its threads, pinned to the first and the client
  to the last. Elsewhere nothing is pinned. Where cores are few the clients' own work bounds what any server can reach. All are in one
  session, as programs started from one shell are: see `sched_autogroup` in sched(7).
- A put returns when the server has said that it has the item; where a server needs an acknowledgement of a get, nobody waits for
  the answer to it. No server writes anything to a disk.
- W6: memory is resident memory of the server process (Rss of `/proc/PID/smaps_rollup`) with all gets blocked minus before, divided;
  what the kernel keeps for a socket is not in it. The time to wake all is from the first put to the arrival of the last item, with
  64 puts under way; the client is one thread that puts and one that has all the connections.
- W8: sizes are log-normal, 1 KiB the median, clamped to 16 B and 64 KiB, the same for every server; each queue holds 4 items
  throughout, and each of the 64 connections is a thread that puts into any queue and gets from it: one item at a time, or 16 into 16
  queues and then 16 out of them. One at a time, the client's own part, to send, to sleep and to be woken, is more than half of the
  processor time beside the fastest servers: where the processors are few, that bounds what any server can reach.
- A server that is missing from a workload's table takes no part in it: nobody has written that, or it failed, as is said there.
"""


def document(contests, taking_part, skipped, run, load_before, settings, plan):
    """`run` is the command line. `skipped` maps names of servers to why they took no part."""
    parts = [INTRODUCTION, "## Targets", "", targets_table(contests), ""]
    if skipped:
        parts += ["Not compared with: " + "; ".join("%s (%s)" % (contestants.by_name(name).title, why) for name, why in skipped.items()) + ".", ""]
    for contest in contests:
        parts += section(contest)
    parts += calls_section(contests)
    parts += allocations_section(contests)
    parts += ["## The run", "", "    " + run, ""]
    parts += ["- %s: %s" % fact for fact in machine_facts(settings.bin, load_before)]
    parts += ["- %s: %s" % fact for fact in (
        ("Rounds", "%s; %g s for one client in one round%s" % (rounds_text(contests, plan), plan.seconds, seconds_text(contests, plan))),
        ("Processor time taken by the host", stolen_text(contests)),
        ("busy_poll of both sides", "%d us, where it says so" % settings.busy_poll_us), ("When", time_now()))]
    parts += ["", "Servers, and what measures them:", ""]
    parts += ["- %s %s: %s." % (each.title, each.version(settings), each.note) for each in taking_part]
    parts += ["", "The commands, the servers' first; `bench/harness/contestants.py` has the settings that are not in them:", ""]
    parts += commands(contests, settings)
    return "\n".join(parts + ["", EXPLANATION])


def rounds_text(contests, plan):
    more = ["%s: %d" % (each.scenario.name, plan.rounds_of(each.scenario))
            for each in contests if each.scenario.rounds_factor != 1]
    return "%d%s" % (plan.rounds, " (%s)" % ", ".join(more) if more else "")


def seconds_text(contests, plan):
    others = ["%s: %g s" % (each.scenario.name, plan.seconds_of(each.scenario))
              for each in contests if each.scenario.seconds_factor != 1]
    return " (%s)" % ", ".join(others) if others else ""


def stolen_text(contests):
    """How much the host of a virtual machine has disturbed the turns that count, and how many were taken again."""
    shares = sorted(share for contest in contests for share in contest.stolen)
    if not shares:
        return "not known"
    disturbed = sum(share > STOLEN_MAX for share in shares)
    return "of the %s turns that count, the median lost %s, and %s; taken again: %s" % (
        f"{len(shares):,}", percent(shares[len(shares) // 2]),
        "%d lost more than %s, at most %s" % (disturbed, percent(STOLEN_MAX), percent(shares[-1])) if disturbed
        else "the most disturbed %s" % percent(shares[-1]),
        f"{sum(contest.repeated for contest in contests):,}")


def percent(share):
    return "%.2g %%" % (100 * share)


# ---- targets -----------------------------------------------------------------------------------------------------------

TARGET_HEADINGS = ("measure", "ours", "peer", "theirs", "ratio", "rounds from - to", "target", "reached")


def figure_called(contest, key):
    return next(figure for figure in contest.scenario.figures if figure.key == key)


def short_title(contest, figure, who):
    """Of a scenario that is called "W2-pipelined-same": "W2 pipelined, same core: ..."."""
    words = contest.scenario.name.split("-")
    name = " ".join(words[:-1] if words[-1] == contest.scenario.placement else words)
    place = "" if contest.scenario.placement == FREE else ", " + {"same": "same core", "split": "a core each"}[contest.scenario.placement]
    return "%s%s: %s%s" % (name, place, figure.title, "" if who == OURS else ", busy_poll on both sides")


def target_row(contest, target):
    figure = figure_called(contest, target.figure)
    title = short_title(contest, figure, target.who)
    bound = "%s %g%s" % ("<=" if target.is_ceiling else ">=", target.bound, " x" if target.peer else " " + figure.unit)
    if not contest.has(target.who, figure.key):
        return (title, "-", "-", "-", "-", "-", bound, "not measured")
    ours = contest.median(target.who, figure.key)
    if target.peer is None:
        amounts = contest.figures[target.who][figure.key]
        spread = "%s - %s" % (said(min(amounts), figure.unit), said(max(amounts), figure.unit))
        return (title, said(ours, figure.unit), "-", "-", "-", spread, bound, yes_or_no(target.is_reached(ours)))
    peer = contest.best_peer(figure) if target.peer == BEST else target.peer
    if peer is None or not contest.has(peer, figure.key):
        return (title, said(ours, figure.unit), "-" if peer is None else contestants.by_name(peer).title, "-", "-", "-", bound, "not measured")
    ratio, least, greatest = contest.ratios(target.who, peer, figure.key)
    return (title, said(ours, figure.unit), contestants.by_name(peer).title, said(contest.median(peer, figure.key), figure.unit), said(ratio, "x"),
            "%s - %s" % (said(least, "x"), said(greatest, "x")), bound, yes_or_no(target.is_reached(ratio)))


def yes_or_no(is_reached):
    return "yes" if is_reached else "**no**"


def targets_table(contests):
    return markdown_table(TARGET_HEADINGS, [target_row(contest, target) for contest in contests for target in contest.scenario.targets])


# ---- each workload -----------------------------------------------------------------------------------------------------

def advantage(contest, figure, name):
    """How quaymaster compares with `name`, in words."""
    if name.startswith(OURS) or not contest.has(OURS, figure.key):
        return "-"
    times = figure.advantage(contest.median(OURS, figure.key), contest.median(name, figure.key))
    if times < 1:
        return "**%s: it is ahead**" % said(times, "x")
    return said(times, "x")


def shown_name(contest, name):
    note = contest.settings_said.get(name)
    return contestants.by_name(name).title + (" (%s)" % note if note else "")


def ranked(contest, figure):
    """Names of servers with that figure, best first."""
    names = [name for name in contest.figures if contest.has(name, figure.key)]
    return sorted(names, key=lambda name: contest.median(name, figure.key), reverse=figure.is_rate)


def section(contest):
    scenario = contest.scenario
    parts = ["## %s" % scenario.title, "", PLACEMENTS[scenario.placement][0].upper() + PLACEMENTS[scenario.placement][1:] + ".", ""]
    if not contest.figures:
        parts += ["Nothing was measured.", ""]
    else:
        parts += [results_table(contest), "", "![%s](%s)" % (scenario.title, "benchmarks/" + chart_name(contest)), ""]
    for name, why in contest.failures.items():
        parts += ["%s failed: %s" % (contestants.by_name(name).title, why), ""]
    return parts


def results_table(contest):
    first = contest.scenario.figures[0]
    headings = ["server"]
    for figure in contest.scenario.figures:
        headings += [figure.title, "least - greatest"]
    headings.append("quaymaster against it" if len(contest.scenario.figures) == 1 else "quaymaster against it, " + first.title)
    rows = []
    for name in ranked(contest, first):
        row = [shown_name(contest, name)]
        for figure in contest.scenario.figures:
            amounts = contest.figures[name][figure.key]
            row += [said(contest.median(name, figure.key), figure.unit),
                    "%s - %s" % (said(min(amounts), figure.unit), said(max(amounts), figure.unit))] if amounts else ["-", "-"]
        rows.append(tuple(row + [advantage(contest, first, name)]))
    return markdown_table(tuple(headings), rows)


def chart_name(contest):
    return contest.scenario.name.lower() + ".svg"


def chart(contest):
    figure = contest.scenario.figures[0]
    bars = []
    for name in ranked(contest, figure):
        amounts = contest.figures[name][figure.key]
        median = contest.median(name, figure.key)
        bars.append((shown_name(contest, name), median, min(amounts), max(amounts), said(median, figure.unit), name.startswith(OURS)))
    subtitle = "%s (%s is better); %s" % (figure.title, "more" if figure.is_rate else "less", PLACEMENTS[contest.scenario.placement])
    return charts.bar_chart(contest.scenario.title, subtitle, bars)


# ---- system calls, commands --------------------------------------------------------------------------------------------

def calls_section(contests):
    counted = [contest for contest in contests if contest.calls]
    if not counted:
        if any(contest.scenario.counts_calls for contest in contests):
            return ["System calls were not counted: there is no strace here, or it may not trace.", ""]
        return []
    rows = []
    for contest in counted:
        for name, calls in sorted(contest.calls.items(), key=lambda item: sum(item[1].values())):
            most = sorted(calls.items(), key=lambda item: -item[1])[:CALLS_SHOWN]
            rows.append((contest.scenario.name, contestants.by_name(name).title, "%.3g" % sum(calls.values()),
                         ", ".join("%s %.2g" % call for call in most if call[1] >= 0.005)))
    return ["## System calls of the server for one operation", "",
            "Counted by `strace -c -f` in one more, short run: it slows everything down, so that more work comes together than usual.", "",
            markdown_table(("workload", "server", "calls", "most of them"), rows), ""]


def allocations_text(allocations):
    return ["%.2f" % each for each in allocations]


def allocations_section(contests):
    rows = [(contest.scenario.name, *allocations_text(contest.allocations)) for contest in contests if contest.allocations]
    if not rows:
        return []
    return ["## Allocations for one operation", "",
            "What quaymaster and its client ask `malloc` for, counted by `bench/allocation_counter.cpp`; the client gives each item that it "
            "gets to its program in memory of its own.", "",
            markdown_table(("workload", "server", "client"), rows), ""]


def commands(contests, settings):
    """The exact commands, servers first, without what differs from one run to the next: ports, paths, process ids."""
    replaced = ((settings.authkey_file, "KEY"), (settings.scratch, "DIR"), (settings.bin, "build/release/bin"), (settings.python, "python3"),
                (str(PYTHON_SIDE), "bench/python"))
    servers, clients = {}, {}
    for contest in contests:
        for server, client in contest.commands.values():
            for command, shown in ((server, servers), (client, clients)):
                shown.setdefault(without_particulars(command, replaced), None)
    return ["    " + line for line in (*servers, *clients)]


def without_particulars(command, replaced):
    words = [shlex.quote(str(word)) for word in command]
    for flag, name in (("--port", "PORT"), ("-p", "PORT"), ("--server-pid", "PID")):
        if flag in words and words[words.index(flag) + 1] != "0":
            words[words.index(flag) + 1] = name
    text = " ".join(words)
    for path, shown in replaced:
        text = text.replace(path, shown)
    return re.sub(r"(DIR/[a-z]+)-\d+", r"\1", text)
