def b(event, context): return None
