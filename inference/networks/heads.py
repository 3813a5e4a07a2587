"""Heads: from a vector of features to logits, with the gradient of each logit by closed form (chain rule), no autograd.

In evaluation mode the gradient is exact. The same arithmetic exports to ONNX and gives all labels at once. In training
mode batch norm makes films depend on each other, and gradients say little.
"""

from __future__ import annotations

import itertools

from torch import Tensor, nn

from inference.networks.head_spec import HeadSpec


class LinearHead(nn.Linear):
    """Logits [N, K] as weighted sums of features [N, D]. In training a share `dropout` of the features is left out."""

    def __init__(self, inputs: int, outputs: int, dropout: float = 0.0) -> None:
        super().__init__(inputs, outputs)
        self.dropout = dropout

    def forward(self, features: Tensor) -> Tensor:
        # Asked for first, so that a head without dropout is one operator.
        kept = nn.functional.dropout(features, self.dropout, self.training) if self.dropout else features
        return super().forward(kept)

    def with_gradient(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Logits [N, K] and d logit / d features, [K, D]: the same for every film."""
        return self(features), self.weight


class DenseLayer(nn.Module):
    """Dropout, a linear layer and, where wanted, batch norm: all that comes before a ReLU."""

    def __init__(self, inputs: int, outputs: int, spec: HeadSpec) -> None:
        super().__init__()
        self.dropout = nn.Dropout(spec.dropout)
        self.dense = nn.Linear(inputs, outputs, bias=not spec.batch_norm)
        self.norm = nn.BatchNorm1d(outputs) if spec.batch_norm else None

    def forward(self, features: Tensor) -> Tensor:
        values: Tensor = self.dense(self.dropout(features))
        return values if self.norm is None else self.norm(values)

    def slopes(self) -> Tensor:
        """The derivative of the output by the input in evaluation mode, [outputs, inputs]."""
        if self.norm is None:
            return self.dense.weight
        assert self.norm.running_var is not None
        return self.dense.weight * (self.norm.weight / (self.norm.running_var + self.norm.eps).sqrt())[:, None]


class DenseHead(nn.Module):
    """Dense layers with ReLU, then a linear layer: features [N, D] to logits [N, K]."""

    def __init__(self, inputs: int, outputs: int, spec: HeadSpec) -> None:
        super().__init__()
        widths = (inputs, *spec.hidden)
        self.hidden = nn.ModuleList(DenseLayer(before, after, spec) for before, after in itertools.pairwise(widths))
        self.dropout = nn.Dropout(spec.dropout)
        self.output = nn.Linear(widths[-1], outputs)

    def forward(self, features: Tensor) -> Tensor:
        logits: Tensor = self.output(self.dropout(self._values(features)[-1].relu()))
        return logits

    def with_gradient(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """Logits [N, K] and d logit / d features, [N, K, D].

        Backwards, the gradient passes where the ReLU let the value pass, and through each layer's slopes.
        """
        values = self._values(features)
        gradient = self.output.weight
        for layer, value in zip(reversed(self.hidden), reversed(values), strict=True):
            assert isinstance(layer, DenseLayer)
            gradient = (gradient * (value > 0).to(value.dtype)[:, None, :]) @ layer.slopes()
        return self.output(self.dropout(values[-1].relu())), gradient

    def _values(self, features: Tensor) -> list[Tensor]:
        """What each hidden layer gives before its ReLU, [N, width]."""
        values: list[Tensor] = []
        for layer in self.hidden:
            values.append(layer(values[-1].relu() if values else features))
        return values


def make_head(inputs: int, outputs: int, spec: HeadSpec) -> LinearHead | DenseHead:
    """The head of `inputs` features and `outputs` logits, with random weights."""
    return DenseHead(inputs, outputs, spec) if spec.hidden else LinearHead(inputs, outputs, spec.dropout)
