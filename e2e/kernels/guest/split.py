"""Works for ever, by construction 70 % in `seventy`, 20 % in `twenty` and 10 % in `ten`."""


def spin(times: int) -> None:
    for _ in range(times * 1000):
        pass


def seventy() -> None:
    spin(70)


def twenty() -> None:
    spin(20)


def ten() -> None:
    spin(10)


while True:
    seventy()
    twenty()
    ten()
