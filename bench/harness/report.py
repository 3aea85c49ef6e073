"""The table of a run of bench/run, as text for the terminal and as docs/benchmarks-python.md."""
import datetime
import os
import pathlib
import platform
import re
import subprocess

HEADINGS = ("measure", "peer", "ours", "theirs", "ratio", "rounds from - to", "target", "reached")


def figure(value, unit):
    """Three significant digits, or whole numbers with separators once they are large."""
    text = "%.0f" % value if value >= 100 else "%.3g" % value
    return (f"{value:,.0f}" if value >= 10_000 else text) + " " + unit


def cells(row):
    measure = row.measure
    if measure.goal == "limit":
        spread = "%s - %s" % (figure(row.least, measure.unit), figure(row.greatest, measure.unit))
        return (measure.title, "-", figure(row.ours, measure.unit), "-", "-", spread,
                "<= %s" % figure(measure.target, measure.unit), "yes" if row.reached else "**no**")
    sign = "<=" if measure.goal == "near" else ">="
    return (measure.title, measure.peer, figure(row.ours, measure.unit), figure(row.theirs, measure.unit),
            figure(row.ratio, "x"), "%s - %s" % (figure(row.least, "x"), figure(row.greatest, "x")),
            "%s %g x" % (sign, measure.target), "yes" if row.reached else "**no**")


def markdown_table(headings, rows):
    """A Markdown table that also reads well as text."""
    lines = [headings] + rows
    widths = [max(len(line[column]) for line in lines) for column in range(len(headings))]

    def text(line):
        return "| " + " | ".join(cell.ljust(width) for cell, width in zip(line, widths)) + " |"

    return "\n".join([text(lines[0]), "|" + "|".join("-" * (width + 2) for width in widths) + "|"]
                     + [text(line) for line in lines[1:]])


def table(rows):
    return markdown_table(HEADINGS, [cells(row) for row in rows])


def first_line_of(*command):
    try:
        output = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return (output.strip().splitlines() or ["unknown"])[0]


def compiler_of(bin_directory):
    """What the build tree around `bin_directory` was compiled with."""
    cache = pathlib.Path(bin_directory).resolve().parent / "CMakeCache.txt"
    try:
        entries = dict(re.findall(r"^([A-Z_]+):[A-Z]+=(.*)$", cache.read_text(), re.MULTILINE))
    except OSError:
        return "unknown"
    compiler = entries.get("CMAKE_CXX_COMPILER", "")
    return "%s, %s" % (first_line_of(compiler, "--version"), entries.get("CMAKE_BUILD_TYPE") or "no build type")


def processor():
    try:
        names = re.findall(r"^model name\s*: (.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        names = []
    return names[0] if names else platform.machine()


def machine_facts(bin_directory, load_before):
    """Where and with what it was measured, as (name, value) pairs."""
    root = str(pathlib.Path(__file__).resolve().parents[2])
    commit = first_line_of("git", "-C", root, "describe", "--always", "--dirty", "--exclude", "*")
    return (
        ("Machine", "%d cores, %s, Linux %s" % (os.cpu_count(), processor(), platform.release())),
        ("Load average before the run", "%.2f" % load_before),
        ("quaymaster", "%s, commit %s" % (first_line_of(bin_directory + "/quaymaster", "--version"), commit)),
        ("Compiler", compiler_of(bin_directory)),
    )


def time_now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC")


def facts(settings, load_before):
    """What a reader needs to judge the figures, as (name, value) pairs."""
    return machine_facts(settings.bin, load_before) + (
        ("CPython, as peer and as client", first_line_of(settings.python, "--version")),
        ("Rounds", "%d, both sides in each; %g s for one client in one round" % (settings.rounds, settings.seconds)),
        ("Blocked clients, queued items", f"{settings.blocked_clients:,}, {settings.queued_items:,}"),
        ("When", time_now()),
    )


INTRODUCTION = """\
# Benchmarks against CPython

Written by `bench/run`; do not edit. Both sides of a ratio ran in the same run on the same machine, turn by turn, so
compare ratios with other machines' ratios, never figures with figures. How quaymaster compares with other queue servers is in
[benchmarks.md](benchmarks.md).
"""

EXPLANATION = """\
## How to read it

- `ours` and `theirs` are medians over the rounds; the ratio is that of the medians; "rounds from - to" are the least and
  the greatest ratio of a single round. A target "at least" is of times theirs / ours or of rates ours / theirs, one
  "at most" of times ours / theirs.
- The stock client is a Python program that imports nothing but the standard library; the same program runs against
  both servers.
  CPython's own server is `BaseManager.get_server().serve_forever()` with two `queue.Queue`s, in the same Python.
- An operation is one put or one get. With 8 clients all share one queue, and clients and server share the machine's
  cores, unpinned: where cores are few, the clients' own work bounds what any server could reach.
- "Another core": the server pinned to core 0 and the client to core 1; "the same core": both pinned to core 0. Unpinned,
  the scheduler would choose one or the other for each run. Waking another core, above all in a virtual machine, can cost
  more than all the rest, and hides what a server adds; the same core hides nothing.
- MB/s counts an item of 1 MiB once for its put and get together.
- The raw epoll echo answers 64 bytes with 64 bytes, does nothing else, and runs as two processes, as server and client do.
- Memory is resident memory of the server process (Rss of `/proc/PID/smaps_rollup`), after minus before, divided; what the
  kernel keeps for a socket is not in it.
"""


def document(rows, settings, load_before, command):
    missed = [row.measure.title for row in rows if not row.reached]
    verdict = ("All targets are reached." if not missed else "Not reached: " + "; ".join(missed) + ".")
    ceilings = ["%s: on these cores a server that costs nothing would reach %s; the rest is the clients' own work."
                % (row.measure.title, figure(row.ceiling, "x")) for row in rows if row.ceiling and not row.reached]
    return "\n".join([
        INTRODUCTION, table(rows), "", verdict, *ceilings, "", "## The run", "",
        "    " + command, "",
        *("- %s: %s" % fact for fact in facts(settings, load_before)), "",
        EXPLANATION])
