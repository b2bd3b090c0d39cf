"""What every service stands on: events with proof, the ledger, security, and the service shell."""
