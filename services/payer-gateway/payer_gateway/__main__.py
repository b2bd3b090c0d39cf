"""`python -m payer_gateway` runs the service in the role that RCM_ROLE names."""

from payer_gateway.app import service

service.run()
