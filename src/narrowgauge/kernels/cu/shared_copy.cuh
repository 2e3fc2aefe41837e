// The ways of data into and out of shared memory: asynchronous copies of 16 bytes, and matrix loads.
#pragma once
#include "codecs/intrinsics.cuh"

#ifdef __CUDACC__
__device__ __forceinline__ uint32_t shared_address(const void* pointer) {
    return static_cast<uint32_t>(__cvta_generic_to_shared(pointer));
}
__device__ __forceinline__ void copy_async_16(void* shared, const void* global) {
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(shared_address(shared)), "l"(global) : "memory");
}
__device__ __forceinline__ void commit_copies() { asm volatile("cp.async.commit_group;" ::: "memory"); }

// Waits until all but the latest `groups_left` groups of this thread have landed; a barrier then shows them to the block.
template <int groups_left>
__device__ __forceinline__ void wait_copies() {
    asm volatile("cp.async.wait_group %0;" ::"n"(groups_left) : "memory");
}

// Four matrices of 8 rows of 16 bytes: lane i gives the address of row i % 8 of matrix i / 8 and gets bytes 4 (i % 4) .. + 3 of row
// i / 4 of every matrix.
__device__ __forceinline__ void load_matrices(uint32_t (&regs)[4], const void* row) {
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
                 : "=r"(regs[0]), "=r"(regs[1]), "=r"(regs[2]), "=r"(regs[3])
                 : "r"(shared_address(row))
                 : "memory");
}
#else
inline void copy_async_16(void* shared, const void* global) { host::copy_async(shared, global, 16); }
inline void commit_copies() { host::commit_copies(); }
template <int groups_left>
void wait_copies() { host::wait_copies(groups_left); }
inline void load_matrices(uint32_t (&regs)[4], const void* row) {
    std::memcpy(host::warp().in[host::lane()], &row, sizeof row);
    host::together(7, [](host::Warp& w) {
        for (int i = 0; i < host::warp_size; ++i)
            for (int m = 0; m < 4; ++m) {
                const unsigned char* from;
                std::memcpy(&from, w.in[8 * m + i / 4], sizeof from);
                std::memcpy(&w.out[i][m], from + 4 * (i % 4), 4);
            }
    });
    std::memcpy(regs, host::warp().out[host::lane()], sizeof regs);
}
#endif
