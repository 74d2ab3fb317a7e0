"""Celery's file system transport, with files that appear whole.

Kombu creates a file where others look and writes into it afterwards. Who looks in between reads nothing, fails to parse
it and ends (https://github.com/celery/kombu/issues/1551).
"""

import os
import uuid
from contextlib import suppress
from time import monotonic

from kombu.transport import filesystem
from kombu.utils.json import dumps


class Channel(filesystem.Channel):
    """Writes each file under a name that nobody looks for, then gives it its own."""

    def _queue_bind(self, exchange, *rest):
        file = self._exchange_file(exchange)
        if not file.exists():
            unfinished = file.with_suffix(f".{uuid.uuid4()}")
            unfinished.write_text("[]")
            # Worker and beat start together: the first makes the table, and both write their queues into it.
            with suppress(FileExistsError):
                os.link(unfinished, file)
            unfinished.unlink()
        super()._queue_bind(exchange, *rest)

    def _put(self, queue, payload, **kwargs):
        # The worker takes names in their order, so they begin with the time.
        name = os.path.join(self.data_folder_out, f"{monotonic() * 1000:.0f}_{uuid.uuid4()}")
        with open(f"{name}.unfinished", "w") as file:
            file.write(dumps(payload))
        os.rename(f"{name}.unfinished", f"{name}.{queue}.msg")


class Transport(filesystem.Transport):
    """The transport of "whole-files://"."""

    Channel = Channel
