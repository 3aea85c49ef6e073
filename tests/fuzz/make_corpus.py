#!/usr/bin/env python3
"""Talks to the Pythons that are installed here and keeps what they say.

  make_corpus.py [--pythons DIR] [--root DIR]

Writes seeds for the fuzz targets to tests/fuzz/corpus/{framing,handshake,native_reply,native_request,reply,request} and the conversations that the session
tests replay to tests/session/python_transcripts.hpp. DIR holds one installation per version, as pyenv keeps them
(default: $PYENV_ROOT/versions or ~/.pyenv/versions). The seeds and the header are checked in; run this again only to
add a version or a request.
"""
import argparse
import glob
import array
import hashlib
import hmac
import os
import pickle
import socket
import struct
import subprocess
import sys
import threading
from multiprocessing import managers

AUTHKEY = b'abc'
IDENT = 'get_task_queue'
NONCE = bytes(range(100, 140))
CHALLENGE = b'#CHALLENGE#'
EXPOSED = ('empty', 'full', 'get', 'get_nowait', 'join', 'put', 'put_nowait', 'qsize', 'shutdown', 'task_done')
VERSIONS = ('2.7', '3.6', '3.11', '3.13')

# What a program does with a proxy; it runs on every version.
CLIENT = '''
import sys
from multiprocessing.managers import BaseManager, RemoteError
try:
    import queue
except ImportError:
    import Queue as queue

class Manager(BaseManager):
    pass

Manager.register('get_task_queue')
manager = Manager(address=('127.0.0.1', int(sys.argv[1])), authkey=b'abc')
manager.connect()
q = manager.get_task_queue()
q.put(1)
q.put('put')
q.put([None, True, 2.5, {'a': (1, 'x')}], timeout=5)
assert q.qsize() == 3
assert q.get() == 1
assert q.get(True) == 'put'
assert q.get(timeout=0.25) == [None, True, 2.5, {'a': (1, 'x')}]
try:
    q.get_nowait()
    raise AssertionError('an item from nowhere')
except queue.Empty:
    pass
try:
    q._callmethod('steal')
    raise AssertionError('a method from nowhere')
except RemoteError:
    pass
assert 'queue' in str(q)
del q
'''

SERVER = '''
import sys
from multiprocessing.managers import BaseManager
try:
    import queue
except ImportError:
    import Queue as queue

class Manager(BaseManager):
    pass

tasks = queue.Queue()
Manager.register('get_task_queue', callable=lambda: tasks)
server = Manager(address=('127.0.0.1', 0), authkey=b'abc').get_server()
sys.stdout.write('%d\\n' % server.address[1])
sys.stdout.flush()
server.serve_forever()
'''


# ---- frames -------------------------------------------------------------------------------------------------------------

def frame(payload):
    return struct.pack('>i', len(payload)) + payload


class Peer:
    """A socket that remembers what came."""

    def __init__(self, sock):
        self.sock = sock
        self.heard = b''

    def read(self, size):
        octets = b''
        while len(octets) < size:
            more = self.sock.recv(size - len(octets))
            if not more:
                raise EOFError
            octets += more
        self.heard += octets
        return octets

    def receive(self):
        size, = struct.unpack('>i', self.read(4))
        return self.read(size)

    def send(self, payload):
        self.sock.sendall(frame(payload))


def response(message):
    if message.startswith(b'{'):
        name = message[1:message.index(b'}')]
        return b'{' + name + b'}' + hmac.new(AUTHKEY, message, name.decode()).digest()
    return hmac.new(AUTHKEY, message, 'md5').digest()


# ---- a server just good enough for CLIENT, so that its nonce and idents are always the same -----------------------------

def text(content, protocol):
    octets = content.encode()
    if protocol == 2:
        return b'U' + bytes([len(octets)]) + octets
    return b'X' + struct.pack('<I', len(octets)) + octets


def reply(kind, body, protocol):
    return b'\x80' + bytes([protocol]) + text(kind, protocol) + body + b'\x86.'


def body_of(result, protocol):
    return pickle.dumps(result, protocol=2)[2:-1]


def exception(module, name, protocol):
    return b'c' + module.encode() + b'\n' + name.encode() + b'\n)R'


def names(protocol):
    return b'(' + b''.join(text(name, protocol) for name in EXPOSED) + b't'


class ScriptedServer:
    def __init__(self):
        self.listener = socket.create_server(('127.0.0.1', 0))
        self.port = self.listener.getsockname()[1]
        self.connections = []
        self.items = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            peer = Peer(self.listener.accept()[0])
            self.connections.append(peer)
            threading.Thread(target=self.serve, args=(peer,), daemon=True).start()

    def serve(self, peer):
        peer.send(CHALLENGE + b'{sha256}' + NONCE)
        assert peer.receive()
        peer.send(b'#WELCOME#')
        challenge = peer.receive()
        assert challenge.startswith(CHALLENGE)
        peer.send(response(challenge[len(CHALLENGE):]))
        assert peer.receive() == b'#WELCOME#'
        try:
            while self.answer(peer):
                pass
        except EOFError:
            pass
        peer.sock.close()

    def answer(self, peer):
        request = peer.receive()
        protocol = request[1]
        ident, method, args, kwds = pickle.loads(request, encoding='latin1')
        method_reply = self.call(method, args, kwds, protocol)
        peer.send(method_reply)
        return ident is not None or method == 'accept_connection'

    def call(self, method, args, kwds, protocol):
        def returned(result):
            return reply('#RETURN', body_of(result, protocol), protocol)
        if method == 'create':
            return reply('#RETURN', text(IDENT, protocol) + names(protocol) + b'\x86', protocol)
        if method == 'put':
            self.items.append(args[0])
            return returned(None)
        if method == 'qsize':
            return returned(len(self.items))
        if method == 'get':
            return returned(self.items.pop(0))
        if method == 'get_nowait':
            return reply('#ERROR', exception('Queue' if protocol == 2 else 'queue', 'Empty', protocol), protocol)
        if method == 'steal':
            return reply('#TRACEBACK', text('Traceback', protocol), protocol)
        if method in ('__str__', '__repr__'):
            return reply('#RETURN', text('<queue.Queue>', protocol), protocol)
        return returned(None)


def record_client(python):
    server = ScriptedServer()
    subprocess.run([python, '-c', CLIENT, str(server.port)], check=True)
    server.listener.close()
    return [peer.heard for peer in server.connections]


# ---- a client that asks a stock server ----------------------------------------------------------------------------------

def record_conversation(port, protocol, requests):
    peer = Peer(socket.create_connection(('127.0.0.1', port)))
    challenge = peer.receive()
    peer.send(response(challenge[len(CHALLENGE):]))
    assert peer.receive() == b'#WELCOME#'
    peer.send(CHALLENGE + b'{sha256}' + NONCE)
    peer.receive()
    peer.send(b'#WELCOME#')
    results = []
    for request in requests:
        peer.send(pickle.dumps(request, protocol))
        result = peer.receive()
        try:
            results.append(pickle.loads(result, encoding='latin1'))
        except ImportError:
            pass  # Python 2's Queue.Empty
    peer.sock.close()
    return peer.heard, results


def record_server(python, protocol):
    """What a stock server says. Its tracebacks name files: where this machine keeps them is nobody's business, and a
    path of the same length keeps every size in the stream right."""
    prefix = os.path.dirname(os.path.dirname(python)).encode()
    return [stream.replace(prefix, (b'/opt' + b'/' * len(prefix))[:len(prefix)]) for stream in listen_to_server(python, protocol)]


def listen_to_server(python, protocol):
    process = subprocess.Popen([python, '-c', SERVER], stdout=subprocess.PIPE)
    try:
        port = int(process.stdout.readline())
        heard = []
        octets, results = record_conversation(port, protocol, [(None, 'dummy', (), {})])
        heard.append(octets)
        octets, results = record_conversation(port, protocol, [(None, 'create', ('get_task_queue',), {})])
        heard.append(octets)
        ident = results[0][1][0]
        octets, results = record_conversation(port, protocol, [
            (None, 'accept_connection', ('MainThread',), {}),
            (ident, 'put', ([1, 'two'],), {}),
            (ident, 'get', (), {'timeout': 1}),
            (ident, 'get_nowait', (), {}),
            (ident, 'steal', (), {}),
            (ident, '#GETVALUE', (), {}),
            ('7f01', 'get', (), {}),
        ])
        heard.append(octets)
        return heard
    finally:
        process.kill()
        process.wait()


# ---- what is written ----------------------------------------------------------------------------------------------------

def split_frames(stream):
    frames = []
    while stream:
        size, = struct.unpack('>i', stream[:4])
        frames.append(stream[4:4 + size])
        stream = stream[4 + size:]
    return frames


def hex_literal(octets):
    digits = octets.hex()
    lines = [digits[i:i + 110] for i in range(0, len(digits), 110)]
    return '\n            '.join('"%s"' % line for line in lines)


def transcripts(member, recorded):
    lines = []
    for version, streams in recorded:
        lines.append('    {"%s", {' % version)
        lines.extend('            %s,' % hex_literal(stream) for stream in streams)
        lines.append('    }},')
    return 'inline const std::vector<transcript> %s{\n%s\n};\n' % (member, '\n'.join(lines))


HEADER = '''// python_transcripts: what stock Pythons sent, as tests/fuzz/make_corpus.py heard it. Generated by it; do not edit.
#pragma once

#include <string>
#include <vector>

namespace quaymaster::testing {

/// Per connection, in the order in which they were opened, all octets that the Python sent, in hexadecimal.
struct transcript {
    std::string python;
    std::vector<std::string> connections;
};

/// The nonce of the side that is not Python; the authkey is `abc`.
inline const std::string transcript_nonce = "%s";

/// Programs that connect, create a proxy of `get_task_queue` (ident: `get_task_queue`), put three items, take them out again,
/// and ask for what they cannot have.
%s
/// Servers asked for: dummy; create; a stream of put, get, get_nowait, an unknown method, #GETVALUE, an unknown ident.
%s
}  // namespace quaymaster::testing
'''


def find_pythons(folder):
    found = []
    for version in VERSIONS:
        matches = sorted(glob.glob(os.path.join(folder, version + '.*', 'bin', 'python' + version)))
        if matches:
            found.append((version, matches[-1]))
        else:
            print('no Python %s under %s' % (version, folder), file=sys.stderr)
    return found


def write_seed(root, target, octets):
    folder = os.path.join(root, 'tests', 'fuzz', 'corpus', target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, hashlib.sha256(octets).hexdigest()[:16]), 'wb') as file:
        file.write(octets)


def object_requests():
    """A request for most methods of SyncManager's types; request_fuzz has one object of each, called like its type."""
    proxy = (managers.RebuildProxy, (managers.ListProxy, managers.Token('list', ('127.0.0.1', 5000), 'list'), 'pickle', {}))

    class Carrier:
        def __reduce__(self):
            return proxy

    calls = [
        ('list', 'append', ([1, 2],)), ('list', '__getitem__', (slice(-2, None, 1),)), ('list', '__setitem__', (0, 'x')),
        ('list', '__setitem__', (slice(0, 2), (1, 2, 3))), ('list', 'sort', ()), ('list', 'extend', (range(5),)),
        ('list', '__iadd__', ([1],)), ('list', '__imul__', (3,)), ('list', 'index', (3.0, 0, 9)), ('list', 'append', (Carrier(),)),
        ('list', '__eq__', ([1, 'two', 3],)), ('list', '__delitem__', (slice(None, None, 2),)), ('list', 'pop', (-1,)),
        ('dict', '__setitem__', ((1, b'k'), {'v': None})), ('dict', 'update', ({'a': 2},)), ('dict', 'update', ([(1, 2), 'ab'],)),
        ('dict', 'setdefault', ('b', [])), ('dict', 'pop', ('a', None)), ('dict', 'popitem', ()), ('dict', 'items', ()),
        ('dict', '__iter__', ()), ('dict', '__or__', ({1.0: True},)), ('dict', '__contains__', (float('nan'),)),
        ('set', 'add', (frozenset([1]),)), ('set', '__xor__', ({1, 2},)), ('set', 'issubset', ('two',)), ('set', 'pop', ()),
        ('Array', '__setitem__', (1, 7)), ('Array', '__getitem__', (slice(0, 9, 2),)), ('Array', '__setitem__', (slice(0, 1), array.array('i', [9]))),
        ('Value', 'set', (2 ** 70,)), ('Value', 'get', ()), ('Namespace', '__setattr__', ('x', 1)), ('Namespace', '__getattribute__', ('x',)),
        ('Lock', 'acquire', (True, 0.5)), ('Lock', 'release', ()), ('RLock', 'acquire', ()), ('Semaphore', 'release', (2,)),
        ('BoundedSemaphore', 'release', ()), ('Condition', 'wait', (0.1,)), ('Condition', 'notify', (1,)), ('Event', 'wait', (1.0,)),
        ('Barrier', 'wait', (0.2,)), ('Barrier', '__getattribute__', ('parties',)), ('list', '#GETVALUE', ()), ('dict', '__str__', ()),
    ]
    for protocol in (2, 4):
        for ident, method, args in calls:
            yield pickle.dumps((ident, method, args, {}), protocol)
    yield pickle.dumps((None, 'create', ('list', [Carrier()]), {}), 4)


def native_conversations():
    """Events for native_request_fuzz, which says how they are written: two clients of the native dialect over shared queues."""
    RESUME, READ, DUE = b'\x00', b'\x10', b'\x30'
    OPEN, CLOSE, PUT, PUT_MANY, GET, GET_MANY, CONSUME, CREDIT, PUT_BACK, CANCEL, CALL, PING, INFORM = range(1, 14)
    NO_LIMIT = 0xffffffff

    def opcodes(thing):
        pickled = pickle.dumps(thing, 4)
        begin = 11 if pickled[2:3] == b'\x95' else 2
        return pickled[begin:-1]

    def batch(*things):
        return b''.join(struct.pack('<I', len(item)) + item for item in map(opcodes, things))

    def frame(code, number, body=b'', count=0, flags=0):
        return struct.pack('<IBBHI', len(body), code, flags, count, number) + body

    def send(*frames, peer=0, cut=None):
        stream = b''.join(frames)
        pieces = [stream] if cut is None else [stream[:cut], stream[cut:]]
        return b''.join(bytes([peer << 7 | 0x70 | len(piece) >> 8, len(piece) & 255]) + piece for piece in pieces)

    def words(*numbers):
        return struct.pack('<%dI' % len(numbers), *numbers)

    def end(peer):
        return bytes([peer << 7 | 0x40])

    def read(peer):
        return bytes([peer << 7 | 0x10])

    def passes(exponent):
        return bytes([0x20 | exponent])

    opened = b''.join(send(frame(OPEN, 1, b'get_task_queue'), frame(OPEN, 2, b'get_small_queue'), frame(OPEN, 3, b'p'),
                           frame(OPEN, 4, b'l'), frame(OPEN, 5, b'RLock'), peer=peer) for peer in (0, 1))
    put_id = struct.pack('<QQ', 7, 1)
    yield opened + send(frame(PUT, 10, words(0, 0) + opcodes([1, 'two'])), frame(GET, 11, words(0, 0)), frame(GET, 12, words(0, 0)))
    yield opened + send(frame(GET, 10, words(0, 500)), frame(GET_MANY, 11, words(0, NO_LIMIT, 100), count=9)) + send(
        frame(PUT_MANY, 10, words(0, 0) + batch('a', 2, None, 4.0), count=4), peer=1) + RESUME + READ
    yield opened + send(frame(GET, 10, words(0, 500)), cut=5) + DUE + READ + end(0)
    yield opened + send(frame(PUT_MANY, 10, words(1, 1000) + put_id + batch(1, 2, 3), count=3, flags=1)) + send(
        frame(GET, 10, words(1, 0)), frame(GET, 11, words(1, 0)), peer=1) + passes(10) + RESUME + send(frame(CANCEL, 10)) + DUE
    yield opened + send(frame(PUT, 10, words(1, 0) + opcodes(1)), frame(PUT, 11, words(1, 1000) + put_id + opcodes(2), flags=1)) + send(
        frame(PUT, 11, words(1, 1000) + put_id + opcodes(2), flags=1), frame(GET, 12, words(1, 0)), peer=1) + send(frame(CANCEL, 11)) + RESUME
    yield opened + send(frame(CONSUME, 10, words(0, 3))) + send(
        frame(PUT_MANY, 10, words(0, 0) + batch(*range(5)), count=5), peer=1) + RESUME + send(frame(CREDIT, 10, words(4)), frame(CANCEL, 10))
    yield opened + send(frame(PUT_MANY, 10, words(0, 0) + batch(*('x' * 900,) * 4), count=4)) * 3 + send(
        frame(CONSUME, 11, words(0, 50)), peer=1) + read(1) * 5 + end(1)
    yield opened + send(frame(PUT_MANY, 10, words(2, 0) + batch((1, 'a'), (0, 'b')), count=2), frame(GET, 11, words(2, 0)),
                        frame(PUT_BACK, 12, words(2) + batch((0, 'b')), count=1), frame(GET_MANY, 13, words(2, 0, NO_LIMIT), count=5))
    yield opened + send(frame(PUT, 10, words(2, 0) + opcodes(1)), frame(PUT, 11, words(2, 0) + opcodes('x')), frame(PUT, 12, words(3, 9) + opcodes(())))
    yield opened + send(frame(GET, 10, words(1, NO_LIMIT)), frame(CLOSE, 11, words(1)), frame(OPEN, 12, b'l'), frame(INFORM, 13, words(1)),
                        frame(INFORM, 14), frame(PING, 15, b'ping'))

    def call(ident, method, *args, **kwds):
        pickled = pickle.dumps((ident, method, args, kwds), 4)
        return struct.pack('>i', len(pickled)) + pickled

    yield opened + send(frame(CALL, 10, call('RLock', 'acquire')), frame(CALL, 11, call('RLock', 'acquire'))) + send(
        frame(CALL, 10, call('RLock', 'acquire', True, 1.0)), frame(CALL, 11, call('RLock', 'acquire')), peer=1) + send(
        frame(CALL, 12, call('RLock', 'release')), frame(CALL, 13, call('RLock', 'release'))) + RESUME + end(1) + RESUME
    yield opened + send(frame(CALL, 10, call('get_task_queue', 'get')), frame(CALL, 11, call('get_task_queue', 'get', timeout=0.5)),
                        frame(CALL, 12, call(None, 'create', 'Queue')), frame(CANCEL, 10)) + DUE
    yield opened + send(frame(CALL, 10, call('Condition', 'acquire')), frame(CALL, 11, call('Condition', 'wait', 0.1))) + send(
        frame(CALL, 10, call('Condition', 'acquire')), frame(CALL, 11, call('Condition', 'notify')), peer=1) + DUE + send(
        frame(CALL, 12, call('Condition', 'release')), peer=1) + RESUME
    yield opened + send(frame(GET, 10, words(0, NO_LIMIT)), frame(GET, 11, words(0, NO_LIMIT))) + send(
        frame(CALL, 10, call('get_task_queue', 'put', 'x')), frame(PUT, 11, words(0, 0) + opcodes('y')),
        frame(CALL, 12, call('get_task_queue', 'shutdown', True)), peer=1) + end(0) + RESUME
    yield opened + send(b'\xff' * 12) + send(frame(PING, 1))


def native_replies():
    """What a server of the native dialect may say to native_reply_fuzz, which has made requests 0 to 10: see there."""
    def said(code, id, body=b'', count=0, flags=0):
        return struct.pack('<IBBHI', len(body), code, flags, count, id) + body

    def batch(*items):
        return b''.join(struct.pack('<I', len(item)) + item for item in items)

    python = pickle.dumps(('#RETURN', 3), 4)
    replies = [
        said(131, 0, struct.pack('<IB', 7, 1)), said(128, 1), said(128, 2, count=1), said(128, 3, count=2), said(129, 4, b'K\x01'),
        said(130, 5, batch(b'N', b'K\x02'), 2, 1), said(130, 6, batch(b'K\x05'), 1), said(132, 6, b'\x03\0'),
        said(128, 7, count=2), said(134, 8, frame(python)), said(135, 9, b'abc'), said(133, 10), said(255, 10, b'no such handle'),
        said(132, 4, b'\0\x0aValueErrorno'), said(132, 3, b'\x02\0', 1),
    ]
    yield b''.join(replies[:12])
    yield b''.join(reversed(replies[:12]))
    yield from replies
    yield said(129, 4, b'x' * 100)[:40]
    yield struct.pack('<IBBHI', 0xffffffff, 129, 0, 0, 4)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument('--pythons', default=os.path.join(os.environ.get('PYENV_ROOT', os.path.expanduser('~/.pyenv')), 'versions'))
    parser.add_argument('--root', default=os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..'))
    options = parser.parse_args()

    clients, servers = [], []
    for version, python in find_pythons(options.pythons):
        clients.append((version, record_client(python)))
        servers.append((version, record_server(python, 2 if version == '2.7' else 3)))

    # framing: any stream; its first octet chooses the limit.
    # handshake: the first octet chooses side and policy (see handshake_fuzz.cpp), the rest are the peer's frames.
    # reply, request: one pickle.
    # native_request: events, see native_conversations().
    for _, streams in clients:
        for stream in streams:
            frames = split_frames(stream)
            write_seed(options.root, 'handshake', b'\x00' + b''.join(frame(f) for f in frames[:3]))
            for request in frames[3:]:
                write_seed(options.root, 'request', request)
        write_seed(options.root, 'framing', b'\x00' + streams[0])
    for _, streams in servers:
        for stream in streams:
            frames = split_frames(stream)
            write_seed(options.root, 'handshake', b'\x01' + b''.join(frame(f) for f in frames[:3]))
            for answer in frames[3:]:
                write_seed(options.root, 'reply', answer)
    token = ('Iterator', ('127.0.0.1', 50000), '7f01')
    for protocol in (2, 3, 4):
        for answer in (('#PROXY', (EXPOSED, token)), ('#UNSERIALIZABLE', 'Traceback'), ('#ERROR', ValueError('no', 1)), ('#FRIEND', 0)):
            write_seed(options.root, 'reply', pickle.dumps(answer, protocol))
    for request in object_requests():
        write_seed(options.root, 'request', request)
    for conversation in native_conversations():
        write_seed(options.root, 'native_request', conversation)
    for replies in native_replies():
        write_seed(options.root, 'native_reply', replies)
    write_seed(options.root, 'framing', b'\x01' + b'\xff\xff\xff\xff' + struct.pack('>Q', 3) + b'abc')
    write_seed(options.root, 'framing', b'\x01' + b'\xff\xff\xff\xff' + b'\xff' * 8)
    write_seed(options.root, 'framing', b'\x00' + b'\x80\x00\x00\x00')

    with open(os.path.join(options.root, 'tests', 'session', 'python_transcripts.hpp'), 'w') as file:
        file.write(HEADER % (NONCE.hex(), transcripts('python_clients', clients), transcripts('python_servers', servers)))


if __name__ == '__main__':
    main()
