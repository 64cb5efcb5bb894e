"""Bad video cells."""

CASES = []
ELSEWHERE = []
