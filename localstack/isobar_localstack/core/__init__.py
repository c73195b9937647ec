"""The frame that services stand in: requests, time, state, tags, inventory, control endpoints."""
