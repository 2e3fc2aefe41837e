"""The numbers of the GEMM model that only silicon can tell. Dimensionless wherever a specification gives the scale, so that
a fit of one GPU can be tried on another."""

from __future__ import annotations

from narrowgauge.dataflows.family import Parameter

COMMON = (
    Parameter("launch_us", 2.3, 1.0, 14.0, "us", "a kernel in a graph that does next to nothing"),
    Parameter("tensor_efficiency", 0.93, 0.5, 1.0, "1", "share of the tensor core's issue slots that a full pipeline uses"),
    Parameter("exposed_step", 0.05, 0.0, 1.0, "1", "share of the shorter resources' work in a step that is not hidden"),
    Parameter("exposed_dram", 0.12, 0.0, 1.0, "1", "share of the shorter of SM and DRAM time that is not hidden"),
    Parameter("dram_efficiency", 0.83, 0.4, 1.0, "1", "share of the pin bandwidth that reads reach"),
    Parameter("write_efficiency", 0.65, 0.1, 1.5, "1", "share of the pin bandwidth that results are written at"),
    Parameter("l2_sm_efficiency", 0.9, 0.4, 1.2, "1", "share of 64 bytes per cycle that one SM draws from L2"),
    Parameter("l2_efficiency", 0.8, 0.3, 1.5, "1", "share of the specified L2 bandwidth that all SMs together draw"),
    Parameter("step_latency", 700.0, 150.0, 3000.0, "cycles", "from issue to arrival of one step's tiles", log=True),
    Parameter("fill_latencies", 0.7, 0.1, 5.0, "latencies", "start-up and drain of a CTA, in step latencies", log=True),
    Parameter("store_bytes", 14.0, 2.0, 128.0, "B/cycle/SM", "rate at which a CTA converts and stores its results", log=True),
    Parameter("cta_cycles", 40.0, 0.0, 2000.0, "cycles", "scheduling of one CTA"),
    Parameter("split_us", 2.5, 0.0, 25.0, "us", "second kernel or semaphore of a split along K"),
    Parameter("split_traffic", 0.8, 0.01, 8.0, "1", "partial sums through L2, relative to one write and one read", log=True),
    Parameter("ramp_us", 1.5, 0.0, 12.0, "us", "until DRAM streams at full rate, and its tail"),
    Parameter("weight_copies", 4.3, 0.3, 40.0, "1", "copies of the weights that the measurement rotates through", log=True),
    Parameter("l2_share", 0.5, 0.05, 1.2, "1", "share of the L2 capacity that one tensor can hold", log=True),
    Parameter("refetch", 0.1, 0.0, 2.0, "1", "share of the reread tiles that L2 does not catch"),
    Parameter("power_drop", 0.2, 0.0, 0.8, "1", "slow-down of tensor-bound work at the sustained clock"),
    Parameter("power_time_us", 1500.0, 10.0, 20000.0, "us", "duration at which half of that has set in", log=True),
)
GEMV = (
    Parameter("gemv_us", 1.5, 0.0, 12.0, "us", "reduction across the threads of the CUDA-core kernel"),
    Parameter("gemv_efficiency", 0.8, 0.2, 1.1, "1", "share of the pin bandwidth that it reaches"),
    Parameter("gemv_chain_us", 0.5, 0.01, 10.0, "us", "of one CTA for 4096 elements of K in sequence", log=True),
    Parameter("gemv_alu_efficiency", 0.5, 0.05, 2.0, "1", "share of the FP32 rate that it reaches", log=True),
)
CONVERT = (Parameter("convert_scale", 1.2, 0.2, 10.0, "1", "conversion cycles, relative to the counted instructions", log=True),)
PROMOTE = (Parameter("promote_scale", 1.0, 0.1, 10.0, "1", "cycles to scale block sums, relative to one FMA each", log=True),)
#: a GEMM that is timed with a quantise kernel launches twice: its own start cannot take the other's share
QUANTIZED_LAUNCH = Parameter("launch_us", 2.4, 1.0, 4.0, "us", COMMON[0].meaning)
QUANTIZE = (
    Parameter("quantize_us", 2.0, 0.0, 12.0, "us", "fixed part of the activation-quantise kernels"),
    Parameter(
        "quantize_rows_us", 1.0, 0.01, 50.0, "us", "of their CTAs, one per row, for 1000 rows that hold next to nothing", log=True
    ),
    Parameter("quantize_efficiency", 0.5, 0.05, 3.0, "1", "their bandwidth, relative to DRAM reads and writes once", log=True),
)
