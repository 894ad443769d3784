"""What a reader sees: tables and plots. Nothing here measures."""
