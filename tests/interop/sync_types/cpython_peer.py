"""Runs CPython's own tests of managers, the classes WithManager... of test/_test_multiprocessing.py, against a server that is up already.

For Python 3.6 and newer: cpython_peer.py list
                          cpython_peer.py run HOST PORT KEY_FILE CLASS [TEST ...]
Prints a line of JSON for each test: ["runs", TEST], then [OUTCOME, TEST, TEXT]; ["end"] after the last.
`multiprocessing.Manager()`, which spawns a server for each class, is replaced by a SyncManager that connects. What a test spawns beyond
that, such as a manager of its own, it still spawns.
"""
import json
import multiprocessing
import os
import sys
import unittest
from multiprocessing.managers import SyncManager

# Its functions install the classes here, in the module that unittest asks for setUpModule().
from test import _test_multiprocessing

PREFIX = 'WithManager'


class ConnectedManager(SyncManager):
    """Stays connected: the server is not of this process."""

    def shutdown(self):
        pass

    def join(self, timeout=None):
        pass


class Reporter(unittest.TestResult):
    def __init__(self, output):
        super().__init__()
        self.output = output

    def say(self, *parts):
        self.output.write(json.dumps(parts) + '\n')
        self.output.flush()

    @staticmethod
    def name_of(test):
        return test.id().rpartition('.')[2]

    def startTest(self, test):
        super().startTest(test)
        self.is_told = False
        self.say('runs', self.name_of(test))

    def tell(self, outcome, test, text=''):
        self.is_told = True
        self.say(outcome, self.name_of(test), text)

    def addSuccess(self, test):
        if not self.is_told:
            self.tell('pass', test)

    def addFailure(self, test, error):
        self.tell('fail', test, self._exc_info_to_string(error, test))

    def addError(self, test, error):
        if not hasattr(test, '_testMethodName'):
            self.say('class', str(test), self._exc_info_to_string(error, unittest.TestCase()))
        else:
            self.tell('fail', test, self._exc_info_to_string(error, test))

    def addSubTest(self, test, subtest, error):
        if error:
            self.tell('fail', test, self._exc_info_to_string(error, test))

    def addSkip(self, test, reason):
        if hasattr(test, '_testMethodName'):
            self.tell('skip', test, reason)
        else:
            self.say('class', str(test), reason)

    def addExpectedFailure(self, test, error):
        self.tell('skip', test, 'fails as expected')

    def addUnexpectedSuccess(self, test):
        self.tell('pass', test)


def main():
    _test_multiprocessing.install_tests_in_module_dict(globals(), 'fork')
    classes = {name: found for name, found in globals().items() if name.startswith(PREFIX) and isinstance(found, type)}
    if sys.argv[1] == 'list':
        print(json.dumps({name: unittest.defaultTestLoader.getTestCaseNames(found) for name, found in classes.items()}))
        return
    host, port, key_file, name, *tests = sys.argv[2:]
    with open(key_file, 'rb') as file:
        key = file.read().strip()
    multiprocessing.current_process().authkey = key

    def connected():
        manager = ConnectedManager((host, int(port)), authkey=key)
        manager.connect()
        return manager

    multiprocessing.Manager = connected
    # What the tests print does not belong among our lines.
    output = os.fdopen(os.dup(1), 'w')
    os.dup2(2, 1)
    suite = unittest.TestSuite(classes[name](test) for test in tests)
    reporter = Reporter(output)
    suite.run(reporter)
    reporter.say('end')


if __name__ == '__main__':
    main()
