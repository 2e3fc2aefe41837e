// How many bytes per second does the tensor memory accelerator bring, by the size of a copy and the copies on their way, and
// how long does one copy take?
//
// Bandwidth, timed: the whole launch. Thread 0 of block b fetches chunks b, b + B, ... into a ring of `stages` places; all
// threads add up a chunk when it has come. Latency, timed: `iterations` copies of 128 bytes, each from where the one before it
// says.
#include <cuda.h>

#include "machine/barrier.cuh"
#include "machine/timed.cuh"

#if __CUDA_ARCH__ >= 900
constexpr int MOST_STAGES = 8, LINE_BYTES = 128;

// `fetch(place, chunk, barrier)` starts the copy of one chunk.
template <class Fetch>
__device__ __forceinline__ void run(unsigned* out, Clock* clocks, int chunks, int chunk_bytes, int stages, Fetch fetch) {
    extern __shared__ __align__(128) uint4 ring[];
    __shared__ uint64_t arrived[MOST_STAGES];
    const int vectors = chunk_bytes / sizeof(uint4);
    if (threadIdx.x == 0)
        for (int s = 0; s < stages; ++s) barrier_init(&arrived[s]);
    __syncthreads();
    const auto start = [&](int stage, int chunk) {
        barrier_expect(&arrived[stage], chunk_bytes);
        fetch(ring + stage * vectors, chunk, &arrived[stage]);
    };
    unsigned total = 0;
    const Timer timer;
    if (threadIdx.x == 0)
        for (int s = 0; s < stages; ++s) start(s, blockIdx.x + s * gridDim.x);  // chunks are a multiple of stages × blocks
    int stage = 0;
    unsigned parity = 0;
#pragma unroll 1
    for (int chunk = blockIdx.x; chunk < chunks; chunk += gridDim.x) {
        barrier_wait(&arrived[stage], parity);
#pragma unroll 1
        for (int v = threadIdx.x; v < vectors; v += blockDim.x) {
            const uint4 w = ring[stage * vectors + v];
            total += w.x + w.y + w.z + w.w;
        }
        __syncthreads();
        const int later = chunk + stages * gridDim.x;
        if (threadIdx.x == 0 && later < chunks) start(stage, later);
        if (++stage == stages) stage = 0, parity ^= 1;
    }
    timer.stop(clocks);
    out[blockIdx.x * blockDim.x + threadIdx.x] = total;
}

extern "C" __global__ void tma_bulk(const uint4* in, unsigned* out, Clock* clocks, int chunks, int chunk_bytes, int stages) {
    const int vectors = chunk_bytes / sizeof(uint4);
    run(out, clocks, chunks, chunk_bytes, stages, [=](uint4* to, int chunk, uint64_t* barrier) {
        bulk_copy(to, in + (long long)chunk * vectors, chunk_bytes, barrier);
    });
}

// Boxes of `box_columns` × `box_rows` words side by side, `across` of them in a row of the array.
extern "C" __global__ void tma_tensor(const __grid_constant__ CUtensorMap map, unsigned* out, Clock* clocks, int chunks,
                                      int chunk_bytes, int stages, int box_columns, int box_rows, int across) {
    run(out, clocks, chunks, chunk_bytes, stages, [&](uint4* to, int chunk, uint64_t* barrier) {
        tensor_copy(to, &map, chunk % across * box_columns, chunk / across * box_rows, barrier);
    });
}

// A ring through `in`: the first word of every line of 128 bytes is the number of the next line. The prologue reads that word
// of all lines, a multiple of the threads, so that what L2 holds when the walk begins depends on the size of the ring alone.
extern "C" __global__ void tma_latency(const char* in, unsigned* out, unsigned* touched, Clock* clocks, int lines,
                                       int iterations) {
    __shared__ alignas(128) unsigned line[LINE_BYTES / 4];
    __shared__ uint64_t arrived;
    unsigned sum = 0;
#pragma unroll 1
    for (long long i = threadIdx.x; i < lines; i += blockDim.x)
        sum += __ldcg(reinterpret_cast<const unsigned*>(in + i * LINE_BYTES));
    touched[threadIdx.x] = sum;
    if (threadIdx.x == 0) barrier_init(&arrived);
    __syncthreads();
    unsigned here = 0, parity = 0;
    timed(clocks, iterations, [&] {
        if (threadIdx.x == 0) {
            barrier_expect(&arrived, LINE_BYTES);
            bulk_copy(line, in + (unsigned long long)here * LINE_BYTES, LINE_BYTES, &arrived);
            barrier_wait(&arrived, parity);
            parity ^= 1;
            here = *(volatile unsigned*)line;
        }
    });
    if (threadIdx.x == 0) out[blockIdx.x] = here;
}
#endif
