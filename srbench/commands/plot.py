"""``srbench plot``: the trade-off figure from stored records."""
