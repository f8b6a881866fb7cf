"""Recorded traffic, as steps that can be sent again."""

from lockstep.recordings.loading import FORMATS, load_captured, load_recording
from lockstep.recordings.recording import Captured, Recording, RecordingError, Step

__all__ = [
    "FORMATS",
    "Captured",
    "Recording",
    "RecordingError",
    "Step",
    "load_captured",
    "load_recording",
]
