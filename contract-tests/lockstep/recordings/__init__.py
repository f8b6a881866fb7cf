"""Traffic that was recorded elsewhere, as steps that can be sent again."""

from lockstep.recordings.loading import FORMATS, load_recording
from lockstep.recordings.recording import Recording, RecordingError, Step

__all__ = ["FORMATS", "Recording", "RecordingError", "Step", "load_recording"]
