// The whole GPU procedure (gpu_procedure/run.mjs):
//
//   node kernels-bench/gpu_run.mjs                         # everything that --out does not hold yet
//   node kernels-bench/gpu_run.mjs --dry-run               # each step on something small, on any adapter
//   node kernels-bench/gpu_run.mjs --only golden,train/MobileNetV2 --minutes 9
//   node kernels-bench/gpu_run.mjs --report a/rows.jsonl b/rows.jsonl

import "./gpu_procedure/run.mjs";
