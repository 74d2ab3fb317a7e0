"""The goods: the same few hundred in each process, made from a seed."""

import random
from dataclasses import dataclass
from functools import lru_cache

ADJECTIVES = ["amber", "brisk", "copper", "dusky", "early", "fiery", "glass", "hollow", "iron", "jade"]
NOUNS = ["kettle", "lantern", "mirror", "needle", "oven", "pipe", "quill", "ring", "stove", "torch"]


@dataclass(frozen=True)
class Item:
    """One article; prices are whole cents."""

    sku: str
    name: str
    price_cents: int
    weight_grams: int


@lru_cache(maxsize=1)
def all_items() -> tuple[Item, ...]:
    """Every article, in the order of its sku."""
    source = random.Random(20260101)
    return tuple(
        Item(
            sku=f"RV-{number:04d}",
            name=f"{source.choice(ADJECTIVES)} {source.choice(NOUNS)}",
            price_cents=source.randrange(190, 49_900),
            weight_grams=source.randrange(20, 9_000),
        )
        for number in range(400)
    )
