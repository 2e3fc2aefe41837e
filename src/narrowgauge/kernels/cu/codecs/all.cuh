// Every codec by name. kernels/codecs.py says of each which number format, layout and table it belongs to.
#pragma once
#include "codecs/bitplane.cuh"
#include "codecs/codebook.cuh"
#include "codecs/float_to_half.cuh"
#include "codecs/int_to_half.cuh"
#include "codecs/int_to_int8.cuh"

namespace codecs {
using int2_f16 = IntToHalf<F16, 2, 2, 1, -2>;
using int2_bf16 = IntToHalf<BF16, 2, 2, 1, -2>;
using int3_f16 = Int3ToHalf<F16>;
using int3_bf16 = Int3ToHalf<BF16>;
using int4_f16 = IntToHalf<F16, 4, 8, 1, -8>;
using int4_bf16 = IntToHalf<BF16, 4, 8, 1, -8>;
using uint4_f16 = UnsignedToHalf<F16, 4>;
using uint4_bf16 = UnsignedToHalf<BF16, 4>;
using bipolar2_f16 = IntToHalf<F16, 2, 0, 2, -3>;
using bipolar4_f16 = IntToHalf<F16, 4, 0, 2, -15>;
using ternary_f16 = IntToHalf<F16, 2, 0, 1, -1>;
using int8_f16 = Int8ToF16;
using int8_bf16 = Int8ToBF16;
using fp4_f16 = FloatToHalf<F16, 2, 1>;
using fp4_bf16 = FloatToHalf<BF16, 2, 1>;
using fp6_e3m2_f16 = Fp6ToHalf<F16, 3, 2>;
using fp6_e3m2_bf16 = Fp6ToHalf<BF16, 3, 2>;
using fp6_e2m3_f16 = Fp6ToHalf<F16, 2, 3>;
using fp6_e3m2_split42_f16 = Fp6Split42ToHalf<F16, 3, 2>;
using fp8_e4m3_f16 = FloatToHalf<F16, 4, 3>;
using fp8_e4m3_bf16 = FloatToHalf<BF16, 4, 3>;
using fp8_e5m2_f16 = FloatToHalf<F16, 5, 2>;
using fp8_e5m2_bf16 = FloatToHalf<BF16, 5, 2>;
using fp8_e4m3_cvt_f16 = Fp8ToF16Cvt<4, 3>;
using fp8_e5m2_cvt_f16 = Fp8ToF16Cvt<5, 2>;
using nf4_prmt_f16 = LutPrmtToHalf<2>;
using nf4_shared_f16 = LutSharedToHalf;
using nf4_shared_pair_f16 = LutSharedPairToHalf;
using nf4_shuffle_f16 = LutShuffleToHalf;
using flint4_prmt_f16 = LutPrmtToHalf<1>;
using fp4_prmt_f16 = LutPrmtToHalf<1>;
using int4_int8 = IntToInt8<4, 8, 1, -8>;
using int4_shifted_int8 = IntToInt8Shifted<4>;
using uint4_scaled_int8 = UInt4ToInt8Scaled;
using int2_int8 = IntToInt8<2, 2, 1, -2>;
using bipolar4_int8 = IntToInt8<4, 0, 2, -15>;
using ternary_int8 = IntToInt8<2, 0, 1, -1>;
using ternary243_int8 = Base243ToInt8;
using fp4_prmt_fp8 = LutPrmtToByte;
using int4_prmt_fp8 = LutPrmtToByte;
using uint2_planes = PlaneTranspose<2>;
using uint4_planes = PlaneTranspose<4>;
using uint8_planes = PlaneTranspose<8>;
}  // namespace codecs

// clang-format off
#define CODECS_TO_F16(X) \
    X(int2_f16) X(int3_f16) X(int4_f16) X(uint4_f16) X(bipolar2_f16) X(bipolar4_f16) X(ternary_f16) X(int8_f16) X(fp4_f16) \
    X(fp6_e3m2_f16) X(fp6_e2m3_f16) X(fp6_e3m2_split42_f16) X(fp8_e4m3_f16) X(fp8_e5m2_f16) \
    X(nf4_prmt_f16) X(nf4_shared_f16) X(nf4_shared_pair_f16) X(nf4_shuffle_f16) X(flint4_prmt_f16) X(fp4_prmt_f16)
#define CODECS_TO_F16_SM89(X) X(fp8_e4m3_cvt_f16) X(fp8_e5m2_cvt_f16)
#define CODECS_TO_BF16(X) \
    X(int2_bf16) X(int3_bf16) X(int4_bf16) X(uint4_bf16) X(int8_bf16) X(fp4_bf16) X(fp6_e3m2_bf16) X(fp8_e4m3_bf16) X(fp8_e5m2_bf16)
#define CODECS_TO_INT8(X) \
    X(int4_int8) X(int4_shifted_int8) X(uint4_scaled_int8) X(int2_int8) X(bipolar4_int8) X(ternary_int8) X(ternary243_int8)
#define CODECS_TO_FP8(X) X(fp4_prmt_fp8) X(int4_prmt_fp8)
#define CODECS_TO_PLANES(X) X(uint2_planes) X(uint4_planes) X(uint8_planes)
// clang-format on
#define CODECS_EVERYWHERE(X) \
    CODECS_TO_F16(X) CODECS_TO_BF16(X) CODECS_TO_INT8(X) CODECS_TO_FP8(X) CODECS_TO_PLANES(X)
