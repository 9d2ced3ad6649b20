"""What a program may do here, what it would do, and what it did: policy, dry run and audit of every call."""
