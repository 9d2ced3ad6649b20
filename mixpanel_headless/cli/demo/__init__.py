"""`mp demo`: many agents, one budget, real events, a local Mixpanel."""
