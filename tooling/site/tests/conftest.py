"""The site, and fixtures shared with the tests of other packages."""

from pathlib import Path

import pytest

from testbed.fixtures import sample_data, stage
from tooling.site.build import write_site

__all__ = ["sample_data", "site", "stage"]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a newly built docs site."""
    folder: Path = tmp_path_factory.mktemp("site")
    write_site(folder)
    return folder
