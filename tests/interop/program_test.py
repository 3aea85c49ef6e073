#!/usr/bin/env python3
"""The program `quaymaster`: what its subcommands print, what they exit with, and where they find the key."""
import itertools
import json
import os
import pathlib
import shutil
import signal
import socket
import stat
import subprocess
import sys

from programs import Running, Scratch, bin_folder, output_of, run, run_cases, serve, start, wait_until, without_key


# A stock client of a server of ours, with its queue, for what a shell cannot put.
PYTHON_CLIENT = '''
import sys
from multiprocessing.managers import BaseManager
BaseManager.register('get_task_queue')
manager = BaseManager((sys.argv[1], int(sys.argv[2])), authkey=open(sys.argv[3], 'rb').read().strip())
manager.connect()
queue = manager.get_task_queue()
'''


class Shell:
    """Client subcommands against one server."""

    def __init__(self, bin_dir, server, scratch):
        self.program = bin_dir / 'quaymaster'
        self.options = ['--host', server.host, '--port', server.port, '--authkey-file', scratch.key_file]

    def __call__(self, subcommand, *arguments, expected=0, stdin=None):
        process = subprocess.run([str(part) for part in [self.program, subcommand] + self.options + list(arguments)], input=stdin,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True, timeout=120)
        assert process.returncode == expected, (subcommand, arguments, process.returncode, process.stdout, process.stderr)
        return process.stdout if expected == 0 else process.stderr


def puts_and_gets(bin_dir):
    with Scratch() as scratch, serve(bin_dir, scratch) as server:
        shell = Shell(bin_dir, server, scratch)
        literals = ['42', '-1.5', '"text"', "b'\\x00'", '[1, 2, [3]]', '{"a": None}', '(1, 2)', 'null', 'true', '1e400', str(2 ** 100)]
        shell('put', 'get_task_queue', literals[0])
        assert shell('get', 'get_task_queue') == '42\n'
        shell('put', 'get_task_queue', literals[1])
        assert shell('get', 'get_task_queue') == '-1.5\n'
        for literal in literals[2:]:
            shell('put', 'get_task_queue', literal)
        expected = ["'text'", "b'\\x00'", '[1, 2, [3]]', "{'a': None}", '(1, 2)', 'None', 'True', 'inf', str(2 ** 100)]
        assert shell('get', 'get_task_queue', '--count', len(expected)).splitlines() == expected
        shell('put', 'get_task_queue', '{"a": [1, null]}', '[1]')
        assert shell('get', 'get_task_queue', '--all', '--json').splitlines() == ['{"a": [1, null]}', '[1]']
        shell('put', 'get_task_queue', '--text', 'some words', '[1')
        assert shell('get', 'get_task_queue', '--all').splitlines() == ["'some words'", "'[1'"]
        shell('put', 'get_task_queue', '-', stdin='1\n"two"\n\n[3]\n')
        assert shell('get', 'get_task_queue', '--all').splitlines() == ['1', "'two'", '[3]']
        shell('put', 'get_queue/orders', '5')
        assert shell('get', 'get_queue/orders') == '5\n'


def shared_objects_have_names(bin_dir):
    with Scratch() as scratch, serve(bin_dir, scratch, '--share', 'board=dict', '--share', 'gate=Lock') as server:
        code = ("import sys; from multiprocessing.managers import BaseManager, DictProxy, AcquirerProxy; "
                "BaseManager.register('board', proxytype=DictProxy); BaseManager.register('gate', proxytype=AcquirerProxy); "
                "manager = BaseManager((sys.argv[1], int(sys.argv[2])), open(sys.argv[3], 'rb').read().strip()); manager.connect(); "
                "board = manager.board(); board['lives'] = board.get('lives', 0) + 1; print(manager.gate().acquire(False), board['lives'])")
        client = [sys.executable, '-c', code, server.host, server.port, scratch.key_file]
        assert run(client) == 'True 1\n'
        assert run(client) == 'False 2\n'  # the first has left it locked
        shell = Shell(bin_dir, server, scratch)
        assert "'board' is no queue" in shell('get', 'board', '--timeout', '0', expected=1)
        for wrong in ('board', 'board=', '=dict', 'board=nothing', 'Queue=dict', 'board=Barrier', 'free=Semaphore(4', 'free=Semaphore(x)'):
            text = run([bin_dir / 'quaymaster', 'serve', '--port', 0, '--authkey-file', scratch.key_file, '--share', wrong], expected=2)
            assert wrong.split('=')[0] in text and '\n' not in text.strip(), text
        for wrong in ('nothing', 'Pool', 'get_task_queue', "get_queue('a')", 'quaymaster_status'):
            text = refused(bin_dir / 'quaymaster', scratch, '--share', 'board=' + wrong)
            _, _, shareable = text.partition('can be shared are ')
            assert shareable.split() == ('Array Barrier BoundedSemaphore Condition Event JoinableQueue Lock Namespace Queue RLock Semaphore '
                                         'Value dict list set').split(), text


def put_by_python(server, scratch, code):
    run([sys.executable, '-c', PYTHON_CLIENT + code, server.host, server.port, scratch.key_file])


def get_prints_large_items_whole(bin_dir):
    """They have left the queue: what is not printed is lost."""
    size = 3 << 20
    with Scratch() as scratch, serve(bin_dir, scratch) as server:
        shell = Shell(bin_dir, server, scratch)
        for options in ([], ['--json']):
            quote = '"' if options else "'"
            shell('put', 'get_task_queue', '--text', '-', stdin='x' * size + '\n')
            assert shell('get', 'get_task_queue', *options) == quote + 'x' * size + quote + '\n', 'a text is cut'
        # Objects of a class, which JSON shows by their repr(), alone, in containers and as a key.
        put_by_python(server, scratch, '''
import decimal
large = decimal.Decimal('1' * %d)
for item in large, [1, (large,)], {large: 1}, {'a': {'b': large}}:
    queue.put(item)
    queue.put(item)
''' % size)
        shown = "decimal.Decimal('%s')" % ('1' * size)
        for text in shown, '[1, (%s,)]' % shown, '{%s: 1}' % shown, "{'a': {'b': %s}}" % shown:
            assert shell('get', 'get_task_queue') == text + '\n', 'an object is cut'
            assert shown in shell('get', 'get_task_queue', '--json'), 'an object is cut in JSON'


def get_prints_what_json_cannot_say(bin_dir):
    with Scratch() as scratch, serve(bin_dir, scratch) as server:
        shell = Shell(bin_dir, server, scratch)
        put_by_python(server, scratch, '''
import decimal
itself = [1]
itself.append(itself)
text = ['x' * %d]
text.append(text)
for item in itself, {'deep': [itself]}, text, decimal.Decimal('1.5'), itself, 'last':
    queue.put(item)
''' % (3 << 20))
        shown = [json.loads(shell('get', 'get_task_queue', '--json')) for _ in range(4)]
        assert shown[0] == {'__repr__': '[1, [...]]'}, shown[0]
        assert shown[1] == {'__repr__': "{'deep': [[1, [...]]]}"}, shown[1]
        assert shown[2] == {'__repr__': "['%s', [...]]" % ('x' * (3 << 20))}, 'a text is cut'
        assert shown[3] == {'__repr__': "decimal.Decimal('1.5')"}, shown[3]
        assert shell('get', 'get_task_queue', '--all').splitlines() == ['[1, [...]]', "'last'"]


def exit_codes(bin_dir):
    with Scratch() as scratch, serve(bin_dir, scratch, '--queue', 'small,maxsize=1') as server:
        shell = Shell(bin_dir, server, scratch)
        assert 'empty' in shell('get', 'small', '--timeout', '0.05', expected=3)
        assert 'full' in shell('put', 'small', '1', '2', '--timeout', '0.05', expected=3)
        assert 'no_such_queue' in shell('get', 'no_such_queue', expected=1)
        assert 'quotes' in shell('put', 'small', 'word', expected=2)
        assert '--wait' in shell('put', 'small', '1', '--wait', expected=2)
        shell('put', 'small', expected=2)
        shell('get', expected=2)
        shell('get', 'small', '--count', 'many', expected=2)
        assert '1 or more' in shell('get', 'small', '--count', '-3', expected=2)
        shell('get', 'small', '--timeout', '-1', expected=2)
        assert "'nonsense'" in shell('nonsense', expected=2)
        assert 'line 2' in shell('put', 'small', '-', stdin='1\nword\n', expected=2)
        program = bin_dir / 'quaymaster'
        assert 'serve, put' in run([program], expected=2)
        for option, range_said in (('--port', 'from 0 to 65535'), ('--threads', 'from 0 to 1024'), ('--max-connections', '1 or more')):
            for number in ('-1', '70000000000000000000000', 'many'):
                text = run([program, 'serve', option, number], expected=2)
                assert option in text and range_said in text and number in text, text
        for subcommand in ([], ['serve'], ['put'], ['get'], ['stat'], ['bench']):
            text = run([program] + subcommand + ['--help'])
            assert 'quaymaster ' in text, text
            assert 'ENUM' not in text and '{' not in text.replace('\'{"width": 3}\'', ''), text
        assert 'native|python' in run([program, 'bench', '--help'])
        assert 'native, python, not latin' in run([program, 'bench', '--dialect', 'latin'], expected=2)
        assert run([program, '--version']).strip()
        seconds = [('serve', option, '0.001 to 86400') for option in
                   ('--handshake-timeout', '--reply-timeout', '--stop-grace', '--handover-grace')]
        seconds += [(subcommand, '--connect-timeout', '0 to 86400') for subcommand in ('put', 'get', 'stat', 'bench')]
        seconds += [(subcommand, '--timeout', '0 to 1000000000') for subcommand in ('put', 'get')] + [('bench', '--seconds', '0.1 to 3600')]
        for (subcommand, option, range_said), number in itertools.product(seconds, ('nan', '-1')):
            text = run([program, subcommand, option, number], expected=2)
            assert option in text and range_said in text and number in text and '2.5' in text, text
        for queue in ('x,sideways', ',lifo', 'x,maxsize=', 'x,maxsize=-1', 'a/b', '/', 'get_queue/a,lifo', b'\xff'):
            assert '--queue' in refused(program, scratch, '--queue', queue), queue
        assert "'/'" in refused(program, scratch, '--queue', 'a/b')


def refused(program, scratch, *options):
    """What serve says to options that it takes for a mistake."""
    command = [program, 'serve', '--port', 0, '--authkey-file', scratch.key_file] + list(options)
    return run([os.fsdecode(part) if isinstance(part, bytes) else part for part in command], expected=2)


def wrong_arguments_are_usage_errors(bin_dir):
    """What the library refuses of the command line counts as wrong usage, like what the program refuses."""
    program = bin_dir / 'quaymaster'
    not_utf8 = os.fsdecode(b'\xff')
    with Scratch() as scratch, serve(bin_dir, scratch) as server:
        shell = Shell(bin_dir, server, scratch)
        key = ['--authkey-file', scratch.key_file]
        far_too_long = '/tmp/' + 'x' * 200
        assert 'Unix socket' in run([program, 'serve', '--unix', far_too_long] + key, expected=2)
        assert 'Unix socket' in run([program, 'stat', '--unix', far_too_long] + key, expected=2)
        for name in ('get_task_queue', 'get_queue', 'Queue', 'quaymaster_status'):
            assert name in refused(program, scratch, '--queue', name, '--queue', 'get_task_queue')
        for subcommand in (['put', not_utf8, '1'], ['put', 'get_queue/' + not_utf8, '1'], ['put', 'get_task_queue', '--text', not_utf8],
                           ['get', not_utf8], ['get', 'get_queue/' + not_utf8], ['bench', '--queue', not_utf8]):
            assert 'UTF-8' in shell(*subcommand, expected=2), subcommand
        for level in ('debug', 'chatty'):
            assert '--log-level' in refused(program, scratch, '--log-level', level)


def limits_are_options(bin_dir):
    """Each --max-... of what a client may send, named in what it is told."""
    limits = ['--max-depth', 4, '--max-integer', 16, '--max-named-queues', 1, '--max-queue-name', 8]
    with Scratch() as scratch, serve(bin_dir, scratch, *limits) as server:
        shell = Shell(bin_dir, server, scratch)
        assert 'depth_max (4)' in shell('put', 'get_task_queue', '[[[[[[1]]]]]]', expected=1)
        assert 'integer_size_max octets (16)' in shell('put', 'get_task_queue', '[%d]' % 2 ** 200, expected=1)
        assert 'queue_name_size_max (8)' in shell('put', 'get_queue/far_too_long', '1', expected=1)
        shell('put', 'get_queue/orders', '1')
        assert 'named_queues_max (1)' in shell('put', 'get_queue/others', '1', expected=1)
        assert shell('get', 'get_queue/orders') == '1\n'


def stat_shows(bin_dir):
    with Scratch() as scratch, serve(bin_dir, scratch, '--queue', 'jobs,priority,maxsize=9', '--queue', 'other,lifo', '--share', 'board=dict') as server:
        shell = Shell(bin_dir, server, scratch)
        shell('put', 'jobs', '3', '1', '2')
        assert shell('get', 'jobs') == '1\n'
        status = json.loads(shell('stat', '--json'))
        jobs = status['queues']['jobs']
        assert (jobs['kind'], jobs['depth'], jobs['maxsize'], jobs['puts_total'], jobs['gets_total']) == ('priority', 2, 9, 3, 1), jobs
        assert status['queues']['other']['kind'] == 'lifo'
        assert status['clients'] == 1 and status['shared'] == {'board': 'dict'}
        table = shell('stat')
        assert 'jobs' in table and 'priority' in table and 'DEPTH' in table, table
        assert ['board', 'dict'] in [line.split() for line in table.splitlines()], table


def bench_measures(bin_dir):
    with Scratch() as scratch, serve(bin_dir, scratch, '--queue', 'jobs', '--queue', 'stack,lifo') as server:
        shell = Shell(bin_dir, server, scratch)
        reports = [json.loads(line) for line in shell('bench', '--seconds', '1.5', '--json').splitlines()]
        assert [report['workload'] for report in reports] == ['W1', 'W3', 'W4', 'W5'], reports
        for report in reports:
            items = report['items']
            assert items['put'] > 0 and items['lost'] == items['doubled'] == items['out_of_order'] == items['foreign'] == 0, report
            for latency in report['latency_us'].values():
                ascending = [latency[key] for key in ('p50', 'p90', 'p99', 'p99.9', 'max')]
                assert latency['count'] > 0 and ascending == sorted(ascending) and ascending[0] > 0, report
        status = json.loads(shell('stat', '--json'))
        assert status['queues']['jobs']['puts_total'] == 0 and set(status['queues']) == {'jobs', 'stack'}, status
        text = shell('bench', '--workload', 'W3', '--connections', '2', '--payload', '1000', '--seconds', '1', '--queue', 'jobs')
        assert '2 + 2 connections' in text and 'none lost' in text and 'p99.9' in text, text
        assert 'no_such_queue' in shell('bench', '--queue', 'no_such_queue', expected=1)
        assert '--payload' in shell('bench', '--payload', '1', expected=2)
        for option, known in (('--connections', 'W3, W6 and W8'), ('--items', 'W2'), ('--mode', 'W2'), ('--depth', 'W2 and W8'),
                              ('--queues', 'W8'), ('--server-pid', 'W6')):
            text = shell('bench', '--workload', 'W1', option, 'batched' if option == '--mode' else 2, expected=2)
            assert option + ' is for ' + known in text and 'not for W1' in text, text
        assert 'not for W2 and W6' in shell('bench', '--workload', 'W2', '--workload', 'W6', '--seconds', '1', expected=2)
        shell('put', 'jobs', '1')
        assert 'empty' in shell('bench', '--queue', 'jobs', expected=2)


def bench_measures_streams_and_crowds(bin_dir):
    """The workloads that are run only when they are named, in both dialects."""
    with Scratch() as scratch, serve(bin_dir, scratch) as server:
        shell = Shell(bin_dir, server, scratch)
        named = ['--workload', 'W2', '--items', '2000', '--workload', 'W6', '--connections', '20', '--server-pid', server.process.pid,
                 '--workload', 'W8', '--queues', '30', '--seconds', '0.5', '--json']
        for dialect in ('native', 'python'):
            for mode, depth in (('pipelined', 16), ('batched', 64)):
                words = ['--dialect', dialect, '--mode', mode, '--depth', depth, *named]
                reports = [json.loads(line) for line in shell('bench', *words).splitlines()]
                assert [report['workload'] for report in reports] == ['W2', 'W6', 'W8'], reports
                streamed, woken, spread = reports
                assert streamed['items']['put'] == 2000 and streamed['operations'] == 4000 and streamed['mode'] == mode, streamed
                assert streamed['puts_per_s'] > 0 and streamed['gets_per_s'] > 0, streamed
                assert woken['items']['put'] == 20 and woken['wake_all_ms'] > 0 and 'server_memory_per_connection' in woken, woken
                assert spread['queues'] == 30 and spread['connections'] == 20 and spread['items']['put'] > 120, spread
        status = json.loads(shell('stat', '--json'))
        assert len(status['queues']) == 2, 'queues of bench are still there'
        assert status['dropped'] == 0, 'bench did not say goodbye: ' + server.log()
        assert '--payload' in shell('bench', '--workload', 'W4', '--payload', '16', expected=2)
        assert '--queue' in shell('bench', '--workload', 'W8', '--queue', 'get_task_queue', expected=2)


def bench_counts_what_outlasts_its_time(bin_dir):
    """Operations that take longer than the whole of --seconds are measured like others."""
    with Scratch() as scratch, serve(bin_dir, scratch) as server:
        shell = Shell(bin_dir, server, scratch)
        for words in (['W8', '--depth', 65536, '--connections', 4, '--payload', 64], ['W1', '--payload', 60 << 20]):
            report = json.loads(shell('bench', '--seconds', 0.1, '--json', '--workload', *words))
            assert report['operations'] >= 2 and report['mb_per_s'] > 0 and report['seconds'] < 20, report
            for latency in report['latency_us'].values():
                assert latency['count'] > 0 and latency['p50'] > 0, report


def large_items_take_their_own_memory(bin_dir):
    """A server holds an item of 256 MiB once, on its way in, in the queue and on its way out."""
    size = 256 << 20
    with Scratch() as scratch, serve(bin_dir, scratch, '--max-payload', 2 * size) as server:
        shell = Shell(bin_dir, server, scratch)
        for dialect in ('native', 'python'):
            words = ('bench', '--workload', 'W5', '--payload', size, '--seconds', '2', '--dialect', dialect, '--json')
            assert json.loads(shell(*words))['items']['put'] > 0
        peak = next(line for line in pathlib.Path('/proc/%d/status' % server.process.pid).read_text().splitlines() if 'VmHWM' in line)
        assert size < int(peak.split()[1]) << 10 < 1.5 * size, peak


def bench_finds_faults(bin_dir):
    """Against a server of Python's whose queue loses an item and doubles another."""
    code = '''
import sys
from multiprocessing.managers import BaseManager
from queue import Queue
class Faulty(Queue):
    puts = 0
    def put(self, item, *limits):
        self.puts += 1
        for _ in range({5: 0, 9: 2}.get(self.puts, 1)):
            Queue.put(self, item, *limits)
faulty = Faulty()
BaseManager.register('faulty', callable=lambda: faulty)
server = BaseManager(('127.0.0.1', 0), authkey=open(sys.argv[1], 'rb').read().strip()).get_server()
print('listening on %s:%d' % server.address, flush=True)
server.serve_forever()
'''
    with Scratch() as scratch, Running([sys.executable, '-c', code, scratch.key_file], scratch.path / 'log') as server:
        shell = Shell(bin_dir, server, scratch)
        assert '--queue' in shell('bench', expected=1)
        complaint = shell('bench', '--queue', 'faulty', '--workload', 'W3', '--connections', '1', '--seconds', '1', expected=1)
        assert ' lost' in complaint and ' doubled' in complaint, complaint


def bench_ends_on_signals(bin_dir):
    with Scratch() as scratch, serve(bin_dir, scratch) as server:
        shell = Shell(bin_dir, server, scratch)
        for number in (signal.SIGTERM, signal.SIGINT):
            bench = start([bin_dir / 'quaymaster', 'bench', '--port', server.port, '--authkey-file', scratch.key_file, '--seconds', '600'])
            wait_until(lambda: len(json.loads(shell('stat', '--json'))['queues']) == 3, 'bench made its queue')
            bench.send_signal(number)
            assert 'ended early' in output_of(bench, expected=130)
            assert len(json.loads(shell('stat', '--json'))['queues']) == 2, 'the queue of bench is still there'


def key_is_made(bin_dir):
    program = bin_dir / 'quaymaster'
    with Scratch() as scratch:
        env = without_key(XDG_CONFIG_HOME=str(scratch.path / 'config'))
        text = run([program, 'get', 'get_task_queue', '--port', 1], expected=2, env=env)
        assert 'no key' in text, text
        with Running([program, 'serve', '--port', 0], scratch.path / 'log', env=env) as server:
            key_file = scratch.path / 'config' / 'quaymaster' / 'authkey'
            assert stat.S_IMODE(os.stat(str(key_file)).st_mode) == 0o600
            assert stat.S_IMODE(os.stat(str(key_file.parent)).st_mode) == 0o700
            run([program, 'put', 'get_task_queue', '1', '--port', server.port], env=env)
            assert run([program, 'get', 'get_task_queue', '--port', server.port], env=env) == '1\n'
            key = key_file.read_text().strip()
            variable = without_key(QUAYMASTER_AUTHKEY=key, HOME=str(scratch.path))
            run([program, 'put', 'get_task_queue', '2', '--port', server.port], env=variable)
            wrong = without_key(QUAYMASTER_AUTHKEY='wrong', HOME=str(scratch.path))
            assert 'authkey' in run([program, 'stat', '--port', server.port], expected=1, env=wrong)
            assert key not in server.log()
        with Running([program, 'serve', '--port', 0], scratch.path / 'log', env=env) as server:
            assert key_file.read_text().strip() == key
        assert 'made a new key' not in server.log()


def empty_key_is_for_loopback(bin_dir):
    program = bin_dir / 'quaymaster'
    env = without_key(QUAYMASTER_AUTHKEY='')
    assert 'empty' in run([program, 'serve', '--host', '0.0.0.0', '--port', 0], expected=2, env=env)
    with Scratch() as scratch, Running([program, 'serve', '--port', 0], scratch.path / 'log', env=env) as server:
        run([program, 'put', 'get_task_queue', '1', '--port', server.port], env=env)


def printed_lines_work(bin_dir):
    for queue in ('get_task_queue', 'no-identifier', 'class'):
        with Scratch() as scratch:
            # The key's path may hold octets that are no UTF-8, and characters that end a string.
            scratch.key_file = scratch.key_file.rename(scratch.path / os.fsdecode(b'key \xff\'"\\'))
            with serve(bin_dir, scratch, '--queue', queue) as server:
                run([sys.executable, '-c', printed_for_python(server)])
                assert Shell(bin_dir, server, scratch)('get', queue) == "'hello'\n"


def printed_lines_show_shared_objects(bin_dir):
    shared = {'board': 'dict', 'names': 'list', 'free': 'Semaphore(4)', 'hits': "Value('i', 7)", 'set of all': 'set', 'meet': 'Barrier(2)',
              'jobs': 'Queue(5)', 'totals': "Array('d', [0.5])", 'now': 'Namespace', 'gate': 'RLock', 'full': 'Condition', 'go': 'Event'}
    options = [word for name, made in shared.items() for word in ('--share', '%s=%s' % (name, made))]
    with Scratch() as scratch, serve(bin_dir, scratch, *options) as server:
        printed = printed_for_python(server)
        texts = run([sys.executable, '-c', printed]).splitlines()
        assert len(texts) == len(shared), texts
        assert texts[3] == '7' or "'i', 7" in texts[3], texts
        compiler = shutil.which('c++')
        if compiler:
            source = scratch.path / 'client.cpp'
            source.write_text('#include ' + ''.join(iter(server.process.stdout.readline, '}\n')).partition('#include ')[2] + '}\n')
            include = pathlib.Path(__file__).resolve().parents[2] / 'include'
            run([compiler, '-std=c++20', '-fsyntax-only', '-I', include, source])
        assert '4' in texts[2] and 'maxsize=5' in texts[6] and '0.5' in texts[7], texts


def nobody_learns_of_the_address(bin_dir):
    with Scratch() as scratch, open('/dev/full', 'w') as full:
        process = subprocess.run([str(bin_dir / 'quaymaster'), 'serve', '--port', '0', '--authkey-file', str(scratch.key_file)], stdout=full,
                                 stderr=subprocess.PIPE, universal_newlines=True, timeout=60)
        assert process.returncode == 1 and 'standard output cannot be written to' in process.stderr, (process.returncode, process.stderr)
        # Where the port is known it serves all the same.
        with socket.socket() as free:
            free.bind(('127.0.0.1', 0))
            port = free.getsockname()[1]
        process = subprocess.Popen([str(bin_dir / 'quaymaster'), 'serve', '--port', str(port), '--authkey-file', str(scratch.key_file)],
                                   stdout=full, stderr=subprocess.PIPE, universal_newlines=True)
        try:
            run([bin_dir / 'quaymaster', 'put', 'get_task_queue', '1', '--port', port, '--authkey-file', scratch.key_file])
        finally:
            process.terminate()
        _, errors = process.communicate(timeout=60)
        assert process.returncode == 0 and 'standard output cannot be written to' in errors, (process.returncode, errors)


def printed_for_python(server):
    """What the server says a client in Python can be."""
    return ''.join(itertools.takewhile(lambda line: not line.startswith('// a client in C++'), iter(server.process.stdout.readline, '')))


def stops_on_signals(bin_dir):
    for number in (signal.SIGTERM, signal.SIGINT):
        with Scratch() as scratch, serve(bin_dir, scratch, '--threads', '2') as server:
            waiting = start([bin_dir / 'quaymaster', 'get', 'get_task_queue', '--port', server.port, '--authkey-file', scratch.key_file])
            shell = Shell(bin_dir, server, scratch)
            wait_until(lambda: json.loads(shell('stat', '--json'))['queues']['get_task_queue']['waiting_getters'] == 1, 'get waits')
            server.process.send_signal(number)
            assert server.process.wait(60) == 0
            waiting.terminate()
            waiting.communicate()
            assert 'stopped' in server.log()


def unix_socket(bin_dir):
    with Scratch() as scratch:
        path = scratch.path / 'socket'
        program = bin_dir / 'quaymaster'
        with Running([program, 'serve', '--unix', path, '--authkey-file', scratch.key_file], scratch.path / 'log'):
            options = ['--unix', path, '--authkey-file', scratch.key_file]
            run([program, 'put', 'get_task_queue', '[1]'] + options)
            code = '''
import sys
from multiprocessing.managers import BaseManager
BaseManager.register('get_task_queue')
manager = BaseManager(sys.argv[1], authkey=open(sys.argv[2], 'rb').read().strip())
manager.connect()
queue = manager.get_task_queue()
queue.put((queue.get(), 'seen'))
'''
            run([sys.executable, '-c', code, path, scratch.key_file])
            assert run([program, 'get', 'get_task_queue'] + options) == "([1], 'seen')\n"
        assert not path.exists()


def require_sha256(bin_dir):
    """Python 3.12 and newer come in, older ones are turned away with an error of their own."""
    from pythons import found_pythons
    code = '''
import sys
from multiprocessing.managers import BaseManager
BaseManager((sys.argv[1], int(sys.argv[2])), authkey=open(sys.argv[3], 'rb').read().strip()).connect()
'''
    with Scratch() as scratch, serve(bin_dir, scratch, '--require-sha256') as server:
        for version, python in found_pythons():
            is_new = tuple(int(part) for part in version.split('.')) >= (3, 12)
            text = run([python, '-c', code, server.host, server.port, scratch.key_file], expected=0 if is_new else 1)
            assert is_new or 'AuthenticationError' in text, (version, text)
        run([bin_dir / 'quaymaster', 'stat', '--port', server.port, '--authkey-file', scratch.key_file])


def main():
    bin_dir = bin_folder(__doc__)
    cases = (puts_and_gets, get_prints_large_items_whole, get_prints_what_json_cannot_say, exit_codes,
             wrong_arguments_are_usage_errors, limits_are_options, stat_shows, bench_measures,
             bench_measures_streams_and_crowds, bench_counts_what_outlasts_its_time, large_items_take_their_own_memory, bench_finds_faults, bench_ends_on_signals,
             key_is_made, shared_objects_have_names, empty_key_is_for_loopback, printed_lines_work, printed_lines_show_shared_objects,
             nobody_learns_of_the_address, stops_on_signals, unix_socket, require_sha256)
    return run_cases([(case.__name__.replace('_', ' '), lambda case=case: case(bin_dir)) for case in cases])


if __name__ == '__main__':
    sys.exit(main())
