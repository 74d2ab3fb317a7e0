"""What the worker does in the background. Beat sends each task every second or two."""

import re
import zlib

from celery import shared_task

from .catalogue import all_items
from .prices import price_rules


@shared_task
def recalculate_prices(years: int = 20) -> int:
    """Prices everything for each month of the coming years: plain Python."""
    return sum(price_rules(all_items(), 1 + month % 12) for month in range(12 * years))


@shared_task
def index_catalogue() -> int:
    """Finds the words of each name and packs them: regular expressions and zlib."""
    text = "\n".join(f"{item.sku} {item.name} {item.price_cents}" for item in all_items())
    words = tokenize(text * 40)
    return len(compress_index(words))


@shared_task
def forecast_demand(days: int = 200) -> float:
    """Smooths a made-up series again and again: loops over floats."""
    series = [float(item.price_cents % 97) for item in all_items()]
    for _ in range(days):
        series = smooth(series)
    return sum(series)


def tokenize(text: str) -> list[str]:
    """Words of three letters or more, in lower case."""
    return [word.lower() for word in re.findall(r"[A-Za-z]{3,}", text)]


def compress_index(words: list[str]) -> bytes:
    """The packed list of words."""
    return zlib.compress("\n".join(words * 6).encode(), level=9)


def smooth(series: list[float]) -> list[float]:
    """A moving mean over three neighbours."""
    last = len(series) - 1
    return [(series[max(i - 1, 0)] + series[i] + series[min(i + 1, last)]) / 3 for i in range(len(series))]
