"""Questions as values: events, filters, groups and formulas, their checks and their wire form."""
