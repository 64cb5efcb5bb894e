"""Bad audio cells."""

CASES = []
ELSEWHERE = []
