"""Do both attention families keep the contract, and the physics, for any shape, library and machine?"""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from narrowgauge.dataflows.attention_decode import AttentionDecode
from narrowgauge.dataflows.attention_features import safe_log
from narrowgauge.dataflows.attention_prefill import AttentionPrefill
from narrowgauge.dataflows.attention_terms import Shape, l2_miss_share, overlapped, throttled
from narrowgauge.dataflows.family import FAMILIES, Variant
from narrowgauge.errors import UnsupportedError

LIBRARIES = ("sglang", "sglang-triton", "vllm", "vllm-fa4", "trtllm", "")
PRECISIONS = ("bf16", "fp16", "bf16-kvfp8", "bf16-kvint8", "bf16-kvint4", "fp8")
PREFILL, DECODE = AttentionPrefill(), AttentionDecode()
BOTH = pytest.mark.parametrize("family", [PREFILL, DECODE], ids=lambda f: f.name)

heads = st.sampled_from([(1, 1), (8, 1), (32, 8), (40, 40), (64, 4), (96, 2)])
shapes = st.fixed_dictionaries(
    {
        "batch_size": st.integers(1, 2048),
        "isl": st.one_of(st.just(1), st.integers(1, 40_000)),
        "head_dim": st.sampled_from([64, 80, 96, 128, 192, 256, 512, 576]),
        "step": st.integers(0, 200_000),
        "window_size": st.sampled_from([0, 0, 128, 1024, 8192]),
    }
)


def run(family, rows, variant, gpu, params):
    return family.cost(rows, variant, gpu, params)


def test_families_are_registered():
    assert FAMILIES["attention-prefill"].name == "attention-prefill"
    assert FAMILIES["attention_decode"].name == "attention-decode"


@BOTH
@pytest.mark.parametrize(
    ("precision", "library", "architecture"), list(itertools.product(PRECISIONS, LIBRARIES, ("sm80", "sm89", "sm90")))
)
def test_every_variant_runs_or_says_why_not(family, precision, library, architecture, machine, columns, defaults):
    gpu, variant = machine(architecture), Variant(precision, library)
    params = defaults(family, variant, gpu)
    rows = columns(batch_size=[1, 7, 300], isl=[1, 300, 5000] if family is PREFILL else 1, step=[0, 17, 70_000])
    if precision == "fp8" and architecture == "sm80":
        with pytest.raises(UnsupportedError, match="no FP8 tensor cores"):
            run(family, rows, variant, gpu, params)
        return
    cost = run(family, rows, variant, gpu, params)
    assert np.all(np.isfinite(cost.latency_us)) and np.all(cost.latency_us > 0)
    assert set(cost.bound_by()) <= set(cost.busy_us)
    assert all(column.shape == (3,) for column in (*cost.busy_us.values(), *cost.actions.values(), *cost.choice.values()))
    features = family.features(rows, variant, gpu, cost)
    assert all(np.all(np.isfinite(column)) and column.shape == (3,) for column in features.values())


@BOTH
def test_an_unknown_precision_names_the_allowed_ones(family, machine, columns):
    with pytest.raises(UnsupportedError, match="bf16-kvfp8"):
        run(family, columns(), Variant("bf16-kvfp4", "vllm"), machine("sm90"), {})


@BOTH
@settings(max_examples=60, deadline=None)
@given(shape=shapes, head=heads, library=st.sampled_from(LIBRARIES), architecture=st.sampled_from(["sm80", "sm89", "sm90"]))
def test_no_resource_is_busy_longer_than_the_call(family, shape, head, library, architecture, machine, columns, defaults):
    gpu, variant = machine(architecture), Variant("bf16", library)
    rows = columns(**shape, num_heads=head[0], num_key_value_heads=head[1])
    cost = run(family, rows, variant, gpu, defaults(family, variant, gpu))
    assert np.all(np.isfinite(cost.latency_us))
    assert np.all(family.roofline_us(rows, variant, gpu) > 0)
    for name, busy in cost.busy_us.items():
        assert np.all(busy >= 0), name
        assert np.all(busy <= cost.latency_us * (1 + 1e-9)), name


@BOTH
@settings(max_examples=60, deadline=None)
@given(shape=shapes, head=heads, library=st.sampled_from(["sglang", "vllm", "trtllm", ""]))
def test_eight_times_the_batch_never_takes_less(family, shape, head, library, machine, columns, defaults):
    gpu, variant = machine("sm90"), Variant("bf16", library)
    # one kernel throughout: TensorRT-LLM leaves its CUDA-core kernel, and FA3 its table of parts, as the batch grows
    shape = {**shape, "batch_size": shape["batch_size"] % 100 + 1}
    small = columns(**shape, num_heads=head[0], num_key_value_heads=head[1])
    large = {**small, "batch_size": small["batch_size"] * 8}
    params = defaults(family, variant, gpu)
    one, eight = (run(family, rows, variant, gpu, params) for rows in (small, large))
    less, more = one.latency_us[0], eight.latency_us[0]
    if library == "trtllm" and family is DECODE:
        assert more >= 0.4 * less
        return
    # a batch that fills the machine is not split any more, and saves what combining the parts took
    parts, left = (float(cost.choice["splits"][0]) for cost in (one, eight))
    combining = params["combine_us"] + params.get("part_ns", 0.0) * parts / 1e3 if parts > left else 0.0
    assert more >= 0.98 * less - combining


@settings(max_examples=60, deadline=None)
@given(isl=st.integers(1, 30_000), batch=st.integers(1, 256), head=heads, library=st.sampled_from(LIBRARIES))
def test_four_times_the_prompt_takes_less_only_where_it_starts_to_be_split(isl, batch, head, library, machine, columns, defaults):
    gpu, variant = machine("sm90"), Variant("bf16", library)
    rows = columns(isl=[isl, 4 * isl], batch_size=batch, num_heads=head[0], num_key_value_heads=head[1])
    cost = run(PREFILL, rows, variant, gpu, defaults(PREFILL, variant, gpu))
    shorter, longer = cost.latency_us
    became_split = cost.choice["splits"][1] > cost.choice["splits"][0]
    assert longer >= (0.8 if became_split else 0.98) * shorter


@BOTH
@pytest.mark.parametrize("change", [{"dram_gb_per_s": 4000.0}, {"l2_bytes_per_sm_cycle": 80.0}, {"clock_mhz": 2000.0}])
def test_a_faster_machine_is_never_slower(family, change, machine, columns, defaults):
    variant = Variant("bf16", "sglang")
    rows = columns(batch_size=[1, 16, 256, 8], isl=[1, 128, 512, 8192] if family is PREFILL else 1, step=[0, 500, 4000, 60_000])
    params = defaults(family, variant, machine("sm90"))
    slow, fast = (run(family, rows, variant, gpu, params).latency_us for gpu in (machine("sm90"), machine("sm90", **change)))
    assert np.all(fast <= slow * (1 + 1e-9))


def test_the_launch_floor_is_what_remains_of_nothing(machine, columns, defaults):
    gpu, variant = machine("sm90"), Variant("bf16", "sglang")
    params = {**defaults(DECODE, variant, gpu), "launch_us": 20.0}
    assert 20.0 < run(DECODE, columns(num_heads=1, num_key_value_heads=1), variant, gpu, params).latency_us[0] < 25.0


def test_roofline_by_hand(machine, columns):
    gpu, variant = machine("sm90"), Variant("bf16", "vllm")
    rows = columns(isl=4096, num_heads=[1, 1], num_key_value_heads=1)
    # half of 4096² pairs (and the diagonal) × 256 MACs, at 100 SMs × 2000 MACs × 1000 cycles a microsecond
    assert PREFILL.roofline_us(rows, variant, gpu) == pytest.approx(np.full(2, 4096 * 4097 / 2 * 256 / 2e8))
    decode = DECODE.roofline_us(columns(batch_size=64, step=8191), variant, gpu)
    assert decode == pytest.approx((64 * 8192 * 8 * 256 * 2 + 64 * 32 * 128 * 4) / 2e6)


def test_bytes_of_a_decode_by_hand(machine, columns, defaults):
    # 64 sequences × 8192 tokens × 8 heads × 256 elements × 2 bytes = 2.1 GB: nothing stays in the 40 MB L2
    gpu, variant = machine("sm90"), Variant("bf16", "sglang")
    cost = run(DECODE, columns(batch_size=64, step=8191), variant, gpu, defaults(DECODE, variant, gpu))
    cache = 64 * 8192 * 8 * 256 * 2
    q_and_o = 64 * 32 * 128 * 4
    assert cost.actions["dram_byte"][0] == pytest.approx(cache + q_and_o, rel=1e-6)
    assert cost.busy_us["dram"][0] == pytest.approx((cache + q_and_o) / 2e6, rel=1e-6)
    assert cost.bound_by()[0] == "dram"


def test_an_fp8_cache_halves_the_bytes_that_are_read(machine, columns, defaults):
    gpu, rows = machine("sm90"), columns(batch_size=64, step=8191)
    read = []
    for precision in ("bf16", "bf16-kvfp8"):
        variant = Variant(precision, "sglang")
        read.append(run(DECODE, rows, variant, gpu, defaults(DECODE, variant, gpu)).actions["smem_byte"][0])
    assert read[0] == 2 * read[1]


def test_an_fp8_cache_on_ampere_is_multiplied_in_16_bit(machine, columns, defaults):
    gpu, variant = machine("sm80"), Variant("bf16-kvfp8", "vllm")
    assert "mac_bf16" in run(DECODE, columns(step=100), variant, gpu, defaults(DECODE, variant, gpu)).actions


def test_a_latent_cache_stores_its_values_once(machine, columns, defaults):
    gpu, variant = machine("sm90"), Variant("bf16", "vllm")
    shape = {"num_heads": 128, "num_key_value_heads": 1, "head_dim": 576, "batch_size": 8, "step": 99_999}
    rows = columns(
        **shape,
        v_head_dim=512,
        kv_elements=576,
    )
    assert run(DECODE, rows, variant, gpu, defaults(DECODE, variant, gpu)).actions["smem_byte"][0] == 2 * 8 * 100_000 * 576 * 2


def test_a_window_limits_what_decode_reads(machine, columns, defaults):
    gpu, variant = machine("sm90"), Variant("bf16", "vllm")
    rows = columns(window_size=128, step=[128, 100_000], batch_size=64)
    near, far = run(DECODE, rows, variant, gpu, defaults(DECODE, variant, gpu)).actions["smem_byte"]
    assert near == far == 2 * 64 * 129 * 8 * 256 * 2


def test_few_long_sequences_are_split_until_the_machine_is_full(machine, columns, defaults):
    gpu, variant = machine("sm90"), Variant("bf16", "sglang")
    rows = columns(batch_size=[1, 4, 200, 1], step=[65_535, 65_535, 65_535, 511])
    splits = run(DECODE, rows, variant, gpu, defaults(DECODE, variant, gpu)).choice["splits"]
    # 8 KV heads × 512 blocks, and a tenth more, over 100 SMs: 46 each; 200 × 8 heads fill the SMs; 4 blocks stay whole
    assert splits.tolist() == [12, 3, 1, 1]


def test_trtllm_takes_its_cuda_core_kernel_for_ungrouped_heads_and_small_grids(machine, columns, defaults):
    gpu, variant = machine("sm90"), Variant("bf16", "trtllm")
    rows = columns(num_heads=[8, 64, 64], num_key_value_heads=[8, 8, 8], step=[1000, 300, 700], batch_size=1)
    # 8 heads × ceil(tokens / 128) × 4 reaches the 100 SMs at four blocks
    tile_m = run(DECODE, rows, variant, gpu, defaults(DECODE, variant, gpu)).choice["tile_m"]
    assert tile_m.tolist() == [1, 1, 32]


def test_waves_of_equal_tiles_by_hand(machine, columns):
    # isl 128 with a packed group of one: one diagonal block per CTA; 101 CTAs on 100 SMs need a second wave
    gpu, variant = machine("sm90"), Variant("bf16", "sglang")
    names = [p.name for p in PREFILL.parameters(variant, gpu)]
    free = {**dict.fromkeys(names, 0.0), "mma_efficiency": 1.0, "l2_efficiency": 1.0, "dram_efficiency": 1.0, "tail": 1.0}
    free = {**free, "clock_settle_us": 1.0, "l2_efficiency": 1e9, "dram_efficiency": 1e9}
    rows = columns(isl=128, num_heads=1, num_key_value_heads=1, batch_size=[100, 101])
    one, two = run(PREFILL, rows, variant, gpu, free).latency_us
    # 2·128³ MACs at 2000 a cycle, longer than 128² exponentials at 10 a cycle and as many rescales at 100
    cycles = 2 * 128**3 / 2000
    assert one == pytest.approx(cycles / 1000.0)
    assert two == pytest.approx(2 * cycles / 1000.0)


def test_pairs_of_a_causal_triangle_and_of_a_band(columns):
    assert Shape.of(columns(isl=4, num_heads=2, num_key_value_heads=2)).pairs.tolist() == [2 * 10]
    assert Shape.of(columns(isl=4, step=3, num_heads=1)).pairs.tolist() == [4 + 5 + 6 + 7]
    assert Shape.of(columns(isl=4, window_size=1, num_heads=1)).pairs.tolist() == [1 + 2 + 2 + 2]


@BOTH
def test_size_classes_grow_with_work(family, columns):
    rows = columns(
        batch_size=[1, 8, 64, 512], isl=[16, 1024, 4096, 16_384] if family is PREFILL else 1, step=[7, 2047, 8191, 65_535]
    )
    classes = family.size_class(rows).tolist()
    assert classes == sorted(classes) and classes[0] == 0 and classes[-1] == 4


def test_overlap_is_at_least_the_longest_and_exact_when_alone():
    assert overlapped(np.array([3.0]), np.array([0.0]))[0] == pytest.approx(3.0)
    assert overlapped(np.array([3.0]), np.array([3.0]))[0] == pytest.approx(3.0 * 2**0.25)


def test_throttling_takes_effect_beyond_its_settling_time():
    params = {"clock_drop": 0.2, "clock_settle_us": 1000.0}
    assert throttled(np.array([1.0]), params)[0] == pytest.approx(1.0, rel=1e-3)
    assert throttled(np.array([1000.0]), params)[0] == pytest.approx(1000.0 / 0.9)


def test_half_of_the_traffic_misses_where_the_working_set_equals_the_kept_share(machine):
    assert l2_miss_share(np.array([machine("sm90").l2_bytes / 2]), machine("sm90"), 0.5)[0] == pytest.approx(0.5)


def test_the_logarithm_of_nothing_is_finite():
    assert np.isfinite(safe_log(np.zeros(1)))[0]


def test_missing_optional_columns_and_nan_windows_mean_none(machine, columns, defaults):
    gpu, variant = machine("sm80"), Variant("bf16", "vllm")
    full = columns(isl=100, window_size=np.nan)
    bare = {k: v for k, v in full.items() if k not in ("step", "window_size")}
    params = defaults(PREFILL, variant, gpu)
    assert run(PREFILL, full, variant, gpu, params).latency_us == run(PREFILL, bare, variant, gpu, params).latency_us
