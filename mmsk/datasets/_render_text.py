"""Text of a made-up row: a topic for the class, a mood for the piece, idle talk around them."""

from __future__ import annotations

import numpy as np

from mmsk.datasets._evidence import Evidence

TOPICS = (
    "harbour boat anchor sailor lighthouse tide net gull",
    "forest oak moss deer trail fern owl stream",
    "kitchen oven bread spoon recipe flour pan soup",
    "station train platform ticket tunnel luggage conductor rails",
    "concert violin orchestra melody stage drummer encore piano",
    "stadium goal referee striker whistle trophy penalty coach",
    "library novel shelf author chapter poem archive librarian",
    "observatory planet telescope comet orbit galaxy eclipse moon",
)
MOODS = (
    "calm quiet gentle soft peaceful",
    "angry loud furious harsh bitter",
    "merry funny cheerful playful bright",
    "gloomy sad mournful grey weary",
    "hurried nervous restless frantic tense",
    "strange eerie puzzling odd mysterious",
    "proud grand solemn noble splendid",
    "cosy warm tender homely snug",
)
OPENINGS = (
    "A note from {day}.",
    "This is what I remember of {day}.",
    "Written on {day} after lunch.",
    "We met again on {day}.",
    "Not much happened before {day}.",
)
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
ABOUT = (
    "We talked about the {0} and the {1}.",
    "First came the {0}, then the {1}.",
    "Somebody had mentioned the {0} near the {1}.",
    "There was a {0}, and later another {1}.",
)
FELT = (
    "Everything felt {0} and a little {1}.",
    "The mood was {0}, even {1}.",
    "It began {0} and ended {1}.",
)
CLOSINGS = (
    "More of this another time.",
    "That is all for now.",
    "Please write back soon.",
    "I shall add the rest tomorrow.",
    "Greetings to the others.",
)


def render_text(evidence: Evidence, rng: np.random.Generator) -> str:
    """Write a few plain sentences.

    Parameters
    ----------
    evidence : Evidence
        `shown` chooses the topic of a sentence, `piece` the mood of another one.
    rng : Generator
        Chooses templates and words.

    Returns
    -------
    text : str
        Two to four sentences.
    """
    sentences = []
    if evidence.shown is not None:
        sentences.append(_sentence(ABOUT, TOPICS[evidence.shown], rng))
    if evidence.piece is not None:
        sentences.append(_sentence(FELT, MOODS[evidence.piece], rng))
    opening = str(rng.choice(OPENINGS)).format(day=rng.choice(DAYS))
    return " ".join([opening, *sentences, str(rng.choice(CLOSINGS))])


def _sentence(templates: tuple[str, ...], words: str, rng: np.random.Generator) -> str:
    return str(rng.choice(templates)).format(*rng.choice(words.split(), size=2, replace=False))
