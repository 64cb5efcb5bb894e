"""Transformers of one raw column by networks that they train."""
