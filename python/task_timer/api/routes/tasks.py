"""The tasks that time is tracked on."""

from ...services import task_service
from ..answers import Answer, created, no_content, ok, ok_page
from ..call import Call
from ..middleware.conditional import if_match, if_match_required
from ..schemas.task import dump_task, load_task_create, load_task_filter, load_task_update


def list_tasks(call: Call) -> Answer:
    """Returns the user's tasks that match all given filters."""
    page = task_service.list_tasks(call.user_id, load_task_filter(call.query))
    return ok_page(call, page, dump_task)


def create_task(call: Call) -> Answer:
    """Creates a task."""
    task = task_service.create_task(call.user_id, load_task_create(call.body))
    return created(call, dump_task(task), call.path_of("getTask", task_id=task.id))


def get_task(call: Call) -> Answer:
    """Returns one of the user's tasks."""
    return ok(call, dump_task(task_service.get_task(call.user_id, call.path_values["task_id"])))


def update_task(call: Call) -> Answer:
    """Updates the properties that the body contains and leaves the others unchanged."""
    task = task_service.update_task(
        call.user_id,
        call.path_values["task_id"],
        load_task_update(call.body),
        if_match_required(call, dump_task),
    )
    return ok(call, dump_task(task))


def delete_task(call: Call) -> Answer:
    """Deletes a task and its time entries, including a running one."""
    task_id = call.path_values["task_id"]
    task_service.delete_task(call.user_id, task_id, if_match(call, dump_task))
    return no_content()


HANDLERS = (list_tasks, create_task, get_task, update_task, delete_task)
