#!/usr/bin/env python3
"""The examples that share objects, each with its other half in every Python found, and those that no other test runs."""
import multiprocessing
import sys
from multiprocessing.managers import BaseManager, DictProxy, ListProxy

from programs import EXAMPLES, Running, Scratch, bin_folder, output_of, run, run_cases, serve, start, wait_until
from pythons import found_pythons

INVENTORY = '''7 rope
out of stock: 2 tar too few
Ada orders 2 rope
5 rope left
1 tar left
%d tar in the one that all share
'''
BUFFER = ('--share', 'buffer=list', '--share', 'lock=RLock', '--share', 'conditions=dict')
MADE = 30  # by each producer


def at(server, scratch):
    return ['--port', server.port, '--authkey-file', scratch.key_file]


def script(python, name):
    return [python, EXAMPLES / 'python' / name]


def for_each_python(test):
    def run_all(bin_dir):
        for version, python in found_pythons():
            try:
                with Scratch() as scratch:
                    test(bin_dir, python, scratch)
            except AssertionError as error:
                raise AssertionError('Python %s: %s' % (version, error))
    run_all.__name__ = test.__name__
    return run_all


@for_each_python
def inventory(bin_dir, python, scratch):
    command = script(python, 'inventory.py') + ['--port', 0, '--authkey-file', scratch.key_file]
    with Running(command, scratch.path / 'inventory.log') as server:
        for tar in (3, 4):
            text = run([bin_dir / 'inventory_client'] + at(server, scratch))
            assert text == INVENTORY % tar, text


@for_each_python
def status_board(bin_dir, python, scratch):
    with serve(bin_dir, scratch, '--share', 'board=dict') as server:
        halves = ([bin_dir / 'status_board'] + at(server, scratch), script(python, 'status_board.py') + at(server, scratch))
        viewers = [start(half + ['--workers', 2]) for half in halves]
        for worker in [start(half + ['--name', name, '--steps', 2]) for half, name in zip(halves, ('crane', 'winch'))]:
            assert output_of(worker) == ''
        tables = [output_of(viewer).strip('\n').split('\n\n') for viewer in viewers]
    language = 'Python' + run([python, '-c', 'import sys; print(sys.version_info[0])']).strip()
    expected = '%-16s%-10s%-10s%s\n' * 3 % ('NAME', 'LANGUAGE', 'DOING', 'DONE', 'crane', 'C++', 'finished', '2 of 2',
                                            'winch', language, 'finished', '2 of 2')
    for shown in tables:
        assert shown[-1] == expected.strip('\n'), shown
        assert all(table.startswith('NAME') for table in shown), shown


@for_each_python
def bounded_buffer(bin_dir, python, scratch):
    with serve(bin_dir, scratch, *BUFFER) as server:
        where = at(server, scratch) + ['--capacity', 2]
        halves = ([bin_dir / 'bounded_buffer'] + where, script(python, 'bounded_buffer.py') + where)
        consumers = [start(half + ['--consume', MADE]) for half in halves]
        producers = [start(half + ['--produce', MADE, '--name', name]) for half, name in zip(halves, ('crane', 'winch'))]
        for producer in producers:
            assert output_of(producer) == ''
        got = [[line.split() for line in output_of(consumer).splitlines()] for consumer in consumers]
    everything = sorted((maker, int(number)) for lines in got for maker, number in lines)
    assert everything == [(maker, number) for maker in ('crane', 'winch') for number in range(MADE)], everything
    for lines in got:
        for each in ('crane', 'winch'):
            numbers = [int(number) for maker, number in lines if maker == each]
            assert numbers == sorted(numbers), 'out of order: %s' % lines


def bounded_buffer_survives_its_users(bin_dir):
    """One that waits for room, and one that waits for an item, are killed."""
    class Manager(BaseManager):
        pass

    Manager.register('buffer', proxytype=ListProxy)
    Manager.register('conditions', proxytype=DictProxy)
    with Scratch() as scratch, serve(bin_dir, scratch, *BUFFER) as server:
        key = scratch.key_file.read_bytes().strip()
        multiprocessing.current_process().authkey = key
        manager = Manager((server.host, server.port), key)
        manager.connect()
        conditions = manager.conditions()

        def waiting_for(name):
            """How many: the last number in '<Condition(..., 1)>'."""
            return int(str(conditions[name]).rpartition(', ')[2].rstrip(')>')) if name in conditions else 0

        command = [bin_dir / 'bounded_buffer'] + at(server, scratch) + ['--capacity', 2]
        for role, condition, left in (('--consume', 'not_empty', 0), ('--produce', 'not_full', 2)):
            doomed = start(command + [role, 3])
            wait_until(lambda: waiting_for(condition) == 1, '%s waits for %s' % (role, condition))
            doomed.kill()
            doomed.communicate()
            wait_until(lambda: waiting_for(condition) == 0, 'the server noticed that it died')
            assert len(manager.buffer()) == left
        producer = start(command + ['--produce', 3, '--name', 'winch'])
        assert run(command + ['--consume', 5]) == 'C++ 0\nC++ 1\nwinch 0\nwinch 1\nwinch 2\n'
        output_of(producer)


@for_each_python
def struct_item(bin_dir, python, scratch):
    command = [bin_dir / 'struct_item', '--port', 0, '--authkey-file', scratch.key_file]
    with Running(command, scratch.path / 'struct_item.log') as shop:
        text = run(script(python, 'struct_item.py') + at(shop, scratch))
        assert text == 'Ada pays 17.00 for 4 rope, 1 tar\nBo pays 0.00 for nothing\n', text
        lines = output_of(shop.process).splitlines()
        assert lines[:2] == ['Ada orders 2 articles', 'Bo orders 0 articles: I am only looking'], lines
        assert len(lines) == 3 and lines[2].startswith('no order: lines[0].pieces: '), lines


def word_count(bin_dir):
    text = run([bin_dir / 'word_count', '--workers', 2])
    assert '6\tthe' in text.splitlines(), text


@for_each_python
def async_worker(bin_dir, python, scratch):
    with serve(bin_dir, scratch) as server:
        worker = start([bin_dir / 'async_worker', '--name', 'crane', '--jobs', 8] + at(server, scratch))
        text = run(script(python, 'task_master.py') + at(server, scratch) + ['--tasks', 100])
        assert 'all 100 results are right' in text and '100  crane' in text, text
        assert output_of(worker) == 'crane: squared 100 numbers, up to 8 at a time\n'


def what_cannot_be_done_is_said(bin_dir):
    with Scratch() as scratch, serve(bin_dir, scratch) as server:
        for name, options in (('inventory_client', []), ('status_board', []), ('bounded_buffer', ['--consume', 1])):
            text = run([bin_dir / name, '--help'])
            assert text.startswith('usage: ') and '--authkey-file' in text, text
            for wrong in (['--nonsense'], ['--port', 'x'], ['--port']):
                text = run([bin_dir / name] + options + wrong, expected=2)
                assert text.startswith(name + ': ') and '--port' in text, text
            text = run([bin_dir / name, '--port', server.port] + options, expected=1)
            assert text.startswith(name + ': ') and 'authkey' in text, text
            text = run([bin_dir / name] + at(server, scratch) + options, expected=1)  # the server shares no such object
            assert text.startswith(name + ': KeyError: ') and 'nothing is registered by this name' in text, text


def main():
    bin_dir = bin_folder(__doc__)
    cases = (inventory, status_board, bounded_buffer, bounded_buffer_survives_its_users, struct_item, word_count,
             async_worker, what_cannot_be_done_is_said)
    return run_cases([(case.__name__.replace('_', ' '), lambda case=case: case(bin_dir)) for case in cases])


if __name__ == '__main__':
    sys.exit(main())
