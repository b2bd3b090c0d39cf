"""`python -m patient_billing_svc` runs the service in the role that RCM_ROLE names."""

from patient_billing_svc.app import service

service.run()
