"""The Python twin without its supervisor's watch: a worker may stand at a breakpoint for long."""

import runpy

from gunicorn.config import Timeout

if __name__ == "__main__":
    Timeout.default = 0
    runpy.run_module("task_timer.main", run_name="__main__")
