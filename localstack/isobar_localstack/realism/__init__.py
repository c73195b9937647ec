"""AWS's harder sides, each switched on and off by itself: strictness, rates, faults, consistency, quotas."""
