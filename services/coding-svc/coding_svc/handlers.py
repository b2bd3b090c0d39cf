"""Door 2 of coding-svc: what happens elsewhere. It listens to nobody: codes start here."""

from rcm.events import Subscriptions

subscriptions = Subscriptions("coding-svc")
