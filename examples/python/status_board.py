#!/usr/bin/env python
"""status_board.py: what every worker does, on one board: a dict in a server. For Python 2.7 and 3.

With --name it works, without it watches. See status_board.cpp, which does the same, for the server that both need.
"""
from __future__ import print_function

import argparse
import platform
import sys
import time
from multiprocessing.managers import BaseManager, DictProxy


class Manager(BaseManager):
    pass


Manager.register('board', proxytype=DictProxy)

LANGUAGE = 'Python' + platform.python_version_tuple()[0]


def work(board, name, steps):
    for step in range(steps):
        board[name] = {'done': step, 'of': steps, 'doing': 'working', 'language': LANGUAGE}
        time.sleep(0.2)  # as if it were work
    board[name] = {'done': steps, 'of': steps, 'doing': 'finished', 'language': LANGUAGE}


def show(entries):
    if sys.stdout.isatty():
        sys.stdout.write('\033[H\033[J')  # over the last one
    print('%-16s%-10s%-10s%s' % ('NAME', 'LANGUAGE', 'DOING', 'DONE'))
    for name, now in sorted(entries.items()):
        print('%-16s%-10s%-10s%d of %d' % (name, now['language'], now['doing'], now['done'], now['of']))
    print()
    sys.stdout.flush()


def watch(board, workers):
    """Until `workers` or more are on the board, and all have finished."""
    while True:
        entries = board.copy()  # one request, one moment
        show(entries)
        if len(entries) >= workers and all(now['doing'] == 'finished' for now in entries.values()):
            break
        time.sleep(0.25)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--host', default='127.0.0.1')
    parser.add_argument('--port', type=int, default=5000)
    parser.add_argument('--authkey-file')
    parser.add_argument('--name')
    parser.add_argument('--steps', type=int, default=20)
    parser.add_argument('--workers', type=int, default=1)
    options = parser.parse_args()

    authkey = b'abc'
    if options.authkey_file:
        with open(options.authkey_file, 'rb') as file:
            authkey = file.read().strip()
    manager = Manager((options.host, options.port), authkey)
    manager.connect()
    board = manager.board()
    if options.name:
        work(board, options.name, options.steps)
    else:
        watch(board, options.workers)


if __name__ == '__main__':
    main()
