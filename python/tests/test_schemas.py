"""The marshmallow schemas have the properties of the contract, in the same order."""

import pytest
from marshmallow import Schema

from task_timer.api.schemas import auth, report, task, time_entry, user
from task_timer.contract import Contract

BODIES = {
    "Registration": auth.CredentialsSchema,
    "Credentials": auth.CredentialsSchema,
    "Tokens": auth.TokensSchema,
    "User": user.UserSchema,
    "UserUpdate": user.UserUpdateSchema,
    "Task": task.TaskSchema,
    "TaskCreate": task.TaskCreateSchema,
    "TaskUpdate": task.TaskUpdateSchema,
    "TimeEntry": time_entry.TimeEntrySchema,
    "TaskTimeEntryCreate": time_entry.TimeEntryCreateSchema,
    "TimeEntryUpdate": time_entry.TimeEntryUpdateSchema,
    "TimeReport": report.TimeReportSchema,
    "TimeReportRow": report.TimeReportRowSchema,
}
QUERIES = {
    "listTasks": task.TaskFilterSchema,
    "listTimeEntries": time_entry.TimeEntryFilterSchema,
    "getTimeReport": report.TimeReportQuerySchema,
}


def names(schema: type[Schema]) -> list[str]:
    return [field.data_key or name for name, field in schema().fields.items()]


@pytest.mark.parametrize("name", BODIES)
def test_fields_are_the_properties_of_the_contract(contract: Contract, name: str) -> None:
    properties = contract["components"]["schemas"][name]["properties"]
    assert names(BODIES[name]) == list(properties)


def test_smaller_bodies_are_part_of_a_larger_one(contract: Contract) -> None:
    properties = contract["components"]["schemas"]["TimeEntryCreate"]["properties"]
    assert list(properties) == ["task_id", *names(time_entry.TimeEntryCreateSchema)]


@pytest.mark.parametrize("name", QUERIES)
def test_filters_are_the_parameters_of_the_contract(contract: Contract, name: str) -> None:
    parameters = contract.operations[name].parameters["query"]
    assert names(QUERIES[name]) == list(parameters.types)
