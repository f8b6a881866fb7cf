"""What a program does with the generated client. Usage: BASE_URL=http://… python use_client.py"""

import os
import uuid

from task_timer_client import AuthenticatedClient, Client
from task_timer_client.api.authentication import log_in, register_user
from task_timer_client.api.tasks import create_task, delete_task, get_task, list_tasks, update_task
from task_timer_client.models import (
    Credentials,
    Problem,
    Registration,
    Task,
    TaskCreate,
    TaskPage,
    TaskUpdate,
    Tokens,
)

BASE_URL = os.environ["BASE_URL"]


def logged_in() -> AuthenticatedClient:
    """Make an account and give a client that sends its access token."""
    email, password = f"{uuid.uuid4()}@example.com", "correct horse battery"
    with Client(base_url=BASE_URL) as visitor:
        register_user.sync(client=visitor, body=Registration(email, password))
        tokens = log_in.sync(client=visitor, body=Credentials(email, password))
    assert isinstance(tokens, Tokens)
    return AuthenticatedClient(base_url=BASE_URL, token=tokens.access_token)


def use(api: AuthenticatedClient) -> None:
    """Take a task through its life, and tell what each answer was."""
    body = TaskCreate(title="Write the report", tags=["writing"])
    made = create_task.sync_detailed(client=api, body=body)
    assert isinstance(made.parsed, Task)
    print(f"made: {made.parsed.title}, {made.parsed.status}")

    page = list_tasks.sync(client=api, status="pending", tag="writing")
    assert isinstance(page, TaskPage)
    print(f"listed: {','.join(task.title for task in page.data)}")

    task_id, etag = made.parsed.id, made.headers["ETag"]
    change = TaskUpdate(status="completed")
    changed = update_task.sync(task_id, client=api, body=change, if_match=etag)
    assert isinstance(changed, Task)
    print(f"changed: {changed.status}")
    stale = update_task.sync(task_id, client=api, body=change, if_match=etag)
    assert isinstance(stale, Problem)
    print(f"changed again: {stale.status} {stale.code}")

    delete_task.sync_detailed(task_id, client=api)
    gone = get_task.sync(task_id, client=api)
    assert isinstance(gone, Problem)
    print(f"read: {gone.status} {gone.code}")


def refused(api: AuthenticatedClient) -> None:
    """What mypy refuses; never run. An ignore that has nothing to ignore is an error itself."""
    TaskCreate(title=5)  # type: ignore[arg-type]
    list_tasks.sync(client=api, status="done")  # type: ignore[arg-type]
    update_task.sync("an id", client=api, body=TaskUpdate())  # type: ignore[call-arg]
    create_task.sync(client=Client(base_url=BASE_URL), body=TaskCreate(""))  # type: ignore[arg-type]


if __name__ == "__main__":
    with logged_in() as api:
        use(api)
