"""The router that every module of this door hangs its routes on."""

from rcm.service import ApiRouter

router = ApiRouter(tags=["coding"])
