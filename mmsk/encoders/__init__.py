"""Transformers of one raw column by networks that they train."""

__all__: list[str] = []
