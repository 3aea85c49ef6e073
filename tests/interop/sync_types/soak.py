#!/usr/bin/env python3
"""Clients that come, create objects, nest them, and die; at the end nothing of them is left and memory is flat.

Not part of the test suite, because it takes as long as it is told to: soak.py --bin build/release/bin --minutes 60
"""
import argparse
import math
import multiprocessing
import os
import pathlib
import random
import signal
import subprocess
import sys
import tempfile
import time
from multiprocessing.managers import SyncManager

CLIENTS_AT_ONCE = 4
KILLED_OF_TEN = 4
SETTLE_S = 30
GROWTH_MAX = 1.15


class Manager(SyncManager):
    pass


Manager.register('get_task_queue')


def connected(port, key):
    multiprocessing.current_process().authkey = key
    manager = Manager(('127.0.0.1', port), key)
    manager.connect()
    return manager


def live(port, key, seed):
    """One client's life: makes objects, puts proxies of some into others, and either puts some into the queue, each once, or uses what
    it finds there. (Of a program that has two proxies of one object, at a time or one after the other, and of others on its host
    that use the object, the server cannot tell who gave back which: it keeps a count rather than take a living client's.)"""
    chance = random.Random(seed)
    puts = chance.random() < 0.5
    manager = connected(port, key)
    queue = manager.get_task_queue()
    mine = [manager.list([1, 2, 3]), manager.dict(a=1), manager.list()]
    to_put = list(mine) if puts else []
    for each in mine:
        len(each)  # a count on an object that was never called cannot be told from that of a living client
    for _ in range(chance.randint(1, 20)):
        holder, held = chance.sample(mine, 2)
        if hasattr(holder, 'append'):
            holder.append(held)
        else:
            holder[chance.randint(0, 5)] = held
        if held in to_put and chance.random() < 0.3:
            to_put.remove(held)
            queue.put([held])
        elif not puts and chance.random() < 0.5 and queue.qsize():
            try:
                len(queue.get(timeout=0.01)[0])
            except Exception as error:  # another client took it: queue.Empty
                if type(error).__name__ != 'Empty':
                    raise
        if chance.random() < 0.2:
            if hasattr(holder, 'append'):
                del holder[:]
            else:
                holder.clear()
    print('done', flush=True)
    sys.stdin.readline()


def resident_kib(pid):
    for line in pathlib.Path('/proc/%d/status' % pid).read_text().splitlines():
        if line.startswith('VmRSS:'):
            return int(line.split()[1])
    raise RuntimeError('no VmRSS of %d' % pid)


def start_client(server_port, key_file, seed):
    return subprocess.Popen([sys.executable, os.path.abspath(__file__), '--client', str(server_port), str(key_file), str(seed)],
                            stdin=subprocess.PIPE, stdout=subprocess.PIPE, universal_newlines=True)


def end_client(client, chance):
    """True if it did what it should before it was ended, kindly or not."""
    is_done = client.stdout.readline() == 'done\n'
    if chance.randrange(10) < KILLED_OF_TEN:
        client.send_signal(signal.SIGKILL)
    client.communicate('\n')
    return is_done


def settled(manager):
    """How many objects are left when what was handed over has had its time."""
    end = time.monotonic() + SETTLE_S
    count = manager._number_of_objects()
    while count > 1 and time.monotonic() < end:
        time.sleep(0.5)
        count = manager._number_of_objects()
    return count


def soak(bin_dir, minutes, seed):
    chance = random.Random(seed)
    print('seed %d' % seed)
    with tempfile.TemporaryDirectory() as scratch:
        key_file = pathlib.Path(scratch, 'key')
        key_file.write_text('soak key')
        command = [str(bin_dir / 'quaymaster'), 'serve', '--port', '0', '--authkey-file', str(key_file), '--queue', 'get_task_queue',
                   '--log-level', 'error']
        server = subprocess.Popen(command, stdout=subprocess.PIPE, universal_newlines=True)
        port = int(server.stdout.readline().rpartition(':')[2])
        try:
            return run(server, port, key_file, minutes, chance)
        finally:
            server.terminate()
            server.communicate()


def run(server, port, key_file, minutes, chance):
    manager = connected(port, key_file.read_bytes())
    queue = manager.get_task_queue()
    begin = shown = time.monotonic()
    lives = failed = 0
    warm_kib = None
    clients = []
    while time.monotonic() < begin + 60 * minutes:
        clients.append(start_client(port, key_file, chance.randrange(1 << 30)))
        if len(clients) == CLIENTS_AT_ONCE:
            failed += not end_client(clients.pop(chance.randrange(len(clients))), chance)
            lives += 1
        while queue.qsize() > 50:
            queue.get()
        if warm_kib is None and time.monotonic() > begin + 6 * minutes:  # after a tenth of the time
            warm_kib = resident_kib(server.pid)
        if time.monotonic() > shown + 10:
            shown = time.monotonic()
            print('%5d s: %d lives, %d objects, %d KiB' % (shown - begin, lives, manager._number_of_objects(), resident_kib(server.pid)),
                  flush=True)
    if warm_kib is None:  # so short that the first client outlasted it
        warm_kib = resident_kib(server.pid)
    for client in clients:
        failed += not end_client(client, chance)
        lives += 1
    while queue.qsize():
        queue.get()
    left = settled(manager) - 1  # the queue's own count
    kib = resident_kib(server.pid)
    print('%d lives, %d failed; %d objects left; %s KiB after a tenth of the time, %d KiB at the end' % (lives, failed, left, warm_kib, kib))
    return 0 if not failed and left == 0 and kib <= GROWTH_MAX * warm_kib else 1


def positive_minutes(text):
    minutes = float(text)  # argparse has words for what is no number
    if not 0 < minutes < math.inf:
        raise argparse.ArgumentTypeError('must be more than 0 minutes, and not for ever, as 0.5 or 60: %s' % text)
    return minutes


def main():
    if sys.argv[1:2] == ['--client']:
        port, key_file, seed = sys.argv[2:]
        live(int(port), pathlib.Path(key_file).read_bytes(), int(seed))
        return 0
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--bin', required=True, type=pathlib.Path, help='the folder of the built programs')
    parser.add_argument('--minutes', type=positive_minutes, default=60, help='more than 0, as 0.5; 60 if not given')
    parser.add_argument('--seed', type=int, default=int(time.time()))
    options = parser.parse_args()
    return soak(options.bin.resolve(), options.minutes, options.seed)


if __name__ == '__main__':
    sys.exit(main())
