"""Bad table cells."""

CASES = []
ELSEWHERE = []
