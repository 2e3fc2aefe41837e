// What the dequantisation kernels share: where a codec's table lives, and how its input changes from trip to trip.
#pragma once
#include "bench.cuh"
#include "codecs/all.cuh"

constexpr int table_bytes = 2048;  // of shared memory, before everything else: the largest table

// A codec's table as this lane sees it. `source` holds one row of 32 words per register, a column per lane; a table in shared memory is
// copied there as it is.
template <class Codec>
struct Table {
    uint32_t regs[Codec::tables ? Codec::tables : 1];

    static __device__ __forceinline__ uint32_t* shared() {
        extern __shared__ __align__(1024) unsigned char shared_memory[];
        return reinterpret_cast<uint32_t*>(shared_memory);
    }
    __device__ __forceinline__ explicit Table(const uint32_t* source) {
        static_assert(4 * Codec::shared_words <= table_bytes, "the table is larger than its place");
#pragma unroll
        for (int i = 0; i < Codec::tables; ++i) regs[i] = source[32 * i + threadIdx.x % 32];
        if constexpr (Codec::shared_words > 0) {
            for (int i = threadIdx.x; i < Codec::shared_words; i += blockDim.x) shared()[i] = source[i];
            __syncthreads();
        }
    }
    __device__ __forceinline__ const uint32_t* entries() const {
        if constexpr (Codec::shared_words > 0) return shared();
        else return regs;
    }
};

// Input words that alternate between two values, word = sum - word: the compiler can hoist nothing that depends on them, and both values
// hold codes of the format alone. Row i of `first` and `sums` holds word i of every thread of the block.
template <int count>
struct AlternatingWords {
    uint32_t word[count], sum[count];

    __device__ __forceinline__ AlternatingWords(const uint32_t* first, const uint32_t* sums) {
#pragma unroll
        for (int i = 0; i < count; ++i) {
            word[i] = first[i * blockDim.x + threadIdx.x];
            sum[i] = sums[i * blockDim.x + threadIdx.x];
        }
    }
    __device__ __forceinline__ void alternate() {
#pragma unroll
        for (int i = 0; i < count; ++i) word[i] = sum[i] - word[i];
    }
};
