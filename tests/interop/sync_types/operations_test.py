#!/usr/bin/env python3
"""Every operation of every type of SyncManager, from the table in operations.py: every client gets the same from every server.

A client in each Python takes all steps against our server, against that Python's own and, if it is a Python 3, against that of the
Python which runs this; where the two Pythons differ, ours may answer as either. The C++ client takes them against our server and against
that of each Python, twice: by proxy::call() alone, and by typed proxies; it must get what the stock client gets from the same server.
Prints for each type, client and server how many steps agree.
"""
import collections
import concurrent.futures
import sys

import cpp_steps
import serving
from departures import DEPARTURES, departure_of
from operations import scenarios

SHOWN_MAX = 12


class Step:
    """One line of the table and what came of it against each server."""

    def __init__(self, scenario, line, ours, references):
        self.scenario, self.line, self.ours, self.references = scenario, line, ours, references

    def is_same(self, outcome):
        end = 3 if self.ours[0] == 'value' or self.line.compares_args else 2
        return self.ours[:end] == outcome[:end]

    def judge(self, version, is_self_check):
        """'ok', 'allowed', 'differs', or 'table' if CPython's server does not do what the table says."""
        if version >= (3,) and not any(self.line.is_as_expected(outcome) for _, outcome in self.references):
            return 'table'
        if any(self.is_same(outcome) for _, outcome in self.references):
            return 'ok'
        if not is_self_check and departure_of(self.scenario.typeid, self.line.source, version, self.ours, self.references[0][1]):
            return 'allowed'
        return 'differs'

    def __str__(self):
        lines = ['%s: %s' % (self.scenario.typeid, self.scenario.name), '    ' + self.line.source]
        said = self.line.expected if self.line.expected is not None else self.line.error
        if said is not None:
            lines.append('    %-22s %s' % ('the table', said))
        for name, outcome in [(serving.OURS, self.ours)] + self.references:
            lines.append('    %-22s %s' % (name, ' '.join(outcome)))
        return '\n'.join(lines)


class Column:
    """One client and one server: for each type how many steps agree, and how many do not."""

    def __init__(self, name):
        self.name = name
        self.agree, self.differ, self.other = (collections.Counter() for _ in range(3))

    def add(self, typeid, verdict):
        {'ok': self.agree, 'differs': self.differ, 'table': self.differ}.get(verdict, self.other)[typeid] += 1

    def cell(self, typeid):
        if not self.agree[typeid] + self.differ[typeid] + self.other[typeid]:
            return '-'
        text = str(self.agree[typeid])
        text += '+%d' % self.other[typeid] if self.other[typeid] else ''
        return text + (' !%d' % self.differ[typeid] if self.differ[typeid] else '')

    def sums(self):
        return [sum(counter.values()) for counter in (self.agree, self.other, self.differ)]


class Comparison:
    """All clients and servers."""

    def __init__(self, options, chosen):
        self.options, self.chosen = options, chosen
        self.tables = collections.OrderedDict()  # title: [Column]
        self.differences, self.faults = [], []  # (client and server, Step or CppStep)
        self.left_out = collections.OrderedDict()  # (scenario, line): CppStep

    def take(self, version, python, with_ours):
        """All that has to do with one Python; `with_ours`: the C++ client also meets our server."""
        numbers = serving.numbers(version)
        kept = [(scenario, scenario.for_version(numbers)) for scenario in self.chosen]
        kept = [(scenario, lines) for scenario, lines in kept if lines]
        sources = [[line.source for line in lines] for _, lines in kept]
        compared = references_of(version, python)
        stock, ours = serving.stock_client(python), serving.tested_server(self.options, python)
        runs = [(stock, ours)] + [(stock, serving.reference_server(path)) for _, path in compared]
        hows = [] if self.options.self_check else list(cpp_steps.CLIENTS)
        for how in hows:
            client = serving.cpp_client(self.options, how, version)
            runs += [(client, serving.reference_server(python))] + ([(client, ours)] if with_ours else [])
        # At the same time: most of it is waiting.
        with concurrent.futures.ThreadPoolExecutor(len(runs)) as pool:
            found = list(pool.map(lambda run: serving.take_steps(run[0], run[1], sources), runs))
        told, references = found[0], list(zip([name for name, _ in compared], found[1:]))
        self.judge_stock(version, kept, told, references)
        rest = iter(found[1 + len(compared):])
        for how in hows:
            name = cpp_steps.CLIENTS[how]
            cpython = self.judge_cpp('%s and CPython %s' % (name, version), Column(version), numbers, kept, next(rest), found[1])
            self.tables.setdefault("%s client, CPython's server" % name, []).append(cpython)
            if with_ours:
                column = self.judge_cpp('%s and %s' % (name, serving.OURS), Column(name), numbers, kept, next(rest), told)
                self.tables.setdefault('our server, client', []).append(column)

    def judge_stock(self, version, kept, ours, references):
        column, reference = Column(version), Column(version)
        for index, (scenario, lines) in enumerate(kept):
            for number, line in enumerate(lines):
                answers = [(name, outcomes[index][number]) for name, outcomes in references]
                step = Step(scenario, line, ours[index][number], answers)
                verdict = step.judge(serving.numbers(version), self.options.self_check)
                reference.add(scenario.typeid, 'table' if verdict == 'table' else 'ok')
                column.add(scenario.typeid, 'ok' if verdict == 'table' else verdict)
                if verdict in ('differs', 'table'):
                    {'differs': self.differences, 'table': self.faults}[verdict].append(('Python ' + version, step))
        self.tables.setdefault("Python's client, CPython's server of the same version", []).append(reference)
        self.tables.setdefault('our server, client', []).append(column)
        print('%-28s %d steps: %d as CPython, %d allowed departures, %d differ' % (
            ('Python %s and %s' % (version, serving.OURS), sum(column.sums())) + tuple(column.sums())))
        sys.stdout.flush()

    def judge_cpp(self, where, column, version, kept, outcomes, stock):
        """`column`, filled."""
        calls = collections.Counter()
        for step in cpp_steps.steps_of(kept, outcomes, stock):
            verdict = step.judge(version)
            column.add(step.scenario.typeid, verdict)
            calls.update(calls=step.facts['calls'], typed=step.facts['typed'])
            if verdict == 'differs':
                self.differences.append((where, step))
            elif verdict == 'not for C++':
                self.left_out.setdefault((step.scenario, step.line), step)
        print('%-28s %d steps: %d as the Python client, %d not for C++ or allowed, %d differ; %d calls, %d by typed proxies' % (
            (where, sum(column.sums())) + tuple(column.sums()) + (calls['calls'], calls['typed'])))
        sys.stdout.flush()
        return column

    def print_tables(self):
        typeids = list(collections.OrderedDict.fromkeys(scenario.typeid for scenario in self.chosen))
        print('\nSteps that agree; after + those that need not, allowed departures or not for C++; after ! those that differ')
        for title, columns in self.tables.items():
            print('\n%s\n%-18s' % (title, 'typeid') + ''.join('%12s' % column.name for column in columns))
            for typeid in typeids:
                print('%-18s' % typeid + ''.join('%12s' % column.cell(typeid) for column in columns))

    def print_differences(self):
        options = self.options
        for name, found in (('the answer differs', self.differences),
                            ("CPython's server does not do what the table says", self.faults)):
            # What follows a difference in its scenario often follows from it.
            groups = collections.OrderedDict()
            for where, step in found:
                groups.setdefault((where, step.scenario), []).append(step)
            for (where, _), steps in list(groups.items())[:options.shown]:
                print('\n%s: %s\n%s' % (where, name, steps[0]))
                for step in steps[1:]:
                    print('    and: ' + step.line.source if not options.full else str(step))
            if len(groups) > options.shown:
                print('\n... and %d more scenarios: --shown %d prints all' % (len(groups) - options.shown, len(groups)))


def references_of(version, python):
    """CPython's servers to compare with. A client of 2.7 cannot read the replies of a Python 3."""
    found = [('CPython ' + version, python)]
    own = '.'.join(map(str, sys.version_info[:3]))
    if own != version and serving.numbers(version) >= (3,):
        found.append(('CPython ' + own, sys.executable))
    return found


def main():
    parser = serving.parser_of(__doc__)
    parser.add_argument('--typeid', action='append', help='only scenarios of this type; may be repeated')
    parser.add_argument('--shown', type=int, default=SHOWN_MAX, help='differing scenarios to print (default: %(default)s)')
    parser.add_argument('--full', action='store_true', help='print every difference in full, not only the first of its scenario')
    options = serving.checked(parser.parse_args(), 'cpp_peer')
    chosen = [scenario for scenario in scenarios() if not options.typeid or scenario.typeid in options.typeid]
    if not chosen:
        parser.error('the table has no such type: ' + ', '.join(options.typeid))
    comparison = Comparison(options, chosen)
    pythons = serving.chosen_pythons(options)
    newest = pythons[-1][0]
    for version, python in pythons:
        comparison.take(version, python, with_ours=version == newest and serving.numbers(version) >= (3,))
    comparison.print_tables()
    cpp_steps.print_left_out(comparison.left_out.values())
    comparison.print_differences()
    for departure in DEPARTURES + cpp_steps.DEPARTURES:
        if options.pythons == 'all' and options.bin and not options.typeid and not departure.is_used:
            print('\nnote: no answer needed this departure any more: %s' % departure.why)
    return 1 if comparison.differences or comparison.faults else 0


if __name__ == '__main__':
    sys.exit(main())
