"""A server that speaks the TWS socket protocol in front of a simulated venue.

Written from the wire: no client library is imported here, so that it can't share their bugs.
"""
