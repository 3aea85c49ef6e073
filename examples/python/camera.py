#!/usr/bin/env python
"""camera.py: sends pictures, as numpy arrays, to frame_consumer.cpp. For Python 2.7 and 3.

It needs numpy; frame_consumer does not.
"""
from __future__ import print_function

import argparse
import sys
import time
from multiprocessing.managers import BaseManager

try:
    import numpy
except ImportError as error:
    sys.exit('camera.py needs numpy (%s): install it, for example with `apt-get install python3-numpy`' % error)


class CameraManager(BaseManager):
    pass


CameraManager.register('get_frames')


def picture(number, width, height):
    """A gradient that moves: height x width x red, green and blue."""
    image = numpy.empty((height, width, 3), numpy.uint8)
    across = numpy.arange(width)
    down = numpy.arange(height).reshape(height, 1)
    for colour, shade in enumerate((across + 2 * number, down + 3 * number, across + down)):
        image[:, :, colour] = shade % 256
    return image


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('--host', default='127.0.0.1')
    parser.add_argument('--port', type=int, default=5000)
    parser.add_argument('--authkey-file')
    parser.add_argument('--frames', type=int, default=100)
    parser.add_argument('--rate', type=float, default=30, help='frames a second')
    parser.add_argument('--width', type=int, default=640)
    parser.add_argument('--height', type=int, default=480)
    options = parser.parse_args()

    authkey = b'abc'
    if options.authkey_file:
        with open(options.authkey_file, 'rb') as file:
            authkey = file.read().strip()
    manager = CameraManager((options.host, options.port), authkey)
    manager.connect()
    frames = manager.get_frames()
    start = time.time()
    for number in range(options.frames):
        time.sleep(max(0, start + number / options.rate - time.time()))
        image = picture(number, options.width, options.height)
        frames.put({'frame': number, 'time': time.time(), 'image': image})
    frames.put(None)  # the camera is off
    print('sent %d frames, %.1f frames/s' % (options.frames, options.frames / max(time.time() - start, 1e-9)))


if __name__ == '__main__':
    main()
