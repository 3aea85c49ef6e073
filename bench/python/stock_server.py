"""The peer: CPython's own manager server with two queues, as the multiprocessing documentation writes it.

usage: stock_server.py AUTHKEY_FILE
Prints `listening on HOST:PORT` when ready and serves until it is terminated.
"""
import queue
import sys
from multiprocessing.managers import BaseManager

TASKS = queue.Queue()
RESULTS = queue.Queue()


class QueueManager(BaseManager):
    pass


QueueManager.register("get_task_queue", callable=lambda: TASKS)
QueueManager.register("get_result_queue", callable=lambda: RESULTS)


def main():
    with open(sys.argv[1], "rb") as file:
        authkey = file.read().strip()
    server = QueueManager(("127.0.0.1", 0), authkey).get_server()
    print("listening on %s:%d" % server.address, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
