#!/usr/bin/env python3
"""Every operation of every type of SyncManager, from the table in operations.py: our server answers as CPython's does.

A client in each Python takes all steps against our server, against that Python's own and, if it is a Python 3, against that of the
Python which runs this; where the two Pythons differ, ours may answer as either. Prints for each type how many answers differ.
"""
import collections
import concurrent.futures
import sys

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


def steps_of(options, version, python, chosen):
    """[Step] of one Python."""
    kept = [(scenario, scenario.for_version(serving.numbers(version))) for scenario in chosen]
    kept = [(scenario, lines) for scenario, lines in kept if lines]
    sources = [[line.source for line in lines] for _, lines in kept]
    compared = references_of(version, python)
    servers = [serving.tested_server(options, python)] + [serving.reference_server(path) for _, path in compared]
    # At the same time: most of it is waiting.
    with concurrent.futures.ThreadPoolExecutor(len(servers)) as pool:
        ours, *theirs = pool.map(lambda server: serving.take_steps(python, server, sources), servers)
    references = [(name, outcomes) for (name, _), outcomes in zip(compared, theirs)]
    steps = []
    for index, (scenario, lines) in enumerate(kept):
        for number, line in enumerate(lines):
            answers = [(name, outcomes[index][number]) for name, outcomes in references]
            steps.append(Step(scenario, line, ours[index][number], answers))
    return steps


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
    options = serving.checked(parser.parse_args())
    chosen = [scenario for scenario in scenarios() if not options.typeid or scenario.typeid in options.typeid]
    if not chosen:
        parser.error('the table has no such type: ' + ', '.join(options.typeid))
    typeids = list(collections.OrderedDict.fromkeys(scenario.typeid for scenario in chosen))
    columns, differences, faults = [], [], []
    for version, python in serving.chosen_pythons(options):
        steps = steps_of(options, version, python, chosen)
        cells = dict.fromkeys(typeids, 0)
        counts = collections.Counter()
        for step in steps:
            verdict = step.judge(serving.numbers(version), options.self_check)
            counts[verdict] += 1
            if verdict == 'differs':
                cells[step.scenario.typeid] += 1
                differences.append((version, step))
            elif verdict == 'table':
                faults.append((version, step))
        has_steps = {step.scenario.typeid for step in steps}
        columns.append((version, {typeid: ('ok' if cells[typeid] == 0 else str(cells[typeid])) if typeid in has_steps else '-'
                                  for typeid in typeids}))
        print('Python %-8s %d steps: %d as CPython, %d allowed departures, %d differ' % (
            version, len(steps), counts['ok'], counts['allowed'], counts['differs']))
        sys.stdout.flush()
    print('\n%-18s' % 'typeid' + ''.join('%9s' % version for version, _ in columns))
    for typeid in typeids:
        print('%-18s' % typeid + ''.join('%9s' % cells[typeid] for _, cells in columns))
    for name, found in (('the answer differs', differences), ("CPython's server does not do what the table says", faults)):
        # What follows a difference in its scenario often follows from it.
        groups = collections.OrderedDict()
        for version, step in found:
            groups.setdefault((version, step.scenario), []).append(step)
        for (version, _), steps in list(groups.items())[:options.shown]:
            print('\nPython %s: %s\n%s' % (version, name, steps[0]))
            for step in steps[1:]:
                print('    and: ' + step.line.source if not options.full else str(step))
        if len(groups) > options.shown:
            print('\n... and %d more scenarios: --shown %d prints all' % (len(groups) - options.shown, len(groups)))
    for departure in DEPARTURES:
        if options.pythons == 'all' and options.bin and not options.typeid and not departure.is_used:
            print('\nnote: no answer needed this departure any more: %s' % departure.why)
    return 1 if differences or faults else 0


if __name__ == '__main__':
    sys.exit(main())
