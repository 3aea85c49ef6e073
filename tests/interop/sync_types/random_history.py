"""Makes histories for random_test.py: lines of Python on shared lists, dicts, Values, Arrays, Namespaces and, from 3.14 on, sets.

A line depends on the seed and on what the lines before it should have led to, which a model tells: the same line, run on local objects.
So indices are mostly in range and keys are mostly there, whatever a server does.
"""
import array

TEXTS = ['a', 'b', 'key', '', 'longer text', "it's", 'tab\t']
ARRAY_RANGES = {'b': 7, 'B': 8, 'h': 15, 'H': 16, 'i': 31, 'I': 32, 'l': 63, 'L': 64, 'f': 0, 'd': 0}
LENGTH_MAX = 40


class Callable:
    """What a proxy has and a local object has not."""

    def _callmethod(self, name, args=(), kwds={}):
        return getattr(self, name)(*args, **kwds)


class List(Callable, list):
    pass


class Dict(Callable, dict):
    pass


class Set(Callable, set):
    pass


class Plain(Callable):
    """The model of a Namespace, and of a Value."""

    value = None

    def set(self, value):
        self.value = value

    def get(self):
        return self.value


class History:
    """One history: `setup`, lines that make the objects, then `lines`, then `final`, which tell what became of them."""

    def __init__(self, random, version, length):
        self.random, self.version = random, version
        self.is_2 = version < (3,)
        code = random.choice(sorted(ARRAY_RANGES))
        self.code = code
        first = [self.value() for _ in range(random.randrange(6))]
        self.model = {'l0': List(), 'l1': List(first), 'd0': Dict(), 'd1': Dict({1: 'one', 'a': [1]}), 'v0': Plain(),
                      'a0': array.array(code, [0, 1, 2, 3]), 'n0': Plain()}
        self.setup = ['l0 = m.list()', 'l1 = m.list(%r)' % (first,), 'd0 = m.dict()', "d1 = m.dict([(1, 'one'), ('a', [1])])",
                      "v0 = m.Value('i', 0)", 'a0 = m.Array(%r, [0, 1, 2, 3])' % code, 'n0 = m.Namespace()']
        self.makers = {'l': (self.list_line, 6), 'd': (self.dict_line, 5), 'v': (self.value_line, 1), 'a': (self.array_line, 2),
                       'n': (self.namespace_line, 1)}
        if version >= (3, 14):
            self.model['s0'] = Set([1, 2])
            self.setup.append('s0 = m.set([1, 2])')
            self.makers['s'] = (self.set_line, 3)
        weighted = [name for name in sorted(self.model) for _ in range(self.makers[name[0]][1])]
        self.lines = []
        while len(self.lines) < length:
            name = random.choice(weighted)
            self.add(name, self.makers[name[0]][0](name))
        self.final = ['%s._getvalue()' % name for name in sorted(self.model) if name[0] not in 'vn'] + ['v0.get()']
        if not self.is_2:
            self.final += ['str(%s)' % name for name in sorted(self.model) if name[0] != 's']

    def all_lines(self):
        return self.setup + self.lines + self.final

    def add(self, name, line):
        """Notes the line and runs it on the model."""
        before = list(self.model[name]) if name[0] == 'l' else None
        fails = False
        try:
            exec(line, {'array': array}, self.model)
        except Exception:
            fails = True
        is_sort = 'sort' in line
        if is_sort and fails:
            # Python leaves such a list in an order that it does not promise; and 2.7 sorts anything.
            self.model[name][:] = before
            if self.is_2:
                return
        self.lines.append(line)
        if is_sort and fails:
            self.lines.append('%s[:] = %r' % (name, before))
        held = self.model[name]
        if name[0] in 'lda' and len(held) > LENGTH_MAX:
            self.add(name, '%s.clear()' % name if name[0] == 'd' else 'del %s[5:]' % name if name[0] == 'l' else
                     '%s[4:] = array.array(%r)' % (name, self.code))

    # What lines are made of.

    def chance(self, percent):
        return self.random.randrange(100) < percent

    def number(self):
        return self.random.choice([self.random.randrange(-3, 6), self.random.randrange(-3, 6), self.random.randrange(256),
                                   2 ** self.random.randrange(70) - 1, -2 ** self.random.randrange(70), True, False])

    def scalar(self):
        choice = self.random.randrange(10)
        if choice < 4:
            return self.number()
        if choice < 7:
            return self.random.choice(TEXTS)
        if choice == 7:
            return self.random.choice([0.0, 1.0, -1.5, 2.0, 1e300, 0.1, 3.0])
        if choice == 8 and not self.is_2:
            return self.random.choice([b'', b'a', b'\xff\x00'])
        return None

    def value(self, depth=2):
        if depth == 0 or self.chance(65):
            return self.scalar()
        kind = self.random.randrange(4)
        parts = [self.value(depth - 1) for _ in range(self.random.randrange(4))]
        if kind == 0:
            return parts
        if kind == 1:
            return tuple(parts)
        if kind == 2:
            # In 2.7 the order of a dict is any.
            return {self.key(): part for part in (parts[:1] if self.is_2 else parts)}
        return frozenset([self.key()])

    def key(self):
        choice = self.random.randrange(10)
        if choice < 4:
            return self.random.choice(TEXTS[:3])
        if choice < 8:
            return self.random.choice([0, 1, 2, 3, True, False, 1.0, 2.0, 2.5, None, -1, 2 ** 64, 2.0 ** 64])
        return self.random.choice([(), (1,), (1.0,), ('a', (1, 2)), frozenset([1])])

    def key_text(self):
        """Rarely one that has no hash."""
        return self.random.choice(['[]', '{}', '[1]', '([],)']) if self.chance(4) else repr(self.key())

    def index_text(self, length):
        choice = self.random.randrange(100)
        if choice < 80 and length:
            return repr(self.random.randrange(-length, length))
        if choice < 92:
            return repr(self.random.randrange(-length - 3, length + 3))
        return self.random.choice(['2 ** 70', '-2 ** 63', "'x'", 'None', '1.0', 'True', '(0,)'])

    def slice_text(self, length):
        def end():
            return '' if self.chance(25) else str(self.random.randrange(-length - 2, length + 3))
        step = '' if self.chance(50) else ':%s' % self.random.choice(['1', '2', '3', '-1', '-2', '-3', '7', '0' if self.chance(20) else ''])
        return '%s:%s%s' % (end(), end(), step)

    def sequence_text(self):
        choice = self.random.randrange(10)
        parts = [self.value() for _ in range(self.random.randrange(4))]
        return repr(parts if choice < 6 else tuple(parts) if choice < 8 else self.random.choice(['ab', '', 'xyz']) if choice < 9 else
                    self.random.choice([5, None]))

    # Lines, each for the object called `name`.

    def called(self, name, method, *arguments):
        """A call, mostly by the method of the proxy; `arguments` are texts."""
        if self.chance(10):
            return '%s._callmethod(%r, (%s))' % (name, method, ''.join(text + ', ' for text in arguments))
        return '%s.%s(%s)' % (name, method, ', '.join(arguments))

    def some_of(self, held):
        """A value that is often there, as text."""
        return repr(self.random.choice(held) if held and self.chance(70) else self.value())

    def list_line(self, name):
        held = list(self.model[name])
        length = len(held)
        index, part = self.index_text(length), self.slice_text(length)
        other = 'l1' if name == 'l0' else 'l0'
        return self.random.choice([
            lambda: '%s[%s]' % (name, index),
            lambda: '%s[%s]' % (name, part),
            lambda: '%s[%s] = %r' % (name, index, self.value()),
            lambda: '%s[%s] = %s' % (name, part, self.sequence_text()),
            lambda: 'del %s[%s]' % (name, self.random.choice([index, part])),
            lambda: self.called(name, 'append', repr(self.value())),
            lambda: self.called(name, 'append', repr(self.value())),
            lambda: self.called(name, 'extend', self.sequence_text()),
            lambda: self.called(name, 'insert', index, repr(self.value())),
            lambda: self.called(name, 'insert', index, repr(self.value())),
            lambda: self.called(name, 'pop', *[index][self.random.randrange(2):]),
            lambda: self.called(name, 'remove', self.some_of(held)),
            lambda: self.called(name, 'count', self.some_of(held)),
            lambda: self.called(name, 'index', self.some_of(held), *[self.index_text(length) for _ in range(self.random.randrange(3))]),
            lambda: '%s in %s' % (self.some_of(held), name),
            lambda: self.called(name, 'reverse'),
            lambda: self.called(name, 'sort'),
            lambda: '%s.sort(reverse=%r)' % (name, self.random.choice([True, False, 1])),
            lambda: '%s[:] = %r' % (name, [self.number() for _ in range(self.random.randrange(8))]),
            lambda: '%s + %s' % (name, self.sequence_text()),
            lambda: '%s * %s' % (name, self.random.choice(['0', '2', '-1', 'True', '1.5', "'a'"])),
            lambda: '%s += %s' % (name, self.sequence_text()),
            lambda: '%s *= %s' % (name, self.random.choice(['1', '2', '0', '3', 'None'])),
            lambda: 'len(%s)' % name,
            lambda: '%s.extend(%s[:])' % (name, other),
            lambda: 'list(%s)' % name,
        ])()

    def dict_line(self, name):
        held = list(self.model[name])
        key = repr(self.random.choice(held)) if held and self.chance(60) else self.key_text()
        value = repr(self.value())
        pairs = repr([(self.key(), self.value()) for _ in range(self.random.randrange(3))])
        mapping = repr({self.key(): self.value() for _ in range(self.random.randrange(2 if self.is_2 else 4))})
        other = 'd1' if name == 'd0' else 'd0'
        return self.random.choice([
            lambda: '%s[%s]' % (name, key),
            lambda: '%s[%s] = %s' % (name, key, value),
            lambda: '%s[%s] = %s' % (name, key, value),
            lambda: '%s[%s] = %s' % (name, self.key_text(), value),
            lambda: 'del %s[%s]' % (name, key),
            lambda: self.called(name, 'get', key, *[value][self.random.randrange(2):]),
            lambda: self.called(name, 'pop', key, *[value][self.random.randrange(2):]),
            lambda: self.called(name, 'setdefault', key, *[value][self.random.randrange(2):]),
            lambda: self.called(name, 'update', pairs),
            lambda: self.called(name, 'update', mapping),
            lambda: '%s.update(%s, key=%s)' % (name, mapping, value),
            lambda: '%s.update(%s.copy())' % (name, other),
            lambda: '%s in %s' % (key, name),
            lambda: 'len(%s)' % name,
            lambda: self.called(name, self.random.choice(['keys', 'values', 'items'])) if not self.is_2 else 'len(%s.keys())' % name,
            lambda: self.called(name, 'copy'),
            lambda: self.called(name, 'popitem') if not self.is_2 else 'sorted(map(str, %s.keys()))' % name,
            lambda: 'list(%s)' % name if not self.is_2 and self.chance(30) else '%s.get(%s)' % (name, key),
            lambda: self.called(name, 'clear') if self.chance(20) else 'len(%s)' % name,
        ])()

    def set_line(self, name):
        held = sorted(self.model[name], key=repr)
        element = repr(self.random.choice(held)) if held and self.chance(60) else self.key_text()
        others = repr([self.key() for _ in range(self.random.randrange(4))])
        return self.random.choice([
            lambda: self.called(name, 'add', element),
            lambda: self.called(name, 'discard', element),
            lambda: self.called(name, 'remove', element),
            lambda: '%s in %s' % (element, name),
            lambda: 'len(%s)' % name,
            lambda: self.called(name, 'copy'),
            lambda: self.called(name, self.random.choice(['union', 'intersection', 'difference', 'symmetric_difference', 'issubset',
                                                          'issuperset', 'isdisjoint', 'update', 'difference_update',
                                                          'symmetric_difference_update']), others),
            lambda: '%s %s set(%s)' % (name, self.random.choice(['|', '&', '-', '^', '<=', '>=', '<', '>', '==']), others),
        ])()

    def value_line(self, name):
        return self.random.choice([
            lambda: '%s.value' % name,
            lambda: '%s.value = %r' % (name, self.value()),
            lambda: self.called(name, 'set', repr(self.value())),
            lambda: self.called(name, 'get'),
        ])()

    def array_line(self, name):
        length = len(self.model[name])
        bits = ARRAY_RANGES[self.code]

        def element():
            if self.chance(10):
                return self.random.choice([1.5, 'a', None, 2 ** bits, -2 ** bits - 1, 2 ** 80])
            if not bits:
                return self.random.choice([0.5, -2.0, 3, 1e30])
            low = 0 if self.code.isupper() else -2 ** bits
            return self.random.choice([0, 1, low, 2 ** bits - 1, self.random.randrange(low, 2 ** bits)])

        def elements():
            code = self.code if self.chance(90) else 'd'
            return 'array.array(%r, %r)' % (code, [self.random.randrange(100) for _ in range(self.random.randrange(4))])

        return self.random.choice([
            lambda: '%s[%s]' % (name, self.index_text(length)),
            lambda: '%s[%s]' % (name, self.slice_text(length)),
            lambda: '%s[%s] = %r' % (name, self.index_text(length), element()),
            lambda: '%s[%s] = %r' % (name, self.index_text(length), element()),
            lambda: '%s[%s] = %s' % (name, self.slice_text(length), elements()),
            lambda: 'len(%s)' % name,
            lambda: 'list(%s)' % name,
        ])()

    def namespace_line(self, name):
        attribute = self.random.choice(['a', 'b', 'c', 'value', 'name'])
        return self.random.choice([
            lambda: '%s.%s' % (name, attribute),
            lambda: '%s.%s = %r' % (name, attribute, self.value()),
            lambda: '%s.%s = %r' % (name, attribute, self.value()),
            lambda: 'del %s.%s' % (name, attribute),
            lambda: '%s._callmethod(%r, (%r,))' % (name, '__getattribute__', attribute),
            lambda: '%s._callmethod(%r, (%r, %r))' % (name, '__setattr__', '_hidden', self.value()),
            lambda: '%s._callmethod(%r, (%r,))' % (name, '__getattribute__', '_hidden'),
            lambda: 'hasattr(%s, %r)' % (name, attribute),
        ])()
