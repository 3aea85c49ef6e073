#!/usr/bin/env python3
"""Writes the seeds of pickle_fuzz: what the interop tests pickle, in every protocol, alone and as a request.

usage: make_pickle_corpus.py [FOLDER], by default tests/fuzz/corpus/pickle beside this file.
"""
import hashlib
import pathlib
import pickle
import sys

HERE = pathlib.Path(__file__).parent
sys.path.insert(0, str(HERE.parent / 'interop'))

import pickle_peer  # noqa: E402  (found through the line above)

SEED_SIZE_MAX = 250


def main():
    folder = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / 'corpus' / 'pickle'
    folder.mkdir(parents=True, exist_ok=True)
    for _, thing in pickle_peer.corpus():
        for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
            try:
                seeds = [pickle.dumps(thing, protocol), pickle.dumps(('7f01', 'put', (thing,), {'timeout': 1}), protocol)]
            except (pickle.PicklingError, TypeError, ValueError, RuntimeError):
                continue
            for seed in seeds:
                if len(seed) <= SEED_SIZE_MAX:
                    (folder / hashlib.sha256(seed).hexdigest()[:16]).write_bytes(seed)


if __name__ == '__main__':
    main()
