import os

from task_timer_client import AuthenticatedClient
from task_timer_client.api.tasks import list_tasks
from task_timer_client.models import Problem, TaskPage

api = AuthenticatedClient(base_url=os.environ["BASE_URL"], token=os.environ["TOKEN"])
match list_tasks.sync(client=api, status="in_progress", sort="title"):
    case TaskPage(data=tasks):
        print(*(task.title for task in tasks), sep="\n")
    case Problem(code=code):
        print(code)
