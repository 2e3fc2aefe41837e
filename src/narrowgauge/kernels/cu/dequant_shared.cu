// Question: how many weights per cycle does an SM load from shared memory and dequantise?
//
// Timed: `trips` loop trips of a few calls of one codec, as many as make whole 16-byte loads and sixteen result registers. Each trip loads
// its words from one of two places in turn, without bank conflicts, so nothing can be hoisted; every result register is added into a sum
// that is stored, so nothing can be dropped.
#include "dequant_loop.cuh"

constexpr int places = 2, threads = 256;

template <class Codec>
__host__ __device__ constexpr int calls_per_trip() {
    int calls = 1;
    while (calls * Codec::words % 4 != 0 || calls * Codec::regs < 16) calls *= 2;
    return calls;
}

template <class Codec>
__device__ __forceinline__ void dequant_shared(const uint4* packed, const uint32_t* source, uint32_t* result, Clock* clocks, int trips) {
    constexpr int calls = calls_per_trip<Codec>(), loads = calls * Codec::words / 4;
    extern __shared__ __align__(1024) unsigned char shared_memory[];
    uint4* const ring = reinterpret_cast<uint4*>(shared_memory + table_bytes);
    for (int i = threadIdx.x; i < places * loads * threads; i += threads) ring[i] = packed[i];
    const Table<Codec> table(source);
    uint32_t total[calls] = {};
    int place = threadIdx.x;
    const Timer timer;
#pragma unroll 1
    for (int trip = 0; trip < trips; ++trip) {
        uint4 loaded[loads];
#pragma unroll
        for (int i = 0; i < loads; ++i) loaded[i] = ring[place + i * threads];
#pragma unroll
        for (int call = 0; call < calls; ++call) {
            uint32_t words[Codec::words], regs[Codec::regs];
#pragma unroll
            for (int i = 0; i < Codec::words; ++i) {
                const int at = call * Codec::words + i;
                const uint4 four = loaded[at / 4];
                words[i] = at % 4 == 0 ? four.x : at % 4 == 1 ? four.y : at % 4 == 2 ? four.z : four.w;
            }
            Codec::unpack(words, regs, table.entries());
#pragma unroll
            for (int r = 0; r < Codec::regs; ++r) total[call] += regs[r];
        }
        place ^= loads * threads;  // the thread's number has no bit in common with it
    }
    timer.stop(clocks);
#pragma unroll
    for (int call = 0; call < calls; ++call) result[(blockIdx.x * calls + call) * threads + threadIdx.x] = total[call];
}

#define ENTRY(codec)                                                                                                                    \
    extern "C" __global__ void __launch_bounds__(threads)                                                                               \
        dequant_shared_##codec(const uint4* packed, const uint32_t* table, uint32_t* result, Clock* clocks, int trips) {                \
        dequant_shared<codecs::codec>(packed, table, result, clocks, trips);                                                            \
    }
CODECS_EVERYWHERE(ENTRY)
#if !defined(__CUDA_ARCH__) || __CUDA_ARCH__ >= 890
CODECS_TO_F16_SM89(ENTRY)
#endif
