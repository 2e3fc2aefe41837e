"""Published low-bit GEMM kernels, described by how they are written; `gemm` costs them by the same closed form as all others."""
