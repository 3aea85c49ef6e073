#!/usr/bin/env python3
"""What bench/compare makes of figures: ratios, targets, tables, charts, and the table that strace prints. Starts no server."""
import os
import pathlib
import subprocess
import sys
import time
import unittest
import xml.dom.minidom

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / 'bench'))

from harness import charts, compare_report, contest, counters, processor_time  # noqa: E402


def scenario(name):
    return next(each for each in contest.SCENARIOS if each.name == name)


def contest_of(name, **figures):
    """A contest in which `figures` came out: by server, a list of what its first figure was in each round."""
    made = contest.Contest(scenario(name))
    for server, amounts in figures.items():
        made.figures[server.replace('_', '-')][made.scenario.figures[0].key] += amounts
    return made


class Comparison(unittest.TestCase):
    def test_ratio_is_of_the_medians_and_its_spread_of_single_rounds(self):
        made = contest_of('W3', quaymaster=[10, 40, 30], redis=[20, 20, 10])
        self.assertEqual(made.ratios('quaymaster', 'redis', 'rate'), (1.5, 0.5, 3))

    def test_advantage_says_better_whichever_way_better_is(self):
        self.assertEqual(contest.RATE.advantage(30, 10), 3)
        self.assertEqual(contest.OPERATION.advantage(10, 30), 3)

    def test_best_peer_is_neither_ours_nor_the_echo(self):
        self.assertEqual(contest_of('W5', quaymaster=[9], redis=[2], zeromq=[5]).best_peer(contest.LARGE), 'zeromq')
        self.assertEqual(contest_of('W1-same', quaymaster=[1], echo=[1], redis=[2], zeromq=[5]).best_peer(contest.OPERATION), 'redis')
        self.assertIsNone(contest_of('W5', quaymaster=[9], quaymaster_busy=[9]).best_peer(contest.LARGE))

    def test_targets_are_reached_at_their_bound_and_not_beyond_it(self):
        ceiling, floor = contest.at_most(contest.OPERATION, 'quaymaster', 'redis', 0.95), contest.at_least(contest.RATE, 'quaymaster', 'redis', 2)
        self.assertTrue(ceiling.is_reached(0.95) and floor.is_reached(2))
        self.assertFalse(ceiling.is_reached(0.96) or floor.is_reached(1.99))

    def test_a_target_that_is_missed_or_not_measured_says_so(self):
        target = scenario('W8-pipelined').targets[0]
        self.assertEqual(compare_report.target_row(contest_of('W8-pipelined', quaymaster=[100], redis=[100]), target)[-1], '**no**')
        self.assertEqual(compare_report.target_row(contest_of('W8-pipelined', quaymaster=[150], redis=[100]), target)[-1], 'yes')
        self.assertEqual(compare_report.target_row(contest_of('W8-pipelined', quaymaster=[150]), target)[-1], 'not measured')
        self.assertEqual(compare_report.target_row(contest_of('W8-pipelined', redis=[150]), target)[-1], 'not measured')

    def test_memory_is_held_against_a_bound_and_no_peer(self):
        made = contest_of('W6', quaymaster=[1])
        made.figures['quaymaster']['memory'] += [1500, 1600, 1400]
        row = compare_report.target_row(made, scenario('W6').targets[0])
        self.assertEqual((row[1], row[-1]), ('1500 B', 'yes'))

    def test_a_peer_that_is_ahead_is_named_so_and_the_best_comes_first(self):
        table = compare_report.results_table(contest_of('W3', quaymaster=[10, 10], redis=[20, 20], beanstalkd=[5, 5])).splitlines()
        self.assertIn('Redis', table[2])
        self.assertIn('**0.5 x: it is ahead**', table[2])
        self.assertIn('2 x', table[4])

    def test_every_workload_of_a_server_has_a_scenario(self):
        for contestant in compare_report.contestants.CONTESTANTS:
            for workload in contestant.workloads:
                self.assertTrue(any(each.workload == workload for each in contest.SCENARIOS), (contestant.name, workload))


class Disturbance(unittest.TestCase):
    """A server's turns of which the host took a given share each; the figure of a turn is its number."""

    def counted(self, *shares):
        runner = contest.Runner(None, contest.Plan(1, 1, 1, 1), [0, 1], lambda text: None)
        turns = [contest.Turn({'ops_per_s': number}, share) for number, share in enumerate(shares, 1)]
        runner.turn = lambda *which: turns.pop(0)
        made = contest.Contest(scenario('W3'))
        runner.run_round(made, compare_report.contestants.by_name('redis'), None, 0)
        return made.figures['redis']['rate'], made.stolen, made.repeated

    def test_an_undisturbed_turn_counts_at_once(self):
        self.assertEqual(self.counted(0.01, 0), ([1], [0.01], 0))

    def test_a_disturbed_turn_is_taken_again(self):
        self.assertEqual(self.counted(0.3, 0.0, 0.0), ([2], [0.0], 1))

    def test_where_all_are_disturbed_the_least_counts(self):
        self.assertEqual(self.counted(0.3, 0.02, 0.2, 0.0), ([2], [0.02], 2))

    def test_a_turn_that_failed_is_not_counted(self):
        runner = contest.Runner(None, contest.Plan(1, 1, 1, 1), [0, 1], lambda text: None)
        runner.turn = lambda *which: None
        made = contest.Contest(scenario('W3'))
        runner.run_round(made, compare_report.contestants.by_name('redis'), None, 0)
        self.assertEqual((dict(made.figures), made.stolen), ({}, []))

    def test_the_document_says_how_much_was_taken(self):
        made = contest_of('W3', redis=[1, 2, 3])
        made.stolen, made.repeated = [0.0, 0.004, 0.25], 4
        said = compare_report.stolen_text([made, contest.Contest(scenario('W4'))])
        self.assertEqual(said, 'of the 3 turns that count, the median lost 0.4 %, and 1 lost more than 1 %, at most 25 %; '
                               'taken again: 4')
        self.assertEqual(compare_report.stolen_text([]), 'not known')


class ProcessorTime(unittest.TestCase):
    def test_machine_times_leave_out_what_is_counted_twice(self):
        # user nice system idle iowait irq softirq steal guest guest_nice
        text = 'cpu  10 1 20 300 4 5 6 7 10 1\ncpu0 1 1 1 1 1 1 1 1 1 1\n'
        self.assertEqual(processor_time.machine_times(text), (353, 7))

    def test_a_kernel_that_knows_of_no_host(self):
        self.assertEqual(processor_time.machine_times('cpu  10 1 20 300\n'), (331, 0))

    def test_a_process_may_have_any_name(self):
        self.assertEqual(processor_time.process_ticks('7 (a) b (c) S 1 7 7 0 -1 0 0 0 0 0 12 30 0 0 20 0\n'), 42)

    def test_what_this_process_spends_is_found(self):
        spent = processor_time.ProcessTime([os.getpid()])
        end = time.process_time() + 0.1
        while time.process_time() < end:
            pass
        self.assertGreaterEqual(spent.spent(), 0.08)  # two ticks of rounding

    def test_a_child_counts_once_it_is_waited_for(self):
        spent = processor_time.ClientTime()
        subprocess.run([sys.executable, '-c', 'import time\nwhile time.process_time() < 0.1: pass'], check=True)
        self.assertGreaterEqual(spent.spent(), 0.08)


class Rendering(unittest.TestCase):
    def test_a_chart_is_well_formed_whatever_the_names(self):
        text = charts.bar_chart('a < b & "c"', 'x', [('one', 10.0, 5.0, 20.0, '10 us', True), ('<two>', 0.0, 0.0, 0.0, '0 us', False)])
        document = xml.dom.minidom.parseString(text)
        self.assertEqual(len(document.getElementsByTagName('rect')), 3)

    def test_particulars_of_a_run_are_not_in_its_commands(self):
        command = ['/x/bin/nats-server', '-c', '/scratch/nats-4711/nats.conf', '--port', 4711, '--server-pid', '12']
        shown = compare_report.without_particulars(command, (('/scratch', 'DIR'), ('/x/bin', 'build/release/bin')))
        self.assertEqual(shown, 'build/release/bin/nats-server -c DIR/nats/nats.conf --port PORT --server-pid PID')

    def test_system_calls_are_read_from_what_strace_prints(self):
        text = '''% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 60.00    0.000300           3       100           sendmsg
 40.00    0.000200           2       101         7 recvfrom
------ ----------- ----------- --------- --------- ----------------
100.00    0.000500           2       201         7 total
'''
        self.assertEqual(counters.parsed_calls(text), {'sendmsg': 100, 'recvfrom': 101})


if __name__ == '__main__':
    unittest.main()
