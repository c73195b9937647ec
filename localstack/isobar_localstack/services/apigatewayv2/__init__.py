"""API Gateway v2."""
