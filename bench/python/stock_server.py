"""The peer: CPython's own manager server with two queues, all that a SyncManager has, and a class, as the multiprocessing
documentation writes it.

usage: stock_server.py AUTHKEY_FILE
Prints `listening on HOST:PORT` when ready and serves until it is terminated.
"""
import queue
import sys
from multiprocessing.managers import SyncManager

TASKS = queue.Queue()
RESULTS = queue.Queue()


class QueueManager(SyncManager):
    pass


class Counter:
    def __init__(self):
        self.count = 0

    def increment(self, by=1):
        self.count += by
        return self.count


QueueManager.register("get_task_queue", callable=lambda: TASKS)
QueueManager.register("get_result_queue", callable=lambda: RESULTS)
QueueManager.register("Counter", Counter)
QueueManager.register("WorkerCounter", Counter)


def main():
    with open(sys.argv[1], "rb") as file:
        authkey = file.read().strip()
    server = QueueManager(("127.0.0.1", 0), authkey).get_server()
    print("listening on %s:%d" % server.address, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
