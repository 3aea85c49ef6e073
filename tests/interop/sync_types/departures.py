"""Where our server answers otherwise than CPython's, on purpose: each departure with its reason. docs/protocol.md tells them to users."""
import fnmatch
import re

PYTHON_2 = ((2, 7), (3,))


class Departure:
    def __init__(self, why, answers, typeid='*', line='*', pythons=((2, 7), (9,)), stock='*'):
        """`answers` and `stock`: patterns of what ours and CPython's say, `value TYPE TEXT` or `error CLASS`; `line`: of the line."""
        self.why, self.answers, self.typeid, self.line, self.pythons, self.stock = why, answers, typeid, line, pythons, stock
        self.is_used = False

    def allows(self, typeid, line, version, ours, theirs):
        fits = (self.pythons[0] <= version[:2] < self.pythons[1] and matches(typeid, self.typeid) and matches(line, self.line)
                and matches(said(ours), self.answers) and matches(said(theirs), self.stock))
        self.is_used = self.is_used or fits
        return fits


def matches(text, pattern):
    """As fnmatchcase(), in which [ ] are ordinary characters: they are in most lines of Python."""
    return fnmatch.fnmatchcase(text, pattern.replace('[', '[[]'))


def said(outcome):
    return ' '.join(outcome) if outcome[0] == 'value' else ' '.join(outcome[:2])


# Of several that fit, the first counts.
DEPARTURES = [
    Departure('what an object does not have is the AttributeError that CPython raises too, before a KeyError hides it',
              '* *AttributeError*', stock='error RemoteError(KeyError)'),
    Departure('methods of 3.14 are there for every client', '*', 'list', "p._callmethod('clear')"),
    Departure('methods of 3.14 are there for every client', '*', 'dict', "p._callmethod('fromkeys', ([1],))"),
    Departure('methods of 3.14 are there for every client', '*', '*Lock', "p._callmethod('locked')"),
    Departure('names of threading.py that have a newer one are exposed beside it', '*', 'Event', "p._callmethod('isSet')"),
    Departure('names of threading.py that have a newer one are exposed beside it', '*', 'Condition', "p._callmethod('notifyAll')"),
    Departure('nothing that a client sends is run, hence no key function', 'error TypeError', 'list', 'p.sort(key=*'),
    Departure('nothing that a client sends is run, hence no iterators: they are pickled as calls that make them again',
              'error RemoteError(TypeError)', '*', 'm.dict(zip(*'),
    Departure('a call that fails changes nothing', 'value bool False', 'dict', "'before' in p", stock='value bool True'),
    Departure('reverse= is judged by its truth, as from 3.12 on', 'value NoneType None', 'list', 'p.sort(reverse=*', ((2, 7), (3, 12))),
    Departure('arguments of a Barrier are checked when it is made, as from 3.13 on', 'error RemoteError(TypeError)', 'Barrier',
              "m.Barrier('x')", ((3, 6), (3, 13))),
    Departure('an object counts as long as it is there, also in a container alone', '*', 'objects', 'objects_more(m, lambda: p*'),
    Departure('an Iterator is made by iter() alone', 'error RemoteError(KeyError)', 'objects', "m._create('Iterator')"),
]
for typeid in ('Event', 'RLock', 'Condition'):
    DEPARTURES.append(Departure('2.7 is told what Python 3 is told: True where it was 1, and whether a wait was in vain', 'value *',
                                typeid, pythons=PYTHON_2, stock='value *'))
for typeid in ('Event', 'Semaphore', 'BoundedSemaphore', 'Condition'):
    DEPARTURES.append(Departure('arguments of locks are checked as in Python 3', 'error RemoteError(TypeError)', typeid, 'm.*',
                                pythons=PYTHON_2))
DEPARTURES.append(Departure('arguments of locks are checked as in Python 3', 'value NoneType None', 'Condition', "*'notify', ('x',))",
                            pythons=PYTHON_2))
# Beside those: see departure_of().
PYTHON_2_TEXT = Departure('a str of 2.7 that the server had to read comes back as unicode, which is equal to it; a long as int', '*')


def without_python_2(outcome):
    """An outcome in which unicode is not told from str, nor long from int."""
    kind, name, text = outcome
    name = {'unicode': 'str', 'long': 'int'}.get(name, name)
    return kind, name, re.sub(r"\bu(['\"])", r'\1', re.sub(r'\b(\d+)L\b', r'\1', text))


# Tests of CPython (CLASS.TEST) that need not pass against our server.
CPYTHON_TESTS = [
    ('WithManagerTestPool.*', 'a manager.Pool runs functions in the server, and ours runs nothing that clients send'),
    ('WithManagerTestBarrier.test_action*', 'the action of a Barrier would run in the server'),
]


def departure_of(typeid, line, version, ours, theirs):
    """The first departure that allows this difference, or None."""
    if version < (3,) and without_python_2(ours) == without_python_2(theirs):
        return PYTHON_2_TEXT
    for departure in DEPARTURES:
        if departure.allows(typeid, line, version, ours, theirs):
            return departure
    return None
