"""A stock client that takes steps and tells what came of each. Runs on 2.7 and 3: step_peer.py HOST PORT KEY_FILE STEPS_FILE.

STEPS_FILE is JSON: a list of scenarios, each a list of lines of Python. A scenario has names of its own; it begins with `m`, a
SyncManager that has connected, with the modules `array`, `copy`, `queue` and `threading`, and with the functions that are public here.
Standard output gets one JSON list for each line: [scenario, line, 'value', type, text] or [scenario, line, 'error', class, args].
The class of a RemoteError is followed by that of the exception which its traceback ends with: RemoteError(KeyError).
"""
from __future__ import print_function

import array
import copy
import gc
import json
import multiprocessing
import multiprocessing.connection
import re
import socket
import sys
import threading
import time
import traceback
from multiprocessing.managers import BaseProxy, RemoteError, SyncManager

try:
    import queue
except ImportError:
    import Queue as queue

JOIN_S = 5
clock = getattr(time, 'monotonic', time.time)


def in_threads(*calls):
    """Calls all of them, each in a thread of its own, hence over a connection of its own; what came of each, in their order."""
    ends = [['still runs'] for _ in calls]

    def work(index):
        ends[index] = outcome_of(calls[index])

    workers = [threading.Thread(target=work, args=(index,)) for index in range(len(calls))]
    for worker in workers:
        worker.daemon = True
        worker.start()
    for worker in workers:
        worker.join(JOIN_S)
    return [' '.join(end[1:]) if end[0] == 'value' else end[0] if len(end) == 1 else 'raised ' + end[1] for end in ends]


def sorted_threads(*calls):
    """As in_threads(), where it does not matter who got what."""
    return sorted(in_threads(*calls))


def later(seconds, call):
    """Calls it after a while, in a thread; what is returned here tells how it ended once it is called."""
    def work():
        time.sleep(seconds)
        ends.extend(outcome_of(call))

    def finish():
        worker.join(JOIN_S)
        return ' '.join(ends[1:])

    ends = []
    worker = threading.Thread(target=work, name='later')
    worker.daemon = True
    worker.start()
    return finish


def took(seconds, call):
    """(what came of it, whether it took at least that long, whether it took not much longer)."""
    begin = clock()
    end = outcome_of(call)
    taken = clock() - begin
    return ' '.join(end[1:]), taken >= seconds, taken < seconds + 5


def until(is_true):
    """Looks until it is so; False if that does not come."""
    limit = clock() + JOIN_S
    while not is_true():
        if clock() > limit:
            return False
        time.sleep(0.005)
    return True


def objects_more(manager, call):
    """By how many the objects of the server grow through a call, whose result is kept until they are counted."""
    gc.collect()
    before = manager._number_of_objects()
    kept = call()
    after = manager._number_of_objects()
    del kept
    return after - before


def text_of(found):
    """repr(), with what Python leaves open settled: the order in sets, and in dicts of 2.7; addresses are left out."""
    kind = type(found)
    if kind is list:
        return '[%s]' % ', '.join(text_of(part) for part in found)
    if kind is tuple:
        return '(%s%s)' % (', '.join(text_of(part) for part in found), ',' if len(found) == 1 else '')
    if kind is dict:
        parts = ['%s: %s' % (text_of(key), text_of(part)) for key, part in found.items()]
        if sys.version_info < (3, 6):
            parts.sort(key=lambda part: part.replace("u'", "'"))
        return '{%s}' % ', '.join(parts)
    if kind in (set, frozenset):
        return '%s{%s}' % (kind.__name__, ', '.join(sorted(text_of(part) for part in found)))
    return re.sub(r'\b0x[0-9a-fA-F]+|\bat [0-9a-fA-F]{6,}', '0x...', repr(found))


def class_of(error):
    name = type(error).__name__
    if not isinstance(error, RemoteError):
        return name
    lines = [line for line in str(error).splitlines() if re.match(r'[A-Za-z_][\w.]*(:|$)', line)]
    cause = lines[-1].split(':')[0].split('.')[-1] if lines else 'nothing'
    return '%s(%s)' % (name, cause)


def outcome_of(call):
    try:
        found = call()
        return ['value', type(found).__name__, text_of(found)]
    except Exception as error:
        # Not the traceback of a RemoteError: it tells paths and lines.
        return ['error', class_of(error), '' if isinstance(error, RemoteError) else text_of(error.args)]


def without_delay(connect):
    """Wraps SocketClient(): CPython writes its last handshake message and its request apart, which costs 40 ms with CPython's server."""
    def wrapped(address):
        connection = connect(address)
        same = socket.fromfd(connection.fileno(), socket.AF_INET, socket.SOCK_STREAM)
        same.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        same.close()
        return connection
    return wrapped


def take(line, names):
    try:
        code = compile(line, 'step', 'eval')
    except SyntaxError:
        code = compile(line, 'step', 'exec')
        return outcome_of(lambda: exec_in(code, names))
    return outcome_of(lambda: eval(code, names))


def exec_in(code, names):
    exec(code, names)


def run(manager, steps_file, take_line):
    """Takes the lines of the file, each by `take_line`, and prints what came of them."""
    with open(steps_file) as file:
        scenarios = json.load(file)
    tools = dict((function.__name__, function) for function in
                 (in_threads, sorted_threads, later, took, until, objects_more, text_of))
    tools.update(m=manager, array=array, copy=copy, queue=queue, threading=threading, BaseProxy=BaseProxy, SyncManager=SyncManager)
    for index, lines in enumerate(scenarios):
        names = dict(tools)
        for number, line in enumerate(lines):
            print(json.dumps([index, number] + take_line(str(line), names)))
            sys.stdout.flush()
        names.clear()
        gc.collect()


def stock_manager(host, port, key_file):
    with open(key_file, 'rb') as file:
        key = file.read().strip()
    multiprocessing.current_process().authkey = key  # for proxies that come out of containers
    multiprocessing.connection.SocketClient = without_delay(multiprocessing.connection.SocketClient)
    manager = SyncManager((host, int(port)), authkey=key)
    manager.connect()
    return manager


def main():
    host, port, key_file, steps_file = sys.argv[1:]
    run(stock_manager(host, port, key_file), steps_file, take)


if __name__ == '__main__':
    try:
        main()
    except Exception:
        traceback.print_exc()
        sys.exit(1)
