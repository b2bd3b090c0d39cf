"""The one router of claims-svc; each module of the API adds its routes to it."""

from rcm.service import ApiRouter

router = ApiRouter()
