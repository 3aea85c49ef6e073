#!/usr/bin/env python
"""struct_item.py: orders from struct_item.cpp, whose structs are dicts here. For Python 2.7 and 3."""
from __future__ import print_function

import argparse
from multiprocessing.managers import BaseManager


class Shop(BaseManager):
    pass


Shop.register('get_orders')
Shop.register('get_invoices')

ORDERS = [
    {'customer': u'Ada', 'lines': [{'article': u'rope', 'price': 2.5, 'pieces': 4}, {'article': u'tar', 'price': 7, 'pieces': 1}]},
    {'customer': u'Bo', 'lines': [], 'note': u'I am only looking'},
    {'customer': u'Eve', 'lines': [{'article': u'rope', 'price': 2.5, 'pieces': u'four'}]},  # no number: no invoice
]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--host', default='127.0.0.1')
    parser.add_argument('--port', type=int, default=5000)
    parser.add_argument('--authkey-file')
    options = parser.parse_args()

    authkey = b'abc'
    if options.authkey_file:
        with open(options.authkey_file, 'rb') as file:
            authkey = file.read().strip()
    shop = Shop((options.host, options.port), authkey)
    shop.connect()
    orders = shop.get_orders()
    invoices = shop.get_invoices()
    for order in ORDERS:
        orders.put(order)
    for _ in range(2):
        invoice = invoices.get(timeout=10)
        pieces = ', '.join('%d %s' % (count, article) for article, count in sorted(invoice['pieces'].items()))
        print('%s pays %.2f for %s' % (invoice['customer'], invoice['total'], pieces or 'nothing'))
        invoices.task_done()


if __name__ == '__main__':
    main()
