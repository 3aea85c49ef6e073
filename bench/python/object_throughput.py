"""One client process that calls one shared object as fast as it can; several run side by side, each on an object of its own.

usage: object_throughput.py HOST PORT AUTHKEY_FILE dict|lock|call|worker SECONDS
Prints `ready` once connected, starts at a line on stdin, and reports operations_per_s: a dict's set or get, a lock's acquire or release, a
call of a class are one each. (`worker` calls a class that ours runs on a worker thread.)
"""
import sys
import time

from stock_client import new_manager, report


def set_and_get(manager):
    table = manager.dict()

    def operations():
        table["key"] = 1
        table["key"]
    return operations


def acquire_and_release(manager):
    lock = manager.Lock()

    def operations():
        lock.acquire()
        lock.release()
    return operations


def call_twice(counter):
    def operations():
        counter.increment()
        counter.increment()
    return operations


KINDS = {"dict": set_and_get, "lock": acquire_and_release, "call": lambda manager: call_twice(manager.Counter()),
         "worker": lambda manager: call_twice(manager.WorkerCounter())}


def main():
    manager = new_manager()
    manager.connect()
    operations = KINDS[sys.argv[4]](manager)
    operations()
    print("ready", flush=True)
    sys.stdin.readline()
    rounds = 0
    start = now = time.perf_counter()
    end = start + float(sys.argv[5])
    while now < end:
        for _ in range(10):
            operations()
        rounds += 10
        now = time.perf_counter()
    report(operations_per_s=2 * rounds / (now - start))


if __name__ == "__main__":
    main()
