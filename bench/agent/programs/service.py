"""One of the twenty busy Python processes: a service that answers requests from memory for as long as its parent lives.

Its stacks are as varied as a small web service's: parsing, validation, rules, rendering, hashing, each line its own.
"""

import hashlib
import json
import os
import random
import re
import sys
import zlib
from dataclasses import dataclass
from decimal import Decimal

WORDS = "amber basalt cedar dune ember fjord granite harbor iris juniper kelp larch".split()
EMAIL = re.compile(r"^[a-z0-9.]+@[a-z0-9.]+\.[a-z]{2,}$")


@dataclass
class Item:
    name: str
    count: int
    price: Decimal


class Rules:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.limits = {word: self.random.randint(3, 9) for word in WORDS}

    def check(self, item):
        if item.count > self.limits.get(item.name, 5):
            return self.discount(item, depth=self.limits[item.name])
        return item.price * item.count

    def discount(self, item, depth):
        if depth == 0:
            return item.price * item.count * Decimal("0.9")
        return self.discount(item, depth - 1) - Decimal("0.01")


class Service:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.rules = Rules(seed)
        self.cache = {}

    def request(self):
        items = [
            {"name": self.random.choice(WORDS), "count": self.random.randint(1, 12), "price": str(self.random.random() * 90)}
            for _ in range(12)
        ]
        return json.dumps({"user": f"{self.random.choice(WORDS)}@example.org", "items": items})

    def parse(self, text):
        body = json.loads(text)
        if not EMAIL.match(body["user"]):
            raise ValueError(body["user"])
        return body["user"], [Item(i["name"], i["count"], Decimal(i["price"])) for i in body["items"]]

    def total(self, items):
        return sum((self.rules.check(item) for item in items), Decimal(0))

    def render(self, user, items, total):
        lines = [f"{item.name:>12} {item.count:4d} {item.price:10.2f}" for item in sorted(items, key=lambda i: (i.name, i.count))]
        return "\n".join([user, *lines, f"{total:.2f}"])

    def store(self, page):
        key = hashlib.sha256(page.encode()).hexdigest()
        self.cache[key] = zlib.compress(page.encode(), 6)
        if len(self.cache) > 200:
            self.cache.clear()
        return key

    def handle(self, text):
        user, items = self.parse(text)
        return self.store(self.render(user, items, self.total(items)))

    def serve(self):
        parent = os.getppid()
        while os.getppid() == parent:
            self.handle(self.request())


if __name__ == "__main__":
    Service(int(sys.argv[1])).serve()
