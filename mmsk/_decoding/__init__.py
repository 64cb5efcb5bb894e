"""Processes that read cells for this one, so that a cell that kills a decoder kills no more."""
