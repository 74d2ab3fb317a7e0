"""Carts and their seals."""

import hashlib
import random

from .catalogue import Item, all_items

# About 10 ms of libcrypto on a machine of 2026: native time that is plain to see beside the Python around it.
SEAL_ROUNDS = 40_000


def load_cart(cart_id: int) -> list[Item]:
    """The items of a cart; the same cart holds the same items each time."""
    return random.Random(cart_id).sample(all_items(), k=40)


def hash_cart(items: list[Item], total_cents: int) -> str:
    """A seal over content and price, slow to forge: nearly all of its time is in `_hashlib` and libcrypto."""
    content = "\n".join(f"{item.sku} {item.price_cents}" for item in items)
    return hashlib.pbkdf2_hmac("sha256", content.encode(), str(total_cents).encode(), SEAL_ROUNDS).hex()
