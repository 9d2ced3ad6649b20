"""What the App API keeps: its entities as frozen classes."""
