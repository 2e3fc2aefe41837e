"""Makes operators for one forward pass: every block of a model asks a `Lowering` for its products, norms and collectives."""

from __future__ import annotations

from collections.abc import Iterator

from narrowgauge.formats.notation import parse_scheme
from narrowgauge.formats.scheme import QuantScheme, unscaled
from narrowgauge.formats.tensor import TensorFormat
from narrowgauge.units import BITS_PER_BYTE
from narrowgauge.workloads.elementwise import Elementwise, Kind
from narrowgauge.workloads.layers import Linear, linears, norms
from narrowgauge.workloads.model import ModelConfig, NormKind
from narrowgauge.workloads.operators import AllReduce, Gemm, Operator
from narrowgauge.workloads.parallel import Split


class Lowering:
    """What was asked for, and operators made to measure.

    `tokens` is the number of new tokens, `wide` the 16-bit format between operators, `plain` the scheme of what stays at 16 bits.
    `fuse_residual` joins residual additions with the RMSNorm behind them, where the model has one there. Under static activation
    scales the kernel in front of a product quantises its output; that it then writes fewer bytes is not credited."""

    def __init__(
        self,
        model: ModelConfig,
        scheme: QuantScheme,
        batch: int,
        query_len: int,
        context_len: int,
        ways: int,
        fuse_residual: bool,
    ) -> None:
        self.model, self.scheme, self.ways = model, scheme, ways
        self.batch, self.query_len, self.context_len = batch, query_len, context_len
        self.tokens = batch * query_len
        self.fuse_residual = fuse_residual and model.norm is NormKind.RMS and not model.parallel
        self.split = Split(model, ways)
        self.plain = parse_scheme(scheme.output.name)
        self.wide = unscaled(scheme.output)
        self._linears = {linear.name: linear for linear in linears(model, ways)}
        self._norms = {norm.name: norm for norm in norms(model, ways)}

    def linear(self, name: str) -> Linear:
        """The linear map of that name."""
        return self._linears[name]

    def has_linear(self, name: str) -> bool:
        """Whether the model has a linear map of that name."""
        return name in self._linears

    def gemm(self, name: str, rows: int | None = None) -> Iterator[Operator]:
        """The product of that name over `rows` tokens (default: the new ones), behind a quantise kernel where it needs one."""
        linear, rows = self._linears[name], self.tokens if rows is None else rows
        scheme = self.scheme if linear.quantized else self.plain
        yield from self.quantize(name, rows, linear.k, linear.layers, scheme)
        yield Gemm(name, rows, linear.n, linear.k, linear.layers, scheme)

    def quantize(self, name: str, rows: int, width: int, count: int, scheme: QuantScheme) -> Iterator[Operator]:
        """The kernel that quantises the input of product `name`, if the scheme has one."""
        if scheme.activation_quantize:
            yield self.elementwise(f"{name}.quantize", Kind.QUANTIZE, rows, width, count, target=scheme.activation)

    def elementwise(
        self,
        name: str,
        kind: Kind,
        rows: int,
        width: int,
        count: int,
        *,
        target: TensorFormat | None = None,
        second_width: int = 0,
    ) -> Elementwise:
        """An elementwise kernel that reads 16-bit elements and writes `target` (default: 16 bits too)."""
        return Elementwise(name, kind, rows, width, count, self.wide, target or self.wide, second_width)

    def kv_write(self, heads: int, width: int) -> Elementwise:
        """The kernel that stores `heads` vectors of `width` elements per new token in the KV cache."""
        kv, layers = self.scheme.kv_cache, self.model.layers
        return Elementwise("attn.kv_write", Kind.KV_WRITE, self.tokens, heads * width, layers, self.wide, kv, heads=heads)

    def norm(self, name: str, rows_per_token: int = 1) -> Iterator[Operator]:
        """The norm of that name, if the model has it; those in front of attention and MLP take the residual addition in."""
        norm = self._norms.get(name)
        if norm:
            fused = self.fuse_residual and name in ("attn.norm", "mlp.norm")
            kind = Kind.ADD_RMSNORM if fused else Kind(norm.kind)
            yield self.elementwise(name, kind, self.tokens * rows_per_token, norm.width, norm.layers)

    def residual(self, name: str, count: int) -> Iterator[Operator]:
        """A residual addition of its own, where no norm takes it in."""
        if not self.fuse_residual:
            yield self.elementwise(name, Kind.RESIDUAL_ADD, self.tokens, self.model.hidden, count)

    def all_reduce(self, name: str, count: int) -> Iterator[Operator]:
        """Sums the hidden states of all tokens over the GPUs, if there are several."""
        if self.ways > 1:
            payload = float(self.tokens * self.model.hidden * self.scheme.output.storage_bits / BITS_PER_BYTE)
            yield AllReduce(name, payload, self.ways, count)
