"""Which names of members suggest a value that no other resource has."""

from __future__ import annotations

import pytest

from lockstep.openapi.naming import is_unique


@pytest.mark.parametrize(
    "name",
    [
        *("code", "promo_code", "voucherCode", "reference", "user_name"),
        *("frameNumber", "licence_plate", "invoice_number"),
    ],
)
def test_a_name_of_one_resource_is_unique(name: str) -> None:
    assert is_unique(name)


@pytest.mark.parametrize(
    "name",
    [
        *("postal_code", "postCode", "zipcode", "country_code", "currencyCode", "languageCode"),
        *("number", "pageNumber", "house_number", "template"),
    ],
)
def test_a_code_that_many_resources_share_is_not_unique(name: str) -> None:
    assert not is_unique(name)
