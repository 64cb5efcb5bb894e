"""Bad texts."""

CASES = []
ELSEWHERE = []
