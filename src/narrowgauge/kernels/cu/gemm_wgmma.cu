// Question: how fast is a tiled GEMM by wgmma, fed by tensor copies?
//
// x: (m, k) tokens, w: (n, k) weights, y: (m, n). One warp asks for the tiles of x and w, 128 rows of 128 swizzled bytes each, as far ahead as
// there are stages; two warpgroups multiply 64 tokens each by 128 weight rows. Two barriers per stage: `full` when its bytes have landed,
// `empty` when all eight warps are done with it. Timed from outside: the whole kernel.
#include "bench.cuh"
#include "hopper.cuh"

#if __CUDA_ARCH_FEAT_SM90_ALL || !defined(__CUDACC__)
constexpr int stages = 4, tile_rows = 128, tile_bytes = tile_rows * swizzle_bytes, stage_bytes = 2 * tile_bytes;
constexpr int groups = 2, group_threads = 128, multiplying = groups * group_threads, threads = multiplying + 32, steps = swizzle_bytes / 32;

#ifdef __CUDACC__
template <int pending, class Wgmma>
__device__ __forceinline__ void wait_for_products() { warpgroup_wait<pending>(); }
#else
template <int pending, class Wgmma>
void wait_for_products() { warpgroup_wait<pending, Wgmma>(); }
#endif

__device__ __forceinline__ void store_pair(uint32_t* y, size_t at, float low, float high) { y[at / 2] = BF16::narrowed(low, high); }
template <class Integer>
__device__ __forceinline__ void store_pair(uint32_t* y, size_t at, Integer low, Integer high) {
    reinterpret_cast<uint2*>(y)[at / 2] = {uint32_t(low), uint32_t(high)};
}

// Stages of shared memory and their barriers. A barrier's turns of one stage alternate in parity.
struct Ring {
    unsigned char* tiles;
    uint64_t *full, *empty;

    __device__ __forceinline__ explicit Ring(unsigned char* shared) {
        tiles = shared;
        full = reinterpret_cast<uint64_t*>(shared + stages * stage_bytes);
        empty = full + stages;
        if (threadIdx.x == 0) {
            for (int i = 0; i < stages; ++i) {
                barrier_init(full + i, 1);
                barrier_init(empty + i, multiplying / 32);
            }
        }
        __syncthreads();
    }
};

template <class Map>
__device__ __forceinline__ void ask_for_tiles(const Ring& ring, const Map* x_map, const Map* w_map, int first_token, int first_weight,
                                              int turns) {
#pragma unroll 1
    for (int turn = 0; turn < turns; ++turn) {
        const int stage = turn % stages;
        unsigned char* const tile = ring.tiles + stage * stage_bytes;
        barrier_wait(ring.empty + stage, turn / stages % 2 ^ 1);
        barrier_expect(ring.full + stage, stage_bytes);
        tensor_copy(tile, x_map, turn * swizzle_bytes, first_token, ring.full + stage);
        tensor_copy(tile + tile_bytes, w_map, turn * swizzle_bytes, first_weight, ring.full + stage);
    }
}

template <class Wgmma>
__device__ __forceinline__ void multiply_tiles(const Ring& ring, typename Wgmma::Word (&c)[Wgmma::D], int turns) {
    const int group = threadIdx.x / group_threads;
    keep_in_registers(c);
#pragma unroll 1
    for (int turn = 0; turn < turns; ++turn) {
        const int stage = turn % stages;
        const unsigned char* const tile = ring.tiles + stage * stage_bytes;
        barrier_wait(ring.full + stage, turn / stages % 2);
        const uint64_t x = swizzled_descriptor(tile + group * tile_bytes / groups), w = swizzled_descriptor(tile + tile_bytes);
        warpgroup_arrive();
#pragma unroll
        for (int step = 0; step < steps; ++step) Wgmma::shared(c, x + 2 * step, w + 2 * step);  // an address counts 16 bytes
        warpgroup_commit();
        wait_for_products<1, Wgmma>();  // the turn before is done: its stage may be filled again
        if (turn > 0 && threadIdx.x % 32 == 0) barrier_arrive(ring.empty + (turn - 1) % stages);
    }
    wait_for_products<0, Wgmma>();
}

template <class Wgmma, class Map>
__device__ __forceinline__ void gemm_wgmma(const Map* x_map, const Map* w_map, uint32_t* y, int m, int n, int turns) {
    extern __shared__ __align__(1024) unsigned char shared_memory[];
    const Ring ring(shared_memory);
    const int across = (m + tile_rows - 1) / tile_rows;
    const int first_token = blockIdx.x % across * tile_rows, first_weight = blockIdx.x / across * tile_rows;
    if (threadIdx.x >= multiplying) {
        if (threadIdx.x == multiplying) ask_for_tiles(ring, x_map, w_map, first_token, first_weight, turns);
        return;
    }
    typename Wgmma::Word c[Wgmma::D] = {};
    multiply_tiles<Wgmma>(ring, c, turns);
    const int lane = threadIdx.x % 32, row = first_token + threadIdx.x / 32 * 16 + lane / 4;
#pragma unroll
    for (int i = 0; i < Wgmma::D; i += 2) {
        const int token = row + i / 2 % 2 * 8;
        if (token < m) store_pair(y, size_t(token) * n + first_weight + i / 4 * 8 + lane % 4 * 2, c[i], c[i + 1]);
    }
}

#define ENTRY(name, Wgmma)                                                                                     \
    extern "C" __global__ void __launch_bounds__(threads, 1)                                                   \
        gemm_wgmma_##name(TENSOR_MAP(x), TENSOR_MAP(w), uint32_t* y, int m, int n, int turns) {                \
        gemm_wgmma<Wgmma>(MAP_ADDRESS(x), MAP_ADDRESS(w), y, m, n, turns);                                     \
    }
ENTRY(bf16, Wgmma_bf16_f32_n128)
ENTRY(fp8, Wgmma_e4m3_f32_n128)
ENTRY(int8, Wgmma_s8_s32_n128)
#endif
