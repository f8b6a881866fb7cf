"""The running time entry, of which a user has at most one."""

from ...services import timer_service
from ..answers import Answer, created, ok
from ..call import Call
from ..schemas.time_entry import dump_time_entry
from .time_entries import time_entry_path


def get_timer(call: Call) -> Answer:
    """Returns the user's running time entry."""
    return ok(call, dump_time_entry(timer_service.get_timer(call.user_id)))


def start_timer(call: Call) -> Answer:
    """Creates a running time entry that starts now."""
    task_id, note = call.body["task_id"], call.body["note"]
    stop_previous = call.query["on_conflict"] == "stop_previous"
    entry = timer_service.start_timer(call.user_id, task_id, note, stop_previous)
    return created(call, dump_time_entry(entry), time_entry_path(call, entry))


def stop_timer(call: Call) -> Answer:
    """Stops the running time entry now."""
    return ok(call, dump_time_entry(timer_service.stop_timer(call.user_id)))


HANDLERS = (get_timer, start_timer, stop_timer)
