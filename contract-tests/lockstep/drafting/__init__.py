"""An OpenAPI document drafted from recorded traffic."""

from lockstep.drafting.draft import Draft, DraftError, Wishes, draft

__all__ = ["Draft", "DraftError", "Wishes", "draft"]
