"""The Celery application: which tasks there are, when beat sends them, and the folder that carries them."""

import os
from pathlib import Path

from celery import Celery
from kombu.transport import TRANSPORT_ALIASES

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "revel.settings")

folder = Path(os.environ.get("REVEL_BROKER", "/var/lib/revel/broker"))
for name in ("messages", "control"):
    # The web container imports this too and has no such folder: it sends nothing.
    if os.access(folder, os.W_OK):
        (folder / name).mkdir(exist_ok=True)

TRANSPORT_ALIASES["whole-files"] = "revel.broker:Transport"
app = Celery("revel", broker="whole-files://", include=["shop.tasks"])
app.conf.update(
    broker_transport_options={
        "data_folder_in": str(folder / "messages"),
        "data_folder_out": str(folder / "messages"),
        "control_folder": str(folder / "control"),
        "polling_interval": 0.2,
    },
    broker_connection_retry_on_startup=True,
    task_ignore_result=True,
    task_default_queue="default",
    # A worker that was away must not find an hour of ticks.
    task_default_expires=10,
    worker_prefetch_multiplier=1,
    timezone="UTC",
    beat_schedule={
        "recalculate prices": {"task": "shop.tasks.recalculate_prices", "schedule": 1.0, "options": {"expires": 10}},
        "index catalogue": {"task": "shop.tasks.index_catalogue", "schedule": 1.0, "options": {"expires": 10}},
        "forecast demand": {"task": "shop.tasks.forecast_demand", "schedule": 2.0, "options": {"expires": 10}},
    },
)
