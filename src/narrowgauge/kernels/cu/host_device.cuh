// A CUDA device made of CPU code: runs a kernel's own source block by block, each thread a coroutine, so that index arithmetic,
// fragment layouts, barriers and asynchronous copies are proved without a GPU. It keeps no time. Only the host build includes it.
#pragma once
#include <ucontext.h>

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <deque>
#include <functional>
#include <vector>

#include "bench.cuh"

#define __global__
#define __device__
#define __host__
#define __shared__
#define __forceinline__ inline
#define __restrict__ __restrict
#define __launch_bounds__(...)
#define __align__(bytes) __attribute__((aligned(bytes)))

struct Dim3 { unsigned x, y, z; };
struct alignas(8) uint2 { uint32_t x, y; };
struct alignas(16) uint4 { uint32_t x, y, z, w; };
struct alignas(8) float2 { float x, y; };

inline Dim3 threadIdx, blockIdx, blockDim, gridDim;
__align__(1024) inline unsigned char shared_memory[228 * 1024];

namespace host {
constexpr int warp_size = 32, slots = 16;
constexpr size_t stack_bytes = 256 * 1024;

struct Copy { unsigned char* to; const unsigned char* from; size_t bytes; };

// One thread: where it stands, and the asynchronous copies it has issued, by group; the last group is still open.
struct Fiber {
    ucontext_t context;
    std::vector<char> stack;
    bool done = false;
    std::deque<std::vector<Copy>> copies{{}};
};

// What the lanes of a warp hand to an instruction that all of them execute together, and what each gets back.
struct Warp {
    int arrived = 0, operation = 0;
    uint64_t turn = 0;
    uint32_t in[warp_size][slots], out[warp_size][slots];
};

struct Block {
    std::vector<Fiber> fibers;
    std::vector<Warp> warps;
    unsigned waiting = 0;
    uint64_t turn = 0, progress = 0;
    ucontext_t scheduler;
    unsigned current = 0;
    const char* fault = nullptr;
};
inline Block block;
inline bool copies_arrive_late = true;  // a copy lands when it is waited for; false: when it is issued

inline void yield() { swapcontext(&block.fibers[block.current].context, &block.scheduler); }
inline int lane() { return threadIdx.x % warp_size; }
inline Warp& warp() { return block.warps[threadIdx.x / warp_size]; }

inline void wait_while(const std::function<bool()>& pending) {
    while (pending() && !block.fault) yield();
    ++block.progress;
}

// All 32 lanes meet; the last one computes for all. Lanes that meet at different instructions are a fault of the kernel.
template <class Compute>
void together(int operation, const Compute& compute) {
    Warp& own = warp();
    if (own.arrived && own.operation != operation) block.fault = "lanes of a warp meet at different instructions";
    own.operation = operation;
    const uint64_t turn = own.turn;
    if (++own.arrived == warp_size) {
        compute(own);
        own.arrived = 0;
        ++own.turn;
    }
    wait_while([&] { return own.turn == turn; });
}

inline uint32_t shuffle(uint32_t value, uint32_t source) {
    uint32_t* in = warp().in[lane()];
    in[0] = value;
    in[1] = source % warp_size;
    together(1, [](Warp& w) {
        for (int i = 0; i < warp_size; ++i) w.out[i][0] = w.in[w.in[i][1]][0];
    });
    return warp().out[lane()][0];
}

inline void land(const std::vector<Copy>& group) {
    for (const Copy& copy : group) std::memcpy(copy.to, copy.from, copy.bytes);
}
inline void copy_async(void* to, const void* from, size_t bytes) {
    const Copy copy{static_cast<unsigned char*>(to), static_cast<const unsigned char*>(from), bytes};
    if (copies_arrive_late) block.fibers[block.current].copies.back().push_back(copy);
    else land({copy});
}
inline void commit_copies() { block.fibers[block.current].copies.emplace_back(); }
inline void wait_copies(size_t groups_left) {  // the open group is not counted
    auto& copies = block.fibers[block.current].copies;
    for (; copies.size() > groups_left + 1; copies.pop_front()) land(copies.front());
}

inline const void* entry;
inline uint64_t arguments[12];

inline void thread_main() {
    const auto& a = arguments;  // pointers and integers travel in whole registers on every 64-bit calling convention in use
    using Kernel = void (*)(uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                            uint64_t, uint64_t);
    reinterpret_cast<Kernel>(const_cast<void*>(entry))(a[0], a[1], a[2], a[3], a[4], a[5], a[6], a[7], a[8], a[9], a[10], a[11]);
    block.fibers[block.current].done = true;
    ++block.progress;
    yield();
}

inline void start(Fiber& fiber) {
    fiber.stack.resize(stack_bytes);
    getcontext(&fiber.context);
    fiber.context.uc_stack.ss_sp = fiber.stack.data();
    fiber.context.uc_stack.ss_size = fiber.stack.size();
    fiber.context.uc_link = &block.scheduler;
    makecontext(&fiber.context, thread_main, 0);
}

inline void run_block(unsigned threads) {
    block.fibers = std::vector<Fiber>(threads);
    block.warps = std::vector<Warp>((threads + warp_size - 1) / warp_size);
    block.waiting = 0;
    for (Fiber& fiber : block.fibers) start(fiber);
    std::memset(shared_memory, 0xff, sizeof shared_memory);  // what nobody has written is poison
    for (unsigned left = threads; left > 0 && !block.fault;) {
        const uint64_t before = block.progress;
        left = 0;
        for (unsigned i = 0; i < threads; ++i) {
            if (block.fibers[i].done) continue;
            block.current = i;
            threadIdx = {i, 0, 0};
            swapcontext(&block.scheduler, &block.fibers[i].context);
            left += !block.fibers[i].done;
        }
        if (left && block.progress == before) block.fault = "all threads wait: a barrier or a warp instruction is not reached by all";
    }
}
}  // namespace host

inline void __syncthreads() {
    host::Block& block = host::block;
    const uint64_t turn = block.turn;
    if (++block.waiting == blockDim.x) {
        block.waiting = 0;
        ++block.turn;
    }
    host::wait_while([&] { return block.turn == turn; });
}

struct Timer {
    Timer() { __syncthreads(); }
    void stop(Clock* clocks) const {
        __syncthreads();
        if (threadIdx.x == 0) clocks[blockIdx.x] = Clock{0, 1, 0, 1, 0, blockIdx.x};
    }
};

// Runs `kernel` on a grid; returns null, or what the kernel did wrong.
extern "C" inline __attribute__((used)) const char* host_launch(const void* kernel, unsigned grid, unsigned threads, int late,
                                                                const uint64_t* arguments, int count) {
    host::entry = kernel;
    std::memcpy(host::arguments, arguments, count * sizeof(uint64_t));
    host::copies_arrive_late = late;
    host::block.fault = nullptr;
    gridDim = {grid, 1, 1};
    blockDim = {threads, 1, 1};
    for (unsigned i = 0; i < grid && !host::block.fault; ++i) {
        blockIdx = {i, 0, 0};
        host::run_block(threads);
    }
    return host::block.fault;
}
