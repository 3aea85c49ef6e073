#!/usr/bin/env python3
"""CPython's own tests of managers, run against our server: every test that passes against CPython's server passes against ours.

Takes the classes WithManager... of the installed test/_test_multiprocessing.py, which has them from 3.6 on, and runs each twice: connected
to CPython's server and to ours. A test that hangs costs itself; one that fails against ours alone is tried again, because many
of these tests measure time.
"""
import collections
import concurrent.futures
import fnmatch
import json
import os
import signal
import subprocess
import sys

import serving
from departures import CPYTHON_TESTS
from programs import Scratch

OLDEST = (3, 6)
WORKERS = 4
OUTCOMES = ('pass', 'fail', 'hang', 'skip')


def peer(python, *arguments):
    return [str(part) for part in (python, serving.HERE / 'cpython_peer.py') + arguments]


def tests_of(python):
    """{class: [test]}; {} where that Python came without its tests."""
    answer = subprocess.run(peer(python, 'list'), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, universal_newlines=True)
    return json.loads(answer.stdout) if answer.returncode == 0 else {}


def pythons_with_tests(options):
    """[(version, path)] for --pythons; where this Python came without its tests, as Debian's does, the newest found that has them."""
    chosen = [entry for entry in serving.chosen_pythons(options, oldest=OLDEST) if tests_of(entry[1])]
    if chosen:
        return chosen
    options.pythons = 'all'
    others = reversed(serving.chosen_pythons(options, oldest=OLDEST))
    return next(([entry] for entry in others if tests_of(entry[1])), [])


def run_class(python, start_server, name, tests, timeout):
    """{test: (outcome, text)}; a server of its own for each process of tests."""
    found = {}
    left = list(tests)
    while left:
        with Scratch() as scratch, start_server(scratch) as server:
            running = run_some(python, server, scratch, name, left, timeout, found)
        if running is not None:
            found[running] = ('hang', 'no answer within %d s' % timeout)
        elif not any(test in found for test in left):
            found.update((test, ('fail', 'its class did not run')) for test in left)
        left = [test for test in left if test not in found]
    return found


def run_some(python, server, scratch, name, tests, timeout, found):
    """Runs until all is done or a test hangs, whose name it returns."""
    log = scratch.path / 'tests.log'
    command = peer(python, 'run', server.host, server.port, scratch.key_file, name, *tests)
    with open(str(log), 'wb') as log_file:
        # In a session of its own, so that the children of a hanging test end with it; and where it may leave files.
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log_file, universal_newlines=True, start_new_session=True,
                                   cwd=str(scratch.path))
    running = None
    try:
        for line in serving.lines_of(process, timeout):
            if line is None:
                return running or next(test for test in tests if test not in found)
            kind, *parts = json.loads(line)
            if kind == 'end':
                running = None
                break
            if kind == 'runs':
                running = parts[0]
            elif kind == 'class':
                found.update((test, ('fail', parts[1])) for test in tests if test not in found)
            else:
                # The first that is said counts: the subtests of a test that fails say so one by one.
                found.setdefault(parts[0], (kind, parts[1]))
        else:
            if running is not None and running not in found:
                found[running] = ('fail', 'the process ended: ' + log.read_text()[-2000:])
        return None
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()


def allowed(test):
    return next((why for pattern, why in CPYTHON_TESTS if fnmatch.fnmatchcase(test, pattern)), None)


def compare(options, version, python):
    """Runs and prints one Python; what passes against CPython's server and not against ours."""
    classes = {name: [test for test in tests if not options.match or any(part in name + '.' + test for part in options.match)]
               for name, tests in tests_of(python).items()}
    servers = [('CPython', serving.reference_server(python)), (serving.OURS, serving.tested_server(options, python))]
    outcomes = {side: {} for side, _ in servers}
    # Several at once: they wait more than they compute.
    with concurrent.futures.ThreadPoolExecutor(WORKERS) as pool:
        futures = [(name, side, pool.submit(run_class, python, server, name, tests, options.timeout))
                   for name, tests in sorted(classes.items()) if tests for side, server in servers]
        for name, side, future in futures:
            outcomes[side].update(('%s.%s' % (name, test), outcome) for test, outcome in future.result().items())
            print('Python %-8s %-36s against %-10s %s' % (version, name, side, counted(outcomes[side], name + '.')))
            sys.stdout.flush()
    theirs, ours = (outcomes[side] for side, _ in servers)
    worse = sorted(test for test in theirs if theirs[test][0] == 'pass' and ours[test][0] in ('fail', 'hang'))
    excused = [test for test in worse if allowed(test)]
    failing = []
    for test in worse:
        if test in excused:
            continue
        name, _, method = test.partition('.')
        again = run_class(python, servers[1][1], name, [method], options.timeout)[method]
        if again[0] == 'pass':
            print('passes at the second attempt: ' + test)
        else:
            failing.append((test, again))
    for side, _ in servers:
        print('Python %-8s %-36s against %-10s %s' % (version, 'all', side, counted(outcomes[side])))
    reasons = collections.Counter(allowed(test) for test in excused)
    for why, count in reasons.items():
        print('Python %-8s %d tests are let off: %s' % (version, count, why))
    for test, (outcome, text) in failing:
        print('\nPython %s: passes against CPython only (%s here): %s' % (version, outcome, test))
        print('    ' + '\n    '.join(text.strip().splitlines()[-options.lines:]))
    sys.stdout.flush()
    return failing


def counted(outcomes, prefix=''):
    counts = collections.Counter(outcome for test, (outcome, _) in outcomes.items() if test.startswith(prefix))
    return ' '.join('%s %3d' % (outcome, counts[outcome]) for outcome in OUTCOMES)


def main():
    parser = serving.parser_of(__doc__)
    parser.add_argument('--match', action='append', help='only tests whose CLASS.TEST has this in it; may be repeated')
    parser.add_argument('--timeout', type=int, default=40, help='seconds that a test may take (default: %(default)s)')
    parser.add_argument('--lines', type=int, default=6, help='lines to print of each failure (default: %(default)s)')
    options = serving.checked(parser.parse_args())
    with_tests = pythons_with_tests(options)
    if not with_tests:
        print('skipped: no Python here came with its own tests (test._test_multiprocessing)')
        return 77
    failing = [test for version, python in with_tests for test in compare(options, version, python)]
    return 1 if failing else 0


if __name__ == '__main__':
    sys.exit(main())
