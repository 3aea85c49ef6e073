#!/usr/bin/env python
"""counter.py: calls the C++ class and the C++ function of counter.cpp. For Python 2.7 and 3."""
from __future__ import print_function

import argparse
from multiprocessing.managers import BaseManager


class Manager(BaseManager):
    pass


Manager.register('Counter')  # AutoProxy asks the server for the methods
Manager.register('shared_counter')
Manager.register('count_words')


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
    manager = Manager((options.host, options.port), authkey)
    manager.connect()

    counter = manager.Counter(10)
    counter.increment()
    print('Counter(10) is now', counter.increment(by=5))
    twin = counter.fork()
    twin.increment(100)
    print('its fork is at', twin.count(), 'and it is at', counter.count())
    try:
        counter.increment(-1)
    except ValueError as error:
        print('ValueError:', error)
    print('%d programs were here' % manager.shared_counter().increment())
    print(sorted(manager.count_words(u'a rose is a rose')._getvalue().items()))


if __name__ == '__main__':
    main()
