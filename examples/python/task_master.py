#!/usr/bin/env python
"""task_master.py: hands out numbers and checks their squares. For Python 2.7 and 3; the standard library is enough.

It only connects: run it with a server elsewhere (`quaymaster serve`, or queue_server.py) and workers in C++ or Python.
"""
from __future__ import print_function

import argparse
import sys
import time
from multiprocessing.managers import BaseManager

try:
    import queue
except ImportError:
    import Queue as queue


class QueueManager(BaseManager):
    pass


QueueManager.register('get_task_queue')
QueueManager.register('get_result_queue')


def next_result(results):
    for _ in range(6):
        try:
            return results.get(timeout=10)
        except queue.Empty:
            print('\nno result for 10 s: is a worker running?', file=sys.stderr)
    sys.exit('task_master.py: no result for a minute')


def send_home(tasks, workers):
    """One None for each worker, and a moment to fetch them; what nobody fetched is taken back."""
    for _ in range(workers):
        tasks.put(None)
    for _ in range(100):
        if tasks.empty():
            break
        time.sleep(0.02)
    try:
        while True:
            tasks.get_nowait()
    except queue.Empty:
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--host', default='127.0.0.1')
    parser.add_argument('--port', type=int, default=5000)
    parser.add_argument('--tasks', type=int, default=300)
    parser.add_argument('--authkey-file')
    options = parser.parse_args()

    authkey = b'abc'
    if options.authkey_file:
        with open(options.authkey_file, 'rb') as file:
            authkey = file.read().strip()
    manager = QueueManager((options.host, options.port), authkey)
    manager.connect()
    tasks = manager.get_task_queue()
    results = manager.get_result_queue()
    for number in range(options.tasks):
        tasks.put(number)

    missing = set(range(options.tasks))
    done_by = {}
    right = True
    for received in range(options.tasks):
        number, square, worker = next_result(results)
        right = right and number in missing and square == number * number
        missing.discard(number)
        done_by[worker] = done_by.get(worker, 0) + 1
        if (received + 1) % 10 == 0 or received + 1 == options.tasks:
            sys.stderr.write('\r%d of %d results' % (received + 1, options.tasks))
    sys.stderr.write('\n')
    send_home(tasks, len(done_by))

    for worker in sorted(done_by):
        print('%8d  %s' % (done_by[worker], worker))
    if not right or missing:
        sys.exit('results are wrong, missing or doubled')
    print('all %d results are right' % options.tasks)


if __name__ == '__main__':
    main()
