"""Where the processors' time goes while a client runs: to a server, to the client, or to the host of a virtual machine. See proc(5)."""
import os
import pathlib

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
STEAL = 7  # among the times of /proc/stat's first line; the two after it are parts of others


def machine_times(text):
    """(all ticks, those stolen) of all processors together, from what /proc/stat holds."""
    times = [int(word) for word in text.split("\n", 1)[0].split()[1:]]
    return sum(times[:STEAL + 1]), times[STEAL] if len(times) > STEAL else 0


def process_ticks(text):
    """User's and kernel's, of all threads, from what /proc/PID/stat holds. The name may have spaces and parentheses."""
    fields = text.rsplit(")", 1)[1].split()
    return int(fields[11]) + int(fields[12])


class StolenTime:
    """What the host takes from when this is made."""

    def __init__(self):
        self.before = self.now()

    @staticmethod
    def now():
        return machine_times(pathlib.Path("/proc/stat").read_text(encoding="ascii"))

    def share(self):
        """Of the processors' time, 0 to 1."""
        every, stolen = (after - before for after, before in zip(self.now(), self.before))
        return stolen / every if every else 0.0


class ProcessTime:
    """What processes spend from when this is made, as exact as the kernel's ticks are."""

    def __init__(self, pids):
        self.pids = pids
        self.before = self.now()

    def now(self):
        """A process that has ended counts no more."""
        ticks = 0
        for pid in self.pids:
            try:
                ticks += process_ticks(pathlib.Path("/proc/%d/stat" % pid).read_text(encoding="utf-8", errors="replace"))
            except OSError:
                continue
        return ticks

    def spent(self):
        """In seconds."""
        return (self.now() - self.before) / TICKS_PER_SECOND


class ClientTime:
    """What our own child processes spend that are waited for from when this is made on."""

    def __init__(self):
        self.before = self.now()

    @staticmethod
    def now():
        times = os.times()
        return times.children_user + times.children_system

    def spent(self):
        """In seconds."""
        return self.now() - self.before
