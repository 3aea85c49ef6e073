#!/usr/bin/env python3
"""Master and workers on three hosts: network namespaces joined by a bridge, over IPv4 and IPv6.

Stock Python knows IPv4 and names only, so over IPv6 both workers are ours.
"""
import os
import shutil
import subprocess
import sys

from programs import EXAMPLES, Running, Scratch, bin_folder, output_of, start, wait_until

TASKS = 60
HOSTS = {'master': 1, 'worker1': 2, 'worker2': 3}


class Network:
    """Namespaces named after this process, one a host and one for the bridge; gone at the end of the `with`."""

    def __init__(self):
        self.prefix = 'qm%d' % os.getpid()
        self.made = []

    def ip(self, *words):
        subprocess.run(['ip'] + list(words), check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def name(self, host):
        return '%s-%s' % (self.prefix, host)

    def add_namespace(self, host):
        self.ip('netns', 'add', self.name(host))
        self.made.append(self.name(host))
        self.ip('-n', self.name(host), 'link', 'set', 'lo', 'up')

    def __enter__(self):
        try:
            self.add_namespace('switch')
            self.ip('-n', self.name('switch'), 'link', 'add', 'br0', 'type', 'bridge')
            self.ip('-n', self.name('switch'), 'link', 'set', 'br0', 'up')
            for host, number in HOSTS.items():
                self.add_namespace(host)
                self.ip('-n', self.name(host), 'link', 'add', 'eth0', 'type', 'veth', 'peer', 'name', 'port%d' % number,
                        'netns', self.name('switch'))
                self.ip('-n', self.name('switch'), 'link', 'set', 'port%d' % number, 'master', 'br0', 'up')
                self.ip('-n', self.name(host), 'address', 'add', '10.77.0.%d/24' % number, 'dev', 'eth0')
                # nodad: an address that is still being checked for duplicates cannot be listened on.
                self.ip('-n', self.name(host), 'address', 'add', 'fd77::%d/64' % number, 'dev', 'eth0', 'nodad')
                self.ip('-n', self.name(host), 'link', 'set', 'eth0', 'up')
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for name in reversed(self.made):
            subprocess.run(['ip', 'netns', 'delete', name], stderr=subprocess.DEVNULL)

    def on(self, host, command):
        return ['ip', 'netns', 'exec', self.name(host)] + [str(part) for part in command]

    def wait_for_path(self, host, address):
        """Until the bridge forwards and the neighbours have found each other."""
        wait_until(lambda: subprocess.run(self.on(host, [sys.executable, '-c', PROBE, address]), stdout=subprocess.DEVNULL).returncode == 0,
                   'no path from %s to %s' % (host, address))


# Nobody listens on port 9: an answer, be it a refusal, proves the path.
PROBE = '''
import socket, sys
try:
    socket.create_connection((sys.argv[1], 9), 1)
except ConnectionRefusedError:
    sys.exit(0)
except OSError:
    sys.exit(1)
'''


def main_job(bin_dir, network, address, second_worker):
    with Scratch() as scratch:
        key = ['--authkey-file', scratch.key_file]
        for host in ('worker1', 'worker2'):
            network.wait_for_path(host, address)
        command = [bin_dir / 'task_master', '--host', address, '--port', 5000, '--tasks', TASKS] + key
        with Running(network.on('master', command), scratch.path / 'master.log') as master:
            where = ['--host', address, '--port', 5000] + key
            workers = [
                start(network.on('worker1', [bin_dir / 'task_worker', '--name', 'first worker'] + where)),
                start(network.on('worker2', second_worker + ['--name', 'second worker'] + where)),
            ]
            text = output_of(master.process)
            for worker in workers:
                output_of(worker)
        for expected in ('all %d results are right' % TASKS, 'first worker', 'second worker'):
            assert expected in text, text


def main():
    bin_dir = bin_folder(__doc__)
    if shutil.which('ip') is None:
        print('skipped: there is no `ip` (package iproute2) to make network namespaces with')
        return 77
    try:
        with Network() as network:
            main_job(bin_dir, network, '10.77.0.1', [sys.executable, EXAMPLES / 'python' / 'task_worker.py'])
            print('ok      three hosts over IPv4, one worker in Python')
            main_job(bin_dir, network, 'fd77::1', [bin_dir / 'task_worker'])
            print('ok      three hosts over IPv6')
    except subprocess.CalledProcessError as error:
        print('skipped: network namespaces are not permitted here: %s' % error.stderr.decode().strip())
        return 77
    return 0


if __name__ == '__main__':
    sys.exit(main())
