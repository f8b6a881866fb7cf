"""Intervals of time spent on a task."""

from ...models import TimeEntryRow
from ...services import time_entry_service
from ..answers import Answer, created, no_content, ok, ok_page
from ..call import Call
from ..middleware.conditional import if_match, if_match_required
from ..schemas.time_entry import (
    dump_time_entry,
    load_time_entry_create,
    load_time_entry_filter,
    load_time_entry_update,
)


def list_time_entries(call: Call) -> Answer:
    """Returns the user's time entries that match all given filters."""
    filters = load_time_entry_filter(call.query)
    page = time_entry_service.list_time_entries(call.user_id, filters)
    return ok_page(call, page, dump_time_entry)


def create_time_entry(call: Call) -> Answer:
    """Creates a time entry."""
    fields = load_time_entry_create(call.body)
    entry = time_entry_service.create_time_entry(call.user_id, call.body["task_id"], fields)
    return created(call, dump_time_entry(entry), time_entry_path(call, entry))


def get_time_entry(call: Call) -> Answer:
    """Returns one of the user's time entries."""
    entry = time_entry_service.get_time_entry(call.user_id, call.path_values["time_entry_id"])
    return ok(call, dump_time_entry(entry))


def update_time_entry(call: Call) -> Answer:
    """Updates the properties that the body contains and leaves the others unchanged."""
    entry = time_entry_service.update_time_entry(
        call.user_id,
        call.path_values["time_entry_id"],
        load_time_entry_update(call.body),
        if_match_required(call, dump_time_entry),
    )
    return ok(call, dump_time_entry(entry))


def delete_time_entry(call: Call) -> Answer:
    """Deletes a time entry, even if it is running."""
    entry_id = call.path_values["time_entry_id"]
    check = if_match(call, dump_time_entry)
    time_entry_service.delete_time_entry(call.user_id, entry_id, check)
    return no_content()


def list_task_time_entries(call: Call) -> Answer:
    """Returns the task's time entries that match all given filters."""
    filters = load_time_entry_filter(call.query)
    task_id = call.path_values["task_id"]
    page = time_entry_service.list_task_time_entries(call.user_id, task_id, filters)
    return ok_page(call, page, dump_time_entry)


def create_task_time_entry(call: Call) -> Answer:
    """Creates a time entry for the task in the path."""
    fields = load_time_entry_create(call.body)
    task_id = call.path_values["task_id"]
    entry = time_entry_service.create_time_entry(call.user_id, task_id, fields)
    return created(call, dump_time_entry(entry), time_entry_path(call, entry))


def time_entry_path(call: Call, entry: TimeEntryRow) -> str:
    """Returns the path of a time entry."""
    return call.path_of("getTimeEntry", time_entry_id=entry.id)


HANDLERS = (
    list_time_entries,
    create_time_entry,
    get_time_entry,
    update_time_entry,
    delete_time_entry,
    list_task_time_entries,
    create_task_time_entry,
)
