"""Bad text cells."""

CASES = []
ELSEWHERE = []
