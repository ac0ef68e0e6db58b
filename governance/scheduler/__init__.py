"""The scheduler: calls that run at later blocks."""

from governance.scheduler.pallet import Scheduler
from runtime.frame import register

register_pallets = register(Scheduler)

__all__ = ["Scheduler"]
