"""What the programs of this folder share: their options, the servers to compare, and how a client takes its steps against one."""
import argparse
import json
import os
import pathlib
import queue
import subprocess
import sys
import threading

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from programs import Running, Scratch, serve  # noqa: E402
from pythons import found_pythons  # noqa: E402

OURS = 'quaymaster'
# Above the longest wait of a step: twice JOIN_S of step_peer.py, and what a busy machine adds.
SILENCE_S = 15


def parser_of(description):
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    where = parser.add_mutually_exclusive_group(required=True)
    where.add_argument('--bin', type=pathlib.Path, help='folder of the program quaymaster')
    where.add_argument('--self-check', action='store_true',
                       help="CPython's server in the place of ours: what differs then is a fault of this test")
    parser.add_argument('--pythons', choices=('own', 'all'), default='own',
                        help='own: the Python that runs this; all: every one found, from 2.7 on (default: own)')
    return parser


def checked(options, *programs):
    """The options with an absolute --bin; ends with 77 (skipped) where quaymaster or one of `programs` was not built."""
    if options.bin:
        options.bin = options.bin.resolve()
        for program in ('quaymaster',) + programs:
            if not (options.bin / program).exists():
                print('skipped: %s has no %s' % (options.bin, program))
                sys.exit(77)
    return options


def chosen_pythons(options, oldest=(2, 7)):
    """[(version, path)] for --pythons, oldest first. QUAYMASTER_PYTHONS=own wins over --pythons all."""
    own = '.'.join(map(str, sys.version_info[:3]))
    if options.pythons == 'own':
        return [(own, sys.executable)]
    return [(version, path) for version, path in found_pythons() if numbers(version) >= oldest]


def numbers(version):
    """'3.11' to (3, 11)."""
    return tuple(int(part) for part in version.split('.'))


def stock_server(python, scratch):
    return Running([python, HERE / 'stock_server.py', scratch.key_file], scratch.path / ('stock-%s.log' % os.path.basename(python)))


def tested_server(options, python):
    """Starts ours, or the given Python's with --self-check: what take_steps() takes."""
    if options.bin:
        return lambda scratch: serve(options.bin, scratch)
    return lambda scratch: stock_server(python, scratch)


def reference_server(python):
    return lambda scratch: stock_server(python, scratch)


def lines_of(process, silence_s=SILENCE_S):
    """What it prints, line by line; None instead of a line after that many seconds without one, and then no more."""
    arrived = queue.Queue()

    def read():
        for line in process.stdout:
            arrived.put(line)
        arrived.put('')

    threading.Thread(target=read, daemon=True).start()
    while True:
        try:
            line = arrived.get(timeout=silence_s)
        except queue.Empty:
            yield None
            return
        if not line:
            return
        yield line


def stock_client(python):
    """A taker of steps, for take_steps()."""
    return [python, HERE / 'step_peer.py']


def cpp_client(options, how, version):
    """The C++ client as one, for a server of that version: cpp_client.py says `how`, and what its outcomes have besides."""
    return [sys.executable, HERE / 'cpp_client.py', options.bin / 'cpp_peer', how, version[0]]


def take_steps(client, start_server, scenarios):
    """What came of each line of each scenario: [[outcome]], an outcome being ['value', type, text] or ['error', class, args].

    A line that hangs has ['hang', '', ''], one during which the server ends ['server died', status, log]; what follows it in its scenario
    has ['not run', '', '']. The other scenarios go on, with a new server. AssertionError if the client itself fails.
    """
    found = [[['not run', '', ''] for _ in lines] for lines in scenarios]
    begin = 0
    while begin < len(scenarios):
        with Scratch() as scratch, start_server(scratch) as server:
            taken, fault = take_some(client, server, scratch, scenarios[begin:])
        for index, number, *outcome in taken:
            found[begin + index][number] = outcome
        if not fault:
            break
        index, number = (taken[-1][0], taken[-1][1] + 1) if taken else (0, 0)
        if number == len(scenarios[begin + index]):
            index, number = index + 1, 0
        if begin + index == len(scenarios):
            break  # after the last line, when nothing was left to do but to end
        found[begin + index][number] = fault
        print('%s: %s (client %s, server %s)' % (fault[0], scenarios[begin + index][number], ' '.join(map(str, client)), server.command[0]))
        sys.stdout.flush()
        begin += index + 1
    return found


def take_some(client, server, scratch, scenarios):
    """([[scenario, line, *outcome]], None or what is to be said of the line after these)."""
    steps_file = scratch.path / 'steps.json'
    steps_file.write_text(json.dumps(scenarios))
    log = scratch.path / 'peer.log'
    command = client + [server.host, server.port, scratch.key_file, steps_file]
    with open(str(log), 'wb') as log_file:
        peer = subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=log_file, universal_newlines=True)
    taken = []
    try:
        for line in lines_of(peer):
            if line is None:
                return taken, ['hang', '', '']
            if server.process.poll() is not None:
                return taken, ['server died', str(server.process.returncode), server.log()[-2000:]]
            taken.append(json.loads(line))
        if peer.wait(SILENCE_S) != 0:
            raise AssertionError('%s exits with %d; it said:\n%s' % (command, peer.returncode, log.read_text()))
        return taken, None
    finally:
        if peer.poll() is None:
            peer.kill()
            peer.wait()
