"""A stock client of shared objects, for objects_test.py. For Python 2.7 and 3.

usage: objects_peer.py ROLE HOST PORT AUTHKEY_FILE
`produce` puts proxies into a queue and a list and waits to be killed or told to end; `consume` uses them.
"""
from __future__ import print_function

import multiprocessing
import sys
from multiprocessing.managers import SyncManager


class Manager(SyncManager):
    pass


Manager.register('get_task_queue')


def produce(manager):
    numbers = manager.list([1, 2])
    board = manager.dict()
    board['numbers'] = numbers
    numbers.append(3)
    manager.get_task_queue().put({'board': board})
    print('ready', manager._number_of_objects())
    sys.stdout.flush()
    sys.stdin.readline()
    print(len(numbers), sorted(board.keys()))


def consume(manager):
    board = manager.get_task_queue().get(timeout=20)['board']
    print('%s:%s' % tuple(board._token.address))
    numbers = board['numbers']
    numbers.append(4)
    print([number for number in numbers[:]])
    sys.stdout.flush()
    sys.stdin.readline()
    print(len(numbers))


def main():
    role, host, port, key_file = sys.argv[1:]
    with open(key_file, 'rb') as file:
        authkey = file.read().strip()
    multiprocessing.current_process().authkey = authkey  # what unpickled proxies connect with
    manager = Manager((host, int(port)), authkey)
    manager.connect()
    {'produce': produce, 'consume': consume}[role](manager)


if __name__ == '__main__':
    main()
