// Hopper's asynchronous machinery, one function per PTX instruction: mbarriers, tensor copies, and operands of wgmma in swizzled shared
// memory. The same on the CPU: copies land when somebody waits for them, products are made when somebody waits for them.
#pragma once
#include "codecs/intrinsics.cuh"

constexpr int swizzle_bytes = 128;  // rows of an operand; the swizzle permutes the 16-byte chunks of eight rows, 1024 bytes

#ifdef __CUDACC__
struct alignas(64) TensorMap { unsigned char bytes[128]; };  // as cuTensorMapEncodeTiled writes it
#define TENSOR_MAP(name) const __grid_constant__ TensorMap name
#define MAP_ADDRESS(name) (&name)
#else
#define TENSOR_MAP(name) const host::TensorMap* name
#define MAP_ADDRESS(name) name
#endif

#if __CUDA_ARCH_FEAT_SM90_ALL
#include "machine/barrier.cuh"
#include "machine/wgmma.cuh"

__device__ __forceinline__ void barrier_init(uint64_t* barrier, unsigned arrivals) {
    asm volatile("mbarrier.init.shared::cta.b64 [%0], %1;" ::"r"(shared_address(barrier)), "r"(arrivals) : "memory");
    asm volatile("fence.mbarrier_init.release.cluster;" ::: "memory");
}
__device__ __forceinline__ void barrier_arrive(uint64_t* barrier) {
    asm volatile("mbarrier.arrive.shared::cta.b64 _, [%0];" ::"r"(shared_address(barrier)) : "memory");
}
// The accumulators hold what they hold here: the compiler may not make it anew between instructions that are under way.
template <class Word, int count>
__device__ __forceinline__ void keep_in_registers(Word (&words)[count]) {
#pragma unroll
    for (int i = 0; i < count; ++i) {
        if constexpr (sizeof(Word) == sizeof(float) && Word(0.5f) != Word(0)) asm volatile("" : "+f"(words[i])::"memory");
        else asm volatile("" : "+r"(words[i])::"memory");
    }
}
// An operand of rows of 128 swizzled bytes, K innermost: the next eight rows are 1024 bytes on (PTX ISA, "Matrix descriptor format"). The
// 32 bytes of k that one instruction takes are chosen by the address alone.
__device__ __forceinline__ uint64_t swizzled_descriptor(const void* operand) {
    constexpr uint64_t leading = 1, stride = 8 * swizzle_bytes / 16, swizzle_128 = 1;
    return (shared_address(operand) & 0x3ffff) >> 4 | leading << 16 | stride << 32 | swizzle_128 << 62;
}
#elif !defined(__CUDACC__)
#include "tensor_core.cuh"

namespace host {
struct TensorMap { unsigned char* array; int rows, row_bytes, box_rows, box_bytes; };
struct Barrier { uint16_t expected, missing; int32_t bytes; };  // the phase is the lowest bit of `expected`
struct Box { unsigned char* to; const TensorMap* map; int byte, row; uint64_t* barrier; };
inline std::deque<Box> boxes;

inline Barrier& barrier_of(uint64_t* address) { return *reinterpret_cast<Barrier*>(address); }
inline void settle(Barrier& barrier) {
    if (barrier.missing == 0 && barrier.bytes == 0) {
        barrier.expected ^= 1;
        barrier.missing = barrier.expected >> 1;
    }
}
inline void land(const Box& box) {
    for (int r = 0; r < box.map->box_rows; ++r)
        for (int chunk = 0; chunk < box.map->box_bytes / 16; ++chunk) {
            unsigned char* const to = box.to + r * box.map->box_bytes + 16 * (chunk ^ (r % 8));
            const int row = box.row + r;
            if (row < box.map->rows) std::memcpy(to, box.map->array + size_t(row) * box.map->row_bytes + box.byte + 16 * chunk, 16);
            else std::memset(to, 0, 16);
        }
    Barrier& barrier = barrier_of(box.barrier);
    barrier.bytes -= box.map->box_rows * box.map->box_bytes;
    settle(barrier);
}
struct Product { uint64_t a, b; void* sums; };
inline std::vector<std::deque<std::vector<Product>>> products;  // of each thread, by group; the last group is still open

// Bytes 4 word .. + 3 of row `row` of an operand: the swizzle XORs bits 4 to 6 of an address with bits 7 to 9.
inline uint32_t operand_word(uint64_t descriptor, int row, int word) {
    const uint64_t address = ((descriptor & 0x3fff) << 4) + row / 8 * ((descriptor >> 32 & 0x3fff) << 4) + row % 8 * swizzle_bytes + 4 * word;
    uint32_t bits;
    std::memcpy(&bits, shared_memory + (address ^ (address >> 3 & 0x70)), sizeof bits);
    return bits;
}
}  // namespace host

inline void barrier_init(uint64_t* barrier, unsigned arrivals) {
    host::barrier_of(barrier) = {uint16_t(arrivals << 1), uint16_t(arrivals), 0};
}
template <class Word, int count>
void keep_in_registers(Word (&)[count]) {}
inline void barrier_expect(uint64_t* barrier, unsigned bytes) {
    host::Barrier& own = host::barrier_of(barrier);
    own.bytes += bytes;
    --own.missing;
    host::settle(own);
}
inline void barrier_arrive(uint64_t* barrier) { barrier_expect(barrier, 0); }
inline void barrier_wait(uint64_t* barrier, unsigned parity) {
    host::wait_while([&] {
        for (; !host::boxes.empty(); host::boxes.pop_front()) host::land(host::boxes.front());
        return (host::barrier_of(barrier).expected & 1u) == parity;
    });
}
inline void tensor_copy(void* shared, const host::TensorMap* map, int byte, int row, uint64_t* barrier) {
    const host::Box box{static_cast<unsigned char*>(shared), map, byte, row, barrier};
    if (host::copies_arrive_late) host::boxes.push_back(box);
    else host::land(box);
}
inline uint64_t swizzled_descriptor(const void* operand) {
    const uint64_t address = static_cast<const unsigned char*>(operand) - shared_memory;
    return (address & 0x3ffff) >> 4 | uint64_t(1) << 16 | uint64_t(8 * swizzle_bytes / 16) << 32 | uint64_t(1) << 62;
}

inline void warpgroup_arrive() {
    if (host::products.size() < blockDim.x) host::products.resize(blockDim.x);
    auto& groups = host::products[threadIdx.x];
    if (groups.empty()) groups.emplace_back();
}
inline void warpgroup_commit() { host::products[threadIdx.x].emplace_back(); }

// m64 n128, 32 bytes of k: this thread's 64 sums.
template <class Mma>
void multiply_warpgroup(const host::Product& product, double (*term)(uint32_t, uint32_t)) {
    using Sum = typename Mma::Sum;
    Sum* const sums = static_cast<Sum*>(product.sums);
    const int lane = threadIdx.x % 32, first = threadIdx.x / 32 % 4 * 16;
    for (int i = 0; i < 64; ++i) {
        double sum = sums[i];
        for (int bit = 0; bit < 256; bit += Mma::bits) {
            const uint32_t mask = (1u << Mma::bits) - 1;
            sum += term(host::operand_word(product.a, first + fragment::c_row(lane, i % 4), bit / 32) >> bit % 32 & mask,
                        host::operand_word(product.b, i / 4 * 8 + fragment::c_column(lane, i % 4), bit / 32) >> bit % 32 & mask);
        }
        sums[i] = static_cast<Sum>(sum);
    }
}
#define HOST_WGMMA(name, Mma, term)                                                                                             \
    struct name {                                                                                                               \
        using Word = Mma::Sum;                                                                                                  \
        static constexpr int COLUMNS = 128, D = 64;                                                                             \
        static void shared(Word* d, uint64_t a, uint64_t b) { host::products[threadIdx.x].back().push_back({a, b, d}); }        \
        static void finish(const host::Product& product) { multiply_warpgroup<Mma>(product, term); }                            \
    };
HOST_WGMMA(Wgmma_bf16_f32_n128, MmaBF16, host::bf16_product)
HOST_WGMMA(Wgmma_e4m3_f32_n128, MmaE4M3, host::e4m3_product)
HOST_WGMMA(Wgmma_s8_s32_n128, MmaS8, host::s8_product)

// Products of all but the latest `pending` groups are made now: the latest moment at which the hardware may read the operands.
template <int pending, class Wgmma>
void warpgroup_wait() {
    auto& groups = host::products[threadIdx.x];
    for (; groups.size() > pending + 1; groups.pop_front())
        for (const host::Product& product : groups.front()) Wgmma::finish(product);
}
#endif
