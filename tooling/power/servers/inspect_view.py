"""Runs one of the two log viewers of inspect-ai, or creates their input.

python inspect_view.py aiohttp|fastapi PORT FOLDER     serve a folder of logs
python inspect_view.py document FILE                   write the document of the API
python inspect_view.py logs FOLDER                     write logs of simple sums
"""

from __future__ import annotations

import importlib
import json
import sys
import tempfile
from pathlib import Path

MODULES = {"aiohttp": "inspect_ai._view.server", "fastapi": "inspect_ai._view.fastapi_server"}
LOGS = 12


def serve(kind: str, port: int, folder: str) -> None:
    """Serve without the web page, which the package would download."""
    page = Path(tempfile.mkdtemp(prefix="inspect-page-"))
    (page / "index.html").write_text("<!doctype html><title>left out</title>", encoding="utf-8")
    module = importlib.import_module(MODULES[kind])
    module.resolve_dist_directory = lambda: page  # type: ignore[attr-defined]
    module.view_server(log_dir=folder, host="127.0.0.1", port=port)


def write_document(file: str) -> None:
    """Write the OpenAPI document that FastAPI generates."""
    module = importlib.import_module(MODULES["fastapi"])
    document = module.view_server_app().openapi()
    Path(file).write_text(json.dumps(document, indent=2), encoding="utf-8")


def write_logs(folder: str) -> None:
    """Write logs in both formats, with the same ids on each call."""
    log = importlib.import_module("inspect_ai.log")
    model = importlib.import_module("inspect_ai.model")
    for number in range(LOGS):
        name = f"sums{number}"
        question, answer = f"What is {number} and {number}?", str(2 * number)
        output = model.ModelOutput.from_content("mockllm/model", answer)
        output.choices[0].message.id = f"answer{number}"
        sample = log.EvalSample(
            id=number,
            epoch=1,
            input=question,
            target=answer,
            messages=[model.ChatMessageUser(content=question, id=f"question{number}")],
            output=output,
        )
        spec = log.EvalSpec(
            eval_id=f"Eval{number}",
            run_id=f"Run{number}",
            created="2026-01-02T03:04:05+00:00",
            task=name,
            task_id=f"Task{number}",
            dataset=log.EvalDataset(samples=1, sample_ids=[number]),
            model="mockllm/model",
            config=log.EvalConfig(epochs=1),
        )
        kind = "json" if number % 2 else "eval"
        file = Path(folder, f"2026-01-02T03-04-05-00-00_{name}_Task{number}.{kind}")
        whole = log.EvalLog(status="success", eval=spec, samples=[sample])
        log.write_eval_log(whole, str(file))


if __name__ == "__main__":
    if sys.argv[1] == "document":
        write_document(sys.argv[2])
    elif sys.argv[1] == "logs":
        write_logs(sys.argv[2])
    else:
        serve(sys.argv[1], int(sys.argv[2]), sys.argv[3])
