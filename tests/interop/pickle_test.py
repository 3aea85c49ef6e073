#!/usr/bin/env python3
"""Every Python found pickles what it can; the codec reads, splices and writes it; the same Python compares what comes back."""
import argparse
import pathlib
import subprocess
import sys

from pythons import found_pythons

HERE = pathlib.Path(__file__).parent


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--bin', required=True, type=pathlib.Path)
    options = parser.parse_args()
    failed = 0
    for version, python in found_pythons():
        peer = subprocess.run([python, str(HERE / 'pickle_peer.py'), str(options.bin / 'pickle_echo')],
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, universal_newlines=True, timeout=600)
        print('%-8s %s' % (version, peer.stdout.strip()))
        failed += peer.returncode != 0
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
