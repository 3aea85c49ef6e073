"""The table of operations: for every type of SyncManager, scenarios; for every scenario, what a client does and what comes of it.

A line of a scenario is a line of Python (step_peer.py says which names it may use), then, where all Pythons agree on what comes of it:

    p[0]              -> 10                a value, as text_of() of step_peer.py writes it
    p[3]              !! IndexError        an exception of this class; its args, which are worded differently in each version, are
                                           not looked at
    p['x']            !! KeyError('x')     here they are

`{3.9+}` before a line, or before the name of a scenario, leaves it to clients of that version and newer, `{2}` to those of 2.7.
What the table says is checked for Python 3; for 2.7, whose texts and integers have other types and names, only that the servers agree.
"""
import re

TABLE = r'''
== list: made of
p = m.list()
str(p)                                        -> '[]'
len(m.list())                                 -> 0
m.list([1, 'a', None])[:]                     -> [1, 'a', None]
m.list('abc')[:]                              -> ['a', 'b', 'c']
m.list((1, 2))[:]                             -> [1, 2]
m.list(b'ab')[:]                              -> [97, 98]
m.list(bytearray(b'ab'))[:]                   -> [97, 98]
m.list({'k': 1})[:]                           -> ['k']
sorted(m.list(set([1, 2]))[:])                -> [1, 2]
m.list(frozenset([3]))[:]                     -> [3]
{3+} m.list(range(2, 8, 3))[:]                -> [2, 5]
m.list(array.array('i', [4, 5]))[:]           -> [4, 5]
m.list(m.list([6, 7]))[:]                     -> [6, 7]
m.list([[1, [2]], {'a': (3,)}])[:]            -> [[1, [2]], {'a': (3,)}]
m.list(5)                                     !! RemoteError(TypeError)
m.list(None)                                  !! RemoteError(TypeError)
m.list(1.5)                                   !! RemoteError(TypeError)
m.list([1], [2])                              !! RemoteError(TypeError)
{3.7+} m.list(iterable=[1])                   !! RemoteError(TypeError)
{3.7+} m.list([], key=1)                      !! RemoteError(TypeError)

== list: indices
p = m.list([10, 20, 30])
p[0]                                          -> 10
p[-1]                                         -> 30
p[2]                                          -> 30
p[-3]                                         -> 10
p[3]                                          !! IndexError
p[-4]                                         !! IndexError
p[True]                                       -> 20
p[10 ** 30]                                   !! IndexError
p[-10 ** 30]                                  !! IndexError
p[2 ** 63]                                    !! IndexError
p['0']                                        !! TypeError
p[1.0]                                        !! TypeError
p[None]                                       !! TypeError
p[(0, 1)]                                     !! TypeError
p._callmethod('__getitem__', (1,))            -> 20
p._callmethod('__getitem__')                  !! TypeError
p._callmethod('__getitem__', (1, 2))          !! TypeError
p._callmethod('__getitem__', (), {'index': 1})  !! TypeError
p._callmethod('__getitem__', (-1,))           -> 30

== list: slices
p = m.list(list(range(10)))
p[:]                                          -> [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
p[2:5]                                        -> [2, 3, 4]
p[5:2]                                        -> []
p[-3:]                                        -> [7, 8, 9]
p[:-8]                                        -> [0, 1]
p[-100:100]                                   -> [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
p[100:]                                       -> []
p[::2]                                        -> [0, 2, 4, 6, 8]
p[1::3]                                       -> [1, 4, 7]
p[::-1]                                       -> [9, 8, 7, 6, 5, 4, 3, 2, 1, 0]
p[8:2:-2]                                     -> [8, 6, 4]
p[2:8:-1]                                     -> []
p[-1:-4:-1]                                   -> [9, 8, 7]
p[::100]                                      -> [0]
p[::-100]                                     -> [9]
p[True:3]                                     -> [1, 2]
p[None:None:None]                             -> [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
p[::0]                                        !! ValueError
p['a':]                                       !! TypeError
p[1.5:]                                       !! TypeError
p[:10 ** 30]                                  -> [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
p[-10 ** 30::10 ** 30]                        -> [0]
p[2 ** 63 - 1:]                               -> []
p[::-2 ** 63]                                 -> [9]

== list: setting items
p = m.list([10, 20, 30])
p[0] = 'a'
p[-1] = [1, 2]
p[1] = None
p[:]                                          -> ['a', None, [1, 2]]
p[3] = 1                                      !! IndexError
p[-4] = 1                                     !! IndexError
p['x'] = 1                                    !! TypeError
p[10 ** 30] = 1                               !! IndexError
p[:]                                          -> ['a', None, [1, 2]]
p._callmethod('__setitem__', (0,))            !! TypeError
p._callmethod('__setitem__', (0, 1, 2))       !! TypeError
p._callmethod('__setitem__', (0, 'b'))        -> None
p[:]                                          -> ['b', None, [1, 2]]

== list: setting slices
p = m.list(list(range(8)))
p[2:4] = ['x']
p[:]                                          -> [0, 1, 'x', 4, 5, 6, 7]
p[2:3] = 'abc'
p[:]                                          -> [0, 1, 'a', 'b', 'c', 4, 5, 6, 7]
p[1:1] = (7, 8)
p[:]                                          -> [0, 7, 8, 1, 'a', 'b', 'c', 4, 5, 6, 7]
p[5:2] = [9]
p[:]                                          -> [0, 7, 8, 1, 'a', 9, 'b', 'c', 4, 5, 6, 7]
p[:] = []
p[:]                                          -> []
p[10:] = [0, 1, 2, 3, 4, 5]
p[:]                                          -> [0, 1, 2, 3, 4, 5]
p[::2] = 'abc'
p[:]                                          -> ['a', 1, 'b', 3, 'c', 5]
p[::-2] = [7, 8, 9]
p[:]                                          -> ['a', 9, 'b', 8, 'c', 7]
p[::2] = [1]                                  !! ValueError
p[::2] = [1, 2, 3, 4]                         !! ValueError
p[:]                                          -> ['a', 9, 'b', 8, 'c', 7]
p[5:1:2] = []
p[:]                                          -> ['a', 9, 'b', 8, 'c', 7]
p[::0] = []                                   !! ValueError
p[1:2] = 5                                    !! TypeError
p[::2] = 5                                    !! TypeError
p[1:2] = None                                 !! TypeError
p[:]                                          -> ['a', 9, 'b', 8, 'c', 7]
p[:2] = {'k': 1}
p[:]                                          -> ['k', 'b', 8, 'c', 7]
p[2:] = p[:2]
p[:]                                          -> ['k', 'b', 'k', 'b']
p[1:3] = b'ab'
{3+} p[:]                                     -> ['k', 97, 98, 'b']
p[:] = m.list(['proxy'])
p[:]                                          -> ['proxy']

== list: deleting
p = m.list(list(range(12)))
del p[0]
del p[-1]
p[:]                                          -> [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
del p[99]                                     !! IndexError
del p[-99]                                    !! IndexError
del p['a']                                    !! TypeError
del p[2:4]
p[:]                                          -> [1, 2, 5, 6, 7, 8, 9, 10]
del p[::3]
p[:]                                          -> [2, 5, 7, 8, 10]
del p[::-2]
p[:]                                          -> [5, 8]
del p[5:1]
p[:]                                          -> [5, 8]
del p[::0]                                    !! ValueError
del p[-1:]
p[:]                                          -> [5]
del p[:]
p[:]                                          -> []
del p[0]                                      !! IndexError
p._callmethod('__delitem__')                  !! TypeError
p._callmethod('__delitem__', (0, 1))          !! TypeError

== list: append, extend, insert
p = m.list()
p.append(1)                                   -> None
p.append([2, 3])                              -> None
p.append(None)                                -> None
p.append(item=1)                              !! TypeError
p.append()                                    !! TypeError
p.append(1, 2)                                !! TypeError
p._callmethod('append', ('x',))               -> None
p[:]                                          -> [1, [2, 3], None, 'x']
p.extend('ab')                                -> None
p.extend((4, 5))                              -> None
p.extend([])                                  -> None
p.extend({6: 7})                              -> None
p.extend(m.list([8]))                         -> None
p.extend(8)                                   !! TypeError
p.extend(None)                                !! TypeError
p.extend()                                    !! TypeError
p.extend([1], [2])                            !! TypeError
p[:]                                          -> [1, [2, 3], None, 'x', 'a', 'b', 4, 5, 6, 8]
del p[:]
p.insert(0, 'b')                              -> None
p.insert(0, 'a')                              -> None
p.insert(100, 'd')                            -> None
p.insert(-1, 'c')                             -> None
p.insert(-100, 'z')                           -> None
p.insert(True, 'y')                           -> None
p[:]                                          -> ['z', 'y', 'a', 'b', 'c', 'd']
p.insert('0', 1)                              !! TypeError
p.insert(1.0, 1)                              !! TypeError
p.insert(10 ** 30, 'end')                     !! OverflowError
p.insert(-10 ** 30, 'begin')                  !! OverflowError
p.insert(1)                                   !! TypeError
p.insert(1, 2, 3)                             !! TypeError
p[:]                                          -> ['z', 'y', 'a', 'b', 'c', 'd']

== list: pop, remove
p = m.list(['a', 'b', 'c', 'd', 'b'])
p.pop()                                       -> 'b'
p.pop(0)                                      -> 'a'
p.pop(-1)                                     -> 'd'
p.pop(5)                                      !! IndexError
p.pop(-5)                                     !! IndexError
p.pop('a')                                    !! TypeError
p.pop(1.0)                                    !! TypeError
p.pop(10 ** 30)                               !! OverflowError
p.pop(0, 1)                                   !! TypeError
p.pop(index=0)                                !! TypeError
p[:]                                          -> ['b', 'c']
p.remove('c')                                 -> None
p.remove('c')                                 !! ValueError
p.remove()                                    !! TypeError
p.remove('b', 1)                              !! TypeError
p[:]                                          -> ['b']
p.pop()                                       -> 'b'
p.pop()                                       !! IndexError
p = m.list([1, 1.0, True, 2, [3], (3,)])
p.remove(True)                                -> None
p[:]                                          -> [1.0, True, 2, [3], (3,)]
p.remove([3])                                 -> None
p[:]                                          -> [1.0, True, 2, (3,)]
p.remove([3])                                 !! ValueError

== list: count, index, contains
p = m.list([1, 'a', 1.0, True, None, [1], (1,), {'k': 1}, 'a', b'a', 10 ** 30, float('inf')])
p.count(1)                                    -> 3
p.count('a')                                  -> 2
{3+} p.count(b'a')                            -> 1
p.count([1])                                  -> 1
p.count((1,))                                 -> 1
p.count({'k': 1.0})                           -> 1
p.count(None)                                 -> 1
p.count(10 ** 30)                             -> 1
p.count(1e400)                                -> 1
p.count('b')                                  -> 0
p.count(set([1]))                             -> 0
p.count()                                     !! TypeError
p.count(1, 2)                                 !! TypeError
p.index('a')                                  -> 1
p.index('a', 2)                               -> 8
p.index('a', -4)                              -> 8
p.index('a', -100, 100)                       -> 1
p.index('a', 2, 8)                            !! ValueError
p.index('a', 2, -3)                           -> 8
p.index('b')                                  !! ValueError
p.index(1, 1)                                 -> 2
p.index([1])                                  -> 5
p.index('a', 'b')                             !! TypeError
p.index('a', None)                            !! TypeError
p.index('a', 1.0)                             !! TypeError
p.index()                                     !! TypeError
p.index('a', 0, 10 ** 30)                     -> 1
p.index('a', 1, 2, 3)                         !! TypeError
1 in p                                        -> True
'a' in p                                      -> True
'b' in p                                      -> False
(1,) in p                                     -> True
{'k': 1} in p                                 -> True
[] in p                                       -> False
p._callmethod('__contains__')                 !! TypeError
p._callmethod('__contains__', (1, 2))         !! TypeError
p._callmethod('__contains__', (None,))        -> True

== list: sort, reverse
p = m.list([3, 1, 2])
p.sort()                                      -> None
p[:]                                          -> [1, 2, 3]
p.sort(reverse=True)                          -> None
p[:]                                          -> [3, 2, 1]
p.sort(key=None, reverse=False)               -> None
p[:]                                          -> [1, 2, 3]
p.sort(reverse=1)                             -> None
p[:]                                          -> [3, 2, 1]
p.reverse()                                   -> None
p[:]                                          -> [1, 2, 3]
p.reverse(1)                                  !! TypeError
{3+} p.sort(1)                                !! TypeError
{3+} p.sort(None)                             !! TypeError
p.sort(reversed=True)                         !! TypeError
p.sort(reverse='x')
{3+} p.sort(reverse=None)
p[:] = [2.5, True, -1, 10 ** 20, 0]
p.sort()                                      -> None
p[:]                                          -> [-1, 0, True, 2.5, 100000000000000000000]
p[:] = ['b', '', 'a', 'ab']
p.sort()                                      -> None
p[:]                                          -> ['', 'a', 'ab', 'b']
p[:] = [(2, 'b'), (1, 'z'), (2, 'a'), (1,)]
p.sort()                                      -> None
p[:]                                          -> [(1,), (1, 'z'), (2, 'a'), (2, 'b')]
p[:] = [[2, 'b'], [1, 'z'], [], [1]]
p.sort()                                      -> None
p[:]                                          -> [[], [1], [1, 'z'], [2, 'b']]
{3+} p[:] = [b'b', b'a']
{3+} p.sort()                                 -> None
{3+} p[:]                                     -> [b'a', b'b']
{3+} p[:] = [1, 'a', 2]
{3+} p.sort()                                 !! TypeError
{3+} sorted(p[:], key=str)                    -> [1, 2, 'a']
{3+} p[:] = [None, None]
{3+} p.sort()                                 !! TypeError
{3+} p[:] = [{}, {}]
{3+} p.sort()                                 !! TypeError
{3+} p[:] = [(1, 'a'), (1, 2)]
{3+} p.sort()                                 !! TypeError
p[:] = [None]
p.sort()                                      -> None
p[:] = []
p.sort()                                      -> None
p.reverse()                                   -> None
p[:]                                          -> []
p[:] = [(1, 'b'), (1.0, 'a'), (True, 'c')]
p.sort()                                      -> None
p[:]                                          -> [(1.0, 'a'), (1, 'b'), (True, 'c')]
p[:] = [1, 1.0, True]
p.sort(reverse=True)                          -> None
p[:]                                          -> [1, 1.0, True]
p._callmethod('sort', (), {'reverse': True})  -> None
p._callmethod('reverse')                      -> None
p._callmethod('sort', (), {'key': 5})         !! TypeError

== list: a sort by a key that is a function
p = m.list(['bbb', 'a', 'cc'])
p.sort(key=len)                               -> None

== list: operators
p = m.list([1, 2])
p + [3]                                       -> [1, 2, 3]
p + []                                        -> [1, 2]
p + (3,)                                      !! TypeError
p + 'a'                                       !! TypeError
p + 5                                         !! TypeError
[0] + p                                       !! TypeError
p * 2                                         -> [1, 2, 1, 2]
3 * p                                         -> [1, 2, 1, 2, 1, 2]
p * 0                                         -> []
p * -1                                        -> []
p * True                                      -> [1, 2]
p * 1.5                                       !! TypeError
p * 'a'                                       !! TypeError
p * [1]                                       !! TypeError
p * 10 ** 30                                  !! OverflowError
p._callmethod('__rmul__', (2,))               -> [1, 2, 1, 2]
p._callmethod('__add__')                      !! TypeError
p._callmethod('__mul__', (1, 2))              !! TypeError
p[:]                                          -> [1, 2]
p += [3]
p += (4,)
p += 'x'
p += 5                                        !! TypeError
type(p).__name__                              -> 'ListProxy'
p[:]                                          -> [1, 2, 3, 4, 'x']
p *= 2
p[:]                                          -> [1, 2, 3, 4, 'x', 1, 2, 3, 4, 'x']
p *= 0
p[:]                                          -> []
p *= 'a'                                      !! TypeError
p *= 1.0                                      !! TypeError
p += m.list([7])
p[:]                                          -> [7]
{3+} p._callmethod('__imul__', (2,))          -> [7, 7]
{3+} p._callmethod('__iadd__', ([8],))        !! RemoteError(KeyError)
p == p                                        -> True
p == [7]                                      -> False
{3+} p < [1]                                  !! TypeError

== list: iteration and length
p = m.list(['a', 'b', 'c'])
len(p)                                        -> 3
list(p)                                       -> ['a', 'b', 'c']
[x * 2 for x in p]                            -> ['aa', 'bb', 'cc']
{3+} list(reversed(p))                        -> ['c', 'b', 'a']
{3+} type(reversed(p)).__name__               -> 'list_reverseiterator'
tuple(p)                                      -> ('a', 'b', 'c')
dict(enumerate(p))                            -> {0: 'a', 1: 'b', 2: 'c'}
'-'.join(p)                                   -> 'a-b-c'
a, b, c = p
(a, b, c)                                     -> ('a', 'b', 'c')
max(p)                                        -> 'c'
sorted(p, reverse=True)                       -> ['c', 'b', 'a']
bool(p)                                       -> True
bool(m.list())                                -> False
i = iter(p)
next(i)                                       -> 'a'
p.append('d')                                 -> None
del p[0]
list(i)                                       -> ['c', 'd']
p._callmethod('__len__', (1,))                !! TypeError
p._callmethod('__reversed__', (1,))           !! TypeError

== list: texts
p = m.list([1, 'a', None, 1.5, [2], (3,), {'k': [4]}, True, -0.0, 10 ** 20])
str(p)                                        -> "[1, 'a', None, 1.5, [2], (3,), {'k': [4]}, True, -0.0, 100000000000000000000]"
repr(p)                                       -> "<ListProxy object, typeid 'list' at 0x...>"
'%s' % p                                      -> "[1, 'a', None, 1.5, [2], (3,), {'k': [4]}, True, -0.0, 100000000000000000000]"
p._callmethod('__repr__')                     -> "[1, 'a', None, 1.5, [2], (3,), {'k': [4]}, True, -0.0, 100000000000000000000]"
p._callmethod('__str__')                      -> "[1, 'a', None, 1.5, [2], (3,), {'k': [4]}, True, -0.0, 100000000000000000000]"
{3+} str(m.list(['na\xefve', '\u20ac', '\U0001f600', "quote'", 'both\'"', '\n\x00\\', '\x7f\xad\ud800']))
{3+} str(m.list([b'bytes\xff', bytearray(b'x'), frozenset([1]), 1j, 1 + 2j, float('nan'), 1e16, 1e-5]))
str(m.list([(), [], {}, ((),), float('inf'), -float('inf'), 0.1, 1e22, 123456789.123]))
{3+} str(m.list([set([1])]))                       -> '[{1}]'

== list: by value
p = m.list([1, [2, 3], {'k': (4,)}])
p._getvalue()                                 -> [1, [2, 3], {'k': (4,)}]
copy.deepcopy(p)                              -> [1, [2, 3], {'k': (4,)}]
type(p._getvalue()).__name__                  -> 'list'
p._callmethod('#GETVALUE')                    -> [1, [2, 3], {'k': (4,)}]
p._getvalue() == p[:]                         -> True

== list: a value that comes back is a copy
p = m.list([[1]])
p[0].append(2)                                -> None
p[:]                                          -> [[1]]
x = p[0]
x.append(3)                                   -> None
p[0] = x
p[:]                                          -> [[1, 3]]
shared = []
p[:] = [shared, shared]
p[0] is p[1]                                  -> False
p[:][0] is p[:][1]                            -> False

== list: one that holds itself, by value
p = m.list()
x = [1]
x.append(x)                                   -> None
p.append(x)                                   -> None
p[0][1][1][0]                                 -> 1
str(p)                                        -> '[[1, [...]]]'

== list: proxies inside
p = m.list()
q = m.list([1])
p.append(q)                                   -> None
{3.6+} type(p[0]).__name__                    -> 'ListProxy'
p[0][:]                                       -> [1]
{3.6+} p[0].append(2)                         -> None
{3.6+} q[:]                                   -> [1, 2]
{3.6+} p[0][1] = 'x'
{3.6+} q[:]                                   -> [1, 'x']
{3.6+} p.append(m.dict({'k': 1}))             -> None
{3.6+} p[1]['k'] = 2
{3.6+} p[1].items()                           -> [('k', 2)]
{3.6+} p[1]['k']                              -> 2
{3.6+} str(p[1])                              -> "{'k': 2}"
{3.6+} [type(part).__name__ for part in p]    -> ['ListProxy', 'DictProxy']
{3.6+} del q
{3.6+} p[0][:]                                -> [1, 'x']
{3.6+} x = p.pop(0)
{3.6+} x[:]                                   -> [1, 'x']
{3.6+} p.append(x)                            -> None
{3.6+} p[1][:]                                -> [1, 'x']
{3.6+} len(p)                                 -> 2
{3.6+} p[:][1][:]                             -> [1, 'x']
{3.6+} p[1:][0][:]                            -> [1, 'x']
{3.6+} p.append([x, {'in': x}])               -> None
{3.6+} p[2][0].append('deep')                 -> None
{3.6+} p[2][1]['in'][:]                       -> [1, 'x', 'deep']

== list: proxies of many types inside
{3.9+} p = m.list([m.Value('i', 3), m.Array('i', [1, 2]), m.Namespace(x=1), m.Queue(), m.Lock(), m.Event()])
{3.9+} [type(part).__name__ for part in p]
{3.9+} p[0].value                             -> 3
{3.9+} p[0].value = 4
{3.9+} p[0].get()                             -> 4
{3.9+} p[1][1] = 5
{3.9+} p[1][:]                                -> array('i', [1, 5])
{3.9+} p[2].y = 2
{3.9+} str(p[2])                              -> 'Namespace(x=1, y=2)'
{3.9+} p[3].put('item')                       -> None
{3.9+} p[3].get()                             -> 'item'
{3.9+} p[4].acquire()                         -> True
{3.9+} p[4].acquire(False)                    -> False
{3.9+} p[4].release()                         -> None
{3.9+} p[5].set()                             -> None
{3.9+} p[5].is_set()                          -> True

== list: wrong calls
p = m.list([1])
p.clear()                                     !! AttributeError
p._callmethod('__eq__', ([1],))               !! RemoteError(KeyError)
p._callmethod('__class__')                    !! RemoteError(KeyError)
p._callmethod('nothing_like_it')              !! RemoteError(KeyError)
p._callmethod('')                             !! RemoteError(KeyError)
p._callmethod('append', (1,), {'x': 1})       !! TypeError
p._callmethod('__len__', (), {'x': 1})        !! TypeError
p._callmethod('__init__', ([2],))             !! RemoteError(KeyError)
p._callmethod('__iter__')                     !! RemoteError(KeyError)
p.no_such_attribute                           !! AttributeError
p[:]                                          -> [1]
p._callmethod('clear')                        !! RemoteError(KeyError)

== dict: made of
p = m.dict()
str(p)                                        -> '{}'
m.dict({'a': 1}).items()                      -> [('a', 1)]
m.dict([('a', 1)]).items()                    -> [('a', 1)]
m.dict((['a', 1],)).items()                   -> [('a', 1)]
m.dict(a=1).items()                           -> [('a', 1)]
sorted(m.dict([('a', 1)], b=2).items())       -> [('a', 1), ('b', 2)]
m.dict({'a': 1}, a=2).items()                 -> [('a', 2)]
m.dict(['ab', 'cd']).copy()                   -> {'a': 'b', 'c': 'd'}
m.dict(m.dict({'k': 1})).items()              -> [('k', 1)]
{3.6+} m.dict(m.list([('k', 1)])).items()     -> [('k', 1)]
m.dict(**{'with space': 1}).items()           -> [('with space', 1)]
m.dict([1])                                   !! RemoteError(TypeError)
m.dict(['abc'])                               !! RemoteError(ValueError)
m.dict(5)                                     !! RemoteError(TypeError)
m.dict(None)                                  !! RemoteError(TypeError)
m.dict({}, {})                                !! RemoteError(TypeError)
m.dict([([], 1)])                             !! RemoteError(TypeError)
m.dict([('a', 1), ('b', 2), ('a', 3)])['a']   -> 3

== dict: made of an iterator
{3+} m.dict(zip('ab', [1, 2])).items()          -> [('a', 1), ('b', 2)]

== dict: items
p = m.dict({'a': 1})
p['a']                                        -> 1
p['b']                                        !! KeyError('b')
p[(1, 2)]                                     !! KeyError((1, 2))
p[None]                                       !! KeyError(None)
p[3]                                          !! KeyError(3)
p[1.5]                                        !! KeyError(1.5)
p[[]]                                         !! TypeError
p[{}]                                         !! TypeError
p['b'] = [1]
p['b']                                        -> [1]
p['b'].append(2)                              -> None
p['b']                                        -> [1]
p[1] = 'int'
p[1.0]                                        -> 'int'
p[True]                                       -> 'int'
p[1.0] = 'float'
sorted(map(str, p.keys()))                    -> ['1', 'a', 'b']
p[None] = 0
p[None]                                       -> 0
p[(1, (2, 'x'))] = 'tuple'
p[(1.0, (2, 'x'))]                            -> 'tuple'
p[([],)] = 1                                  !! TypeError
p[[1]] = 1                                    !! TypeError
p[b'a'] = 'bytes'
{3+} p['a'], p[b'a']                          -> (1, 'bytes')
p[10 ** 30] = 'big'
p[10 ** 30]                                   -> 'big'
p[1e30]                                       !! KeyError(1e+30)
p[2 ** 70] = 'two'
p[2.0 ** 70]                                  -> 'two'
p[frozenset([1, 2])] = 'frozen'
p[frozenset([2, 1])]                          -> 'frozen'
p[set([1])]                                   !! TypeError
p[bytearray(b'x')]                            !! TypeError
p[0.0] = 'zero'
p[-0.0]                                       -> 'zero'
p[False]                                      -> 'zero'
p[1 + 0j]                                     -> 'float'
len(p)                                        -> 10
p._callmethod('__getitem__')                  !! TypeError
p._callmethod('__getitem__', ('a', 'b'))      !! TypeError
p._callmethod('__getitem__', (), {'key': 'a'})  !! TypeError
p._callmethod('__setitem__', ('a',))          !! TypeError
p._callmethod('__setitem__', ('a', 2))        -> None
p['a']                                        -> 2

== dict: get, setdefault, contains
p = m.dict({'a': 1, 'n': None})
p.get('a')                                    -> 1
p.get('b')                                    -> None
p.get('b', 2)                                 -> 2
p.get('n', 3)                                 -> None
p.get([])                                     !! TypeError
p.get()                                       !! TypeError
p.get('a', 1, 2)                              !! TypeError
{3+} p.get('a', default=1)                    !! TypeError
p.setdefault('a', 5)                          -> 1
p.setdefault('c', 5)                          -> 5
p.setdefault('d')                             -> None
p.setdefault([], 1)                           !! TypeError
p.setdefault()                                !! TypeError
p.setdefault('a', 1, 2)                       !! TypeError
sorted(p.keys())                              -> ['a', 'c', 'd', 'n']
'a' in p                                      -> True
'b' in p                                      -> False
None in p                                     -> False
[] in p                                       !! TypeError
p._callmethod('__contains__')                 !! TypeError
p._callmethod('__contains__', ('a', 'b'))     !! TypeError
{2} p.has_key('a')
{3.7+} p.has_key('a')                         !! AttributeError

== dict: deleting, pop, popitem, clear
p = m.dict({'a': 1, 'b': 2, 'c': 3, 'd': 4})
del p['a']
del p['a']                                    !! KeyError('a')
del p[[]]                                     !! TypeError
p.pop('b')                                    -> 2
p.pop('b')                                    !! KeyError('b')
p.pop('b', 'default')                         -> 'default'
p.pop('b', None)                              -> None
p.pop(7)                                      !! KeyError(7)
p.pop(())                                     !! KeyError(())
p.pop([])                                     !! TypeError
p.pop([], 1)                                  !! TypeError
p.pop()                                       !! TypeError
p.pop('c', 1, 2)                              !! TypeError
sorted(p.items())                             -> [('c', 3), ('d', 4)]
{3.6+} p.popitem()                            -> ('d', 4)
{3.6+} p.popitem()                            -> ('c', 3)
{2} len(p.popitem() + p.popitem())
p.popitem()                                   !! KeyError('popitem(): dictionary is empty')
p.popitem(True)                               !! TypeError
p['x'] = 1
p.clear()                                     -> None
p.clear(1)                                    !! TypeError
len(p)                                        -> 0
p.items()                                     -> []
p.clear()                                     -> None

== dict: update
p = m.dict({'a': 1})
p.update({'b': 2})                            -> None
p.update([('c', 3), ['d', 4]])                -> None
p.update(e=5)                                 -> None
p.update({'a': 0}, f=6)                       -> None
p.update()                                    -> None
sorted(p.items())                             -> [('a', 0), ('b', 2), ('c', 3), ('d', 4), ('e', 5), ('f', 6)]
p.update(m.dict({'proxy': 1}))                -> None
p['proxy']                                    -> 1
p.update(1)                                   !! TypeError
p.update(None)                                !! TypeError
p.update([1])                                 !! TypeError
p.update(['abc'])                             !! ValueError
p.update([([], 1)])                           !! TypeError
p.update({}, {})                              !! TypeError
p.update('')                                  -> None
p.update(['xy'])                              -> None
p['x']                                        -> 'y'
p.update(p)                                   -> None
len(p)                                        -> 8
p.update([('before', 1), ('bad',)])           !! ValueError
'before' in p                                 -> True
{3.9+} p |= {'z': 1}                          !! TypeError

== dict: order
{3.7+} p = m.dict([('z', 1), ('a', 2), (3, 3)])
{3.7+} p.keys()                               -> ['z', 'a', 3]
{3.7+} p['z'] = 'again'
{3.7+} p['new'] = 0
{3.7+} p.items()                              -> [('z', 'again'), ('a', 2), (3, 3), ('new', 0)]
{3.7+} del p['z']
{3.7+} p['z'] = 'last'
{3.7+} p.values()                             -> [2, 3, 0, 'last']
{3.7+} list(p)                                -> ['a', 3, 'new', 'z']
{3.7+} str(p)                                 -> "{'a': 2, 3: 3, 'new': 0, 'z': 'last'}"
{3.7+} p.popitem()                            -> ('z', 'last')
{3.7+} p.update({'a': 'kept', 'm': 1})        -> None
{3.7+} p.copy()                               -> {'a': 'kept', 3: 3, 'new': 0, 'm': 1}
{3.7+} p[3.0] = 'key stays'
{3.7+} p.keys()                               -> ['a', 3, 'new', 'm']

== dict: keys, values, items, copy
p = m.dict({'a': [1]})
p.keys()                                      -> ['a']
p.values()                                    -> [[1]]
p.items()                                     -> [('a', [1])]
p.copy()                                      -> {'a': [1]}
type(p.keys()).__name__                       -> 'list'
type(p.items()[0]).__name__                   -> 'tuple'
p.copy()['a'].append(2)                       -> None
p['a']                                        -> [1]
p.keys(1)                                     !! TypeError
p.items(1)                                    !! TypeError
p.copy(1)                                     !! TypeError
p.values(x=1)                                 !! TypeError
p._getvalue()                                 -> {'a': [1]}
copy.deepcopy(p)                              -> {'a': [1]}
len(p)                                        -> 1
bool(p)                                       -> True
bool(m.dict())                                -> False
p == {'a': [1]}                               -> False
dict(p)                                       -> {'a': [1]}

== Iterator: of a dict
p = m.dict({'a': 1})
i = iter(p)
type(i).__name__                              -> 'IteratorProxy'
next(i)                                       -> 'a'
next(i)                                       !! StopIteration
next(i)                                       !! StopIteration
list(p)                                       -> ['a']
[key for key in p]                            -> ['a']
sorted(m.dict({1: 1, 2: 2}))                  -> [1, 2]
i = iter(p)
p['b'] = 2
next(i)                                       !! RuntimeError
i = iter(p)
iter(i) is i                                  -> True
{3+} i.send(1)                                !! RemoteError(KeyError)
{3+} i.throw(ValueError)                      !! RemoteError(KeyError)
{3+} i.close()                                !! RemoteError(KeyError)
{3+} i._callmethod('__next__', (1,))          !! TypeError
{3+} i._callmethod('nothing_like_it')         !! RemoteError(KeyError)
{3+} i._getvalue()                            -> <list_iterator object at 0x...>
str(m.dict().keys())                          -> '[]'
list(m.dict())                                -> []
i = iter(p)
del p
{3+} sorted(i)                                -> ['a', 'b']
p = m.dict([(n, n) for n in range(300)])
sum(p)                                        -> 44850
len(list(p))                                  -> 300

== Iterator: several at once
{3.7+} p = m.dict([('a', 1), ('b', 2), ('c', 3)])
{3.7+} i = iter(p)
{3.7+} j = iter(p)
{3.7+} next(i), next(i), next(j)              -> ('a', 'b', 'a')
{3.7+} [next(i), next(j)]                     -> ['c', 'b']
{3.7+} next(i, 'end')                         -> 'end'
{3.7+} p['b'] = 'changed'
{3.7+} next(j)                                -> 'c'
{3.7+} next(j, 'end')                         -> 'end'
{3.7+} i = iter(p)
{3.7+} del p['a']
{3.7+} next(i)                                !! RuntimeError
{3.7+} p['new'] = 1
{3.7+} i = iter(p)
{3.7+} p.clear()                              -> None
{3.7+} next(i)                                !! RuntimeError
{3.7+} i = iter(p)
{3.7+} in_threads(lambda: next(i), lambda: next(i))  -> ['raised StopIteration', 'raised StopIteration']
{3.7+} i._callmethod('__iter__')              !! RemoteError(KeyError)
{3.7+} i._callmethod('__next__')              !! StopIteration
{3.7+} repr(i)                                -> "<IteratorProxy object, typeid 'Iterator' at 0x...>"

== dict: texts
p = m.dict({'k': [1, (2,), None]})
str(p)                                        -> "{'k': [1, (2,), None]}"
repr(p)                                       -> "<DictProxy object, typeid 'dict' at 0x...>"
p._callmethod('__repr__')                     -> "{'k': [1, (2,), None]}"
p._callmethod('__str__')                      -> "{'k': [1, (2,), None]}"
{3.7+} str(m.dict([(1, 'a'), ('b', {2: 3}), ((), b'x'), (None, 1.5), (True, [])]))

== dict: proxies inside
{3.6+} p = m.dict()
{3.6+} p['list'] = m.list([1])
{3.6+} p['list'].append(2)                    -> None
{3.6+} p['list'][:]                           -> [1, 2]
{3.6+} p['dict'] = m.dict()
{3.6+} p['dict']['deeper'] = m.dict({'x': 1})
{3.6+} p['dict']['deeper']['x'] = 2
{3.6+} p['dict']['deeper'].copy()             -> {'x': 2}
{3.6+} [type(value).__name__ for value in p.values()]  -> ['ListProxy', 'DictProxy']
{3.6+} type(p.get('list')).__name__           -> 'ListProxy'
{3.6+} type(p.copy()['list']).__name__        -> 'ListProxy'
{3.6+} x = p.pop('list')
{3.6+} x[:]                                   -> [1, 2]
{3.6+} p.update(other=x)                      -> None
{3.6+} p['other'][:]                          -> [1, 2]
{3.6+} p.setdefault('other', None)[:]         -> [1, 2]
{3.6+} str(p['dict']['deeper'])               -> "{'x': 2}"

== dict: wrong calls
p = m.dict(a=1)
p.fromkeys([1])                               !! AttributeError
p._callmethod('fromkeys', ([1],))             !! RemoteError(KeyError)
p._callmethod('__eq__', ({},))                !! RemoteError(KeyError)
p._callmethod('nothing_like_it')              !! RemoteError(KeyError)
p._callmethod('__len__', (1,))                !! TypeError
p._callmethod('__iter__', (1,))               !! TypeError
p.items()                                     -> [('a', 1)]

== Value
p = m.Value('i', 5)
p.value                                       -> 5
p.get()                                       -> 5
p.value = 6
p.get()                                       -> 6
p.set(7)                                      -> None
p.value                                       -> 7
str(p)                                        -> "Value('i', 7)"
repr(p)                                       -> "<ValueProxy object, typeid 'Value' at 0x...>"
p.value += 1
p.value                                       -> 8
p.value = 'any type'
p.value                                       -> 'any type'
p.set([1, {'k': 2}])                          -> None
p.value[0]                                    -> 1
p.value.append(2)                             -> None
p.value                                       -> [1, {'k': 2}]
p.set()                                       !! TypeError
p.set(1, 2)                                   !! TypeError
p.get(1)                                      !! TypeError
p._callmethod('get', (1,))                    !! TypeError
p._callmethod('set')                          !! TypeError
p._callmethod('set', (), {'value': 8})        -> None
p.get()                                       -> 8
p._callmethod('set', (), {'other': 8})        !! TypeError
p._callmethod('__repr__')                     -> "Value('i', 8)"
p._callmethod('value')                        !! RemoteError(KeyError)
str(m.Value('d', 1.5))                        -> "Value('d', 1.5)"
str(m.Value(None, None))                      -> 'Value(None, None)'
str(m.Value('no type code', (1, 2)))          -> "Value('no type code', (1, 2))"
str(m.Value('i', 1, True))                    -> "Value('i', 1)"
str(m.Value('i', 1, lock=False))              -> "Value('i', 1)"
str(m.Value(typecode='i', value=1))           -> "Value('i', 1)"
m.Value('i')                                  !! RemoteError(TypeError)
m.Value()                                     !! RemoteError(TypeError)
m.Value('i', 1, True, 2)                      !! RemoteError(TypeError)
m.Value('i', 1, x=2)                          !! RemoteError(TypeError)
{3.6+} p.value = m.list([1])
{3.6+} p.value.append(2)                      -> None
{3.6+} p.value[:]                             -> [1, 2]
{3+} m.Value('i', 3)._getvalue()              -> Value('i', 3)

== Array: made of
m.Array('i', [1, 2, 3])[:]                    -> array('i', [1, 2, 3])
m.Array('i', (1, 2))[:]                       -> array('i', [1, 2])
m.Array('i', [])[:]                           -> array('i')
{3+} m.Array('i', range(3))[:]                -> array('i', [0, 1, 2])
m.Array('d', [1, 2.5])[:]                     -> array('d', [1.0, 2.5])
{3+} m.Array('b', b'ab')[:]                   -> array('b', [97, 98])
{3+} m.Array('B', bytearray(b'ab'))[:]        -> array('B', [97, 98])
{3+} m.Array('i', b'\x01\x00\x00\x00')[:]     -> array('i', [1])
{3+} m.Array('i', b'abc')                     !! RemoteError(ValueError)
m.Array('i', array.array('i', [7]))[:]        -> array('i', [7])
m.Array('d', array.array('i', [7]))[:]        -> array('d', [7.0])
m.Array('i', m.list([8, 9]))[:]               -> array('i', [8, 9])
m.Array('i', [1], True)[:]                    -> array('i', [1])
m.Array('i', [1], lock=False)[:]              -> array('i', [1])
m.Array(typecode='i', sequence=[1])[:]        -> array('i', [1])
m.Array('i')                                  !! RemoteError(TypeError)
m.Array()                                     !! RemoteError(TypeError)
m.Array('i', 5)                               !! RemoteError(TypeError)
m.Array('i', None)                            !! RemoteError(TypeError)
m.Array('i', 'abc')                           !! RemoteError(TypeError)
m.Array('i', [1.5])                           !! RemoteError(TypeError)
m.Array('i', ['a'])                           !! RemoteError(TypeError)
m.Array('i', [None])                          !! RemoteError(TypeError)
m.Array('x', [])                              !! RemoteError(ValueError)
m.Array('', [])                               !! RemoteError(TypeError)
m.Array('ii', [])                             !! RemoteError(TypeError)
m.Array(1, [])                                !! RemoteError(TypeError)
m.Array(None, [])                             !! RemoteError(TypeError)
m.Array('i', [2 ** 31])                       !! RemoteError(OverflowError)
m.Array('i', [1], True, 3)                    !! RemoteError(TypeError)
{3+} m.Array('u', 'ab')[:]                    -> array('u', 'ab')
{3+} m.Array('i', {3: 4})[:]                  -> array('i', [3])

== Array: type codes and their ranges
[m.Array(code, [0, 1]).__getitem__(1) for code in 'bBhHiIlLfd']  -> [1, 1, 1, 1, 1, 1, 1, 1, 1.0, 1.0]
{3+} [m.Array(code, [0, 1])[1] for code in 'qQ']  -> [1, 1]
[m.Array(code, [low])[0] for code, low in zip('bhil', (-2 ** 7, -2 ** 15, -2 ** 31, -2 ** 63))]
[m.Array(code, [high])[0] for code, high in zip('bBhHiI', (2 ** 7 - 1, 2 ** 8 - 1, 2 ** 15 - 1, 2 ** 16 - 1, 2 ** 31 - 1, 2 ** 32 - 1))]
{3+} [m.Array(code, [high])[0] for code, high in zip('lLqQ', (2 ** 63 - 1, 2 ** 64 - 1, 2 ** 63 - 1, 2 ** 64 - 1))]
m.Array('b', [2 ** 7])                        !! RemoteError(OverflowError)
m.Array('b', [-2 ** 7 - 1])                   !! RemoteError(OverflowError)
m.Array('B', [2 ** 8])                        !! RemoteError(OverflowError)
m.Array('B', [-1])                            !! RemoteError(OverflowError)
m.Array('h', [2 ** 15])                       !! RemoteError(OverflowError)
m.Array('h', [-2 ** 15 - 1])                  !! RemoteError(OverflowError)
m.Array('H', [2 ** 16])                       !! RemoteError(OverflowError)
m.Array('H', [-1])                            !! RemoteError(OverflowError)
m.Array('i', [-2 ** 31 - 1])                  !! RemoteError(OverflowError)
m.Array('I', [2 ** 32])                       !! RemoteError(OverflowError)
m.Array('I', [-1])                            !! RemoteError(OverflowError)
m.Array('l', [2 ** 63])                       !! RemoteError(OverflowError)
m.Array('L', [2 ** 64])                       !! RemoteError(OverflowError)
m.Array('L', [-1])                            !! RemoteError(OverflowError)
{3+} m.Array('q', [2 ** 63])                  !! RemoteError(OverflowError)
{3+} m.Array('q', [-2 ** 63 - 1])             !! RemoteError(OverflowError)
{3+} m.Array('Q', [2 ** 64])                  !! RemoteError(OverflowError)
{3+} m.Array('Q', [-1])                       !! RemoteError(OverflowError)
p = m.Array('b', [1, 2])
p[0] = 127
p[0] = 128                                    !! OverflowError
p[0] = -129                                   !! OverflowError
p[0] = 1.5                                    !! TypeError
p[0] = 'a'                                    !! TypeError
p[0] = None                                   !! TypeError
p[0] = True
p[0] = 10 ** 30                               !! OverflowError
p[:]                                          -> array('b', [1, 2])
p = m.Array('f', [0.1, 1e30])
p[0]                                          -> 0.10000000149011612
p[0] = 0.2
p[0]                                          -> 0.20000000298023224
p[1] = 1e300
p[1]                                          -> inf
p[1] = 'a'                                    !! TypeError
p[1] = 10 ** 400                              !! OverflowError
p = m.Array('d', [0.1])
p[0]                                          -> 0.1
p[0] = float('inf')
p[0]                                          -> inf
p[0] = True
p[0]                                          -> 1.0
p[0] = 10 ** 400                              !! OverflowError

== Array: indices and slices
p = m.Array('i', [10, 20, 30, 40])
p[0]                                          -> 10
p[-1]                                         -> 40
p[4]                                          !! IndexError
p[-5]                                         !! IndexError
p['0']                                        !! TypeError
p[1.0]                                        !! TypeError
p[None]                                       !! TypeError
p[10 ** 30]                                   !! IndexError
p[1:3]                                        -> array('i', [20, 30])
p[:]                                          -> array('i', [10, 20, 30, 40])
p[::2]                                        -> array('i', [10, 30])
p[::-1]                                       -> array('i', [40, 30, 20, 10])
p[3:1]                                        -> array('i')
p[-100:100]                                   -> array('i', [10, 20, 30, 40])
p[::0]                                        !! ValueError
type(p[1:2]).__name__                         -> 'array'
p[0] = 11
p[-1] = 41
p[4] = 1                                      !! IndexError
p[-5] = 1                                     !! IndexError
p['0'] = 1                                    !! TypeError
p[:]                                          -> array('i', [11, 20, 30, 41])
p[1:3] = array.array('i', [1, 2])
p[:]                                          -> array('i', [11, 1, 2, 41])
p[1:2] = array.array('i', [5, 6, 7])
p[:]                                          -> array('i', [11, 5, 6, 7, 2, 41])
p[4:] = array.array('i')
p[:]                                          -> array('i', [11, 5, 6, 7])
p[::2] = array.array('i', [8, 9])
p[:]                                          -> array('i', [8, 5, 9, 7])
p[::2] = array.array('i', [1])                !! ValueError
p[::-1] = array.array('i', [1, 2, 3, 4])
p[:]                                          -> array('i', [4, 3, 2, 1])
p[1:1] = array.array('i', [5])
p[:]                                          -> array('i', [4, 5, 3, 2, 1])
p[1:2] = [5]                                  !! TypeError
p[1:2] = 5                                    !! TypeError
p[1:2] = array.array('d', [5])                !! TypeError
p[::2] = array.array('h', [5])                !! TypeError
p[:]                                          -> array('i', [4, 5, 3, 2, 1])
len(p)                                        -> 5
list(p)                                       -> [4, 5, 3, 2, 1]
sum(p)                                        -> 15
30 in p                                       -> False
4 in p                                        -> True
p._callmethod('__getitem__')                  !! TypeError
p._callmethod('__getitem__', (1, 2))          !! TypeError
p._callmethod('__setitem__', (1,))            !! TypeError
p._callmethod('__len__', (1,))                !! TypeError

== Array: texts, values, wrong calls
p = m.Array('i', [1, 2])
str(p)                                        -> "array('i', [1, 2])"
repr(p)                                       -> "<ArrayProxy object, typeid 'Array' at 0x...>"
str(m.Array('d', []))                         -> "array('d')"
str(m.Array('d', [1, 0.1]))                   -> "array('d', [1.0, 0.1])"
{3+} str(m.Array('b', [1]))                   -> "array('b', [1])"
p._getvalue()                                 -> array('i', [1, 2])
copy.deepcopy(p)                              -> array('i', [1, 2])
p._callmethod('__repr__')                     -> "array('i', [1, 2])"
p._callmethod('__str__')                      -> "array('i', [1, 2])"
p.append(3)                                   !! AttributeError
p._callmethod('append', (3,))                 !! RemoteError(KeyError)
p._callmethod('tolist')                       !! RemoteError(KeyError)
del p[0]                                      !! AttributeError
p._callmethod('__delitem__', (0,))            !! RemoteError(KeyError)
p[:]                                          -> array('i', [1, 2])

== Namespace: attributes
p = m.Namespace()
p.x = 1
p.x                                           -> 1
p.x = 'text'
p.x                                           -> 'text'
p.y                                           !! AttributeError
del p.y                                       !! AttributeError
del p.x
p.x                                           !! AttributeError
p.nested = {'k': [1]}
p.nested['k'].append(2)                       -> None
p.nested                                      -> {'k': [1]}
p._own = 1
p._own                                        -> 1
str(p)                                        -> "Namespace(nested={'k': [1]})"
p._callmethod('__setattr__', ('_hidden', 2))  -> None
p._callmethod('__getattribute__', ('_hidden',))  -> 2
str(p)                                        -> "Namespace(nested={'k': [1]})"
p._callmethod('__delattr__', ('_hidden',))    -> None
p._callmethod('__getattribute__', ('_hidden',))  !! AttributeError
p._callmethod('__getattribute__', ('nested',))  -> {'k': [1]}
p._callmethod('__getattribute__')             !! TypeError
p._callmethod('__getattribute__', ('a', 'b'))  !! TypeError
p._callmethod('__getattribute__', (1,))       !! TypeError
p._callmethod('__setattr__', ('a',))          !! TypeError
p._callmethod('__setattr__', (1, 2))          !! TypeError
p._callmethod('__setattr__', ('with space', 3))  -> None
p._callmethod('__getattribute__', ('with space',))  -> 3
p._callmethod('__setattr__', ('', 4))         -> None
p._callmethod('__getattribute__', ('',))      -> 4
p._callmethod('__delattr__')                  !! TypeError
p._callmethod('__delattr__', ('missing',))    !! AttributeError
p._callmethod('__delattr__', (1,))            !! TypeError
str(p)                                        -> "Namespace(=4, nested={'k': [1]}, with space=3)"
hasattr(p, 'x')                               -> False
hasattr(p, 'nested')                          -> True
getattr(p, 'missing', 'default')              -> 'default'
setattr(p, 'set', 5)                          -> None
p.set                                         -> 5

== Namespace: made of, texts, values
str(m.Namespace())                            -> 'Namespace()'
str(m.Namespace(a=1, b='x'))                  -> "Namespace(a=1, b='x')"
str(m.Namespace(b=1, a=2, _c=3))              -> 'Namespace(a=2, b=1)'
m.Namespace(a=[1]).a                          -> [1]
m.Namespace(1)                                !! RemoteError(TypeError)
m.Namespace({'a': 1})                         !! RemoteError(TypeError)
p = m.Namespace(a=1, b=[2])
repr(p)                                       -> "<NamespaceProxy object, typeid 'Namespace' at 0x...>"
p._callmethod('__repr__')                     -> 'Namespace(a=1, b=[2])'
p._callmethod('__str__')                      -> 'Namespace(a=1, b=[2])'
p._getvalue()                                 -> Namespace(a=1, b=[2])
type(p._getvalue()).__name__                  -> 'Namespace'
p._getvalue().b                               -> [2]
copy.deepcopy(p).a                            -> 1
p._callmethod('get', ('a',))                  !! RemoteError(KeyError)
p._callmethod('__dict__')                     !! RemoteError(KeyError)
sorted(p._callmethod('__getattribute__', ('__dict__',)).items())  -> [('a', 1), ('b', [2])]
{3.6+} p.inner = m.Namespace(z=1)
{3.6+} p.inner.z = 2
{3.6+} p.inner.z                              -> 2
{3.6+} p.items = m.list([1])
{3.6+} p.items.append(2)                      -> None
{3.6+} p.items[:]                             -> [1, 2]
{3.6+} del p.inner
{3.6+} p.inner                                !! AttributeError

== Namespace: what every object has
p = m.Namespace(a=1)
p._callmethod('__getattribute__', ('__class__',)).__name__  -> 'Namespace'
p._callmethod('__getattribute__', ('__module__',))  -> 'multiprocessing.managers'

== Event
p = m.Event()
p.is_set()                                    -> False
p.wait(0)                                     -> False
took(0.1, lambda: p.wait(0.1))                -> ('bool False', True, True)
took(0.1, lambda: p.wait(timeout=0.1))        -> ('bool False', True, True)
p.set()                                       -> None
p.is_set()                                    -> True
p.wait()                                      -> True
p.wait(5)                                     -> True
p.set()                                       -> None
p.clear()                                     -> None
p.is_set()                                    -> False
p.clear()                                     -> None
p.wait(-1)                                    -> False
p.wait('soon')                                !! TypeError
p.wait(1, 2)                                  !! TypeError
p._callmethod('wait', (0.01,))                -> False
p._callmethod('wait', (), {'timeout': 0.01})  -> False
p._callmethod('wait', (1, 2))                 !! TypeError
p._callmethod('set', (1,))                    !! TypeError
p._callmethod('is_set', (1,))                 !! TypeError
p._callmethod('isSet')                        !! RemoteError(KeyError)
p.is_set()                                    -> False
repr(p)                                       -> "<EventProxy object, typeid 'Event' at 0x...>"
p._getvalue()                                 !! RemoteError(TypeError)
m.Event(1)                                    !! RemoteError(TypeError)
m.Event(x=1)                                  !! RemoteError(TypeError)

== Event: several threads
p = m.Event()
end = later(0.1, p.set)
in_threads(p.wait, lambda: p.wait(10), lambda: p.wait(None))  -> ['bool True', 'bool True', 'bool True']
end()                                         -> 'NoneType None'
p.clear()                                     -> None
in_threads(lambda: took(0.1, lambda: p.wait(0.1)), lambda: took(0.2, lambda: p.wait(0.2)))
end = later(0.05, lambda: (p.set(), p.clear()))
in_threads(lambda: p.wait(10), lambda: p.wait(10))  -> ['bool True', 'bool True']
end()                                         -> 'tuple (None, None)'
p.is_set()                                    -> False

== Lock
p = m.Lock()
p.acquire()                                   -> True
p.acquire(False)                              -> False
p.acquire(0)                                  -> False
p.release()                                   -> None
{3+} p.release()                              !! RuntimeError
p.acquire(True)                               -> True
{3+} took(0.1, lambda: p.acquire(True, 0.1))  -> ('bool False', True, True)
{3+} took(0.1, lambda: p.acquire(timeout=0.1))  -> ('bool False', True, True)
{3+} took(0, lambda: p.acquire(True, 0))      -> ('bool False', True, True)
{3+} p.acquire(False, 1)                      !! ValueError
{3+} p.acquire(False, -1)                     -> False
{3+} p.acquire(True, -2)                      !! ValueError
{3+} p.acquire(True, 'soon')                  !! TypeError
{3+} p.acquire(True, 1e30)                    !! OverflowError
p.acquire('x', 1, 2)                          !! TypeError
p.release(1)                                  !! TypeError
p._callmethod('release')                      -> None
p._callmethod('acquire')                      -> True
p._callmethod('acquire', (False,))            -> False
{3+} p._callmethod('acquire', (), {'blocking': False})  -> False
{3+} p._callmethod('acquire', (), {'blocking': True, 'timeout': 0.01})  -> False
p._callmethod('acquire', (), {'wait': 1})     !! TypeError
p._callmethod('locked')                       !! RemoteError(KeyError)
p._callmethod('release', (1,))                !! TypeError
in_threads(lambda: p.acquire(False))          -> ['bool False']
in_threads(p.release)                         -> ['NoneType None']
p.acquire(False)                              -> True
p.release()                                   -> None
p.__enter__()                                 -> True
p.acquire(False)                              -> False
p.__exit__(None, None, None)                  -> None
with p: x = p.acquire(False)
x                                             -> False
p.acquire(False)                              -> True
p.release()                                   -> None
repr(p)                                       -> "<AcquirerProxy object, typeid 'Lock' at 0x...>"
p._getvalue()                                 !! RemoteError(TypeError)
m.Lock(1)                                     !! RemoteError(TypeError)
m.Lock(x=1)                                   !! RemoteError(TypeError)

== Lock: several threads
p = m.Lock()
p.acquire()                                   -> True
in_threads(lambda: p.acquire(False))          -> ['bool False']
end = later(0.1, p.release)
took(0.05, lambda: p.acquire())               -> ('bool True', True, True)
end()                                         -> 'NoneType None'
end = later(0.1, p.release)
{3+} in_threads(lambda: p.acquire(True, 10))  -> ['bool True']
{2} in_threads(lambda: p.acquire(True))
end()                                         -> 'NoneType None'
p.acquire(False)                              -> False
p.release()                                   -> None
n = m.Value('i', 0)
for_each = [lambda: [(p.acquire(), n.set(n.get() + 1), p.release()) for _ in range(10)] and 'done'] * 3
in_threads(*for_each)                         -> ["str 'done'", "str 'done'", "str 'done'"]
n.value                                       -> 30

== RLock
p = m.RLock()
p.acquire()                                   -> True
p.acquire()                                   -> True
p.acquire(False)                              -> True
p.release()                                   -> None
p.release()                                   -> None
p.release()                                   -> None
p.release()                                   !! RuntimeError
p.release()                                   !! RuntimeError
p.acquire(0)                                  -> True
{3+} p.acquire(True, 0.1)                     -> True
{3+} p.acquire(timeout=0.1)                   -> True
{3+} p.acquire(False, 1)                      !! ValueError
p.release()                                   -> None
p.release(1)                                  !! TypeError
p._callmethod('acquire', (), {'blocking': False})  -> True
p._callmethod('acquire', (1, 2, 3))           !! TypeError
p._callmethod('_is_owned')                    !! RemoteError(KeyError)
p._callmethod('release', (1,))                !! TypeError
p.__enter__()                                 -> True
p.__exit__(None, None, None)                  -> None
with p: x = p.acquire(False)
x                                             -> True
repr(p)                                       -> "<AcquirerProxy object, typeid 'RLock' at 0x...>"
p._getvalue()                                 !! RemoteError(TypeError)
m.RLock(1)                                    -> <AcquirerProxy object, typeid 'RLock' at 0x...>

== RLock: several threads
p = m.RLock()
p.acquire()                                   -> True
in_threads(lambda: p.acquire(False))          -> ['bool False']
in_threads(lambda: p.release())               -> ['raised RuntimeError']
{3+} in_threads(lambda: took(0.1, lambda: p.acquire(True, 0.1)))  -> ["tuple ('bool False', True, True)"]
p.acquire()                                   -> True
end = later(0.2, lambda: None)
p.release()                                   -> None
in_threads(lambda: p.acquire(False))          -> ['bool False']
p.release()                                   -> None
in_threads(lambda: (p.acquire(False), p.acquire(False), p.release(), p.release()))  -> ['tuple (True, True, None, None)']
p.acquire(False)                              -> True
p.release()                                   -> None
in_threads(lambda: (p.acquire(), p.release()), lambda: (p.acquire(), p.release()), lambda: (p.acquire(), p.release()))
end()                                         -> 'NoneType None'

== Semaphore
p = m.Semaphore()
p.acquire()                                   -> True
p.acquire(False)                              -> False
p.release()                                   -> None
p.release()                                   -> None
p.acquire(False)                              -> True
p.acquire(False)                              -> True
p.acquire(False)                              -> False
{3+} took(0.1, lambda: p.acquire(True, 0.1))  -> ('bool False', True, True)
{3+} took(0.1, lambda: p.acquire(timeout=0.1))  -> ('bool False', True, True)
{3+} p.acquire(False, 1)                      !! ValueError
{3+} p.acquire(True, -1)                      -> False
{3+} p.acquire(True, 'soon')                  !! TypeError
p.release(1)                                  !! TypeError
{3.9+} p._callmethod('release', (2,))         -> None
{3.9+} p._callmethod('release', (), {'n': 1})  -> None
{3.9+} [p.acquire(False) for _ in range(5)]   -> [True, True, True, False, False]
{3.9+} p._callmethod('release', (0,))         !! ValueError
{3.9+} p._callmethod('release', (-1,))        !! ValueError
{3.9+} p._callmethod('release', ('x',))       !! TypeError
{3.9+} p._callmethod('release', (1.5,))
p._callmethod('acquire', (1, 2, 3))           !! TypeError
p._callmethod('acquire', (), {'x': 1})        !! TypeError
repr(p)                                       -> "<AcquirerProxy object, typeid 'Semaphore' at 0x...>"
p._getvalue()                                 !! RemoteError(TypeError)
p = m.Semaphore(2)
[p.acquire(False) for _ in range(3)]          -> [True, True, False]
p = m.Semaphore(value=1)
[p.acquire(False) for _ in range(2)]          -> [True, False]
p = m.Semaphore(0)
p.acquire(False)                              -> False
p.release()                                   -> None
with p: x = p.acquire(False)
x                                             -> False
p.acquire(False)                              -> True
m.Semaphore(-1)                               !! RemoteError(ValueError)
m.Semaphore('x')                              !! RemoteError(TypeError)
m.Semaphore(None)                             !! RemoteError(TypeError)
m.Semaphore(1, 2, 3)                          !! RemoteError(TypeError)
m.Semaphore(x=1)                              !! RemoteError(TypeError)

== Semaphore: several threads
p = m.Semaphore(0)
end = later(0.1, lambda: (p.release(), p.release()))
in_threads(p.acquire, p.acquire)              -> ['bool True', 'bool True']
end()                                         -> 'tuple (None, None)'
p.acquire(False)                              -> False
p.release()                                   -> None
{3+} sorted_threads(lambda: p.acquire(True, 0.1), lambda: p.acquire(True, 0.1))  -> ['bool False', 'bool True']
p = m.Semaphore(2)
sorted_threads(*[lambda: p.acquire(False)] * 4)  -> ['bool False', 'bool False', 'bool True', 'bool True']

== BoundedSemaphore
p = m.BoundedSemaphore(2)
p.acquire()                                   -> True
p.acquire()                                   -> True
p.acquire(False)                              -> False
p.release()                                   -> None
p.release()                                   -> None
p.release()                                   !! ValueError
{3.9+} p._callmethod('release', (1,))         !! ValueError
p.acquire(False)                              -> True
{3.9+} p._callmethod('release', (2,))         !! ValueError
{3.9+} p._callmethod('release', (0,))         !! ValueError
p.release()                                   -> None
{3+} p.acquire(True, 0.1)                     -> True
{3+} p.acquire(True, 0.1)                     -> True
{3+} took(0.1, lambda: p.acquire(True, 0.1))  -> ('bool False', True, True)
p.release()                                   -> None
with p: x = p.acquire(False)
x                                             -> False
repr(p)                                       -> "<AcquirerProxy object, typeid 'BoundedSemaphore' at 0x...>"
p._getvalue()                                 !! RemoteError(TypeError)
p = m.BoundedSemaphore()
p.release()                                   !! ValueError
p = m.BoundedSemaphore(value=0)
p.release()                                   !! ValueError
m.BoundedSemaphore(-1)                        !! RemoteError(ValueError)
m.BoundedSemaphore('x')                       !! RemoteError(TypeError)
m.BoundedSemaphore(1, 2, 3)                   !! RemoteError(TypeError)

== Condition
p = m.Condition()
p.notify()                                    !! RuntimeError
p.notify_all()                                !! RuntimeError
p.wait(0.01)                                  !! RuntimeError
p.release()                                   !! RuntimeError
p.acquire()                                   -> True
p.acquire()                                   -> True
p.acquire(False)                              -> True
{3+} p.acquire(timeout=0.1)                   -> True
{3+} p.release()                              -> None
p.release()                                   -> None
p.release()                                   -> None
{3+} took(0.1, lambda: p.wait(0.1))           -> ('bool False', True, True)
{3+} took(0, lambda: p.wait(0))               -> ('bool False', True, True)
{3+} took(0, lambda: p.wait(-1))              -> ('bool False', True, True)
p.wait('soon')                                !! TypeError
p.wait(1, 2)                                  !! TypeError
p.notify()                                    -> None
p.notify_all()                                -> None
{3.7+} p.notify(5)                            -> None
{3.7+} p.notify(0)                            -> None
{3.7+} p.notify(-1)
p._callmethod('notify', ('x',))
p._callmethod('wait', (1, 2))                 !! TypeError
p._callmethod('notify_all', (1,))             !! TypeError
p._callmethod('notifyAll')                    !! RemoteError(KeyError)
p._callmethod('wait_for', (1,))               !! RemoteError(KeyError)
in_threads(lambda: p.acquire(False))          -> ['bool False']
in_threads(lambda: p.release())               -> ['raised RuntimeError']
in_threads(lambda: p.notify())                -> ['raised RuntimeError']
p.release()                                   -> None
{3+} p.release()                              !! RuntimeError
p.__enter__()                                 -> True
p.__exit__(None, None, None)                  -> None
with p: x = p.notify()
x                                             -> None
{3+} with p: x = p.wait_for(lambda: 5)
{3+} x                                        -> 5
{3+} with p: x = took(0.1, lambda: p.wait_for(lambda: False, 0.1))
{3+} x                                        -> ('bool False', True, True)
repr(p)                                       -> "<ConditionProxy object, typeid 'Condition' at 0x...>"
p._getvalue()                                 !! RemoteError(TypeError)
m.Condition(1, 2)                             !! RemoteError(TypeError)
m.Condition(x=1)                              !! RemoteError(TypeError)

== Condition: several threads
p = m.Condition()
v = m.Value('i', 0)
wait = lambda limit=None: (p.acquire(), v.set(v.get() + 1), p.wait(limit), p.release())[2]
wake = lambda call, want: (until(lambda: v.get() == want), p.acquire(), v.set(0), call(), p.release())[0]
in_threads(wait, lambda: wake(p.notify, 1))   -> ['bool True', 'bool True']
in_threads(lambda: wait(10), lambda: wait(10), lambda: wake(p.notify_all, 2))  -> ['bool True', 'bool True', 'bool True']
{3.7+} in_threads(lambda: wait(10), lambda: wait(10), lambda: wake(lambda: p.notify(2), 2))
{3+} sorted_threads(lambda: wait(0.5), lambda: wait(0.5), lambda: wake(p.notify, 2))
{3+} in_threads(lambda: wait(0.1))            -> ['bool False']
p.acquire()                                   -> True
p.acquire()                                   -> True
end = later(0.1, lambda: (p.acquire(), p.notify(), p.release()))
{3+} p.wait(10)                               -> True
{2} p.wait()
end()                                         -> 'tuple (True, None, None)'
p.release()                                   -> None
p.release()                                   -> None
{3+} p.release()                              !! RuntimeError

== Barrier
{3+} p = m.Barrier(1)
{3+} p.wait()                                 -> 0
{3+} p.parties                                -> 1
{3+} p.n_waiting                              -> 0
{3+} p.broken                                 -> False
{3+} p.wait(0)                                -> 0
{3+} p.wait(timeout=1)                        -> 0
{3+} p.abort()                                -> None
{3+} p.broken                                 -> True
{3+} p.wait()                                 !! BrokenBarrierError
{3+} p.reset()                                -> None
{3+} p.broken                                 -> False
{3+} p.wait()                                 -> 0
{3+} p = m.Barrier(2)
{3+} took(0.1, lambda: p.wait(0.1))           -> ('BrokenBarrierError ()', True, True)
{3+} p.broken                                 -> True
{3+} p.wait()                                 !! BrokenBarrierError
{3+} p.reset()                                -> None
{3+} p.n_waiting                              -> 0
{3+} p.wait('soon')                           !! TypeError
{3+} p.reset()                                -> None
{3+} p.wait(1, 2)                             !! TypeError
{3+} p._callmethod('wait', (0.01,))           !! BrokenBarrierError
{3+} p.reset()                                -> None
{3+} p._callmethod('wait', (), {'timeout': 0.01})  !! BrokenBarrierError
{3+} p._callmethod('abort', (1,))             !! TypeError
{3+} p._callmethod('reset', (1,))             !! TypeError
{3+} p._callmethod('__getattribute__', ('parties',))  -> 2
{3+} p._callmethod('__getattribute__', ('nothing_like_it',))  !! AttributeError
{3+} p._callmethod('__getattribute__')        !! TypeError
{3+} p._callmethod('__getattribute__', (1,))  !! TypeError
{3+} p._callmethod('parties')                 !! RemoteError(KeyError)
{3+} p._callmethod('nothing_like_it')         !! RemoteError(KeyError)
{3+} p.parties = 3                            !! AttributeError
{3+} repr(p)                                  -> "<BarrierProxy object, typeid 'Barrier' at 0x...>"
{3+} p._getvalue()                            !! RemoteError(TypeError)
{3+} took(0.1, lambda: m.Barrier(2, None, 0.1).wait())  -> ('BrokenBarrierError ()', True, True)
{3+} took(0.1, lambda: m.Barrier(2, timeout=0.1).wait())  -> ('BrokenBarrierError ()', True, True)
{3+} took(0.1, lambda: m.Barrier(2, timeout=9).wait(0.1))  -> ('BrokenBarrierError ()', True, True)
{3+} m.Barrier(parties=3).parties             -> 3
{3+} m.Barrier()                              !! RemoteError(TypeError)
{3+} m.Barrier('x')
{3+} m.Barrier(1, 2, 3, 4)                    !! RemoteError(TypeError)
{3+} m.Barrier(1, x=2)                        !! RemoteError(TypeError)

== Barrier: several threads
{3+} p = m.Barrier(3)
{3+} sorted_threads(p.wait, p.wait, p.wait)   -> ['int 0', 'int 1', 'int 2']
{3+} sorted_threads(p.wait, lambda: p.wait(10), p.wait)  -> ['int 0', 'int 1', 'int 2']
{3+} p.n_waiting                              -> 0
{3+} sorted_threads(p.wait, p.wait, lambda: (until(lambda: p.n_waiting == 2), p.n_waiting, p.abort())[:2])
{3+} p.broken                                 -> True
{3+} in_threads(p.wait)                       -> ['raised BrokenBarrierError']
{3+} p.reset()                                -> None
{3+} sorted_threads(p.wait, p.wait, lambda: (until(lambda: p.n_waiting == 2), p.reset())[0])
{3+} p.broken                                 -> False
{3+} sorted_threads(p.wait, p.wait, p.wait)   -> ['int 0', 'int 1', 'int 2']
{3+} sorted_threads(p.wait, p.wait, lambda: (until(lambda: p.n_waiting == 2), p.parties, p.n_waiting, p.broken, p.wait())[:4])
{3+} sorted_threads(p.wait, lambda: p.wait(0.1))  -> ['raised BrokenBarrierError', 'raised BrokenBarrierError']
{3+} p.broken                                 -> True

== Queue
p = m.Queue()
p.put(1)                                      -> None
p.put([2, {'k': 3}], True, 5)                 -> None
p.put(item='x', block=False)                  -> None
p.qsize()                                     -> 3
p.empty()                                     -> False
p.full()                                      -> False
p.get()                                       -> 1
p.get(True, 5)                                -> [2, {'k': 3}]
p.get(block=False)                            -> 'x'
p.get(False)                                  !! Empty
p.get_nowait()                                !! Empty
took(0.1, lambda: p.get(timeout=0.1))         -> ('Empty ()', True, True)
took(0.1, lambda: p.get(True, 0.1))           -> ('Empty ()', True, True)
p.get(True, -1)                               !! ValueError
p.get(True, 'soon')                           !! TypeError
p.get(False, -1)                              !! Empty
p.put()                                       !! TypeError
p.put(1, 2, 3, 4)                             !! TypeError
p.get(1, 2, 3)                                !! TypeError
p.put(x=1)                                    !! TypeError
p.qsize(1)                                    !! TypeError
p.task_done()                                 -> None
p.task_done()                                 -> None
p.task_done()                                 -> None
p.task_done()                                 !! ValueError
p.join()                                      -> None
repr(p)                                       -> "<AutoProxy[Queue] object, typeid 'Queue' at 0x...>"
p._getvalue()                                 !! RemoteError(TypeError)
p._callmethod('nothing_like_it')              !! RemoteError(KeyError)
p._callmethod('_put', (1,))                   !! RemoteError(KeyError)
p._callmethod('maxsize')                      !! RemoteError(KeyError)
p = m.Queue(2)
p.put(1)                                      -> None
p.put(2)                                      -> None
p.full()                                      -> True
p.put(3, False)                               !! Full
p.put_nowait(3)                               !! Full
took(0.1, lambda: p.put(3, timeout=0.1))      -> ('Full ()', True, True)
p.put(3, True, -1)                            !! ValueError
p = m.Queue(maxsize=1)
p.put(0)                                      -> None
end = later(0.1, lambda: p.get())
p.put(1, True, 10)                            -> None
end()                                         -> 'int 0'
end = later(0.1, lambda: p.get())
p.put(2)                                      -> None
end()                                         -> 'int 1'
p.get()                                       -> 2
m.Queue(1, 2)                                 !! RemoteError(TypeError)
m.Queue(x=1)                                  !! RemoteError(TypeError)
{3.13+} p.shutdown()                          -> None
{3.13+} p.put(1)                              !! ShutDown
{3.13+} p.get()                               !! ShutDown

== Queue: proxies inside
{3.6+} p = m.Queue()
{3.6+} x = m.list([1])
{3.6+} p.put(x)                               -> None
{3.6+} y = p.get(True, 2)
{3.6+} type(y).__name__                       -> 'ListProxy'
{3.6+} y.append(2)                            -> None
{3.6+} x[:]                                   -> [1, 2]
{3.9+} p.put({'reply': m.Queue()})            -> None
{3.9+} y = p.get(True, 2)
{3.9+} y['reply'].put('answer')               -> None
{3.9+} y['reply'].get(True, 2)                -> 'answer'
{3.6+} p.put(m.dict({'k': m.list(['deep'])}))  -> None
{3.6+} y = p.get(True, 2)
{3.6+} y['k'][:]                              -> ['deep']
{3.6+} y['k'].append('deeper')                -> None
{3.6+} y['k'][1]                              -> 'deeper'
{3.9+} p.put(p)                               -> None
{3.9+} p.get(True, 2).qsize()                 -> 0

== JoinableQueue
p = m.JoinableQueue()
p.put(1)                                      -> None
p.put(2)                                      -> None
end = later(0.1, lambda: (p.get(), p.task_done(), p.get(), p.task_done()))
p.join()                                      -> None
end()                                         -> 'tuple (1, None, 2, None)'
p.task_done()                                 !! ValueError
p.task_done(1)                                !! TypeError
p.join(1)                                     !! TypeError
p.join()                                      -> None
p.put(3)                                      -> None
p.get()                                       -> 3
in_threads(lambda: (p.task_done(), 'done')[1], p.join)  -> ["str 'done'", 'NoneType None']
m.JoinableQueue('x', 'y')                     !! RemoteError(TypeError)

== set
{3.14+} p = m.set([1, 2])
{3.14+} len(p)
{3.14+} 1 in p
{3.14+} p.add(3)
{3.14+} p.add([])
{3.14+} p.discard(9)
{3.14+} p.remove(9)
{3.14+} p.remove(1)
{3.14+} p.copy()
{3.14+} p | {5}
{3.14+} p & {2}
{3.14+} p - {2}
{3.14+} p ^ {2, 7}
{3.14+} {5} | p
{3.14+} p <= {2, 3, 4}
{3.14+} p == {2, 3}
{3.14+} p |= {6}
{3.14+} sorted(p)
{3.14+} p.union([1], (2,))
{3.14+} p.intersection([2])
{3.14+} p.difference([2])
{3.14+} p.symmetric_difference([2])
{3.14+} p.issubset([2, 3, 6, 7])
{3.14+} p.issuperset([2])
{3.14+} p.isdisjoint([9])
{3.14+} p.update([8], 'a')
{3.14+} p.intersection_update([8, 2])
{3.14+} p.difference_update([8])
{3.14+} p.symmetric_difference_update([3])
{3.14+} p.pop() in (2, 3)
{3.14+} str(m.set([1]))
{3.14+} str(m.set())
{3.14+} p.clear()
{3.14+} p.pop()
{3.14+} m.set(5)
{3.14+} m.set([[]])
{3.14+} p._callmethod('nothing_like_it')

== objects: counted, found, gone
objects_more(m, lambda: m.list())             -> 1
objects_more(m, lambda: [m.dict(), m.Lock(), m.Namespace()])  -> 3
objects_more(m, lambda: None)                 -> 0
p = m.list()
objects_more(m, lambda: copy.copy(p[:]))      -> 0
d = m.dict({'a': 1})
objects_more(m, lambda: iter(d))              -> 1
{3.6+} objects_more(m, lambda: p.append(m.list([1])))  -> 0
{3.6+} p[0][:]                                -> [1]
{3.6+} del p[0]
{3.6+} objects_more(m, lambda: p.append(m.list([1])))  -> 0
{3.6+} objects_more(m, lambda: p[0])          -> 1

== objects: proxies of containers that hold proxies
{3.6+} p = m.list()
{3.6+} p.append(m.dict({'a': 1}))
{3.6+} q = m.list(p)
{3.6+} q[0]['a']                              -> 1
{3.6+} q.extend(p)                            -> None
{3.6+} q[1:] = p
{3.6+} len(q)                                 -> 2
{3.6+} q[1].update({'a': 2})                  -> None
{3.6+} p[0]['a']                              -> 2
{3.6+} d = m.dict()
{3.6+} d.update({'p': p})                     -> None
{3.6+} m.dict(d)['p'][0]['a']                 -> 2

== objects: wrong requests
m._create('no_such_type')                     !! RemoteError(KeyError)
m._create('Iterator')
m._create('list', 1, 2)                       !! RemoteError(TypeError)
p = m.list([1])
p._id = 'no such object'
p[0]                                          !! RemoteError(KeyError)
p.append(1)                                   !! RemoteError(KeyError)
'''


def version_of(text):
    return tuple(int(part) for part in text.split('.'))


class Line:
    """One line of a scenario."""

    def __init__(self, text, first=(2, 7), last=(9,)):
        self.first, self.last = first, last
        self.source, self.expected, self.error = text.strip(), None, None
        for mark in ('  -> ', '  !! '):
            code, found, answer = self.source.rpartition(mark)
            if found:
                self.source, answer = code.strip(), answer.strip()
                if mark == '  -> ':
                    self.expected = answer
                else:
                    self.error = answer

    @property
    def compares_args(self):
        return bool(self.error) and re.match(r'[A-Za-z]\w*\(', self.error) is not None and not self.error.startswith('RemoteError(')

    def is_for(self, version):
        return self.first <= version[:2] and version[:1] <= self.last

    def is_as_expected(self, outcome):
        """Whether this is what the table says; true where it says nothing."""
        kind, name, text = outcome
        if self.expected is not None:
            return kind == 'value' and text == self.expected
        if self.error is not None:
            if kind != 'error':
                return False
            if self.compares_args:
                return self.error == name + (text.replace(',)', ')') if text.endswith(',)') else text)
            return self.error == name
        return True


class Scenario:
    def __init__(self, typeid, name):
        self.typeid, self.name, self.lines = typeid, name, []

    def for_version(self, version):
        return [line for line in self.lines if line.is_for(version)]


def scenarios():
    """The table: [Scenario]."""
    found = []
    for number, text in enumerate(TABLE.splitlines(), 1):
        title = re.match(r'== (\w+)(?:: (.*))?$', text)
        if title:
            found.append(Scenario(title.group(1), title.group(2) or ''))
            continue
        if not text.strip():
            continue
        condition = re.match(r'\{([\d.]+)(\+?)\} (.*)', text)
        if not condition:
            found[-1].lines.append(Line(text))
        elif condition.group(2):
            found[-1].lines.append(Line(condition.group(3), first=version_of(condition.group(1))))
        else:
            found[-1].lines.append(Line(condition.group(3), last=version_of(condition.group(1))))
    return found
