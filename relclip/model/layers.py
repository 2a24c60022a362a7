"""Small parts that all relation models share."""

from torch import nn

POSITION_WIDTH = 64


def position_numbers(numbers: int) -> nn.Sequential:
    """The small MLP that embeds boxes: (., numbers) -> (., POSITION_WIDTH)."""
    return nn.Sequential(
        nn.Linear(numbers, POSITION_WIDTH),
        nn.ReLU(),
        nn.Linear(POSITION_WIDTH, POSITION_WIDTH),
        nn.ReLU(),
    )


def position_embedding(numbers: int, dimension: int) -> nn.Sequential:
    """p_ij through a small MLP and its part of the adaptor's fully connected layer: (., numbers) -> (., D)."""
    return nn.Sequential(
        *position_numbers(numbers),
        nn.Linear(POSITION_WIDTH, dimension, bias=False),
    )
