"""Times what a stock program pays before its first item, and for each proxy after that.

usage: connect_cost.py HOST PORT AUTHKEY_FILE
first_ms: connect(), the first proxy, its first put and its first get: five connections.
proxy_ms: one more proxy, made and dropped: four connections (create, incref, decref; decref).
"""
import statistics

from stock_client import new_manager, report, seconds_of

PROXIES = 3


def first_exchange():
    manager = new_manager()
    manager.connect()
    tasks = manager.get_task_queue()
    tasks.put(1)
    assert tasks.get() == 1
    return manager, tasks  # kept: dropping the last proxy would close the stream


def proxy_and_drop(manager):
    # CPython counts references, so the proxy goes, with its decref, when this function returns.
    manager.get_result_queue()


def main():
    first, (manager, tasks) = seconds_of(first_exchange)
    further = [seconds_of(proxy_and_drop, manager)[0] for _ in range(PROXIES)]
    report(first_ms=first * 1e3, proxy_ms=statistics.median(further) * 1e3)
    del tasks


if __name__ == "__main__":
    main()
