"""Times single puts and gets of items of one size.

usage: item_latency.py HOST PORT AUTHKEY_FILE ITEM_SIZE SECONDS
put_ms, get_ms: medians over as many put+get pairs as fit in SECONDS, at least five.
cpu_us: the processor time, user and system, that a pair cost this client; the median as well.
"""
import statistics
import sys
import time

from stock_client import connected_queue, report, seconds_of


def main():
    item = b"x" * int(sys.argv[4])
    _manager, tasks = connected_queue()
    puts, gets, pairs_cpu = [], [], []
    end = time.perf_counter() + float(sys.argv[5])
    while len(puts) < 5 or time.perf_counter() < end:
        cpu_start = time.process_time()
        puts.append(seconds_of(tasks.put, item)[0])
        seconds, got = seconds_of(tasks.get)
        gets.append(seconds)
        pairs_cpu.append(time.process_time() - cpu_start)
        assert got == item
    report(cpu_us=statistics.median(pairs_cpu) * 1e6, put_ms=statistics.median(puts) * 1e3,
           get_ms=statistics.median(gets) * 1e3, pairs=len(puts))


if __name__ == "__main__":
    main()
