// Question: how many weights per cycle does an SM dequantise, from registers to registers?
//
// Timed: `trips` loop trips of `calls` independent calls of one codec, as many as make sixteen result registers, so that loop control is
// small beside them. The input words alternate, so nothing can be hoisted; every result register is added into a sum that is stored, so
// nothing can be dropped. Beside the codec the loop holds one IADD3 per two result registers, one per input word, and its control.
#include "dequant_loop.cuh"

template <class Codec>
__device__ __forceinline__ void dequant_registers(const uint32_t* first, const uint32_t* sums, const uint32_t* source, uint32_t* result,
                                                  Clock* clocks, int trips) {
    constexpr int calls = Codec::regs >= 16 ? 1 : 16 / Codec::regs;
    const Table<Codec> table(source);
    AlternatingWords<calls * Codec::words> input(first, sums);
    uint32_t total[calls] = {};
    const Timer timer;
#pragma unroll 1
    for (int trip = 0; trip < trips; ++trip) {
#pragma unroll
        for (int call = 0; call < calls; ++call) {
            uint32_t regs[Codec::regs];
            Codec::unpack(input.word + call * Codec::words, regs, table.entries());
#pragma unroll
            for (int r = 0; r < Codec::regs; ++r) total[call] += regs[r];
        }
        input.alternate();
    }
    timer.stop(clocks);
#pragma unroll
    for (int call = 0; call < calls; ++call) result[(blockIdx.x * calls + call) * blockDim.x + threadIdx.x] = total[call];
}

#define ENTRY(codec)                                                                                                                    \
    extern "C" __global__ void __launch_bounds__(512, 1)                                                                                \
        dequant_registers_##codec(const uint32_t* first, const uint32_t* sums, const uint32_t* table, uint32_t* result, Clock* clocks,  \
                                  int trips) {                                                                                          \
        dequant_registers<codecs::codec>(first, sums, table, result, clocks, trips);                                                    \
    }
CODECS_EVERYWHERE(ENTRY)
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 890
CODECS_TO_F16_SM89(ENTRY)
#endif
