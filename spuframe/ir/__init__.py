"""What analyst and parties share: physical plans, what they cost and what they tell; data and pure functions."""
