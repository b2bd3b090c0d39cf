"""The doors beside REST: SFTP, and CAQH CORE over HTTPS in both of its envelopes."""
