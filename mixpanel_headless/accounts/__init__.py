"""Who asks, of which project, where: credentials and settings."""
