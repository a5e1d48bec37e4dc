"""Publishing: marts as files, dated builds, and a lake."""
