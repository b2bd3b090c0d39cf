"""`python -m coding_svc` runs the service in the role that RCM_ROLE names."""

from coding_svc.app import service

service.run()
