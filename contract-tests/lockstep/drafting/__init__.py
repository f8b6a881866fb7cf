"""Drafts an OpenAPI document from recorded traffic."""

from lockstep.drafting.draft import Draft, DraftError, Lacking, Wishes, draft, lacking

__all__ = ["Draft", "DraftError", "Lacking", "Wishes", "draft", "lacking"]
