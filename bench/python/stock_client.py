"""What every stock client here shares: a manager of the documentation's shape, a clock, one line of JSON."""
import json
import sys
import time
from multiprocessing.managers import SyncManager


class QueueManager(SyncManager):
    pass


QueueManager.register("get_task_queue")
QueueManager.register("get_result_queue")
QueueManager.register("Counter")
QueueManager.register("WorkerCounter")


def new_manager():
    """A manager for `CLIENT.py HOST PORT AUTHKEY_FILE ...`, not yet connected."""
    with open(sys.argv[3], "rb") as file:
        authkey = file.read().strip()
    return QueueManager((sys.argv[1], int(sys.argv[2])), authkey)


def connected_queue():
    """The task queue through a connected manager, with its stream open."""
    manager = new_manager()
    manager.connect()
    tasks = manager.get_task_queue()
    tasks.qsize()
    return manager, tasks


def seconds_of(call, *args):
    """How long `call(*args)` takes, and what it returns."""
    start = time.perf_counter()
    result = call(*args)
    return time.perf_counter() - start, result


def report(**measured):
    print(json.dumps(measured), flush=True)
