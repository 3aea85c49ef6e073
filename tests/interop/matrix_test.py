#!/usr/bin/env python3
"""Every Python found, in every role: client of all that a queue offers, worker, master, and server for our client."""
import sys

from programs import EXAMPLES, HERE, Running, Scratch, bin_folder, output_of, run, serve, start
from pythons import found_pythons

TASKS = 40


def as_client(bin_dir, python, scratch):
    with serve(bin_dir, scratch, '--queue', 'get_task_queue', '--queue', 'get_result_queue', '--queue', 'stack,lifo', '--queue',
               'heap,priority', '--threads', '2') as server:
        run([python, HERE / 'queue_peer.py', server.host, server.port, scratch.key_file, scratch.path])


def as_worker(bin_dir, python, scratch):
    """Our master serves itself; this Python works."""
    master = Running([bin_dir / 'task_master', '--port', 0, '--tasks', TASKS, '--authkey-file', scratch.key_file],
                     scratch.path / 'master.log')
    with master as server:
        run([python, EXAMPLES / 'python' / 'task_worker.py', '--host', server.host, '--port', server.port, '--authkey-file',
             scratch.key_file, '--name', 'tested'])
        text = output_of(server.process)
    assert 'all %d results are right' % TASKS in text and 'tested' in text, text


def as_master(bin_dir, python, scratch):
    """`quaymaster serve` between this Python's master and our worker."""
    with serve(bin_dir, scratch) as server:
        where = ['--host', server.host, '--port', server.port, '--authkey-file', scratch.key_file]
        master = start([python, EXAMPLES / 'python' / 'task_master.py', '--tasks', TASKS] + where)
        run([bin_dir / 'task_worker', '--name', 'tested'] + where)
        text = output_of(master)
    assert 'all %d results are right' % TASKS in text and 'tested' in text, text


def as_server(bin_dir, python, scratch):
    """This Python serves; master and worker are ours."""
    command = [python, EXAMPLES / 'python' / 'queue_server.py', '--port', 0, '--authkey-file', scratch.key_file]
    with Running(command, scratch.path / 'python_server.log') as server:
        where = ['--host', server.host, '--port', server.port, '--authkey-file', scratch.key_file]
        master = start([bin_dir / 'task_master', '--connect', '--tasks', TASKS] + where)
        run([bin_dir / 'task_worker', '--name', 'tested'] + where)
        text = output_of(master)
    assert 'all %d results are right' % TASKS in text and 'tested' in text, text


ROLES = [('client', as_client), ('worker', as_worker), ('master', as_master), ('server', as_server)]


def main():
    bin_dir = bin_folder(__doc__)
    failures = []
    print('%-8s' % 'Python' + ''.join('%9s' % name for name, _ in ROLES))
    for version, python in found_pythons():
        line = '%-8s' % version
        for name, play in ROLES:
            try:
                with Scratch() as scratch:
                    play(bin_dir, python, scratch)
                line += '%9s' % 'pass'
            except AssertionError as error:
                failures.append('Python %s as %s: %s' % (version, name, error))
                line += '%9s' % 'FAIL'
        print(line)
        sys.stdout.flush()
    for failure in failures:
        print('\n' + failure)
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
