"""The pages of the shop. Each is slow for another reason."""

import json

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from .carts import hash_cart, load_cart
from .catalogue import all_items
from .prices import price_rules


def health_view(request: HttpRequest) -> HttpResponse:
    """Says that this worker answers."""
    return HttpResponse("ok\n", content_type="text/plain")


def checkout_view(request: HttpRequest, cart_id: int) -> HttpResponse:
    """Prices a cart and seals it: Python rules, then native hashing."""
    items = load_cart(cart_id)
    total = price_rules(items)
    seal = hash_cart(items, total)
    return HttpResponse(serialise_json({"cart": cart_id, "total_cents": total, "seal": seal}), "application/json")


def catalogue_view(request: HttpRequest) -> HttpResponse:
    """The whole catalogue: JSON writing."""
    rows = [{"sku": item.sku, "name": item.name, "price_cents": price_rules([item])} for item in all_items()]
    return HttpResponse(serialise_json({"items": rows}), "application/json")


def report_view(request: HttpRequest, month: int) -> HttpResponse:
    """A table of prices: template rendering."""
    rows = [(item, price_rules([item], month)) for item in all_items()[:120]]
    return render(request, "shop/report.html", {"rows": rows, "month": month})


def serialise_json(value: object) -> str:
    """Indented JSON; the indent keeps Python's own encoder, which shows function by function."""
    return json.dumps(value, indent=1, sort_keys=True)
