#!/usr/bin/env python
"""inventory.py: a Python class, served by Python's own multiprocessing to programs in C++. For Python 2.7 and 3.

Run it, then inventory_client.cpp, or any number of them.
"""
from __future__ import print_function

import argparse
import sys
import threading
from multiprocessing.managers import BaseManager, IteratorProxy


class OutOfStock(Exception):
    """In C++ a remote_error whose type_name() is 'OutOfStock'."""


class Inventory(object):
    def __init__(self, **stock):
        self._stock = stock
        self._lock = threading.Lock()  # each client is served by a thread of its own

    def add(self, article, pieces=1):
        """How many there are now."""
        with self._lock:
            self._stock[article] = self._stock.get(article, 0) + pieces
            return self._stock[article]

    def take(self, article, pieces=1):
        with self._lock:
            left = self._stock.get(article, 0) - pieces
            if left < 0:
                raise OutOfStock('%d %s too few' % (-left, article))
            self._stock[article] = left
            return left

    def articles(self):
        """A generator: it stays here, and is asked for one article at a time."""
        with self._lock:
            stock = sorted(self._stock.items())
        for article, pieces in stock:
            yield article, pieces

    def open_order(self, customer):
        """An object: it stays here too, and the caller gets a proxy."""
        return Order(self, customer)


class Order(object):
    def __init__(self, inventory, customer):
        self._inventory = inventory
        self._customer = customer
        self._lines = []

    def add(self, article, pieces=1):
        self._inventory.take(article, pieces)
        self._lines.append((article, pieces))

    def summary(self):
        return {'customer': self._customer, 'lines': self._lines}


class Manager(BaseManager):
    pass


THE_INVENTORY = Inventory(rope=5, tar=2)
RESULTS = {'articles': 'Iterator', 'open_order': 'Order'}  # methods whose results stay here, and as what
Manager.register('Inventory', Inventory, method_to_typeid=RESULTS)  # each client that calls it gets a new one
Manager.register('the_inventory', callable=lambda: THE_INVENTORY, method_to_typeid=RESULTS)  # all get the same
Manager.register('Order', create_method=False)
Manager.register('Iterator', proxytype=IteratorProxy, create_method=False)


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
    server = Manager((options.host, options.port), authkey).get_server()
    print('listening on %s:%d' % server.address)
    sys.stdout.flush()
    server.serve_forever()


if __name__ == '__main__':
    main()
