"""Spends 70, 20 and 10 % of its CPU time in three functions, by the clock of its own thread, until it is told to end.

At its end it prints the shares of all that its thread spent. Whoever is furthest behind its share works next, for a moment of random length so that no sampling rate can beat with it.
With a name as argument the three are functions of a C extension.
"""

import importlib.util
import os
import random
import signal
import sys
import time

clock = time.thread_time


def burn(until):
    number = 1
    while clock() < until:
        for _ in range(40):
            number = (number * 1103515245 + 12345) & 0x7FFFFFFF
    return number


def seventy(until):
    return burn(until)


def twenty(until):
    return burn(until)


def ten(until):
    return burn(until)


def run(works):
    spent = [0.0, 0.0, 0.0]
    shares = (0.7, 0.2, 0.1)
    going = [True]
    signal.signal(signal.SIGTERM, lambda *_: going.clear())
    began = clock()
    parent = os.getppid()
    while going and os.getppid() == parent:
        total = sum(spent)
        behind = max(range(3), key=lambda i: shares[i] * total - spent[i])
        since = clock()
        works[behind](since + random.uniform(0.0005, 0.0015))
        spent[behind] += clock() - since
    total = clock() - began
    print(" ".join(f"{100 * each / total:.3f}" for each in spent), flush=True)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        spec = importlib.util.spec_from_file_location("pyrosplit", sys.argv[1])
        extension = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(extension)
        run((extension.seventy, extension.twenty, extension.ten))
    else:
        run((seventy, twenty, ten))
