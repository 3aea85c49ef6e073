#!/usr/bin/env python
"""task_worker.py: squares the numbers that a task master hands out. For Python 2.7 and 3; the standard library is enough.

Nothing here knows of quaymaster: the same program works with a server in Python.
"""
from __future__ import print_function

import argparse
import platform
import socket
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


def work(tasks, results, name):
    """Works until told to leave, until there is nothing to do for 10 s, or until the server has left. Returns why."""
    try:
        while True:
            number = tasks.get(timeout=10)
            if number is None:
                return 'done'
            time.sleep(0.01)  # as if squaring were work
            results.put((number, number * number, name))
    except queue.Empty:
        return 'no task for 10 s'
    except (EOFError, socket.error):
        return 'the server has left'


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--host', default='127.0.0.1')
    parser.add_argument('--port', type=int, default=5000)
    parser.add_argument('--authkey-file')
    parser.add_argument('--name', default='Python %s worker' % platform.python_version())
    options = parser.parse_args()

    authkey = b'abc'
    if options.authkey_file:
        with open(options.authkey_file, 'rb') as file:
            authkey = file.read().strip()
    manager = QueueManager((options.host, options.port), authkey)
    manager.connect()
    print('%s: %s' % (options.name, work(manager.get_task_queue(), manager.get_result_queue(), options.name)))


if __name__ == '__main__':
    main()
