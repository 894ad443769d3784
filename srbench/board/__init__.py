"""Leaderboards: records joined with published claims."""
