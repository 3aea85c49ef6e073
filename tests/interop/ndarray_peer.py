"""Puts numpy arrays and scalars of all kinds into one queue and compares what ndarray_echo says of them in another.

usage: ndarray_peer.py HOST PORT AUTHKEY_FILE. For any numpy, on Python 2.7 and 3. Prints one line; exits 1 at the first
difference.
"""
from __future__ import print_function

import pickle
import sys
import warnings
from multiprocessing.managers import BaseManager

import numpy

try:
    from multiprocessing.reduction import ForkingPickler
except ImportError:  # Python 2 has one protocol for its messages
    ForkingPickler = None

warnings.simplefilter('error')  # names that numpy has moved would only warn


class Manager(BaseManager):
    pass


Manager.register('get_arrays')
Manager.register('get_answers')

TYPES = ['?', '<i1', '<i2', '<i4', '<i8', '<u1', '<u2', '<u4', '<u8', '<f4', '<f8', '<c8', '<c16',
         '>i2', '>u8', '>f4', '>f8', '>c16']


class Child(numpy.ndarray):
    """Comes back as its base: C++ has no such class."""


def arrays():
    for code in TYPES:
        flat = (numpy.arange(24) * 5 - 30).astype('i1').astype(code)  # negative numbers wrap around where there are none
        cube = flat.reshape(2, 3, 4)
        for array in (flat, cube, numpy.asfortranarray(cube), cube.transpose(1, 0, 2), cube[:, ::2], cube[::-1], cube[:0],
                      flat[:1].reshape(()), numpy.zeros((3, 0, 2), code)):
            yield array
    read_only = numpy.arange(5)
    read_only.flags.writeable = False
    yield read_only
    yield numpy.arange(300 * 1000, dtype=numpy.float64).reshape(300, 1000)  # beyond the size of a frame that is copied
    yield numpy.arange(4).view(Child)


def scalars():
    for code in TYPES:
        if numpy.dtype(code).kind not in 'c':
            yield numpy.ones(1, code)[0]
    yield numpy.float16(-0.5)
    yield numpy.int64(-2 ** 53)
    yield 2.5


def refused():
    yield numpy.array([None, {}]), 'ndarray of Python objects'
    yield numpy.array(['2001-02-03'], 'M8[D]'), 'no C++ type for datetime64'
    yield numpy.array([u'ab']), 'no C++ type for <U2'
    yield numpy.zeros(2, [('a', '<i4'), ('b', '<f8')]), 'structured dtype of 12 octets'
    yield numpy.ma.array([1, 2], mask=[True, False]), 'expected float, found object numpy.ma'
    yield numpy.complex128(1j), 'expected float, found object numpy'


def check_array(array, answer):
    assert answer['error'] is None, answer['error']
    assert tuple(answer['shape']) == array.shape, answer['shape']
    native = array.dtype.newbyteorder('=')
    assert answer['dtype'] == str(array.dtype), answer['dtype']
    seen = [answer['copy']] + ([answer['view']] if array.dtype == native else [])
    for other in seen:
        assert type(other) is numpy.ndarray, type(other)
        assert other.dtype == native and other.shape == array.shape, (other.dtype, other.shape)
        assert numpy.array_equal(other, array), (other, array)
        other[...] = 1  # what Python gets it may change
    if array.flags.f_contiguous or array.flags.c_contiguous:
        assert (answer['is_c'], answer['is_fortran']) == (array.flags.c_contiguous, array.flags.f_contiguous), answer
        assert seen[-1].flags.f_contiguous == array.flags.f_contiguous or len(seen) == 1


def put_with(queue, thing, protocol):
    """queue.put(thing) in a pickle of that protocol; the server takes the last request for what its sender can read."""
    if ForkingPickler is None:
        return queue.put(thing)
    dumps = ForkingPickler.dumps
    ForkingPickler.dumps = staticmethod(lambda request, _=None: dumps(request, protocol))
    try:
        queue.put(thing)
    finally:
        ForkingPickler.dumps = dumps


def check_all(queue, answers, protocol):
    """The number of objects that went there and back."""
    count = 0

    def ask(thing):
        put_with(queue, thing, protocol)
        return answers.get(timeout=60)

    for array in arrays():
        try:
            check_array(array, ask(array))
        except AssertionError as error:
            raise AssertionError('%r: %s' % (array, error))
        count += 1
    for scalar in scalars():
        answer = ask(scalar)
        assert answer['error'] is None and answer['scalar'] == float(scalar), (scalar, answer)
        count += 1
    for thing, reason in refused():
        answer = ask(thing)
        assert reason in answer['error'], (thing, answer['error'])
        count += 1
    return count


def main():
    host, port, key_file = sys.argv[1:]
    with open(key_file, 'rb') as file:
        manager = Manager((host, int(port)), file.read().strip())
    manager.connect()
    queue, answers = manager.get_arrays(), manager.get_answers()
    count = 0
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1) if ForkingPickler else (2,):
        try:
            count += check_all(queue, answers, protocol)
        except AssertionError as error:
            raise AssertionError('protocol %d: %s' % (protocol, error))
    queue.put(None)
    print('%d arrays and scalars of numpy %s' % (count, numpy.__version__))


if __name__ == '__main__':
    main()
