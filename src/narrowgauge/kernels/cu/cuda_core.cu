// How long does a CUDA-core instruction take, and how many finish per cycle?
//
// Timed: `iterations` passes over 128 steps of every thread, spread over ILP chains x = step(x, y, z). A step is one
// instruction, or, where its result is no sensible operand of the next one, that instruction and a LOP3 after it ("fed"),
// which runs on a faster unit. x, y and z are inputs and x is stored; benches/cuda_core.py follows the chains in NumPy.
#include "machine/timed.cuh"

constexpr int UNROLL = 128;

template <class Step, int ILP>
__device__ __forceinline__ void run(const unsigned* starts, const unsigned* y_input, const unsigned* z_input, unsigned* out,
                                    Clock* clocks, int iterations) {
    const int lane = threadIdx.x % 32;
    unsigned x[ILP];
    for (int j = 0; j < ILP; ++j) x[j] = starts[j * 32 + lane];
    const unsigned y = y_input[lane], z = z_input[lane];
    timed(clocks, iterations, [&] {
#pragma unroll
        for (int u = 0; u < UNROLL; ++u) Step::apply(x[u % ILP], y, z);
    });
    const int warp = (blockIdx.x * blockDim.x + threadIdx.x) / 32;
    for (int j = 0; j < ILP; ++j) out[(warp * ILP + j) * 32 + lane] = x[j];
}

#define ENTRY(NAME, ILP)                                                                                                    \
    extern "C" __global__ void core_##NAME##_ilp##ILP(const unsigned* x, const unsigned* y, const unsigned* z,              \
                                                      unsigned* out, Clock* clocks, int iterations) {                       \
        run<Step_##NAME, ILP>(x, y, z, out, clocks, iterations);                                                            \
    }
#define STEP(NAME, ...)                                                                                                     \
    struct Step_##NAME {                                                                                                    \
        static __device__ __forceinline__ void apply(unsigned& x, unsigned y, unsigned z) { __VA_ARGS__; }                  \
    };                                                                                                                      \
    ENTRY(NAME, 1) ENTRY(NAME, 4)

// `%0` is x, `%1` y, `%2` z.
#define PTX(text) asm volatile("{" text "}" : "+r"(x) : "r"(y), "r"(z))
#define FED "lop3.b32 %0, t, %1, %2, 0x6a;"  // (t & y) ^ z
#define FLOATS ".reg .f32 f, g, h; mov.b32 f, %0; mov.b32 g, %1; mov.b32 h, %2;"
#define HALVES ".reg .b32 t; .reg .b16 l, u; mov.b32 {l, u}, %0;"

// logic, bytes, bits, integers
STEP(lop3, PTX("lop3.b32 %0, %0, %1, %2, 0x96;"))
STEP(prmt, PTX("prmt.b32 %0, %0, %1, %2;"))
STEP(shf, PTX("shf.l.wrap.b32 %0, %0, %0, %2;"))
STEP(popc, PTX(".reg .b32 t; popc.b32 t, %0;" FED))
STEP(iadd3, PTX(".reg .u32 t; add.u32 t, %0, %1; add.u32 %0, t, %2;"))
STEP(imad, PTX("mad.lo.u32 %0, %0, %1, %2;"))
STEP(dp4a, PTX("dp4a.s32.s32 %0, %1, %2, %0;"))
STEP(vimax3, x = __vimax3_s32(x, y, z))
STEP(viaddmax, x = __viaddmax_s32(x, y, z))

// floating point
STEP(ffma, PTX(FLOATS "fma.rn.f32 f, f, g, h; mov.b32 %0, f;"))
STEP(hfma2_f16, PTX("fma.rn.f16x2 %0, %0, %1, %2;"))
STEP(hfma2_bf16, PTX("fma.rn.bf16x2 %0, %0, %1, %2;"))
STEP(hadd2_f16, PTX("add.rn.f16x2 %0, %0, %1;"))
STEP(mufu_ex2, PTX(FLOATS "neg.f32 f, f; ex2.approx.ftz.f32 f, f; mov.b32 %0, f;"))
STEP(mufu_rcp, PTX(FLOATS ".reg .b32 t; rcp.approx.ftz.f32 f, f; mov.b32 t, f;" FED))  // unfed, pairs of them vanish

// conversions
STEP(i2f_s32_f32, PTX(".reg .f32 f; cvt.rn.f32.s32 f, %0; mov.b32 %0, f;"))
STEP(i2f_s8_f32, PTX(".reg .f32 f; .reg .b32 t; cvt.rn.f32.s8 f, %0; mov.b32 t, f;" FED))
STEP(i2f_s8_f16, PTX(HALVES "cvt.rn.f16.s8 l, %0; mov.b32 t, {l, 0};" FED))
STEP(i2f_s32_f16, PTX(HALVES "cvt.rn.f16.s32 l, %0; mov.b32 %0, {l, 0};"))
STEP(f2i_f32_s32, PTX(FLOATS ".reg .b32 t; cvt.rni.s32.f32 t, f;" FED))
STEP(f2f_pack_f16, PTX(FLOATS "cvt.rn.f16x2.f32 %0, g, f;"))
#if __CUDA_ARCH__ >= 890
STEP(e4m3_to_f16, PTX(HALVES "cvt.rn.f16x2.e4m3x2 t, l;" FED))
STEP(f16_to_e4m3, PTX(HALVES "cvt.rn.satfinite.e4m3x2.f16x2 l, %0; mov.b32 t, {l, 0};" FED))
STEP(e5m2_to_f16, PTX(HALVES "cvt.rn.f16x2.e5m2x2 t, l;" FED))
#endif

// across lanes
STEP(shfl, PTX("shfl.sync.idx.b32 %0, %0, %1, 0x1f, 0xffffffff;"))
STEP(redux_add, PTX(".reg .b32 t; redux.sync.add.s32 t, %0, 0xffffffff;" FED))
