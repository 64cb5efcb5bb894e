"""All bad inputs, numbered 1 to 66."""

from bad_inputs import (
    audio_cases,
    image_cases,
    series_cases,
    table_cases,
    text_cases,
    video_cases,
)

NUMBERS = range(1, 67)
MODULES = (image_cases, audio_cases, video_cases, text_cases, series_cases, table_cases)

CASES = [case for module in MODULES for case in module.CASES]
ELSEWHERE = [item for module in MODULES for item in module.ELSEWHERE]
RAISING = [case for case in CASES if case.outcome == "raises"]
ACCEPTED = [case for case in CASES if case.outcome == "accepted"]
MISSING = [case for case in CASES if case.outcome == "missing"]
