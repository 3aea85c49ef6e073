#!/usr/bin/env python3
"""Thousands of random operations on shared lists, dicts, Values, Arrays and Namespaces: our server against CPython's own.

A client in each Python runs the same history against both; results, types, exceptions and the final states must be equal. A history that
shows a difference is shortened, and printed with the seed that makes it again.
"""
import concurrent.futures
import random
import sys

import serving
from departures import departure_of
from random_history import History

LENGTH = 300
KINDS = {'l': 'list', 'd': 'dict', 'v': 'Value', 'a': 'Array', 'n': 'Namespace', 's': 'set'}
ROUNDS_MAX = 24


class Pair:
    """Our server and CPython's, for clients in one Python."""

    def __init__(self, options, version, python):
        self.version, self.python, self.is_self_check = serving.numbers(version), python, options.self_check
        self.servers = [serving.tested_server(options, python), serving.reference_server(python)]

    def differences(self, scenarios):
        """For each scenario (a list of lines): (number of the first line that differs, ours, theirs), or None."""
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            ours, theirs = pool.map(lambda server: serving.take_steps(self.python, server, scenarios), self.servers)
        return [self.first_difference(*compared) for compared in zip(scenarios, ours, theirs)]

    def first_difference(self, lines, ours, theirs):
        for number, (line, our, their) in enumerate(zip(lines, ours, theirs)):
            if not is_same(our, their) and not self.is_allowed(line, our, their):
                return number, our, their
        return None

    def is_allowed(self, line, ours, theirs):
        typeid = next((KINDS[name] for name in KINDS if name + '0' in line or name + '1' in line), '')
        return not self.is_self_check and departure_of(typeid, line, self.version, ours, theirs)


def is_same(ours, theirs):
    """Of an exception the class counts, and of a KeyError the key: the other texts differ from version to version."""
    end = 2 if ours[0] == 'error' and ours[1] != 'KeyError' else 3
    return ours[:end] == theirs[:end]


def shortened(pair, setup, lines, last):
    """(lines, difference): as few of `lines` as were found after which `last` still differs."""
    found = None
    name = next((name for name in ('l0', 'l1', 'd0', 'd1', 'v0', 'a0', 'n0', 's0') if name in last), '')
    candidates = [[], [line for line in lines if name in line]]
    pieces = 2
    for _ in range(ROUNDS_MAX):
        candidates = [kept for kept in candidates if len(kept) < len(lines)]
        tried = pair.differences([setup + kept + [last] for kept in candidates]) if candidates else []
        good = [(len(kept), kept, difference) for kept, difference in zip(candidates, tried)
                if difference and difference[0] == len(setup) + len(kept)]
        if good:
            _, lines, found = min(good, key=lambda entry: entry[0])
            pieces = max(2, pieces // 2)
        elif candidates:
            pieces *= 2
        if not lines or pieces > 2 * len(lines):
            break
        size = max(1, len(lines) // pieces)
        # Each half, then quarter and so on, alone and left out.
        parts = [(begin, begin + size) for begin in range(0, len(lines), size)]
        candidates = [lines[:begin] + lines[end:] for begin, end in parts] + [lines[begin:end] for begin, end in parts]
    return lines, found


def report(pair, history, difference):
    number, ours, theirs = difference
    every = history.all_lines()
    first = len(history.setup)
    lines, last = every[first:number], every[number]
    if number < first:
        lines = []
    else:
        print('a line differs after %d others; shortening ...' % len(lines))
        sys.stdout.flush()
        lines, better = shortened(pair, history.setup, lines, last)
        if better:
            _, ours, theirs = better
    used = [line for line in history.setup if line.split()[0] in ' '.join(lines + [last])]
    print('\n'.join('    ' + line for line in used + lines + [last]))
    print('    %-12s %s\n    %-12s %s' % (serving.OURS, ' '.join(ours), 'CPython', ' '.join(theirs)))


def main():
    parser = serving.parser_of(__doc__)
    parser.add_argument('--seed', type=int, help='a number, to run the same histories again (default: any)')
    parser.add_argument('--operations', type=int, default=12000, help='for each Python (default: %(default)s)')
    parser.add_argument('--shown', type=int, default=3, help='differing histories to shorten and print (default: %(default)s)')
    options = serving.checked(parser.parse_args())
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10 ** 6)
    print('--seed %d --operations %d' % (seed, options.operations))
    sys.stdout.flush()
    failed = False
    for version, python in serving.chosen_pythons(options):
        pair = Pair(options, version, python)
        chosen = random.Random(seed)
        histories = [History(random.Random(chosen.randrange(2 ** 60)), pair.version, min(LENGTH, options.operations))
                     for _ in range(-(-options.operations // LENGTH))]
        found = pair.differences([history.all_lines() for history in histories])
        differing = [(history, difference) for history, difference in zip(histories, found) if difference]
        print('Python %-8s %d operations in %d histories, %d differ' % (
            version, sum(len(history.lines) for history in histories), len(histories), len(differing)))
        sys.stdout.flush()
        for history, difference in differing[:options.shown]:
            report(pair, history, difference)
        failed = failed or bool(differing)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
