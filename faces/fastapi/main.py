"""The entry of the process, and its only listener: `python faces/fastapi/main.py`."""

from server import Worker
from task_timer.main import serve

if __name__ == "__main__":
    serve("face:create_app", Worker)
