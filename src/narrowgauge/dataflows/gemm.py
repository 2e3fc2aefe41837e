"""Kernel family `gemm`: dense, FP8, INT8 and mixed-input products C[m,n] = A[m,k] · B[k,n], weights stored n × k.

The variant's precision is the name of a quantization scheme, which alone decides bytes, tensor-core rate and conversion work.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from narrowgauge import units
from narrowgauge.dataflows import gemm_parameters as fitted
from narrowgauge.dataflows.conversion import cycles_per_weight
from narrowgauge.dataflows.family import FAMILIES, Array, Columns, KernelCost, Parameter, Variant
from narrowgauge.dataflows.gemm_compiled import search
from narrowgauge.dataflows.gemm_operands import UNIT_PJ, Operands, kernel_of, operands_of
from narrowgauge.dataflows.gemm_profiles import GemmProfile, profile_of, unit_profile
from narrowgauge.dataflows.gemm_search import INFEASIBLE_US, Numbers, row_terms, tile_terms
from narrowgauge.dataflows.kernels_lowbit.catalogue import described
from narrowgauge.dataflows.kernels_lowbit.numbers import written_so
from narrowgauge.dataflows.resources import GpuResources
from narrowgauge.errors import UnsupportedError

SMEM_PASSES = 3.0  # of a byte through shared memory: written once, read by two of the four warps of a CTA
ACCUMULATOR_SHARE = 0.5  # of the register file; the rest holds addresses, fragments and the epilogue
GEMV_CHAIN_K = 4096.0  # the unit of K in which the fitted gemv_chain_us is expressed
QUANTIZE_ROWS = 1000.0  # the unit of rows in which the fitted quantize_rows_us is expressed
STEP_BYTES = 128  # of K per step: one swizzled shared-memory row
SIZE_EDGES = (17, 129, 1025)  # rows of activations: decode, small batches, chunks, prefill
COMMON_TILES = ((128, 128), (256, 128), (128, 256), (64, 64), (128, 64), (64, 256))  # whose wave fill the residual may look at
RAMP_BYTES = 4e6  # transfers well below this finish before DRAM streams at full rate; only scales the fitted ramp_us


def _macs(operands: Operands, gpu: GpuResources) -> float:
    """Per SM and cycle of the tensor clock."""
    return operands.product.macs if operands.product is not None else gpu.tensor_macs[operands.operand]


def _first(latency: Array, *sizes: Array) -> str:
    """The first product without a tile."""
    row = int(np.argmax(latency >= INFEASIBLE_US))
    return ", ".join(f"{size[row]:g}" for size in sizes)


def _accumulator_bytes(gpu: GpuResources) -> float:
    """Registers of an SM that hold sums."""
    return gpu.registers_kb_per_sm * units.BYTES_PER_KB * ACCUMULATOR_SHARE


class Gemm:
    """The family; see the module and `gemm_search` for the schedule that is costed."""

    name: str = "gemm"
    columns: tuple[str, ...] = ("m", "n", "k")
    group: tuple[str, ...] = ("n", "k")

    def parameters(self, variant: Variant, gpu: GpuResources) -> tuple[Parameter, ...]:
        """The common parameters, and those of the CUDA-core kernel, conversion, promotion and quantisation where there is any."""
        operands = operands_of(variant, gpu)
        extra: tuple[Parameter, ...] = fitted.GEMV if self._profile(variant, operands, gpu).gemv_max_m else ()
        extra += fitted.CONVERT if operands.conversion else ()
        extra += fitted.PROMOTE if operands.promotes else ()
        extra += fitted.QUANTIZE if operands.quantizes else ()
        launch, *others = fitted.COMMON
        return (fitted.QUANTIZED_LAUNCH if operands.quantizes else launch, *others, *extra)

    def sibling(self, variant: Variant) -> Variant:
        """The measured variant whose fitted parameters serve this one: what a machine adds to a kernel that is known from its
        source."""
        kernel = described(variant.library)
        return Variant(kernel.calibrated_as, "trtllm") if kernel and kernel.takes(variant.precision) else variant

    def _profile(self, variant: Variant, operands: Operands, gpu: GpuResources) -> GemmProfile:
        if operands.product is not None:
            return unit_profile(operands.product, _accumulator_bytes(gpu))
        kernel = kernel_of(variant, operands)
        return kernel.profile() if kernel else profile_of(variant, operands.weight_only, gpu)

    def numbers(self, variant: Variant, gpu: GpuResources, params: Mapping[str, float]) -> Numbers:
        """Machine, formats and fitted parameters merged into what the search reads."""
        operands = operands_of(variant, gpu)
        macs = _macs(operands, gpu) * gpu.tensor_clock_mhz / gpu.clock_mhz
        if operands.weight_only:
            macs *= gpu.mma_sync_fraction  # converted weights pass through registers, which wgmma cannot read B from
        convert = cycles_per_weight(operands.conversion, gpu) * params.get("convert_scale", 0.0)
        promote = params.get("promote_scale", 0.0) / gpu.alu_results["fp32"]
        fp32_macs_per_us = gpu.alu_results["fp32"] * gpu.sm_count * gpu.cycles_per_us
        numbers = Numbers(
            sm_count=float(gpu.sm_count),
            cycles_per_us=gpu.cycles_per_us,
            tensor_macs=macs * params["tensor_efficiency"],
            l2_sm_bytes=gpu.l2_port_bytes_per_cycle * params["l2_sm_efficiency"],
            l2_bytes=gpu.l2_bytes_per_sm_cycle * gpu.sm_count * params["l2_efficiency"],
            dram_bytes_per_us=gpu.dram_bytes_per_us * params["dram_efficiency"],
            write_bytes_per_us=gpu.dram_bytes_per_us * params["write_efficiency"],
            l2_capacity=gpu.l2_bytes * params["l2_share"],
            smem_bytes=gpu.smem_kb_per_sm * units.BYTES_PER_KB,
            accumulator_bytes=_accumulator_bytes(gpu),
            step_latency=params["step_latency"],
            fill_latencies=params["fill_latencies"],
            store_bytes=params["store_bytes"],
            cta_cycles=params["cta_cycles"],
            split_us=params["split_us"],
            split_traffic=params["split_traffic"],
            launch_us=params["launch_us"],
            ramp_us=params["ramp_us"],
            ramp_bytes=RAMP_BYTES,
            weight_copies=params["weight_copies"],
            exposed_step=params["exposed_step"],
            exposed_dram=params["exposed_dram"],
            refetch=params["refetch"],
            power_drop=params["power_drop"],
            power_time_us=params["power_time_us"],
            gemv_max_m=float(self._profile(variant, operands, gpu).gemv_max_m),
            gemv_us=params.get("gemv_us", 0.0),
            gemv_dram_bytes_per_us=gpu.dram_bytes_per_us * params.get("gemv_efficiency", 1.0),
            gemv_macs_per_us=fp32_macs_per_us * params.get("gemv_alu_efficiency", 1.0),
            gemv_chain_us=params.get("gemv_chain_us", 0.0) / GEMV_CHAIN_K,
            quantize_us=params.get("quantize_us", 0.0),
            quantize_bytes_per_us=gpu.dram_bytes_per_us * params.get("quantize_efficiency", 1.0),
            quantize_row_us=params.get("quantize_rows_us", 0.0) / QUANTIZE_ROWS,
            activation_bytes=operands.activation_bytes,
            weight_bytes=operands.weight_bytes,
            output_bytes=operands.output_bytes,
            step_k=STEP_BYTES / operands.activation_bytes,
            convert_cycles=convert,
            promote_cycles=promote,
            feed_cycles=SMEM_PASSES / gpu.smem_bytes_per_sm_cycle if operands.product else 0.0,
        )
        kernel = kernel_of(variant, operands)
        return written_so(kernel, numbers, gpu, operands.weight_only) if kernel else numbers

    def cost(self, rows: Columns, variant: Variant, gpu: GpuResources, params: Mapping[str, float]) -> KernelCost:
        """Best tiling of every row and what it costs; `choice` holds "tile_m", "tile_n", "ctas" (0: CUDA-core kernel),
        "split_k" and "quantize_us"."""
        operands = operands_of(variant, gpu)
        profile = self._profile(variant, operands, gpu)
        x = self.numbers(variant, gpu, params)
        m, n, k = (np.asarray(rows[c], float) for c in self.columns)
        tiles, splits = profile.tile_array(), profile.split_array()
        latency, dram_us, tile_index, split_index = search(m, n, k, tiles, splits, x)
        if np.any(latency >= INFEASIBLE_US):
            raise UnsupportedError(f"{variant}: no tile of its kernels takes a product of m, n, k {_first(latency, m, n, k)}")
        gemv = tile_index < 0
        tile_m = np.where(gemv, 0.0, tiles[tile_index, 0])
        tile_n = np.where(gemv, 0.0, tiles[tile_index, 1])
        quantize_us = 0.0 * m
        if operands.quantizes:
            moved = m * k * (x.output_bytes + x.activation_bytes)
            quantize_us = x.quantize_us + np.maximum(moved / x.quantize_bytes_per_us, m * x.quantize_row_us)
        busy, actions = self._account(m, n, k, tile_m, tile_n, dram_us, operands, x)
        busy["launch"] = np.full_like(m, x.launch_us)
        split = np.where(gemv, 1.0, splits[split_index])
        cluster = np.where(gemv, 1.0, tiles[tile_index, 2])
        grid_m = np.ceil(m / np.maximum(tile_m * cluster, 1.0)) * cluster
        choice = {
            "tile_m": tile_m,
            "tile_n": tile_n,
            "split_k": split,
            "ctas": np.where(gemv, 0.0, grid_m * np.ceil(n / np.maximum(tile_n, 1.0)) * split),
            "quantize_us": quantize_us,
        }
        return KernelCost(latency + quantize_us, busy, actions, choice)

    def roofline_us(self, rows: Columns, variant: Variant, gpu: GpuResources) -> Array:
        """Operands once from DRAM and the result once to it, against the tensor core's peak; without the quantise kernel."""
        operands = operands_of(variant, gpu)
        m, n, k = (np.asarray(rows[c], float) for c in self.columns)
        moved = n * k * operands.weight_bytes + m * k * operands.activation_bytes + m * n * operands.output_bytes
        peak = _macs(operands, gpu) * gpu.sm_count * gpu.tensor_clock_mhz
        return np.asarray(np.maximum(moved / gpu.dram_bytes_per_us, m * n * k / peak))

    def _account(
        self, m: Array, n: Array, k: Array, tile_m: Array, tile_n: Array, dram_us: Array, operands: Operands, x: Numbers
    ) -> tuple[dict[str, Array], dict[str, Array]]:
        """Busy time of each resource under the chosen tiling, and the actions that energy is charged for."""
        gemv = tile_m == 0
        safe_m, safe_n = np.where(gemv, 1.0, tile_m), np.where(gemv, 1.0, tile_n)
        grid_m, grid_n = np.ceil(m / safe_m), np.ceil(n / safe_n)
        padded_k = np.ceil(k / x.step_k) * x.step_k
        macs = np.where(gemv, m * n * k, grid_m * safe_m * grid_n * safe_n * padded_k)
        l2_bytes = (grid_m * n * x.weight_bytes + grid_n * m * x.activation_bytes) * k + m * n * x.output_bytes
        l2_bytes = np.where(gemv, n * k * x.weight_bytes, l2_bytes)
        sm_cycles = x.sm_count * x.cycles_per_us
        convert = tile_terms(safe_m, safe_n, x).convert
        row = row_terms(m, n, k, x)
        dram_us = np.where(gemv, row.reads / x.gemv_dram_bytes_per_us, dram_us)
        read_us = dram_us - row.ramp_us - row.writes / x.write_bytes_per_us
        dram_bytes = np.where(gemv, row.reads, read_us * x.dram_bytes_per_us + row.writes)
        convert_us = np.where(gemv, m * n * k / x.gemv_macs_per_us, grid_m * grid_n * (padded_k / x.step_k) * convert / sm_cycles)
        busy = {
            "tensor_core": np.where(gemv, 0.0, macs / (x.tensor_macs * sm_cycles)),
            "cuda_core": convert_us,
            "dram": dram_us,
            "l2": l2_bytes / (x.l2_bytes * x.cycles_per_us),
        }
        if operands.product is not None:
            step_bytes = tile_terms(safe_m, safe_n, x).step_bytes
            busy["unit"] = busy.pop("tensor_core")
            busy["smem"] = grid_m * grid_n * (padded_k / x.step_k) * step_bytes * x.feed_cycles / sm_cycles
        actions = {
            "dram_byte": dram_bytes,
            "l2_byte": l2_bytes,
            "smem_byte": 2.0 * l2_bytes,
            **({UNIT_PJ: macs * operands.product.pj_per_mac} if operands.product else {f"mac_{operands.operand}": macs}),
        }
        for name, count in operands.conversion.items():
            actions[f"alu_{name}"] = count * np.where(gemv, 1.0, grid_m) * n * k
        return busy, actions

    def features(self, rows: Columns, variant: Variant, gpu: GpuResources, cost: KernelCost) -> dict[str, Array]:
        """Shape, alignment, fill of the last wave and of the tiles, and which resource dominates by how much."""
        m, n, k = (np.asarray(rows[c], float) for c in self.columns)
        tile_m, tile_n = np.maximum(cost.choice["tile_m"], 1.0), np.maximum(cost.choice["tile_n"], 1.0)
        ctas = np.ceil(m / tile_m) * np.ceil(n / tile_n) * cost.choice["split_k"]
        waves = ctas / gpu.sm_count
        latency = cost.latency_us
        waves_filled = {
            f"waves_filled_{a}x{b}": np.log2(
                (m / a) * (n / b) / gpu.sm_count / np.ceil(np.ceil(m / a) * np.ceil(n / b) / gpu.sm_count)
            )
            for a, b in COMMON_TILES
        }
        return {
            "log_m": np.log2(m),
            "log_n": np.log2(n),
            "log_k": np.log2(k),
            "log_us": np.log2(latency),
            "tensor_share": np.log2(1e-3 + cost.busy_us["tensor_core"] / latency),
            "dram_share": np.log2(1e-3 + cost.busy_us["dram"] / latency),
            "l2_share": np.log2(1e-3 + cost.busy_us["l2"] / latency),
            "log_waves": np.log2(waves),
            "last_wave": waves - np.floor(waves),
            "tile_m": tile_m,
            "tile_n": tile_n,
            "split_k": cost.choice["split_k"],
            "fill_m": m / (np.ceil(m / tile_m) * tile_m),
            "align_m": np.gcd(np.asarray(rows["m"], np.int64), 64).astype(float),
            "align_n": np.gcd(np.asarray(rows["n"], np.int64), 512).astype(float),
            "align_k": np.gcd(np.asarray(rows["k"], np.int64), 512).astype(float),
        } | waves_filled

    def size_class(self, rows: Columns) -> Array:
        """By rows of activations: 0 up to 16, 1 up to 128, 2 up to 1024, 3 above."""
        return np.asarray(np.digitize(np.asarray(rows["m"]), SIZE_EDGES))


GEMM = FAMILIES.register(Gemm.name, Gemm())
