"""From how many people on a number is told, and which models there are. Needs no other package."""

from typing import Literal

Model = Literal["configural", "metric", "scalar"]
MODELS: tuple[Model, ...] = ("configural", "metric", "scalar")

FEWEST_PEOPLE = 20
"""Below this no coefficient is told."""
FEWEST_THERAPISTS = 10
"""With fewer therapists they are no level: the variance of a handful has no use."""
FEWEST_PER_SITE = 100
"""Sites with fewer people take no part in a model of invariance: its fit means nothing then."""
FEWEST_FOR_ORDINAL = 100
"""With fewer people polychoric correlations are too unsteady."""
MOST_STEPS = 7
"""With more different answers they are numbers well enough, and many cells of a table of two items are empty."""
FEWEST_ITEMS = 3
"""Of the congeneric model and of invariance: with fewer, any data fit."""
MOST_NAME_ONE = 0.5
"""Below this share of forms that name a therapist, therapists are no level."""
