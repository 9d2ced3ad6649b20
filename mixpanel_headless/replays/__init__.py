"""What session recordings show: pure functions from rrweb events to what somebody did, and to tables of it."""
