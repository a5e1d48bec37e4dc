"""All that imports Great Expectations: validation, and its Data Docs."""
