"""What strace and the allocation counter have counted, and of which processes."""
import collections
import os
import pathlib
import sys
import time


def clear_count(path):
    pathlib.Path(path).write_bytes(bytes(8))


def read_count(path):
    return int.from_bytes(pathlib.Path(path).read_bytes(), sys.byteorder)


def process_tree(pid):
    """`pid` and all that descend from it."""
    children = collections.defaultdict(list)
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = pathlib.Path("/proc", entry, "stat").read_text(encoding="utf-8", errors="replace").rsplit(")", 1)[1].split()
            except (OSError, IndexError):
                continue
            children[int(fields[1])].append(int(entry))
    found = [pid]
    for each in found:
        found += children[each]
    return found


def traced(pid, tracer):
    """True once strace watches `pid`; False if it cannot."""
    for _ in range(100):
        if tracer.poll() is not None:
            return False
        status = pathlib.Path("/proc/%d/status" % pid).read_text(encoding="utf-8")
        if "TracerPid:\t0" not in status:
            time.sleep(0.2)  # for the other threads
            return True
        time.sleep(0.05)
    return False


def parsed_calls(text):
    """{name of a system call: how many} from the table that strace -c writes."""
    calls = {}
    for line in text.splitlines():
        words = line.split()
        if len(words) >= 5 and words[0].replace(".", "").isdigit() and words[3].isdigit() and words[-1] != "total":
            calls[words[-1]] = int(words[3])
    return calls
