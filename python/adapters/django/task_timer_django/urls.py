"""URLs: the paths of the contract, with their operations."""

from django.urls import URLPattern, path

from .apps import task_timer
from .views import OperationsView, not_found


def _pattern(of: str) -> URLPattern:
    contract = task_timer().contract
    operations = {each.method: each for each in contract.operations.values() if each.path == of}
    route = of.removeprefix("/").replace("{", "<").replace("}", ">")
    return path(route, OperationsView.as_view(operations=operations, allow=contract.allow(of)))


urlpatterns = [_pattern(each) for each in task_timer().contract["paths"]]
handler404 = not_found
