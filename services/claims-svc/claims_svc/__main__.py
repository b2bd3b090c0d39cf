"""`python -m claims_svc` runs the service in the role that RCM_ROLE names."""

from claims_svc.app import service

service.run()
