#!/usr/bin/env python3
"""Shared objects and stock Python clients: proxies inside data, clients that die, C++ classes; several queues at once."""
import concurrent.futures
import subprocess
import sys
import time

from programs import EXAMPLES, HERE, Running, Scratch, bin_folder, output_of, run, run_cases, serve, start
from pythons import found_pythons

EXPECTED_OF_COUNTER = ['Counter(10) is now 16', 'its fork is at 116 and it is at 16', 'ValueError: a counter only counts up']


class Peer:
    """objects_peer.py in one role."""

    def __init__(self, python, role, host, server, scratch):
        command = [python, HERE / 'objects_peer.py', role, host, server.port, scratch.key_file]
        self.process = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        universal_newlines=True)

    def line(self):
        return self.process.stdout.readline().strip()

    def end(self):
        """Lets it end by itself; what else it printed."""
        out, _ = self.process.communicate('\n', timeout=60)
        assert self.process.returncode == 0, out
        return out.strip()

    def kill(self):
        self.process.kill()
        self.process.communicate()


def number_of_objects(python, server, scratch):
    code = ('import sys; from multiprocessing.managers import BaseManager; '
            'manager = BaseManager((sys.argv[1], int(sys.argv[2])), open(sys.argv[3], "rb").read().strip()); '
            'manager.connect(); print(manager._number_of_objects())')
    command = [python, '-c', code, '127.0.0.1', server.port, scratch.key_file]
    return int(subprocess.check_output([str(part) for part in command], timeout=60))


def falls_to(expected, python, server, scratch):
    """The number of objects falls to `expected` in a while: what is handed over lives for another second."""
    end = time.monotonic() + 20
    while True:
        count = number_of_objects(python, server, scratch)
        if count == expected or time.monotonic() > end:
            assert count == expected, '%d objects are left instead of %d' % (count, expected)
            return
        time.sleep(0.1)


PYTHONS_AT_ONCE = 3  # each waits more than it works: what is handed over lives for another second


def for_each_python(test):
    def run_one(bin_dir, version, python):
        try:
            test(bin_dir, python)
        except AssertionError as error:
            raise AssertionError('Python %s: %s' % (version, error))

    def run(bin_dir):
        with concurrent.futures.ThreadPoolExecutor(PYTHONS_AT_ONCE) as threads:
            for done in [threads.submit(run_one, bin_dir, *found) for found in found_pythons()]:
                done.result()
    run.__name__ = test.__name__
    return run


@for_each_python
def proxies_inside_data_are_usable(bin_dir, python):
    with Scratch() as scratch, serve(bin_dir, scratch) as server:
        producer = Peer(python, 'produce', '127.0.0.1', server, scratch)
        assert producer.line().startswith('ready')
        consumer = Peer(python, 'consume', '127.0.0.1', server, scratch)
        assert consumer.line() == '127.0.0.1:%d' % server.port
        assert consumer.line() == '[1, 2, 3, 4]'
        assert producer.end() == "4 ['numbers']"
        assert consumer.end() == '4'
        falls_to(0, python, server, scratch)


@for_each_python
def a_proxy_outlives_its_sender(bin_dir, python):
    with Scratch() as scratch, serve(bin_dir, scratch) as server:
        producer = Peer(python, 'produce', '127.0.0.1', server, scratch)
        assert producer.line().startswith('ready')
        producer.kill()
        falls_to(2, python, server, scratch)  # what the item holds: the dict, and the list in it
        consumer = Peer(python, 'consume', '127.0.0.1', server, scratch)
        consumer.line()
        assert consumer.line() == '[1, 2, 3, 4]'
        assert consumer.end() == '4'
        falls_to(0, python, server, scratch)


@for_each_python
def a_killed_client_takes_its_counts_along(bin_dir, python):
    with Scratch() as scratch, serve(bin_dir, scratch) as server:
        producer = Peer(python, 'produce', '127.0.0.1', server, scratch)
        assert producer.line().startswith('ready')
        consumer = Peer(python, 'consume', '127.0.0.1', server, scratch)
        consumer.line()
        consumer.line()
        consumer.kill()
        producer.kill()
        falls_to(0, python, server, scratch)


def an_address_is_rewritten_for_its_receiver(bin_dir):
    """One reaches the server as 127.0.0.1, the other as 127.0.0.2, as over another network."""
    with Scratch() as scratch, serve(bin_dir, scratch, '--host', '0.0.0.0') as server:
        producer = Peer(sys.executable, 'produce', '127.0.0.1', server, scratch)
        assert producer.line().startswith('ready')
        consumer = Peer(sys.executable, 'consume', '127.0.0.2', server, scratch)
        seen = consumer.line()
        assert seen == '127.0.0.2:%d' % server.port, seen
        assert consumer.line() == '[1, 2, 3, 4]'
        producer.end()
        consumer.end()


def a_name_that_clients_use_is_kept(bin_dir):
    with Scratch() as scratch, serve(bin_dir, scratch, '--host', '127.0.0.1') as server:
        producer = Peer(sys.executable, 'produce', 'localhost', server, scratch)
        assert producer.line().startswith('ready')
        consumer = Peer(sys.executable, 'consume', '127.0.0.1', server, scratch)
        seen = consumer.line()
        assert seen == 'localhost:%d' % server.port, seen
        consumer.end()
        producer.end()


@for_each_python
def a_cpp_class_is_called(bin_dir, python):
    with Scratch() as scratch:
        with Running([bin_dir / 'counter', '--port', 0, '--authkey-file', scratch.key_file], scratch.path / 'counter.log') as server:
            command = [python, EXAMPLES / 'python' / 'counter.py', '--port', server.port, '--authkey-file', scratch.key_file]
            out = subprocess.check_output([str(part) for part in command], universal_newlines=True, timeout=60)
            assert out.splitlines()[:3] == EXPECTED_OF_COUNTER, out
            assert out.splitlines()[3] == '1 programs were here', out
            assert server.end() == 0


def a_worker_serves_two_queues(bin_dir):
    with Scratch() as scratch, serve(bin_dir, scratch, '--queue', 'urgent', '--queue', 'normal') as server:
        where = ['--port', server.port, '--authkey-file', scratch.key_file]
        run([bin_dir / 'quaymaster', 'put', 'normal', '"tidy up"', 'None'] + where)
        run([bin_dir / 'quaymaster', 'put', 'urgent', '"put out the fire"'] + where)
        out = output_of(start([bin_dir / 'select'] + where))
        assert out.splitlines() == ['urgent: put out the fire', 'normal: tidy up', 'done'], out


def main():
    bin_dir = bin_folder(__doc__)
    cases = [proxies_inside_data_are_usable, a_proxy_outlives_its_sender, a_killed_client_takes_its_counts_along,
             an_address_is_rewritten_for_its_receiver, a_name_that_clients_use_is_kept, a_cpp_class_is_called,
             a_worker_serves_two_queues]
    sys.exit(run_cases([(case.__name__.replace('_', ' '), lambda case=case: case(bin_dir)) for case in cases]))


if __name__ == '__main__':
    main()
