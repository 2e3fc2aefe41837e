// A loop whose time counts, after one pass that does not: it brings the code into the instruction cache and waits for the
// operands.
#pragma once
#include "bench.cuh"

// Calls `pass()` once, then `iterations` times inside the timed region; all calls are the same code. `drain()` waits, within
// the region, for what the passes left in flight.
template <class Pass, class Drain>
__device__ __forceinline__ void timed(Clock* clocks, int iterations, Pass pass, Drain drain) {
#pragma unroll 1
    for (int timing = 0; timing < 2; ++timing) {
        const int passes = timing ? iterations : 1;
        Timer timer;
#pragma unroll 1
        for (int i = 0; i < passes; ++i) pass();
        drain();
        timer.stop(clocks);
    }
}

template <class Pass>
__device__ __forceinline__ void timed(Clock* clocks, int iterations, Pass pass) {
    timed(clocks, iterations, pass, [] {});
}
