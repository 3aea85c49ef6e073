#!/usr/bin/env python3
"""numpy's arrays in queues, between every Python found that has numpy and C++, and the example with a camera."""
import os
import re
import shutil
import subprocess
import sys

from programs import EXAMPLES, HERE, Running, Scratch, bin_folder, output_of, run, run_cases, serve, start
from pythons import found_pythons


def has_numpy(python):
    command = [python, '-c', 'import numpy']
    try:
        return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=120).returncode == 0
    except OSError:
        return False


def pythons_with_numpy():
    """Besides those that the other tests meet, the system's own: distributions package numpy for that one."""
    candidates = [path for _, path in found_pythons()] + [shutil.which('python3') or '', '/usr/bin/python3']
    with_numpy = [path for path in dict.fromkeys(candidates) if path and has_numpy(path)]
    return with_numpy[:1] if os.environ.get('QUAYMASTER_PYTHONS') == 'own' else with_numpy


def arrays_go_both_ways(bin_dir, python):
    with Scratch() as scratch, serve(bin_dir, scratch, '--queue', 'get_arrays', '--queue', 'get_answers') as server:
        where = [server.host, server.port, scratch.key_file]
        echo = start([bin_dir / 'ndarray_echo'] + where)
        try:
            print('        ' + run([python, HERE / 'ndarray_peer.py'] + where).strip())
            assert output_of(echo) == ''
        finally:
            echo.kill()
            echo.communicate()


def camera_example_runs(bin_dir, python):
    with Scratch() as scratch:
        options = ['--authkey-file', scratch.key_file]
        with Running([bin_dir / 'frame_consumer', '--port', 0] + options, scratch.path / 'consumer.log') as consumer:
            camera = [python, EXAMPLES / 'python' / 'camera.py', '--port', consumer.port, '--frames', 20, '--rate', 1000,
                      '--width', 64, '--height', 48]
            assert run(camera + options).startswith('sent 20 frames, ')
            lines = consumer.process.stdout.read().splitlines()
            assert consumer.process.wait(60) == 0, consumer.log()
        assert len(lines) == 21 and re.match(r'20 frames, [0-9.]+ frames/s$', lines[20]), lines
        # Red is across, green is down, blue is across + down: (31.5 + 23.5 + 55) / 3.
        assert re.match(r'frame 0: 48 x 64 x 3, mean brightness 36\.7, [0-9.]+ ms old$', lines[0]), lines[0]


def camera_says_what_it_needs(_):
    with Scratch() as scratch:
        (scratch.path / 'numpy.py').write_text('raise ImportError("none here")\n')
        environment = dict(os.environ, PYTHONPATH=str(scratch.path))
        text = run([sys.executable, EXAMPLES / 'python' / 'camera.py'], expected=1, env=environment)
        assert text.startswith('camera.py needs numpy'), text


def main():
    bin_dir = bin_folder(__doc__)
    pythons = pythons_with_numpy()
    cases = [('camera says what it needs', lambda: camera_says_what_it_needs(bin_dir))]
    for test in (arrays_go_both_ways, camera_example_runs):
        cases += [('%s: %s' % (test.__name__.replace('_', ' '), python),
                   lambda test=test, python=python: test(bin_dir, python)) for python in pythons]
    failed = run_cases(cases)
    if not pythons and not failed:
        print('skipped: no Python here has numpy')
        return 77
    return failed


if __name__ == '__main__':
    sys.exit(main())
