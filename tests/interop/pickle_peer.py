"""Pickles everything this Python knows how to pickle, sends it through pickle_echo and compares what comes back.

usage: pickle_peer.py PICKLE_ECHO. Runs on Python 2.7 and 3.x. Prints one line; exits 1 at the first difference.
"""
from __future__ import print_function

import array
import collections
import copy
import datetime
import decimal
import fractions
import functools
import math
import pickle
import struct
import subprocess
import sys
import uuid

PY2 = sys.version_info[0] == 2
if PY2:
    import cPickle
else:
    import enum


class Plain(object):
    def __init__(self, **fields):
        self.__dict__.update(fields)

    def __eq__(self, other):
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __ne__(self, other):
        return not self == other

    def __hash__(self):
        return 1

    class Nested(object):
        def __eq__(self, other):
            return type(self) is type(other)


class OldStyle:
    def __init__(self, a=1, b=2):
        self.a, self.b = a, b

    def __getinitargs__(self):
        return (self.a, self.b)

    def __eq__(self, other):
        return (self.a, self.b) == (other.a, other.b)


class ListChild(list):
    pass


class DictChild(dict):
    pass


class SetChild(set):
    pass


class Slotted(object):
    __slots__ = ('x', 'y')

    def __init__(self, x, y):
        self.x, self.y = x, y

    def __eq__(self, other):
        return (self.x, self.y) == (other.x, other.y)


Point = collections.namedtuple('Point', 'x y')


class Keywords(object):
    def __new__(cls, a, **keywords):
        made = object.__new__(cls)
        made.args = (a, keywords)
        return made

    def __getnewargs_ex__(self):
        return (self.args[0],), self.args[1]

    def __eq__(self, other):
        return self.args == other.args


if not PY2:
    class Colour(enum.Enum):
        RED = 1
        GREEN = 'g'

    class Flags(enum.IntFlag):
        A = 1
        B = 2


def describe(thing, seen=None):
    """A text that tells apart what == does not: types, signs of zero, the shape of sharing and cycles."""
    seen = {} if seen is None else seen
    if isinstance(thing, (list, dict, set, tuple, frozenset, Plain)) and thing != ():
        if id(thing) in seen:
            return '<%d>' % seen[id(thing)]
        seen[id(thing)] = len(seen)
    name = getattr(thing, '__class__', type(thing)).__name__
    if name in ('ListChild', 'DictChild', 'SetChild'):
        name += describe(thing.__dict__)
    if name in ('OldStyle', 'Nested', 'Keywords'):
        return '%s%s' % (name, describe(thing.__dict__))
    if name == 'Slotted':
        return '%s(%s, %s)' % (name, describe(thing.x), describe(thing.y))
    if name == 'ndarray':
        return 'ndarray %s %s %s %r' % (thing.dtype, thing.shape, thing.strides, thing.tobytes())
    if isinstance(thing, (list, tuple)):
        return '%s(%s)' % (name, ', '.join(describe(i, seen) for i in thing))
    if isinstance(thing, dict):
        return '%s{%s}' % (name, ', '.join('%s: %s' % (describe(k, seen), describe(v, seen)) for k, v in thing.items()))
    if isinstance(thing, (set, frozenset)):
        return '%s{%s}' % (name, ', '.join(sorted(describe(i, seen) for i in thing)))
    if isinstance(thing, Plain):
        return '%s%s' % (name, describe(thing.__dict__, seen))
    if isinstance(thing, BaseException):
        return '%s%s' % (name, describe(thing.args, seen))
    return '%s:%r' % (name, thing)


def corpus():
    yield 'scalars', [None, True, False, 0, 1, -1, 255, 256, 65535, 65536, 2 ** 31 - 1, 2 ** 31, -2 ** 31, -2 ** 31 - 1,
                      2 ** 63 - 1, 2 ** 63, -2 ** 63, -2 ** 63 - 1, 2 ** 64, 10 ** 40, -10 ** 40, 127, 128, -128, -129]
    yield 'wide integers', [sign * 2 ** n + d for n in range(0, 300, 7) for d in (-1, 0, 1) for sign in (1, -1)]
    yield 'huge integer', 7 ** 3000
    yield 'floats', [0.0, -0.0, 1.5, -1e308, 1e-308, 5e-324, float('inf'), float('-inf'), 0.1, 1 / 3.0, 1e22]
    yield 'complex', [1 + 2j, complex(0, -0.0)]
    yield 'text', [u'', u'a', u'\u00e9', u'\u20ac', u'\U0001f600', u'x' * 255, u'x' * 256, u'y' * 70000, u'\n\\u0041\x00']
    yield 'octets', [b'', b'a', b'x' * 255, b'x' * 256, b'y' * 70000, bytes(bytearray(range(128)))]
    yield 'all octets', bytes(bytearray(range(256)))
    yield 'bytearray', [bytearray(), bytearray(b'abc'), bytearray(range(256))]
    yield 'tuples', [(), (1,), (1, 2), (1, 2, 3), (1, 2, 3, 4), tuple(range(3000)), ((((),),),)]
    yield 'lists', [[], [1], [[], [[]]], list(range(5000))]
    yield 'dicts', [{}, {1: 2}, {u'a': {u'b': {}}}, dict((i, str(i)) for i in range(2500)), {(1, 2): None}]
    yield 'sets', [set(), {1, 2, 3}, frozenset(), frozenset([1, (2, 3)]), set(range(1500))]
    yield 'containers of one', [[x] for x in (1, u'a', None, (), [], {})]
    shared = [1, 2]
    yield 'shared', [shared, shared, (shared, {u'k': shared})]
    loop = []
    loop.append(loop)
    yield 'list in itself', loop
    knot = {}
    knot[u'me'] = knot
    yield 'dict in itself', knot
    inner = []
    ring = (inner,)
    inner.append(ring)
    yield 'tuple in itself', ring
    inner = []
    ring = (1, 2, 3, 4, inner)
    inner.append(ring)
    yield 'long tuple in itself', ring
    self_made = Plain()
    self_made.me = self_made
    self_made.many = [self_made, (self_made,)]
    yield 'object in itself', [1, self_made]
    deep = []
    for _ in range(150):
        deep = [deep, 1]
    yield 'deep', deep
    yield 'many memo entries', [[u'text %d' % i] * 2 for i in range(700)]
    yield 'object', Plain(a=1, b=[2], c=Plain())
    yield 'same class twice', [Plain(a=1), Plain(a=2)]
    yield 'old style', OldStyle(3, 4)
    yield 'slots', Slotted(1, [2])
    child = ListChild([1, 2])
    child.note = u'n'
    yield 'list child', child
    child = DictChild(a=1)
    child.note = u'n'
    yield 'dict child', child
    yield 'set child', SetChild([1, 2])
    yield 'namedtuple', Point(1, u'y')
    yield 'OrderedDict', collections.OrderedDict([(1, 2), (3, 4)])
    yield 'defaultdict', collections.defaultdict(list, {1: [2]})
    yield 'deque', collections.deque([1, 2, 3], 5)
    yield 'Counter', collections.Counter('abca')
    yield 'datetimes', [datetime.date(2026, 1, 2), datetime.datetime(2026, 1, 2, 3, 4, 5, 678901), datetime.time(1, 2),
                        datetime.timedelta(days=-3, seconds=5), datetime.datetime.max]
    yield 'Decimals', [decimal.Decimal('1.50'), decimal.Decimal('-Infinity')]
    yield 'Fraction', fractions.Fraction(3, 7)
    yield 'UUID', uuid.UUID(int=5)
    yield 'exceptions', [ValueError('x', 1), KeyError(u'k'), IOError(2, 'none'), UnicodeDecodeError('ascii', b'\xff', 0, 1, 'r')]
    yield 'functions', [len, math.sin, corpus, Plain, int]
    yield 'array', array.array('d', [1.0, 2.0])
    if not PY2:
        yield 'nested class', Plain.Nested()
        yield 'keywords', Keywords(1, b=2)
        yield 'enums', [Colour.RED, Colour.GREEN, Flags.A | Flags.B]
        yield 'timezone', datetime.datetime(2026, 1, 2, tzinfo=datetime.timezone.utc)
        yield 'partial', functools.partial(int, base=2).func
        yield 'range', [range(3), slice(1, 2, None)][0]
        yield 'surrogate', u'\ud800'
    if sys.version_info >= (3, 7):
        import dataclasses
        global Data
        Data = dataclasses.make_dataclass('Data', [('x', int), ('y', list)])
        Data.__module__ = __name__
        yield 'dataclass', Data(1, [2])
    try:
        import numpy
    except ImportError:
        numpy = None
    if numpy is not None:
        yield 'numpy', [numpy.arange(12.0).reshape(3, 4), numpy.float64(1.5), numpy.zeros(3, 'u1'),
                        numpy.array([(1, 2.5)], dtype=[('a', 'i4'), ('b', 'f8')]), numpy.asfortranarray(numpy.eye(3))]


class Echo(object):
    def __init__(self, program):
        self.process = subprocess.Popen([program], stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def __call__(self, mode, protocol, python2, data):
        self.process.stdin.write(struct.pack('<cBBI', mode, protocol, python2, len(data)) + data)
        self.process.stdin.flush()
        kind, size = struct.unpack('<cI', self.process.stdout.read(5))
        content = self.process.stdout.read(size)
        if kind == b'x':
            raise AssertionError(content.decode('utf-8'))
        return content

    def close(self):
        self.process.stdin.close()
        return self.process.wait()


def picklers():
    """(name, dumps) of every pickler here: C and Python, which differ in what they memoize."""
    yield 'pickle', pickle.dumps
    if PY2:
        yield 'cPickle', cPickle.dumps
    else:
        yield '_pickle.py', pickle._dumps
    if not PY2:
        from multiprocessing.reduction import ForkingPickler
        yield 'ForkingPickler', lambda thing, protocol: bytes(ForkingPickler.dumps(thing, protocol))


def main():
    echo = Echo(sys.argv[1])
    highest = 2 if PY2 else pickle.HIGHEST_PROTOCOL
    count = 0
    for name, thing in corpus():
        expected = describe(thing)
        count_before = count
        for pickler, dumps in picklers():
            for protocol in range(highest + 1):
                try:
                    plain = dumps(thing, protocol)
                    request = dumps((None, 'put', (thing,), {}), protocol)
                    if describe(pickle.loads(plain)) != expected:
                        raise ValueError('this Python does not get it back itself')
                except (pickle.PicklingError, TypeError, ValueError, RuntimeError, AssertionError):
                    continue
                readers = [(2, 1)] if PY2 else [(p, 0) for p in range(max(3, protocol), highest + 1)]
                for reader in readers:
                    for mode, data in ((b'd', plain), (b'e', request)):
                        if mode == b'e' and protocol < 3 and not PY2:
                            continue  # no Python 3 sends a request so: below protocol 3 a request is Python 2's
                        try:
                            back = describe(pickle.loads(echo(mode, reader[0], reader[1], data)))
                        except Exception as error:
                            back = '%s: %s' % (type(error).__name__, error)
                        count += 1
                        if back != expected:
                            print('%s, %s protocol %d, mode %s, reader %s:\n  sent %.300s\n  got  %.300s' % (
                                name, pickler, protocol, mode, reader, expected, back))
                            return 1
        if count == count_before:
            print('%s: no pickler here can take it there and back, so it tests nothing' % name)
            return 1
    if echo.close() != 0:
        print('pickle_echo failed')
        return 1
    print('%d round trips equal' % count)
    return 0


if __name__ == '__main__':
    sys.exit(main())
