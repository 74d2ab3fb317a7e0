import type { CodeAnswer } from '../../contract/code.js';
import type { LineTable } from '../../contract/decoder.js';
import type { LineCosts } from '../../core/source/line-costs.js';

const text = `"""What a cart costs, after every rule."""
from collections.abc import Iterable
from functools import lru_cache

from .models import Cart, PriceRule

FREE_SHIPPING_FROM = 4_900  # cents


@lru_cache(maxsize=1024)
def rules_of(month: int) -> tuple[PriceRule, ...]:
    """Rules of a month, in the order in which they are tried."""
    return tuple(PriceRule.objects.filter(month=month).order_by("-priority"))


def price_rules(cart: Cart, month: int = 1) -> int:
    total = 0
    for item in cart.items():
        for rule in rules_of(month):
            if rule.matches(item) and not rule.expired:
                total += rule.apply(item, quantity=item.quantity)
    if total < FREE_SHIPPING_FROM:
        total += shipping(cart, f"zone-{cart.zone}")
    return total


def shipping(cart: Cart, zone: str) -> int:
    return sum(item.weight_grams for item in cart.items()) // 250 * 10
`;

/** How it read some time ago. */
const earlier = text
  .replace('@lru_cache(maxsize=1024)\n', '')
  .replace('from functools import lru_cache\n', '')
  .replace('item.weight_grams for item in cart.items()', 'item.weight() for item in cart')
  .replace('        for rule', '        trace(item)\n        for rule');

/** A file of an invented service, with a doubt; of those whose path holds "django" there is none. */
export function inventCode(file: string, sampledMs: number): CodeAnswer {
  if (file.includes('django')) {
    return {
      found: null,
      looks: [
        { place: 'container', where: 'the container revel_web', why: 'It is not there.' },
        {
          place: 'folder',
          where: 'folders on this computer',
          why: 'There is no rule for paths yet.',
          mend: 'Say below which folder holds it.',
        },
        {
          place: 'git',
          where: 'clones on this computer',
          why: 'It is a file of a library, not of the service’s own repository.',
        },
      ],
    };
  }
  const where = 'the container revel_web';
  if (sampledMs < Date.now() - 5 * 60_000) {
    return {
      found: { place: 'git', where: 'shop/pricing.py in the clone /home/me/shop at 4f2a17c', text: earlier },
      looks: [],
    };
  }
  return {
    found: { place: 'container', where, doubt: 'The container that was sampled is gone: this one has its name.', text },
    looks: [],
  };
}

/** What its lines cost; `apart`: in a comparison of both texts. */
export function inventLines(file: string, functionName: string, apart: boolean): LineTable {
  return {
    file,
    functionName,
    line: Uint32Array.of(13, 18, 19, 20, 21, 23, 28),
    owner: Uint32Array.of(1, 0, 0, 0, 0, 0, 2),
    functions: [functionName, 'rules_of', 'shipping'],
    columns: [
      {
        self: Float64Array.of(0, 40e6, 310e6, 1.9e9, 220e6, 0, 90e6),
        total: Float64Array.of(820e6, 40e6, 1.1e9, 4.6e9, 2.2e9, 210e6, 210e6),
        fileSelf: 2.56e9,
        fileTotal: 8.2e9,
        unknownSelf: 0,
      },
    ],
    wholes: [40.3e9],
    operationCount: 0,
    ...(apart ? { before: inventLinesBefore(functionName) } : {}),
  };
}

function inventLinesBefore(functionName: string): LineCosts {
  return {
    line: Uint32Array.of(11, 16, 17, 18, 19, 20, 22, 27),
    owner: Uint32Array.of(1, 0, 0, 0, 0, 0, 0, 2),
    functions: [functionName, 'rules_of', 'shipping'],
    columns: [
      {
        self: Float64Array.of(0, 40e6, 700e6, 310e6, 1.9e9, 220e6, 0, 480e6),
        total: Float64Array.of(2.9e9, 40e6, 700e6, 3.1e9, 4.5e9, 2.2e9, 690e6, 690e6),
        fileSelf: 3.65e9,
        fileTotal: 11.1e9,
        unknownSelf: 0,
      },
    ],
  };
}
