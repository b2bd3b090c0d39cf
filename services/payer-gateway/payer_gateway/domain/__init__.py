"""What the gateway decides, without touching anything: values in, values out."""
