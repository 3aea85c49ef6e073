"""Times single puts and gets of items of one size.

usage: item_latency.py HOST PORT AUTHKEY_FILE ITEM_SIZE SECONDS
put_ms, get_ms: medians over as many put+get pairs as fit in SECONDS, at least five.
cpu_us: the processor time, user and system, that a pair cost this client.
"""
import statistics
import sys
import time

from stock_client import connected_queue, report, seconds_of


def main():
    item = b"x" * int(sys.argv[4])
    _manager, tasks = connected_queue()
    puts, gets = [], []
    cpu_start = time.process_time()
    end = time.perf_counter() + float(sys.argv[5])
    while len(puts) < 5 or time.perf_counter() < end:
        puts.append(seconds_of(tasks.put, item)[0])
        seconds, got = seconds_of(tasks.get)
        gets.append(seconds)
        assert got == item
    cpu = time.process_time() - cpu_start
    report(cpu_us=cpu * 1e6 / len(puts), put_ms=statistics.median(puts) * 1e3, get_ms=statistics.median(gets) * 1e3, pairs=len(puts))


if __name__ == "__main__":
    main()
