"""The C++ client as a taker of steps: cpp_client.py PEER HOW PYTHON HOST PORT KEY_FILE STEPS_FILE, the last four as step_peer.py has them.

The lines run in this Python, but its `m` and all proxies that come of it only stand for those which the program PEER (cpp_peer.cpp) holds:
every call is one of the C++ client, on a thread of PEER's for each thread here. What a stock proxy does on its own side (`p += x`,
`p.value`, `with p`) its class does here, too, down to _callmethod(). HOW is `call`, for proxy::call alone, or `typed`, for the members of
list_proxy and its like wherever they take what the line gives, and iterate() for loops. PYTHON is `2` for a server of Python 2, else `3`.

An outcome has a fourth part: {'calls': how many calls C++ made, 'typed': how many of them by a typed proxy, 'worded': whether the text of
what was raised is the peer's own}. The outcome ['not for C++', reason, ''] is that of a line which asks for what C++ has not.
"""
import ast
import builtins
import functools
import io
import itertools
import pickle
import queue
import subprocess
import sys
import threading
import traceback
from multiprocessing import managers, reduction

import step_peer

PROXY = 'proxy_of'
# Of what the text of a KeyError may be built, besides literals.
NAMES_IN_TEXTS = {'__builtins__': {}, 'frozenset': frozenset, 'inf': float('inf'), 'nan': float('nan')}


class NotForCpp(BaseException):
    """Passes through what catches exceptions of Python."""


class Misread(Exception):
    """C++ says of a result what Python does not see in it."""


class Failure(Exception):
    """An exception of the C++ client that none of Python's stands for."""


class PerThread(threading.local):
    """This thread's number; its end is told to the peer."""
    numbers = itertools.count()

    def __init__(self, peer):
        self.number = next(self.numbers)
        self.end = End(peer, self.number)


class End:
    def __init__(self, peer, number):
        self.peer, self.number = peer, number

    def __del__(self):
        self.peer.tell(self.number, 'end')


class Peer:
    """The program that holds the proxies. Any thread may ask it."""

    def __init__(self, command, is_typed, is_python2):
        self.is_typed, self.is_python2 = is_typed, is_python2
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, universal_newlines=True)
        self.outbox = queue.SimpleQueue()  # may be put into from __del__, wherever that runs
        self.waiting = {}
        self.has_ended = False
        self.numbers = itertools.count(1)
        self.thread = PerThread(self)
        self.tally = dict(calls=0, typed=0, worded=True)
        self.calls_later = 0  # by the threads of later(): counted where they are waited for
        for work in (self.write, self.read):
            threading.Thread(target=work, daemon=True).start()

    def write(self):
        while True:
            self.process.stdin.write(self.outbox.get() + '\n')
            self.process.stdin.flush()

    def read(self):
        for line in self.process.stdout:
            number, *answer = ast.literal_eval(line)
            self.waiting.pop(number).put(answer)
        self.has_ended = True
        for each in list(self.waiting.values()):
            each.put(None)

    def tell(self, thread, verb, *arguments):
        self.outbox.put(repr((thread, 0, verb) + arguments))

    def ask(self, verb, *arguments):
        """The result of a request; raises what came of it instead."""
        number = next(self.numbers)
        mine = self.waiting[number] = queue.SimpleQueue()
        self.outbox.put(repr((self.thread.number, number, verb) + arguments))
        answer = None if self.has_ended else mine.get()
        if answer is None:
            raise SystemExit('the C++ client has ended with %s' % self.process.wait())
        kind, first, second, third, how = answer
        if threading.current_thread().name == 'later':
            self.calls_later += 1
        else:
            self.tally['calls'] += verb != 'settle'
        self.tally['typed'] += how != ''
        self.tally['worded'] = self.tally['worded'] and how != 'worded'
        if kind == 'error':
            raise error_of(first, second, third)
        if kind == 'failure':
            raise Failure(first, second)
        return None if verb == 'settle' else self.checked(first, second, Reader(self, third).load())

    def create(self, typeid, args, kwds):
        return self.ask('create', typeid, self.written(args, kwds))

    def call(self, number, method, args, kwds):
        return self.ask('call', number, method, self.written(args, kwds))

    def written(self, args, kwds):
        both = (tuple(args), dict(kwds))
        if has_literal(both, []):
            return both
        output = io.BytesIO()
        Writer(output, 2 if self.is_python2 else 4).dump(both)
        return output.getvalue()

    @staticmethod
    def checked(kind, text, found):
        """`found`, if C++ sees in it what Python does; objects of classes are not compared."""
        if is_plain(found, []) and (kind, text) != (type(found).__name__, repr(found)):
            raise Misread('%s %s' % (kind, text), '%s %r' % (type(found).__name__, found))
        return found


def is_plain(found, above):
    """Whether it is built of what C++ has types for, and has one text."""
    if any(found is part for part in above):
        return True
    kind = type(found)
    if kind in (list, tuple):
        return all(is_plain(part, above + [found]) for part in found)
    if kind is dict:
        return all(is_plain(part, above + [found]) for part in itertools.chain.from_iterable(found.items()))
    if kind in (set, frozenset):
        return len(found) < 2 and all(is_plain(part, above) for part in found)
    return kind in (type(None), bool, int, float, complex, str, bytes, bytearray)


def has_literal(found, above):
    """Whether repr() says all of it, in words of Python's grammar."""
    if any(found is part for part in above):
        return False
    kind = type(found)
    if kind in (list, tuple, set, frozenset):
        return all(has_literal(part, above + [found]) for part in found)
    if kind is dict:
        return all(has_literal(part, above + [found]) for part in itertools.chain.from_iterable(found.items()))
    return kind in (type(None), bool, int, float, complex, str, bytes, bytearray)


def proxy_of(number):
    """What stands for a proxy in pickles for the peer, which calls it nothing but this."""


class Writer(pickle.Pickler):
    def reducer_override(self, found):
        if isinstance(found, StandIn):
            return proxy_of, (found._number,)
        return NotImplemented


class Reader(pickle.Unpickler):
    def __init__(self, peer, octets):
        super().__init__(io.BytesIO(octets), encoding='latin-1')
        self.peer = peer

    def find_class(self, module, name):
        if name == PROXY:
            return functools.partial(stand_in, self.peer)
        return super().find_class(module, name)


def error_of(type_name, text, is_traceback):
    """The exception that a stock client would raise."""
    name = type_name.rpartition('.')[2]
    if name == 'RemoteError':
        return managers.RemoteError(text)
    if is_traceback:
        return managers.RemoteError(name + '\n')
    kind = next((getattr(place, name) for place in (builtins, queue, threading) if hasattr(place, name)), None)
    kind = kind or type(name, (Exception,), {})
    if issubclass(kind, KeyError):  # its text is the repr() of what it was given
        try:
            return kind(eval(text, dict(NAMES_IN_TEXTS)))
        except (SyntaxError, NameError, TypeError):
            pass
    return kind(text) if text else kind()


class StandIn:
    """In the place of managers.BaseProxy."""

    def __init__(self, peer, number, typeid, ident):
        self._peer, self._number, self._token = peer, number, managers.Token(typeid, None, ident)

    def __del__(self):
        self._peer.tell(0, 'drop', self._number)

    def _callmethod(self, methodname, args=(), kwds={}):
        return self._peer.call(self._number, methodname, args, kwds)

    @property
    def _id(self):
        return self._token.id

    @_id.setter
    def _id(self, ident):
        raise NotForCpp('nobody can change the ident of a C++ proxy')


class Loop:
    """What iter() of a stand-in gives: iterate() of C++."""

    def __init__(self, container):
        self.container = container
        self.place = container._peer.ask('iterate', container._number)

    def __iter__(self):
        return self

    def __next__(self):
        return self.place._callmethod('__next__')


@functools.lru_cache(maxsize=None)
def class_of(typeid, exposed, is_typed, is_python2):
    stock = managers.SyncManager._registry[typeid][-1] if typeid != 'Iterator' else managers.IteratorProxy
    if stock is managers.AutoProxy:
        stock = managers.MakeProxyType('AutoProxy[%s]' % typeid, exposed)
    members = {}
    # A stock proxy of these is gone through by its indices, as iterate() does it.
    if is_typed and typeid in ('list', 'Array'):
        members['__iter__'] = lambda self: Loop(self)
    # What the classes of 2.7 have.
    if is_python2 and typeid == 'dict':
        members['has_key'] = lambda self, key: self._callmethod('has_key', (key,))
    if is_python2 and typeid == 'Iterator' and not is_typed:
        members['__next__'] = lambda self: self._callmethod('next')
    return type(stock.__name__, (StandIn, stock), members)


def stand_in(peer, number, typeid, ident, exposed):
    return class_of(typeid, tuple(exposed), peer.is_typed, peer.is_python2)(peer, number, typeid, ident)


class Manager:
    """In the place of a SyncManager that has connected."""

    def __init__(self, peer, observer):
        self._peer, self._observer = peer, observer

    def _create(self, typeid, *args, **kwds):
        return self._peer.create(typeid, args, kwds)

    def __getattr__(self, name):
        if name not in managers.SyncManager._registry:
            raise AttributeError(name)
        return functools.partial(self._create, name)

    def _number_of_objects(self):
        """As a stock client sees it."""
        self._peer.ask('settle')
        return self._observer._number_of_objects()


def take(peer, line, names):
    peer.tally.update(calls=0, typed=0, worded=True)
    try:
        outcome = step_peer.take(line, names)
    except NotForCpp as reason:
        outcome = ['not for C++', str(reason), '']
    if line == 'end()':
        peer.tally['calls'], peer.calls_later = peer.tally['calls'] + peer.calls_later, 0
    return outcome + [dict(peer.tally)]


def spoken_to_any_python():
    """Has this Python's own client, which only counts objects, write what a server of 2.7 can read, too."""
    dumps = reduction.ForkingPickler.dumps
    reduction.ForkingPickler.dumps = staticmethod(lambda found, protocol=None: dumps(found, 2))


def main():
    program, how, python, host, port, key_file, steps_file = sys.argv[1:]
    spoken_to_any_python()
    peer = Peer([program, host, port, key_file] + ['typed'] * (how == 'typed'), how == 'typed', python == '2')
    manager = Manager(peer, step_peer.stock_manager(host, port, key_file))
    step_peer.run(manager, steps_file, functools.partial(take, peer))


if __name__ == '__main__':
    try:
        main()
    except Exception:
        traceback.print_exc()
        sys.exit(1)
