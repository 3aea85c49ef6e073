"""The C++ client's answers beside those that a stock client got from the same server."""
import collections
import re
import textwrap

from departures import PYTHON_2, Departure, without_python_2

# How cpp_client.py calls, and what that is called in tables.
CLIENTS = collections.OrderedDict([('call', 'C++'), ('typed', 'C++ typed')])

# Where the C++ client gets something else than a stock one.
DEPARTURES = [
    Departure('text of C++ is unicode to 2.7, where a stock client has bytes', 'error RemoteError(TypeError)', 'Array',
              "m.Array('i', 'abc')", PYTHON_2),
    Departure('wait() without a timeout returns nothing in C++, and in 2.7', 'value *', 'Condition', '*wait*', PYTHON_2, 'value *None*'),
]

REFUSED = "refused by the class of Python's proxy before anything is sent: in C++ it does not compile, or is no expression"
OF_THE_HANDLE = "of Python's proxy itself, its class, text or identity, and not of what it stands for"
LOCAL = 'binds, drops or reads names of the client: what is asked of the server is asked by lines before or after it'


def as_python_3(text):
    """2.7 says 1 where acquire() of a lock says True since, and so does lock() of C++."""
    return re.sub(r'\bTrue\b', '1', re.sub(r'\bbool True\b', 'int 1', {'bool': 'int'}.get(text, text)))


class CppStep:
    """One line of the table as the C++ client took it, and what came of it for the stock client."""

    def __init__(self, scenario, line, outcome, stock):
        self.scenario, self.line, self.outcome, self.stock = scenario, line, outcome[:3], stock
        self.facts = outcome[3] if len(outcome) > 3 else dict(calls=1, typed=0, worded=True)  # a hang has none
        self.reason = None  # why this line is not for C++, if it is not

    def judge(self, version):
        """'ok', 'not for C++', 'allowed' or 'differs'."""
        if self.outcome[0] == 'not for C++':
            self.reason = self.outcome[1]
            return 'not for C++'
        if not self.is_same(version):
            allowed = (each.allows(self.scenario.typeid, self.line.source, version, self.outcome, self.stock) for each in DEPARTURES)
            return 'allowed' if any(allowed) else 'differs'
        if self.facts['calls'] == 0:
            self.reason = self.reason_without_calls()
            return 'not for C++'
        return 'ok'

    def is_same(self, version):
        ours, theirs = self.outcome, self.stock
        if version < (3,):
            ours, theirs = ([as_python_3(part) for part in without_python_2(outcome)] for outcome in (ours, theirs))
        # Without a call the words are those of the Python that runs the lines, which is not of the server's version.
        compares_text = ours[0] == 'value' or self.facts['calls'] and self.facts['worded'] and version >= (3,)
        end = 3 if compares_text else 2
        return list(ours[:end]) == list(theirs[:end])

    def reason_without_calls(self):
        if self.outcome[0] == 'error':
            return REFUSED
        if re.match(r'(repr|type)\(|[\w()]+ (is|==) |p\._own', self.line.source):
            return OF_THE_HANDLE
        return LOCAL

    def __str__(self):
        return '\n'.join(['%s: %s' % (self.scenario.typeid, self.scenario.name), '    ' + self.line.source,
                          '    %-22s %s' % ('C++ client', ' '.join(self.outcome)),
                          '    %-22s %s' % ('Python client', ' '.join(self.stock))])


def steps_of(kept, outcomes, stock):
    """[CppStep] of `kept`, [(scenario, lines)], and the outcomes of both clients, [[outcome]]."""
    steps = []
    for (scenario, lines), found, told in zip(kept, outcomes, stock):
        reason = None
        for line, outcome, other in zip(lines, found, told):
            # After such a line both clients no longer do the same.
            reason = reason or (outcome if outcome[0] == 'not for C++' else None)
            steps.append(CppStep(scenario, line, reason or outcome, other))
    return steps


def print_left_out(steps):
    """The lines that are not for C++, by reason."""
    lines = collections.OrderedDict()
    for step in steps:
        if step.reason:
            lines.setdefault(step.reason, []).append(step.line.source)
    for reason, found in lines.items():
        print('\nnot for C++, %d steps: %s' % (len(found), reason))
        print('\n'.join(textwrap.wrap(';  '.join(collections.OrderedDict.fromkeys(found)), 132, initial_indent='    ',
                                      subsequent_indent='    ')))
