"""Runs the Python twin without a worker timeout, so that a worker can stop at a breakpoint.

A breakpoint stops all threads of a worker, including its event loop; gunicorn would kill the worker
after thirty seconds without a heartbeat.
"""

import runpy

from gunicorn.config import Timeout

if __name__ == "__main__":
    Timeout.default = 0
    runpy.run_module("task_timer.main", run_name="__main__")
