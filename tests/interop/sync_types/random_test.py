#!/usr/bin/env python3
"""Thousands of random operations on shared lists, dicts, Values, Arrays and Namespaces: our server against CPython's own.

A client in each Python runs the same history against both; results, types, exceptions and the final states must be equal. So does the C++
client, beside a stock one against the same server. A history that shows a difference is shortened, and printed with the seed that makes
it again.
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
    """Two clients with a server each, of which the first pair is on trial."""

    def __init__(self, version, is_self_check, *sides):
        self.version, self.is_self_check, self.sides = serving.numbers(version), is_self_check, sides

    def differences(self, scenarios):
        """For each scenario (a list of lines): (number of the first line that differs, ours, theirs), or None."""
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            ours, theirs = pool.map(lambda side: serving.take_steps(side[1], side[2], scenarios), self.sides)
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
    end = 2 if ours[0] == 'error' and ours[1] != 'KeyError' else 3  # the C++ client's outcomes have more
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
    for (name, _, _), outcome in zip(pair.sides, (ours, theirs)):
        print('    %-36s %s' % (name, ' '.join(outcome[:3])))


def pairs_of(options, version, python):
    """[Pair] of one Python."""
    stock, ours, theirs = serving.stock_client(python), serving.tested_server(options, python), serving.reference_server(python)
    stock_of_ours = ('Python %s, %s' % (version, serving.OURS), stock, ours)
    stock_of_theirs = ('Python %s, CPython' % version, stock, theirs)
    found = [Pair(version, options.self_check, stock_of_ours, stock_of_theirs)]
    if options.bin and serving.numbers(version) >= (3,):
        cpp = serving.cpp_client(options, 'typed', version)
        found += [Pair(version, True, ('C++, ' + serving.OURS, cpp, ours), stock_of_ours),
                  Pair(version, True, ('C++, CPython ' + version, cpp, theirs), stock_of_theirs)]
    return found


def main():
    parser = serving.parser_of(__doc__)
    parser.add_argument('--seed', type=int, help='a number, to run the same histories again (default: any)')
    parser.add_argument('--operations', type=int, default=12000, help='for each Python (default: %(default)s)')
    parser.add_argument('--shown', type=int, default=3, help='differing histories to shorten and print (default: %(default)s)')
    options = serving.checked(parser.parse_args(), 'cpp_peer')
    seed = options.seed if options.seed is not None else random.SystemRandom().randrange(10 ** 6)
    print('--seed %d --operations %d' % (seed, options.operations))
    sys.stdout.flush()
    failed = False
    for version, python in serving.chosen_pythons(options):
        chosen = random.Random(seed)
        histories = [History(random.Random(chosen.randrange(2 ** 60)), serving.numbers(version), min(LENGTH, options.operations))
                     for _ in range(-(-options.operations // LENGTH))]
        for pair in pairs_of(options, version, python):
            found = pair.differences([history.all_lines() for history in histories])
            differing = [(history, difference) for history, difference in zip(histories, found) if difference]
            print('%-24s beside %-24s %d operations in %d histories, %d differ' % (
                pair.sides[0][0], pair.sides[1][0], sum(len(history.lines) for history in histories), len(histories), len(differing)))
            sys.stdout.flush()
            for history, difference in differing[:options.shown]:
                report(pair, history, difference)
            failed = failed or bool(differing)
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
