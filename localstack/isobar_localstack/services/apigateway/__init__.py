"""API Gateway (REST)."""
