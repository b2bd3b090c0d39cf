"""Door 1 of coding-svc: someone asks."""

from coding_svc.api.encounters import router

__all__ = ["router"]
