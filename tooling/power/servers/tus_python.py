"""Uploads under /files by tuspyserver: python tus_python.py PORT FOLDER LARGEST."""

import sys
from importlib import import_module

uvicorn, fastapi, tus = (import_module(name) for name in ("uvicorn", "fastapi", "tuspyserver"))
port, folder, largest = int(sys.argv[1]), sys.argv[2], int(sys.argv[3])
app = fastapi.FastAPI()
app.include_router(tus.create_tus_router(prefix="files", files_dir=folder, max_size=largest))
uvicorn.run(app, host="127.0.0.1", port=port, log_level="warning")
