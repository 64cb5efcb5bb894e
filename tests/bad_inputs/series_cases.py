"""Bad series cells."""

CASES = []
ELSEWHERE = []
