"""Runs fourteen functions, each for three quarters of the one before it, for as long as it is let."""

import time

turn_seconds = 0.4
weights = [0.75**rank for rank in range(14)]




def made(rank):
    # Each is a code object of its own, so that each has a name to be ranked by.
    source = f"def ranked_{rank:02}(until):\n    while thread_time() < until:\n        sum(range(200))\n"
    space = {"thread_time": time.thread_time}
    exec(compile(source, __file__, "exec"), space)
    return space[f"ranked_{rank:02}"]


functions = [made(rank) for rank in range(len(weights))]
while True:
    for function, weight in zip(functions, weights):
        function(time.thread_time() + turn_seconds * weight / sum(weights))
