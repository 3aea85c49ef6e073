#!/usr/bin/env python3
"""The C++ proxies of everything that a SyncManager shares, against the SyncManager of every Python found."""
import sys

from programs import HERE, Running, Scratch, bin_folder, run
from pythons import found_pythons


def main():
    bin_dir = bin_folder(__doc__)
    failures = []
    for version, python in found_pythons():
        try:
            with Scratch() as scratch:
                command = [python, HERE / 'sync_server.py', '127.0.0.1', 0, scratch.key_file]
                with Running(command, scratch.path / 'python_server.log') as server:
                    text = run([bin_dir / 'sync_proxies', server.host, server.port, scratch.key_file, version])
            print('%-8s %s' % (version, text.strip()))
        except AssertionError as error:
            failures.append('Python %s: %s' % (version, error))
            print('%-8s FAIL' % version)
        sys.stdout.flush()
    for failure in failures:
        print('\n' + failure)
    return 1 if failures else 0


if __name__ == '__main__':
    sys.exit(main())
