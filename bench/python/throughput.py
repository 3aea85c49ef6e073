"""One client process that puts and gets as fast as it can; several run side by side on one queue.

usage: throughput.py HOST PORT AUTHKEY_FILE ITEM_SIZE SECONDS
Prints `ready` once connected, starts at a line on stdin, and reports operations_per_s (a put is one, a get is one)
and cpu_us: the processor time, user and system, that an operation cost this client.
No get ever waits: every client puts before it gets, so gets begun never outnumber puts done.
"""
import sys
import time

from stock_client import connected_queue, report


def main():
    item = b"x" * int(sys.argv[4])
    _manager, tasks = connected_queue()
    print("ready", flush=True)
    sys.stdin.readline()
    pairs = 0
    cpu_start = time.process_time()
    start = now = time.perf_counter()
    end = start + float(sys.argv[5])
    while now < end:
        for _ in range(10):
            tasks.put(item)
            tasks.get()
        pairs += 10
        now = time.perf_counter()
    cpu = time.process_time() - cpu_start
    report(operations_per_s=2 * pairs / (now - start), cpu_us=cpu * 1e6 / (2 * pairs))


if __name__ == "__main__":
    main()
