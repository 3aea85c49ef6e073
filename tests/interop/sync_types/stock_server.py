"""CPython's own server for every type of SyncManager. Runs on 2.7 and 3: stock_server.py KEY_FILE."""
from __future__ import print_function

import multiprocessing
import sys
from multiprocessing.managers import SyncManager


def main():
    with open(sys.argv[1], 'rb') as file:
        key = file.read().strip()
    # What a spawned manager has: a server that reads one of its own proxies out of a request calls itself with this key.
    multiprocessing.current_process().authkey = key
    server = SyncManager(('127.0.0.1', 0), authkey=key).get_server()
    print('listening on %s:%d' % server.address)
    sys.stdout.flush()
    server.serve_forever()


if __name__ == '__main__':
    main()
