"""The demo shop: small, real, and busy in ways that a flame graph can tell apart."""

from .celery import app as celery_app

__all__ = ["celery_app"]
