// A tiled GEMM: y = x W^T, both operands K-major, K counted in bytes. Every row along k is cut into pieces of 32 bytes, the k of one
// mma.sync whatever the element, so that the tiles, the copies and the matrix loads are the same for every type.
//
// Shared memory holds `stages` stages of a tile of tokens and one of weights, filled by cp.async. A stage's rows are ROW_BYTES long; their
// 16-byte chunks are swizzled so that the eight rows that ldmatrix reads together lie in eight different groups of banks.
#pragma once
#include "shared_copy.cuh"
#include "tensor_core.cuh"

constexpr int stages = 4;

// WARPS_M × WARPS_N warps of MT × NT products of 16 tokens and 8 weight rows each.
template <class Instruction, int WARPS_M, int WARPS_N, int MT, int NT, int ROW>
struct Tile {
    using Mma = Instruction;
    using Sum = typename Mma::Sum;
    static constexpr int warps_n = WARPS_N, mt = MT, nt = NT, row_bytes = ROW, threads = 32 * WARPS_M * WARPS_N;
    static constexpr int tokens = 16 * MT * WARPS_M, weights = 8 * NT * WARPS_N, steps = ROW / 32;
    static_assert(NT % 2 == 0, "a matrix load brings two tiles of eight weight rows");
};

// Byte offset of chunk `chunk` of row `row` in a tile of rows of `row_bytes`.
template <int row_bytes>
SHARED_CODE int swizzled(int row, int chunk) {
    constexpr int chunks = row_bytes / 16, rows_per_line = 8 / chunks;  // a line is 128 bytes: all banks once
    static_assert(chunks == 4 || chunks == 8, "rows of 64 or 128 bytes");
    return row * row_bytes + 16 * (chunk ^ (row / rows_per_line % chunks));
}

// Calls copy(i) for every i below `count`, shared out among the threads of the block.
template <int threads, int count, class Copy>
__device__ __forceinline__ void share_out(const Copy& copy) {
#pragma unroll
    for (int done = 0; done < count; done += threads) {
        const int i = done + threadIdx.x;
        if (done + threads <= count || i < count) copy(i);
    }
}

// Copies `rows` rows of a matrix, one stage wide; rows past the last one repeat it, and nobody stores what comes of them.
template <int threads, int row_bytes, int rows>
__device__ __forceinline__ void copy_rows(unsigned char* shared, const unsigned char* matrix, int first, int last, size_t pitch,
                                          size_t offset) {
    constexpr int chunks = row_bytes / 16;
    share_out<threads, rows * chunks>([&](int i) {
        const int row = i / chunks, chunk = i % chunks, source = first + row < last ? first + row : last - 1;
        copy_async_16(shared + swizzled<row_bytes>(row, chunk), matrix + source * pitch + offset + 16 * chunk);
    });
}

// The A fragment of 16 rows and 32 bytes: matrix i of the load is rows 8 (i % 2) .. + 7, chunk i / 2.
template <int row_bytes>
__device__ __forceinline__ void load_a(uint32_t (&a)[4], const unsigned char* tile, int row, int step) {
    const int lane = lane_of_thread();
    load_matrices(a, tile + swizzled<row_bytes>(row + lane % 16, 2 * step + lane / 16));
}

// The B fragments of two tiles of 8 weight rows: matrix i of the load is rows 8 (i / 2) .. + 7, chunk i % 2.
template <int row_bytes>
__device__ __forceinline__ void load_b(uint32_t (&b)[4], const unsigned char* tile, int row, int step) {
    const int lane = lane_of_thread();
    load_matrices(b, tile + swizzled<row_bytes>(row + lane / 16 * 8 + lane % 8, 2 * step + lane / 8 % 2));
}

// Weights as they are: rows of `pitch` bytes.
template <class T>
struct PlainWeights {
    static constexpr int stage_bytes = T::weights * T::row_bytes;
    const unsigned char* matrix;
    int first, rows;
    size_t pitch;

    __device__ __forceinline__ void copy(unsigned char* shared, int stage) const {
        copy_rows<T::threads, T::row_bytes, T::weights>(shared, matrix, first, rows, pitch, size_t(stage) * T::row_bytes);
    }
    // What the steps of a stage have in common: nothing.
    struct Stage {
        const unsigned char* shared;
        int row;
        __device__ __forceinline__ Stage(const unsigned char* stage, const PlainWeights&) : shared(stage) {
            row = threadIdx.x / 32 % T::warps_n * 8 * T::nt;
        }
        __device__ __forceinline__ void fragments(uint32_t (&b)[T::nt / 2][4], int step) const {
#pragma unroll
            for (int j = 0; j < T::nt / 2; ++j) load_b<T::row_bytes>(b[j], shared, row + 16 * j, step);
        }
    };
};

// All of k: c[i][j] += tokens of tile i × weight rows of tile j. The barrier of each turn shows the stage that has landed to all, and that
// all are done with the stage that is filled next.
template <class T, class Weights>
__device__ __forceinline__ void multiply_tile(typename T::Sum (&c)[T::mt][T::nt][4], unsigned char* shared, const unsigned char* tokens,
                                              int first, int count, size_t pitch, const Weights& weights, int turns) {
    constexpr int token_bytes = T::tokens * T::row_bytes, stage_bytes = token_bytes + Weights::stage_bytes;
    const auto fill = [&](int turn) {
        if (turn < turns) {
            unsigned char* const stage = shared + turn % stages * stage_bytes;
            copy_rows<T::threads, T::row_bytes, T::tokens>(stage, tokens, first, count, pitch, size_t(turn) * T::row_bytes);
            weights.copy(stage + token_bytes, turn);
        }
        commit_copies();  // an empty group where nothing is left keeps the count of groups
    };
    const int row = threadIdx.x / 32 / T::warps_n * 16 * T::mt;
#pragma unroll 1
    for (int turn = 0; turn < stages - 1; ++turn) fill(turn);
#pragma unroll 1
    for (int turn = 0; turn < turns; ++turn) {
        wait_copies<stages - 2>();
        __syncthreads();
        fill(turn + stages - 1);
        const unsigned char* const stage = shared + turn % stages * stage_bytes;
        const typename Weights::Stage ready(stage + token_bytes, weights);
#pragma unroll
        for (int step = 0; step < T::steps; ++step) {
            uint32_t a[T::mt][4], b[T::nt / 2][4];
#pragma unroll
            for (int i = 0; i < T::mt; ++i) load_a<T::row_bytes>(a[i], stage, row + 16 * i, step);
            ready.fragments(b, step);
#pragma unroll
            for (int i = 0; i < T::mt; ++i)
#pragma unroll
                for (int j = 0; j < T::nt; ++j) {
                    const uint32_t pair[2] = {b[j / 2][j % 2 * 2], b[j / 2][j % 2 * 2 + 1]};
                    T::Mma::mma(c[i][j], a[i], pair);
                }
        }
    }
}

// Calls put(token, weight row, two neighbouring sums) for every pair that this thread holds and that exists.
template <class T, class Put>
__device__ __forceinline__ void for_each_pair(const typename T::Sum (&c)[T::mt][T::nt][4], int first_token, int tokens, int first_weight,
                                              const Put& put) {
    const int lane = lane_of_thread(), warp = threadIdx.x / 32;
    const int row = first_token + warp / T::warps_n * 16 * T::mt, column = first_weight + warp % T::warps_n * 8 * T::nt;
#pragma unroll
    for (int i = 0; i < T::mt; ++i)
#pragma unroll
        for (int j = 0; j < T::nt; ++j)
#pragma unroll
            for (int e = 0; e < 4; e += 2) {
                const int token = row + 16 * i + fragment::c_row(lane, e);
                if (token < tokens) put(token, column + 8 * j + fragment::c_column(lane, e), c[i][j][e], c[i][j][e + 1]);
            }
}
