#!/usr/bin/env python3
"""Python clients that die, lie or speak half a sentence; and Pythons of two languages that share a queue."""
import signal
import socket
import struct
import sys
from multiprocessing.managers import BaseManager

from programs import Scratch, bin_folder, output_of, run, serve, start, wait_until
from pythons import found_pythons

PREAMBLE = '''
import sys
from multiprocessing.managers import BaseManager
class Manager(BaseManager): pass
for name in ('get_task_queue', 'get_result_queue', 'get_queue'): Manager.register(name)
manager = Manager((sys.argv[1], int(sys.argv[2])), authkey=open(sys.argv[3], 'rb').read().strip())
manager.connect()
tasks = manager.get_task_queue()
'''


class Manager(BaseManager):
    pass


for typeid in ('get_task_queue', 'get_queue', 'quaymaster_status'):
    Manager.register(typeid)


def peer(server, scratch, code, python=sys.executable):
    return start([python, '-c', PREAMBLE + code, server.host, server.port, scratch.key_file])


def connected(server):
    manager = Manager((server.host, server.port), authkey=b'interop key')
    manager.connect()
    return manager


def getters(manager):
    return manager.quaymaster_status().status()['queues']['get_task_queue']['waiting_getters']


def killed_getter(bin_dir):
    with Scratch() as scratch, serve(bin_dir, scratch, '--threads', '2') as server:
        manager = connected(server)
        doomed = peer(server, scratch, 'tasks.get()')
        wait_until(lambda: getters(manager) == 1, 'the doomed one waits')
        living = peer(server, scratch, 'print(tasks.get())')
        wait_until(lambda: getters(manager) == 2, 'the living one waits')
        doomed.send_signal(signal.SIGKILL)
        output_of(doomed, -signal.SIGKILL)
        wait_until(lambda: getters(manager) == 1, 'the server noticed the death')
        manager.get_task_queue().put('for the living')
        assert output_of(living).strip() == 'for the living'


def wrong_key(bin_dir):
    with Scratch() as scratch, serve(bin_dir, scratch) as server:
        manager = connected(server)
        bad = scratch.path / 'bad.txt'
        bad.write_text('another key')
        for version, python in found_pythons():
            text = run([python, '-c', PREAMBLE, server.host, server.port, bad], expected=1)
            assert 'AuthenticationError' in text, (version, text)
        assert server.log().count('authentication failed: 127.0.0.1:') == len(found_pythons()), server.log()
        assert 'key' in server.log() and 'another key' not in server.log() and 'interop key' not in server.log()
        assert manager.get_task_queue().qsize() == 0


def nonsense(bin_dir):
    """Before the handshake; what comes after it is tested octet by octet elsewhere."""
    with Scratch() as scratch, serve(bin_dir, scratch) as server:
        manager = connected(server)
        for octets in (b'GET / HTTP/1.1\r\nHost: x\r\n\r\n', struct.pack('!i', -1) + struct.pack('!Q', 2 ** 63), b'\xff' * 1000,
                       struct.pack('!i', 4) + b'abcd', b'\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'):
            with socket.create_connection((server.host, server.port), timeout=30) as stranger:
                stranger.sendall(octets)
                stranger.shutdown(socket.SHUT_WR)
                try:
                    while stranger.recv(65536):
                        pass
                except ConnectionResetError:
                    pass
        assert manager.get_task_queue().qsize() == 0


def both_languages(bin_dir):
    """Python 2 and 3 on one queue: numbers, text, containers."""
    twos = [python for version, python in found_pythons() if version.startswith('2.')]
    threes = [python for version, python in found_pythons() if version.startswith('3.')]
    expected = "[1, 2.5, None, True, 'x', 'caf\\xe9', [1, 2], (3,), {'a': 1}]"
    sent = "for item in (1, 2.5, None, True, u'x', u'caf\\xe9', [1, 2], (3,), {u'a': 1}): tasks.put(item)"
    got = "print(ascii([tasks.get() for _ in range(9)]) if sys.version_info[0] > 2 else repr([tasks.get() for _ in range(9)]).replace(\"u'\", \"'\"))"
    with Scratch() as scratch, serve(bin_dir, scratch) as server:
        for putter, getter in [(two, three) for two in twos for three in threes] + [(three, two) for two in twos for three in threes]:
            output_of(peer(server, scratch, sent, putter))
            text = output_of(peer(server, scratch, got, getter)).strip()
            assert text == expected, (putter, getter, text)


def frozen_reader(bin_dir):
    """A client that takes no replies holds up nobody."""
    with Scratch() as scratch, serve(bin_dir, scratch, '--threads', '1') as server:
        manager = connected(server)
        tasks = manager.get_task_queue()
        frozen = peer(server, scratch, '''
q = manager.get_queue('frozen')
for _ in range(30): q.put(b'x' * (1 << 20))
print('ready'); sys.stdout.flush()
sys.stdin.readline()
''')
        assert frozen.stdout.readline().strip() == 'ready'
        frozen.send_signal(signal.SIGSTOP)
        for number in range(200):
            tasks.put(number)
            assert tasks.get() == number
        frozen.kill()
        frozen.wait()
        frozen.stdout.close()


def main():
    bin_dir = bin_folder(__doc__)
    from programs import run_cases
    return run_cases([(case.__name__.replace('_', ' '), lambda case=case: case(bin_dir))
                      for case in (killed_getter, wrong_key, nonsense, both_languages, frozen_reader)])


if __name__ == '__main__':
    sys.exit(main())
