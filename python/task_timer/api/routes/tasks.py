"""Things to be done, which time is tracked on."""

from ...services import task_service
from ..answers import Answer, created, no_content, ok, ok_page
from ..call import Call
from ..middleware.conditional import if_match, if_match_required
from ..schemas.task import dump_task, load_task_create, load_task_filter, load_task_update


def list_tasks(call: Call) -> Answer:
    """Lists the user's tasks that satisfy every filter given."""
    page = task_service.list_tasks(call.user_id, load_task_filter(call.query))
    return ok_page(call, page, dump_task)


def create_task(call: Call) -> Answer:
    """Makes a task of the user's."""
    task = task_service.create_task(call.user_id, load_task_create(call.body))
    return created(call, dump_task(task), call.path_of("getTask", task_id=task.id))


def get_task(call: Call) -> Answer:
    """Gives one task of the user's."""
    return ok(call, dump_task(task_service.get_task(call.user_id, call.path_values["task_id"])))


def update_task(call: Call) -> Answer:
    """Changes what the body names and leaves the rest."""
    task = task_service.update_task(
        call.user_id,
        call.path_values["task_id"],
        load_task_update(call.body),
        if_match_required(call, dump_task),
    )
    return ok(call, dump_task(task))


def delete_task(call: Call) -> Answer:
    """Deletes a task and its time entries, a running one included."""
    task_id = call.path_values["task_id"]
    task_service.delete_task(call.user_id, task_id, if_match(call, dump_task))
    return no_content()


HANDLERS = (list_tasks, create_task, get_task, update_task, delete_task)
