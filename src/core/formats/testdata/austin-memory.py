import time

kept = []


def idle_away():
    time.sleep(0.1)


def keep_blocks():
    block = bytearray(8_000_000)
    for at in range(0, len(block), 4096):
        block[at] = 1
    kept.append(block)


for _ in range(20):
    idle_away()
    keep_blocks()
