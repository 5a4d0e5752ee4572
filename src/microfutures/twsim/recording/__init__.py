"""Recordings of TWS sessions: written by a proxy, read by people, replayed to clients."""
