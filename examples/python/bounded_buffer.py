#!/usr/bin/env python
"""bounded_buffer.py: a list, a lock and two conditions over it, shared with bounded_buffer.cpp. For Python 2.7 and 3.

See bounded_buffer.cpp, which does the same, for the server that both need.
"""
from __future__ import print_function

import argparse
import multiprocessing
import sys
from multiprocessing.managers import AcquirerProxy, DictProxy, ListProxy, SyncManager


class Manager(SyncManager):
    pass


Manager.register('buffer', proxytype=ListProxy)
Manager.register('lock', proxytype=AcquirerProxy)
Manager.register('conditions', proxytype=DictProxy)


class BoundedBuffer(object):
    def __init__(self, manager, capacity):
        self._capacity = capacity
        self._items = manager.buffer()
        self._lock = manager.lock()
        # Whoever comes first makes them; proxies in a dict keep what they stand for.
        conditions = manager.conditions()
        self._not_full = conditions.setdefault('not_full', manager.Condition(self._lock))
        self._not_empty = conditions.setdefault('not_empty', manager.Condition(self._lock))

    def put(self, item):
        with self._lock:
            while len(self._items) >= self._capacity:
                self._not_full.wait()
            self._items.append(item)
            self._not_empty.notify()

    def get(self):
        with self._lock:
            while len(self._items) == 0:
                self._not_empty.wait()
            item = self._items.pop(0)
            self._not_full.notify()
            return item


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--host', default='127.0.0.1')
    parser.add_argument('--port', type=int, default=5000)
    parser.add_argument('--authkey-file')
    parser.add_argument('--name', default='Python')
    parser.add_argument('--produce', type=int, default=0)
    parser.add_argument('--consume', type=int, default=0)
    parser.add_argument('--capacity', type=int, default=4)
    options = parser.parse_args()
    if not options.produce and not options.consume:
        parser.error('nothing to do: --produce NUMBER, or --consume NUMBER')

    authkey = b'abc'
    if options.authkey_file:
        with open(options.authkey_file, 'rb') as file:
            authkey = file.read().strip()
    multiprocessing.current_process().authkey = authkey  # with this, proxies that come out of a dict connect
    manager = Manager((options.host, options.port), authkey)
    manager.connect()
    buffer = BoundedBuffer(manager, options.capacity)
    for number in range(options.produce):
        buffer.put((options.name, number))
    for _ in range(options.consume):
        print('%s %d' % buffer.get())
        sys.stdout.flush()


if __name__ == '__main__':
    main()
