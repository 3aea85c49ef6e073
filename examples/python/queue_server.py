#!/usr/bin/env python
"""queue_server.py: the two queues, served by Python's own multiprocessing. For Python 2.7 and 3.

The C++ programs connect to it as they do to a quaymaster server: task_master --connect, task_worker.
"""
from __future__ import print_function

import argparse
import sys
from multiprocessing.managers import BaseManager

try:
    import queue
except ImportError:
    import Queue as queue

task_queue = queue.Queue()
result_queue = queue.Queue()


class QueueManager(BaseManager):
    pass


QueueManager.register('get_task_queue', callable=lambda: task_queue)
QueueManager.register('get_result_queue', callable=lambda: result_queue)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--host', default='127.0.0.1')
    parser.add_argument('--port', type=int, default=5000)
    parser.add_argument('--authkey-file')
    options = parser.parse_args()

    authkey = b'abc'
    if options.authkey_file:
        with open(options.authkey_file, 'rb') as file:
            authkey = file.read().strip()
    server = QueueManager((options.host, options.port), authkey).get_server()
    print('listening on %s:%d' % server.address)
    sys.stdout.flush()
    server.serve_forever()


if __name__ == '__main__':
    main()
