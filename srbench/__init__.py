"""srbench: which super-resolution network is the better trade, on this machine?"""
