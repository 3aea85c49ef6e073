"""A stock Python client that tries everything a queue offers. Runs on 2.7 and 3: queue_peer.py HOST PORT KEY_FILE SCRATCH_FOLDER."""
from __future__ import print_function

import multiprocessing
import os
import sys
import threading
import time
from multiprocessing.managers import BaseManager, RemoteError

try:
    import queue
except ImportError:
    import Queue as queue

PY2 = sys.version_info[0] == 2
TEXT = u'na\xefve \u20ac'


class Manager(BaseManager):
    pass


for name in ('get_task_queue', 'get_result_queue', 'get_queue', 'stack', 'heap', 'Queue', 'JoinableQueue', 'LifoQueue',
             'PriorityQueue', 'quaymaster_status', 'quaymaster_select', 'nobody_registered_this'):
    Manager.register(name)


class Point(object):
    """A class that the server has never heard of."""

    def __init__(self, x, y):
        self.x, self.y = x, y

    def __eq__(self, other):
        return type(other) is Point and (self.x, self.y) == (other.x, other.y)

    __hash__ = None


class RunsACommand(object):
    """What a careless server would execute when it unpickles."""

    def __init__(self, command):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


def raises(kind, call, *args, **kwds):
    try:
        call(*args, **kwds)
    except kind as error:
        return error
    raise AssertionError('%r did not raise %s' % (call, kind))


def values():
    found = [0, 1, -1, 255, 256, 65536, 2 ** 31, -2 ** 31, 2 ** 63, -10 ** 40, True, False, None, 1.5, -0.0, float('inf'), 1 + 2j,
             '', 'put', 'get', 'text', TEXT, TEXT * 1000, b'', b'\x00\xff', b'x' * 20000, bytearray(b'abc'), (), (1,), (1, 2, 3, 4),
             [], [1, [2, [3]]], {}, {'a': 1, 'b': [2]}, {1, 2}, frozenset([3]), Point(1, 2), ['same'] * 3, range(3), slice(1, 2, 3),
             ValueError('x'), int, len, 'x' * 70000]
    shared = [1]
    found.append([shared, shared])
    if PY2:
        found += [long(5), 'caf\xc3\xa9', u'ascii']  # noqa: F821
    return found


def is_same(sent, got):
    if isinstance(sent, Exception):
        return type(got) is type(sent) and got.args == sent.args
    return type(got) is type(sent) and (got == sent or got != got)


def carries_every_value(m, scratch):
    q = m.get_queue('values')
    sent = values()
    for value in sent:
        q.put(value)
    assert q.qsize() == len(sent)
    for value in sent:
        got = q.get()
        assert is_same(value, got), (value, got)
    q.put(sent[-1])
    first, second = q.get()[:2] if not PY2 else ([1], [1])
    assert first == second


def keeps_identity_within_an_item(m, scratch):
    q = m.Queue()
    shared = []
    loop = [shared, shared]
    loop.append(loop)
    q.put(loop)
    got = q.get()
    assert got[0] is got[1] and got[2] is got


def takes_block_and_timeout_as_python_does(m, scratch):
    q = m.Queue(2)
    q.put('a', True, 5)
    q.put(item='b', block=True, timeout=None)
    raises(queue.Full, q.put, 'c', False)
    raises(queue.Full, q.put_nowait, 'c')
    raises(queue.Full, q.put, 'c', timeout=0.01)
    raises(queue.Full, q.put, 'c', block=0, timeout='ignored')
    assert q.full() and not q.empty() and q.qsize() == 2
    assert q.get(block=True, timeout=5) == 'a' and q.get(1) == 'b'
    raises(queue.Empty, q.get, False)
    raises(queue.Empty, q.get_nowait)
    assert q.empty() and not q.full()
    raises(ValueError, q.get, True, -1)
    raises(ValueError, q.put, 1, True, -0.5)
    raises(TypeError, q.get, timeout='soon')
    raises(TypeError, q.put)
    raises(TypeError, q.put, 1, 2, 3, 4)
    raises(TypeError, q.put, nothing=1)


def keeps_timeouts(m, scratch):
    q = m.Queue()
    shortest = 10
    for _ in range(3):
        begin = time.time()
        raises(queue.Empty, q.get, timeout=0.2)
        taken = time.time() - begin
        assert taken > 0.199, taken
        shortest = min(shortest, taken)
    assert shortest < 0.25, shortest


def does_not_wait_for_delayed_acknowledgements(m, scratch):
    """CPython writes such a frame in two pieces; a server that leaves it at that makes each put take 40 ms."""
    q = m.Queue()
    taken = []
    for _ in range(15):
        begin = time.time()
        q.put(b'x' * 20000)
        taken.append(time.time() - begin)
    assert sorted(taken)[len(taken) // 2] < 0.02, taken


def hands_out_in_each_order(m, scratch):
    for made, expected in ((m.stack(), [2, 3, 1]), (m.LifoQueue(), [2, 3, 1]), (m.heap(), [1, 2, 3]), (m.PriorityQueue(), [1, 2, 3]),
                           (m.Queue(), [1, 3, 2])):
        for value in (1, 3, 2):
            made.put((value, 'item'))
        assert [made.get()[0] for _ in range(3)] == expected, expected
    heap = m.PriorityQueue()
    heap.put(1)
    if not PY2:
        raises(TypeError, heap.put, 'text')


def finds_queues_by_name(m, scratch):
    m.get_queue('one').put(1)
    m.get_queue('two', maxsize=1).put(2)
    raises(queue.Full, m.get_queue('two').put_nowait, 3)
    assert m.get_queue('one').get() == 1 and m.get_queue('two').get() == 2
    raises(RemoteError, m.get_queue)


def joins(m, scratch):
    q = m.JoinableQueue()
    for value in range(3):
        q.put(value)
    done = []

    def work():
        for _ in range(3):
            done.append(q.get())
            q.task_done()

    worker = threading.Thread(target=work)
    worker.start()
    q.join()
    worker.join()
    assert done == [0, 1, 2]
    error = raises(ValueError, q.task_done)
    assert 'too many times' in str(error)


def shuts_down(m, scratch):
    if sys.version_info < (3, 13):
        return
    q = m.Queue()
    q.put(1)
    q.shutdown()
    raises(queue.ShutDown, q.put, 2)
    assert q.get() == 1
    raises(queue.ShutDown, q.get)


def serves_threads_side_by_side(m, scratch):
    q = m.get_queue('threads')
    blocked = []
    getter = threading.Thread(target=lambda: blocked.append(m.get_queue('blocked').get()))
    getter.start()

    def put_some(base):
        for value in range(50):
            q.put(base + value)

    putters = [threading.Thread(target=put_some, args=(base,)) for base in (0, 100, 200)]
    for putter in putters:
        putter.start()
    for putter in putters:
        putter.join()
    got = [q.get() for _ in range(150)]
    for base in (0, 100, 200):
        assert [value for value in got if base <= value < base + 50] == list(range(base, base + 50))
    m.get_queue('blocked').put('released')
    getter.join()
    assert blocked == ['released']


def put_from_child(q):
    q.put(os.getpid())


def serves_children(m, scratch):
    context = multiprocessing.get_context('fork') if hasattr(multiprocessing, 'get_context') else multiprocessing
    q = m.Queue()
    child = context.Process(target=put_from_child, args=(q,))
    child.start()
    assert q.get(timeout=60) == child.pid
    child.join()
    q.put('still there')
    assert q.get() == 'still there'


def refuses_what_it_does_not_know(m, scratch):
    error = raises(RemoteError, m.nobody_registered_this)
    assert 'nobody_registered_this' in str(error)
    q = m.Queue()
    error = raises(RemoteError, q._callmethod, 'no_such_method')
    assert 'no_such_method' in str(error)
    assert 'Queue' in str(q)
    q.put(1)
    assert q.get() == 1


def runs_nothing(m, scratch):
    trace = os.path.join(scratch, 'executed-%d' % os.getpid())
    q = m.Queue()
    q.put(RunsACommand('touch ' + trace))
    q.put(('after', 1))
    assert q.qsize() == 2 and not os.path.exists(trace)
    q.get()  # here it runs, in the client that asked for it
    assert os.path.exists(trace)
    assert q.get() == ('after', 1)


def takes_from_any_of_several_queues(m, scratch):
    urgent, normal, select = m.get_queue('urgent'), m.Queue(), m.quaymaster_select()
    normal.put({'a': [1]})
    urgent.put(TEXT)
    assert select.get_any([urgent, normal]) == (0, TEXT)
    assert select.get_any((urgent, normal), True, 5) == (1, {'a': [1]})
    raises(queue.Empty, select.get_any, [urgent, normal], False)
    begin = time.time()
    raises(queue.Empty, select.get_any, [urgent, normal], timeout=0.2)
    assert time.time() - begin > 0.199

    got = []
    waiting = threading.Thread(target=lambda: got.append(select.get_any([normal, urgent])))
    waiting.start()
    while waiting.is_alive() and m.quaymaster_status().status()['queues']['get_queue/urgent']['waiting_getters'] == 0:
        time.sleep(0.01)
    urgent.put(Point(1, 2))
    waiting.join()
    assert got == [(1, Point(1, 2))]

    raises(TypeError, select.get_any, 5)
    raises(TypeError, select.get_any, [urgent, 5])
    raises(TypeError, select.get_any, [urgent, select])
    raises(ValueError, select.get_any, [])
    raises(ValueError, select.get_any, [urgent], True, -1)
    raises(KeyError, select.get_any, ['get_queue/nobody_made_this'])
    raises(queue.Empty, select.get_any, ['get_queue/urgent'], False)  # an ident does, too
    assert urgent.empty() and normal.empty()


def tells_its_status(m, scratch):
    m.get_queue('counted').put(1)
    status = m.quaymaster_status().status()
    assert status['queues']['get_queue/counted']['depth'] == 1
    assert status['clients'] >= 1


def refuses_a_wrong_key(m, scratch):
    raises(multiprocessing.AuthenticationError, Manager(m.address, authkey=b'wrong').connect)


CHECKS = [carries_every_value, keeps_identity_within_an_item, takes_block_and_timeout_as_python_does, keeps_timeouts,
          does_not_wait_for_delayed_acknowledgements,
          hands_out_in_each_order, finds_queues_by_name, joins, shuts_down, serves_threads_side_by_side, serves_children,
          refuses_what_it_does_not_know, runs_nothing, takes_from_any_of_several_queues, tells_its_status, refuses_a_wrong_key]


def main():
    host, port, key_file, scratch = sys.argv[1:]
    with open(key_file, 'rb') as file:
        key = file.read().strip()
    multiprocessing.current_process().authkey = key
    manager = Manager((host, int(port)), authkey=key)
    manager.connect()
    for check in CHECKS:
        try:
            check(manager, scratch)
        except BaseException:
            print('in ' + check.__name__)
            raise
    print('%d checks' % len(CHECKS))


if __name__ == '__main__':
    main()
