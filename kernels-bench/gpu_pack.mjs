// Packs everything that a bare GPU machine lacks into one file (gpu_procedure/pack.mjs):
//
//   node kernels-bench/gpu_pack.mjs        # writes gpu-pack.tar.xz; copy it into the root of the tree's copy
//
//   python3 -m tarfile -e gpu-pack.tar.xz . && gpu-pack/node kernels-bench/gpu_run.mjs --out DIR        # there

import "./gpu_procedure/pack.mjs";
