"""What the service is measured beside: one small application each."""
