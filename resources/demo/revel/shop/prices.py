"""What a cart costs. The rules are plain Python on purpose: they show as Python frames and nothing else."""

from collections.abc import Iterable

from .catalogue import Item


def price_rules(items: Iterable[Item], month: int = 1) -> int:
    """The price of the items in cents, after every rule."""
    total = 0
    for item in items:
        total += apply_volume_discount(item, quantity=1 + item.weight_grams % 5)
        total += add_shipping(item)
    return apply_season(total, month)


def apply_volume_discount(item: Item, quantity: int) -> int:
    """Each further piece is a little cheaper than the one before it."""
    price = item.price_cents
    total = 0
    for _ in range(quantity):
        total += price
        price = price * 97 // 100
    return total


def add_shipping(item: Item) -> int:
    """Shipping grows by steps of 500 g."""
    steps = 1
    left = item.weight_grams
    while left > 500:
        left -= 500
        steps += 1
    return steps * 45


def apply_season(total_cents: int, month: int) -> int:
    """Winter is dear and summer is cheap, compounded day by day."""
    rate = 1003 if month in (11, 12, 1, 2) else 998
    for _ in range(30):
        total_cents = total_cents * rate // 1000
    return total_cents
