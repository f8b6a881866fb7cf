"""The entry of the process: FastAPI on the server of the Python twin."""

from task_timer.server.serve import serve

if __name__ == "__main__":
    serve("app:create_app", "asgi")
