"""Running our programs and Python peers, for the interop tests."""
import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
EXAMPLES = HERE.parent.parent / 'examples'
TIMEOUT_S = 120


def bin_folder(description):
    """The folder of --bin; ends with 77 (skipped) where the programs were not built."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument('--bin', required=True, type=pathlib.Path)
    folder = parser.parse_args().bin.resolve()
    if not (folder / 'quaymaster').exists():
        print('skipped: %s has no quaymaster' % folder)
        sys.exit(77)
    return folder


class Scratch:
    """A folder for keys and files; gone at the end of the `with`."""

    def __enter__(self):
        self.path = pathlib.Path(tempfile.mkdtemp(prefix='quaymaster-test-'))
        self.key_file = self.path / 'key.txt'
        self.key_file.write_text('interop key\n')
        return self

    def __exit__(self, *_):
        shutil.rmtree(str(self.path))


class Running:
    """A program in the background that prints `listening on HOST:PORT`. Ended, kindly, at the end of the `with`."""

    def __init__(self, command, log, env=None):
        self.command = [str(part) for part in command]
        self.log_file = log
        self.env = env

    def __enter__(self):
        with open(str(self.log_file), 'wb') as log:
            self.process = subprocess.Popen(self.command, stdout=subprocess.PIPE, stderr=log, universal_newlines=True, env=self.env)
        line = self.process.stdout.readline()
        if not line.startswith('listening on '):
            self.process.kill()
            raise AssertionError('%s said %r; its log: %s' % (self.command, line, self.log()))
        self.host, _, port = line[len('listening on '):].strip().rpartition(':')
        self.port = int(port) if port.isdigit() else None
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        """Ends it with SIGTERM; returns what it exits with."""
        if self.process.returncode is None:
            self.process.terminate()
            try:
                self.process.wait(TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                raise
            self.process.stdout.close()
        return self.process.returncode

    def log(self):
        return pathlib.Path(str(self.log_file)).read_text()


def serve(bin_dir, scratch, *options):
    return Running([bin_dir / 'quaymaster', 'serve', '--port', 0, '--authkey-file', scratch.key_file] + list(options),
                   scratch.path / 'serve.log')


def start(command, **named):
    return subprocess.Popen([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                            universal_newlines=True, **named)


def output_of(process, expected=0):
    """What it printed; AssertionError, with that, unless it exits with `expected`."""
    try:
        text, _ = process.communicate(timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        text, _ = process.communicate()
        raise AssertionError('%s hangs; it said:\n%s' % (process.args, text))
    if process.returncode != expected:
        raise AssertionError('%s exits with %d instead of %d; it said:\n%s' % (process.args, process.returncode, expected, text))
    return text


def run(command, expected=0, **named):
    return output_of(start(command, **named), expected)


def wait_until(is_true, what):
    """Looks again until it is so; the look itself takes long enough to need no sleep."""
    limit = time.monotonic() + TIMEOUT_S
    while not is_true():
        if time.monotonic() > limit:
            raise AssertionError('did not happen: ' + what)


def run_cases(cases):
    """Runs each (name, callable), prints a line for each; the exit status."""
    failed = 0
    for name, case in cases:
        try:
            case()
            print('ok      %s' % name)
        except AssertionError as error:
            failed += 1
            print('FAILED  %s\n%s' % (name, error))
        sys.stdout.flush()
    return 1 if failed else 0


def without_key(environment=os.environ, **added):
    """An environment in which no key of this user is found."""
    kept = {name: text for name, text in environment.items() if name not in ('QUAYMASTER_AUTHKEY', 'XDG_CONFIG_HOME')}
    kept.update(added)
    return kept
