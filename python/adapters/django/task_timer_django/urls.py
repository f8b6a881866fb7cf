"""URLs: the paths of the contract, with their operations."""

from django.urls import URLPattern, path

from .apps import task_timer
from .views import OperationsView, not_found


def _pattern(of: str) -> URLPattern:
    app = task_timer()
    operations = [each for each in app.contract.operations.values() if each.path == of]
    handlers = {each.method: app.handlers[each.id] for each in operations}
    route = of.removeprefix("/").replace("{", "<").replace("}", ">")
    return path(route, OperationsView.as_view(handlers=handlers))


urlpatterns = [_pattern(each) for each in task_timer().contract["paths"]]
handler404 = not_found
