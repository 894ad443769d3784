"""The checks of scripts/gpu_drill.py: each claim on GPUs with what measures it."""
