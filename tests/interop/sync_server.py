#!/usr/bin/env python
"""sync_server.py HOST PORT KEY_FILE: Python's own SyncManager with two classes of ours, for the C++ client. For Python 2.7 and 3."""
from __future__ import print_function

import multiprocessing
import sys
import threading
import weakref
from multiprocessing.managers import SyncManager


class Counter(object):
    """What a user's class may be like: typed results, keyword arguments, exceptions, and methods whose results stay here."""

    instances = weakref.WeakSet()

    def __init__(self, start=0):
        self.instances.add(self)
        self.total = start
        self.lock = threading.Lock()

    def increment(self, by=1):
        with self.lock:
            self.total += by
            return self.total

    def describe(self, words, scale=1.0, **others):
        return {'words': list(words), 'scale': scale, 'others': others, 'total': self.total}

    def alive(self):
        return len(self.instances)

    def child(self):
        return Counter(100)

    def count_down(self):
        return iter(range(self.total, 0, -1))

    def fail(self, *arguments):
        raise ValueError(*arguments)

    def give_a_lock(self):
        return self.lock


COUNTER = Counter()
PUBLIC = ('increment', 'describe', 'alive', 'child', 'count_down', 'fail', 'give_a_lock')
RESULTS = {'child': 'Child', 'count_down': 'Iterator'}


class Manager(SyncManager):
    pass


Manager.register('Counter', Counter, exposed=PUBLIC, method_to_typeid=RESULTS)
Manager.register('Child', exposed=PUBLIC, method_to_typeid=RESULTS, create_method=False)
Manager.register('get_counter', callable=lambda: COUNTER, exposed=PUBLIC, method_to_typeid=RESULTS)


def main():
    host, port, key_file = sys.argv[1:]
    with open(key_file, 'rb') as file:
        key = file.read().strip()
    multiprocessing.current_process().authkey = key  # for a Condition over a Lock, which it uses through a proxy
    server = Manager((host, int(port)), key).get_server()
    print('listening on %s:%d' % server.address)
    sys.stdout.flush()
    server.serve_forever()


if __name__ == '__main__':
    main()
