"""Small loopback servers that speak each platform as `../shared/facts` documents it.

`server` speaks HTTP, well or badly; a module a platform knows its paths and documents. What they
serve is a shelf of releases, laid out by a test or read from an archive.
"""

from standins.server import Fault, Reply, Request, Server
from standins.shelf import Shelf, Volume

__all__ = ["Fault", "Reply", "Request", "Server", "Shelf", "Volume"]
