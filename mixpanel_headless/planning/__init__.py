"""What a request spends and how long its answer lives, decided before anything is sent."""
