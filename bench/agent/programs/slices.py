"""Fixed work in short slices, with an agent's sampling off and on: prints a line for each pair, the CPU seconds of both sides.

A machine that others share changes its speed by more, from second to second, than a profiler slows anything down. Slices of
hundredths of a second in the order off, on, on, off see the same speed. Off: the agent's perf events are disabled and its process is
stopped, so that whatever it has to do falls into the slices that it is on.

    slices.py PID ROUNDS BLOCKS    blocks of four slices a pair; it ends when nobody reads, or by SIGTERM
"""

import ctypes
import fcntl
import os
import signal
import sys
import time

from service import Service

PIDFD_GETFD = 438  # the same on every architecture
PERF_EVENT_IOC_ENABLE, PERF_EVENT_IOC_DISABLE = 0x2400, 0x2401

libc = ctypes.CDLL(None, use_errno=True)


def perf_events(pid):
    """Descriptors of our own for the perf events of a process."""
    process = os.pidfd_open(pid)
    own = []
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            kind = os.readlink(f"/proc/{pid}/fd/{name}")
        except FileNotFoundError:  # a file that it read meanwhile
            continue
        if kind == "anon_inode:[perf_event]":
            descriptor = libc.syscall(PIDFD_GETFD, process, int(name), 0)
            if descriptor < 0:
                raise OSError(ctypes.get_errno(), f"take descriptor {name} of process {pid}")
            own.append(descriptor)
    if not own:
        raise SystemExit(f"process {pid} has no perf events: it does not sample")
    return own


def switch(agent, events, on):
    for event in events:
        fcntl.ioctl(event, PERF_EVENT_IOC_ENABLE if on else PERF_EVENT_IOC_DISABLE, 0)
    os.kill(agent, signal.SIGCONT if on else signal.SIGSTOP)


def work(cpu, rounds, commands, answers):
    """A worker: a slice of work for each byte that it reads; answers with the nanoseconds of user and system."""
    os.sched_setaffinity(0, {cpu})
    service = Service(97)
    requests = [service.request() for _ in range(50)]
    while os.read(commands, 1):
        since = time.process_time_ns()
        for _ in range(rounds):
            for request in requests:
                service.handle(request)
        os.write(answers, b"%20d" % (time.process_time_ns() - since))
    os._exit(0)


def start(cpu, rounds, others):
    commands, command = os.pipe()
    answer, answers = os.pipe()
    if os.fork() == 0:
        # Held by a worker, a pipe would not end with who writes to it.
        for descriptor in [command, answer, *others]:
            os.close(descriptor)
        work(cpu, rounds, commands, answers)
    os.close(commands)
    os.close(answers)
    return command, answer


def main():
    agent, rounds, blocks = map(int, sys.argv[1:])
    workers = []
    for cpu in sorted(os.sched_getaffinity(0)):
        workers.append(start(cpu, rounds, [each for pair in workers for each in pair]))
    events = perf_events(agent)

    def take_slice(on):
        switch(agent, events, on)
        for command, _ in workers:
            os.write(command, b"x")
        return sum(int(os.read(answer, 20)) for _, answer in workers) / 1e9

    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        take_slice(True)  # warms up
        while True:
            off = on = 0.0
            for _ in range(blocks):
                off += take_slice(False)
                on += take_slice(True) + take_slice(True)
                off += take_slice(False)
            print(off, on, flush=True)
    except (BrokenPipeError, KeyboardInterrupt):
        pass
    finally:
        switch(agent, events, True)


main()
